"""Measures how fast calls are judged, and how much is conceded: CPU time of one thread, without a broker.

    python bench/judging.py [NAME...]

A measure is a function in `MEASURES` that returns a `Table`.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from cli import typed
from inspectors.sql import regression
from stage import Table, machine

from guardcli.broker.shell_trial import ShellTrial
from guardcli.inspectors.registry import inspect
from guardcli.inspectors.shell import inspect_shell
from guardcli.inspectors.sql import inspect_sql
from guardcli.inspectors.sql.dialects import inspect_dialect
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Operation, Target
from guardcli.policy import Context, Policy, decide, load_policy

ROUNDS = 300
"""Times that a call is judged; the median is told."""


class Files(NoFacts):
    """Facts of one content for every file and standard input, and of an empty git configuration."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content

    def read_file(self, path: str) -> bytes:
        """Return the content, except for files of the user's own settings, which are not there."""
        if "/." in path or path.startswith("/etc"):
            raise FactUnavailable(f"{path} is missing")
        return self.content

    def stdin(self) -> bytes:
        """Return the content."""
        return self.content

    def try_shell(self, text: bytes) -> bool:
        """Try the text."""
        return TRIAL(text)

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
        """Return a remote and nothing else."""
        return {"remote.origin.url": ("git@github.com:shop/app.git",)}


TRIAL = ShellTrial()
"""Where long and intricate texts are tried; the time that its own process takes is not told."""


def microseconds(work: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the median and the 99th percentile of the CPU time of `work`, in microseconds."""
    work()
    times = []
    for _ in range(rounds):
        began = time.thread_time_ns()
        work()
        times.append((time.thread_time_ns() - began) / 1000)
    return statistics.median(times), sorted(times)[int(len(times) * 0.99)]


STATEMENTS = {
    "SELECT by key": "SELECT id, name FROM customers WHERE id = 42",
    "SELECT, two joins and a group": "SELECT c.name, count(*) FROM customers c JOIN orders o ON o.customer = c.id "
    "LEFT JOIN items i ON i.order_id = o.id WHERE o.placed > now() - interval '7 days' GROUP BY 1 ORDER BY 2 DESC "
    "LIMIT 9",
    "SELECT over a WITH": "WITH recent AS (SELECT * FROM orders WHERE placed > now() - interval '1 day') "
    "SELECT customer, sum(total) FROM recent GROUP BY customer",
    "INSERT": "INSERT INTO orders (customer, total) VALUES (42, 9.95) RETURNING id",
    "UPDATE with WHERE": "UPDATE orders SET paid = true WHERE id = 7",
    "DELETE without WHERE": "DELETE FROM orders",
    "DELETE in a WITH": "WITH gone AS (DELETE FROM orders WHERE id = 7 RETURNING *) SELECT * FROM gone",
    "CREATE TABLE": "CREATE TABLE notes (id bigint PRIMARY KEY, body text NOT NULL, at timestamptz DEFAULT now())",
    "ALTER TABLE": "ALTER TABLE orders ADD COLUMN note text",
    "DROP TABLE": "DROP TABLE orders",
    "GRANT": "GRANT SELECT ON orders TO reader",
    "SET": "SET statement_timeout = '5s'",
    "BEGIN": "BEGIN",
    "EXPLAIN ANALYZE": "EXPLAIN ANALYZE SELECT * FROM orders WHERE customer = 42",
    "COPY TO STDOUT": "COPY (SELECT * FROM orders) TO STDOUT WITH (FORMAT csv)",
    "a function that is not known": "SELECT settle_all()",
}


def statements() -> Table:
    """Measure one SQL statement of each kind."""
    rows = []
    for name, sql in STATEMENTS.items():
        median, tail = microseconds(lambda sql=sql: inspect_sql(sql))  # type: ignore[misc]
        rows.append((name, f"{median:.0f}", f"{tail:.0f}"))
    notes = [
        f"`python bench/judging.py statements` on {machine()}. {ROUNDS} times each. The aim is 100 µs in the median."
    ]
    return Table("Judging one SQL statement", notes, ("µs of CPU", "median", "p99"), rows)


CALLS: dict[str, Sequence[Sequence[str]]] = {
    "psql": (
        ("psql", "-c", "SELECT id, name FROM customers WHERE id = 42"),
        ("psql", "-At", "-h", "db.internal", "-U", "app", "-d", "shop", "-c", r"\d orders"),
        ("psql", "postgres://app@db.internal:5432/shop", "-c", "UPDATE orders SET paid = true WHERE id = 7"),
    ),
    "kubectl": (
        ("kubectl", "get", "pods", "-n", "shop", "-o", "wide"),
        ("kubectl", "delete", "deployment/web", "--namespace=shop", "--wait=false"),
        ("kubectl", "exec", "-n", "shop", "web-1", "--", "ls", "-la", "/app"),
    ),
    "ssh": (
        ("ssh", "web1", "uptime"),
        ("ssh", "-p", "2222", "deploy@web1", "grep error /var/log/app.log | tail -5"),
        ("ssh", "-o", "ConnectTimeout=5", "web1", "rm -rf /srv/app"),
    ),
    "scp": (("scp", "web1:/var/log/app.log", "."), ("scp", "-r", "dist", "deploy@web1:/srv/app")),
    "git": (
        ("git", "status", "--short"),
        ("git", "log", "--oneline", "-n", "20", "--", "src"),
        ("git", "push", "--force", "origin", "topic"),
        ("git", "commit", "-m", "a message"),
    ),
    "terraform (no inspector of its own)": (("terraform", "plan", "-out", "x"),),
}


def calls() -> Table:
    """Measure one argv of each tool."""
    rows = []
    for vectors in CALLS.values():
        for argv in vectors:
            call = Invocation(argv[0], tuple(argv), {"HOME": "/home/me"}, cwd="/work")
            median, tail = microseconds(lambda call=call: inspect(call, Files()))  # type: ignore[misc]
            rows.append((f"`{' '.join(argv)[:70]}`", f"{median:.0f}", f"{tail:.0f}"))
    notes = [f"`python bench/judging.py calls` on {machine()}. {ROUNDS} times each. The aim is a median of 200 µs."]
    return Table("Judging one call", notes, ("µs of CPU", "median", "p99"), rows)


RULES = {
    "a table each": "tool: psql, effects: [write], targets: ['table:s{0}x/*']",
    "an expression over the arguments each": "tool: psql, argv: 'orders_{0} .*(drop|alter) t{0}[0-9]+'",
    "an action each": "tool: psql, action: 'drop x{0}'",
    "a group and an identity each": "tool: [psql, git], effects: [write], groups: g{0}, identity: user{0}",
    "a time each": "tool: psql, effects: [write], when: {{hours: '{1}:{2}-23:59', timezone: Europe/Berlin}}",
    "a resource each, of as many resources": "tool: psql, effects: [write], resource: db{0}",
}


def policy_of(match: str, count: int) -> Policy:
    """Return a policy of `count` rules, each with `match` filled in with its own number."""
    lines = ["version: 1", "name: bench"]
    if "resource:" in match:
        lines.append("resources:")
        lines += [f"  db{number}: {{kind: postgres, host: db{number}.internal}}" for number in range(count)]
    lines.append("rules:")
    for number in range(count):
        found = match.format(number, f"{number // 59:02d}", f"{number % 59:02d}")
        lines.append(f"  - {{id: r{number}, match: {{{found}}}, decision: deny}}")
    text = "\n".join(lines).encode()
    return load_policy("bench.yaml", lambda _: text)


def policies() -> Table:
    """Measure one decision by policies of 100 and of 1,000 rules, of which none decides."""
    targets = (Target("table", "public/orders"), Target("host", "app@db.internal:5432"), Target("database", "shop"))
    one = Operation("psql", "update", frozenset({Effect.READ, Effect.WRITE}), targets)
    argv = ("psql", "-h", "db.internal", "-c", "UPDATE orders SET paid = true WHERE id = 7")
    context = Context(tool="psql", argv=argv, identity="ann", groups=("agents",), now=datetime.now(UTC))
    rows = []
    for name, match in RULES.items():
        row = [name]
        for count in (100, 1000):
            began = time.thread_time()
            policy = policy_of(match, count)
            loaded = time.thread_time() - began
            median, tail = microseconds(lambda policy=policy: decide(policy, [one], context))  # type: ignore[misc]
            row += [f"{median:.0f}", f"{tail:.0f}"]
        rows.append((*row, f"{loaded * 1000:.0f}"))
    notes = [f"`python bench/judging.py policies` on {machine()}. {ROUNDS} times each. The aim is 1,000 µs."]
    head = ("µs of CPU, each rule with", "100 rules", "p99", "1,000 rules", "p99", "loading, ms")
    return Table("One decision by a policy of many rules", notes, head, rows)


SHAPES: dict[str, Callable[[int], Callable[[], object]]] = {
    "SQL: columns": lambda size: lambda sql="SELECT " + "a," * (size // 2) + "a": inspect_sql(sql),
    "SQL: statements": lambda size: lambda sql="SELECT 1;" * (size // 9): inspect_sql(sql),
    "SQL: conditions": lambda size: lambda sql="DELETE FROM t WHERE a=1" + " AND b=2" * (size // 8): inspect_sql(sql),
    "psql: a script of updates": lambda size: _script("UPDATE t SET a=1 WHERE id=7;\n" * (size // 29)),
    "psql: a script of commands": lambda size: _script("\\d x\n" * (size // 5)),
    "shell: a pipeline": lambda size: lambda text="ls|" * (size // 3) + "cat": inspect_shell(text, tries=TRIAL),
    "shell: words": lambda size: lambda text="echo " + "a " * (size // 2): inspect_shell(text, tries=TRIAL),
    "kubectl: a manifest": lambda size: _manifest("  k: v\n" * (size // 7)),
    "git: paths": lambda size: _call(("git", "add", *["a"] * (size // 2))),
    "ssh: options": lambda size: _call(("ssh", *["-oLogLevel=x"] * (size // 12), "h", "ls")),
    "mysql: columns": lambda size: lambda sql="SELECT " + "a," * (size // 2) + "a": inspect_dialect(sql, tool="mysql"),
}
"""Texts that can be of any size, each of `size` characters."""

SIZES = (2048, 4096, 8192, 16384, 65536, 262144)


def _call(argv: Sequence[str], content: str = "") -> Callable[[], object]:
    kind = Stdin.STREAM if content else Stdin.NULL
    call = Invocation(argv[0], tuple(argv), {"HOME": "/home/me"}, cwd="/work", stdin=kind)
    return lambda: inspect(call, Files(content.encode()))


def _script(text: str) -> Callable[[], object]:
    return _call(("psql", "-X"), text)


def _manifest(text: str) -> Callable[[], object]:
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n"
    return _call(("kubectl", "apply", "-f", "-"), head + text)


def growth() -> Table:
    """Measure one judgement over the size of what is judged: it grows with the size, and ends at a bound."""
    rows = []
    for name, shape in SHAPES.items():
        times = (min(microseconds(shape(size), 5)[0] / 1000 for _ in range(2)) for size in SIZES)
        rows.append((name, *(f"{spent:.1f}" for spent in times)))
    notes = [
        f"`python bench/judging.py growth` on {machine()}. Beyond the bounds of size, depth and number a call is "
        "conceded at once: there the times fall. The aim is less than 50 ms wherever something is read."
    ]
    return Table("Judging what is large", notes, ("ms of CPU", *(f"{size // 1024} KB" for size in SIZES)), rows)


def conceded() -> Table:
    """Count what is conceded of statements that only read: those of the tests, and more of their generator."""
    written, plain = regression.corpus(), regression.corpus("harmless.txt")
    made = list(regression.generate(random.Random(1), 5000, only_known=True))
    rows = []
    for name, texts in (("harmless.txt", plain), ("regression.txt", written), ("made by the generator", made)):
        given_up = [text for text in texts if not all(one.complete for one in inspect_sql(text))]
        rows.append((name, str(len(texts)), f"{len(given_up)} ({100 * len(given_up) / len(texts):.1f} %)"))
    notes = [
        "`python bench/judging.py conceded`, over tests/inspectors/sql/data. The aim is less than 1 %. "
        "That none of them is a write to a real server, the tests show."
    ]
    return Table("What is conceded of SQL that only reads", notes, ("", "statements", "conceded"), rows)


def everyday() -> Table:
    """Count, of calls as agents type them, the harmless ones that default stops and the dangerous ones that run."""
    rows = []
    with ExitStack() as stack:
        ask = typed.judge_of("default", typed.checkout(stack))
        for kind, wrong in (("everyday", ("approve", "deny")), ("dangerous", ("allow",))):
            found: dict[str, list[bool]] = {}
            for _, _, request in typed.calls(kind):
                found.setdefault(request["argv"][0], []).append(ask(request)["effect"] in wrong)
            counts = {**found, "all": [one for each in found.values() for one in each]}
            for tool, missed in counts.items():
                rows.append((kind, tool, str(len(missed)), f"{sum(missed)} ({100 * sum(missed) / len(missed):.1f} %)"))
    notes = [
        "`python bench/judging.py everyday`, over everyday.txt and dangerous.txt in tests/data/calls, by default's "
        "rules. Wrong is what is everyday and asks or is denied, aim: less than 1 %, and what is dangerous and runs, "
        "aim: none. The lists were written before they were judged. Since then what ran and should not has been put "
        "right, and what turned out to do no harm has been taken out of the second."
    ]
    return Table("Calls as agents type them", notes, ("", "tool", "calls", "judged wrongly"), rows)


MEASURES: dict[str, Callable[[], Table]] = {
    "everyday": everyday,
    "statements": statements,
    "calls": calls,
    "growth": growth,
    "conceded": conceded,
    "policies": policies,
}
"""What can be measured, by name. Add a measure here; `bench/run` writes them all into RESULTS.md."""


def main(names: Sequence[str]) -> None:
    """Print what the named measures say, all of them where none is named."""
    gc.collect()
    gc.freeze()  # as a session does: what is loaded is not looked through for garbage in the middle of a judgement
    for name in names or MEASURES:
        print(MEASURES[name]().markdown())


if __name__ == "__main__":
    main(sys.argv[1:])
