"""The commands of ``guard policy``, run as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import inside
import pytest

from guardcli.policy import pack_names

BAD = """version: 1
name: bad
rules:
  - {id: a, match: {tool: psqll}, decision: deny}
  - {id: b, match: {tool: psql}, decision: dney}
"""
TEAM = """version: 1
name: team
extends: pack:default
resources:
  orders-db: {kind: postgres, host: db.internal, dbname: orders}
rules:
  - {id: no-ddl, match: {tool: psql, effects: [define], resource: orders-db}, decision: deny, message: Migrate.}
exceptions:
  - id: old
    rules: [psql-changes-ask]
    match: {tool: psql, effects: [write], targets: ["table:scratch/*"]}
    owner: ann@example.com
    reason: import
    until: 2020-01-31
"""


Run = Callable[..., subprocess.CompletedProcess[str]]


def around(home: Path) -> dict[str, str]:
    """The whole environment of a guard in an empty home."""
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "GUARD_RUNTIME_DIR": str(home / "run")}


@pytest.fixture
def process(tmp_path) -> Run:
    """Run guard in an empty home as a process; return it when it is finished."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "guardcli", "policy", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=around(tmp_path),
            cwd=tmp_path,
            timeout=600,
        )

    return run


@pytest.fixture
def guard(tmp_path) -> Run:
    """Run guard in an empty home in this process."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return inside.guard("policy", *arguments, env=around(tmp_path), cwd=tmp_path, input=stdin)

    return run


@pytest.fixture
def team(tmp_path) -> str:
    path = tmp_path / "team.yaml"
    path.write_text(TEAM)
    return str(path)


@pytest.mark.parametrize(
    ("argv", "status", "rule"),
    [
        (["psql", "-c", "SELECT 1"], 0, "psql-reads"),
        (["psql", "-c", "UPDATE t SET a = 1 WHERE id = 1"], 3, "psql-changes-ask"),
        (["psql", "-c", "DROP TABLE t"], 4, "psql-definitions"),
        (["/usr/bin/psql", "-c", "DROP TABLE t"], 4, "psql-definitions"),
        (["bash", "-c", "ls -l | head"], 0, "ssh-reads"),
        (["bash", "-c", "kubectl delete namespace shop"], 4, "kubectl-roots"),
        (["some-program-of-nobody"], 3, "conceded-asks"),
    ],
)
def test_check_says_by_its_status_what_would_become_of_a_call(guard, process, argv, status, rule) -> None:
    done = (process if argv == ["psql", "-c", "DROP TABLE t"] else guard)("check", "--json", "--", *argv)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["rule"]) == (status, rule), done
    assert {"effect", "rule", "message", "operations"} <= answer.keys()
    assert done.stderr == ""


def test_check_explains_which_rule_decided_and_which_others_matched(guard, team) -> None:
    done = guard("check", "--policy", team, "--", "psql", "-c", "DROP TABLE orders")
    assert done.returncode == 4
    assert "deny  no-ddl" in done.stdout
    assert "decided by  deny    no-ddl" in done.stdout
    assert f"({team}:7)" in done.stdout
    assert "matched too deny    psql-definitions  (pack:default:" in done.stdout


def test_check_says_what_a_yes_takes_and_where_the_output_ends(guard, tmp_path) -> None:
    policy = tmp_path / "terms.yaml"
    policy.write_text("""version: 1
name: terms
resources: {db: {kind: postgres}}
rules:
  - id: asks
    match: {tool: psql, resource: db}
    decision: approve
    approve: {all_of: [dba, security], grant: 30m, justification: required, window: {hours: "09:00-17:00"}}
limits: [{id: few, rows: 100, then: deny}]
""")
    done = guard("check", "--policy", str(policy), "--", "psql", "-c", "SELECT 1")
    assert done.returncode == 3
    assert (
        "needs one of each of dba, security; a reason in GUARD_REASON; a run within 09:00-17:00 UTC; a yes holds for "
        "600 s, and for 1800 s for this rule and resource"
    ) in done.stdout
    assert "ends at more than 100 rows (limit few, deny)" in done.stdout
    done = guard("check", "--json", "--policy", str(policy), "--", "psql", "-c", "SELECT 1")
    assert json.loads(done.stdout)["limits"] == ["few: more than 100 rows, deny"]


def test_a_batch_is_answered_line_for_line_in_order_whatever_is_in_it(guard, team) -> None:
    lines = [
        '{"id": 1, "argv": ["psql", "-c", "SELECT 1"]}',
        '{"id": "two", "sql": "DROP TABLE x", "resource": "orders-db"}',
        '{"id": 3, "argv": ["psql"], "stdin": "DELETE FROM t;"}',
        "",
        "no json",
        '{"id": 5, "argv": []}',
        '{"id": 6, "argv": ["psql", 7]}',
        '{"id": 7, "sql": "SELECT 1", "argv": ["psql"]}',
        '{"id": 8, "sql": "SELECT 1", "verbose": true}',
        '{"id": 9, "argv": ["ssh", "h", "\\ud800 x"], "env": {"A": "\\u0000"}}',
        '{"id": 10, "sql": "SELECT 1", "resource": "unheard-of"}',
        "[" * 100_000,
        '{"id": 12, "argv": ["git", "status"], "cwd": "/nonexistent"}',
    ]
    done = guard("check", "--policy", team, "--json", "--batch", "-", stdin="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [answer["id"] for answer in answers] == [1, "two", 3, None, 5, 6, 7, 8, 9, 10, None, 12]
    assert all(answer.keys() == {"id", "effect", "rule", "message", "operations"} for answer in answers)
    verdicts = {answer["id"]: (answer["effect"], answer["rule"]) for answer in answers}
    assert verdicts[1] == ("allow", "psql-reads")
    assert verdicts["two"] == ("deny", "no-ddl")
    assert verdicts[3] == ("deny", "psql-unbounded")
    assert verdicts[10] == ("allow", "psql-reads")
    assert verdicts[12] == ("allow", "git-work")
    assert all(verdicts[number] == ("deny", "guard:bad-input") for number in (None, 5, 6, 7, 8))
    assert verdicts[9][0] != "allow"


def test_a_line_is_answered_before_the_next_is_asked(tmp_path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "guardcli", "policy", "check", "--json", "--batch", "-", "--policy", "pack:default"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "GUARD_RUNTIME_DIR": str(tmp_path / "run")},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(f'{{"id": {number}, "sql": "SELECT 1"}}\n')
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "--batch", "-"],
        ["check", "--sql", "SELECT 1", "--", "psql"],
        ["check", "--json", "--batch", "/nonexistent"],
        ["check", "--resource", "gone", "--sql", "SELECT 1"],
        ["check", "--no-such-option", "--", "psql"],
    ],
)
def test_a_wrong_use_is_status_2(guard, arguments) -> None:
    done = guard(*arguments)
    assert done.returncode == 2, done
    assert done.stdout == ""


def test_lint_reports_every_problem_with_its_line_and_status_78(guard, process, tmp_path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    done = process("lint", "bad.yaml")
    assert done.returncode == 78
    assert done.stderr.startswith("guard: the policy bad.yaml has 2 problems")
    assert "bad.yaml:4:27: 'psqll' is no guarded tool; did you mean 'psql'?" in done.stderr
    assert "bad.yaml:5:44: 'dney' does not fit 'decision'; did you mean 'deny'?" in done.stderr
    form = json.loads(guard("lint", "--json", "bad.yaml").stdout)
    assert [(one["line"], one["column"]) for one in form["problems"]] == [(4, 27), (5, 44)]


def test_lint_names_exceptions_that_have_ended_and_slips_in_variables_and_passes(guard, team, tmp_path) -> None:
    with (tmp_path / team).open("a") as file:
        file.write("isolation: {environment: {set: {EDTIOR: vi}}}\n")
    done = guard("lint", team)
    assert "no usual tool reads EDTIOR; did you mean EDITOR?" in done.stderr
    assert done.returncode == 0
    assert "no problems" in done.stdout
    assert f"{team}:9: the exception 'old' ended on 2020-01-31" in done.stderr


@pytest.mark.parametrize("pack", ["default", "read-only", "ci"])
def test_what_init_writes_lints_and_passes_its_own_tests(guard, tmp_path, pack) -> None:
    path = str(tmp_path / "My Team.yaml")
    assert guard("init", path, "--pack", pack).returncode == 0
    assert guard("lint", path).returncode == 0
    done = guard("test", path)
    assert (done.returncode, done.stdout.strip()) == (0, "3 of 3 tests pass")
    again = guard("init", path)
    assert again.returncode == 1
    assert "--force" in again.stderr
    assert guard("init", path, "--force").returncode == 0


def test_init_without_a_path_writes_the_policy_in_force(guard, tmp_path) -> None:
    assert guard("init").returncode == 0
    assert (tmp_path / ".config/guard/policy.yaml").exists()
    assert json.loads(guard("check", "--json", "--sql", "SELECT * FROM salaries").stdout)["rule"] == "salaries-ask"


def test_the_tests_of_several_policies_are_run_together(guard) -> None:
    done = guard("test", "pack:read-only", "pack:production-database")
    assert done.returncode == 0, done.stdout
    assert {"default", "read-only", "ci", "production-database", "kubernetes-production", "git-protected"} <= set(
        pack_names()
    )


def test_a_test_that_fails_is_shown_with_its_line_and_status_1(guard, tmp_path) -> None:
    (tmp_path / "p.yaml").write_text(
        TEAM + "tests:\n  - {sql: SELECT 1, expect: allow}\n  - {sql: SELECT 1, expect: deny}\n"
        "  - {sql: DROP TABLE x, expect: deny, rule: psql-definitions}\n"
    )
    done = guard("test", "p.yaml")
    assert done.returncode == 1
    assert "FAIL p.yaml:17: SELECT 1\n     expected deny, got allow by psql-reads" in done.stdout
    assert "FAIL p.yaml:18: DROP TABLE x\n     expected the rule psql-definitions, got no-ddl" in done.stdout
    assert done.stdout.endswith("1 of 3 tests pass\n")
    outcomes = [json.loads(line) for line in guard("test", "--json", "p.yaml").stdout.splitlines()]
    assert [(one["line"], one["passed"]) for one in outcomes] == [(16, True), (17, False), (18, False)]


def test_the_tests_of_a_policy_see_the_world_that_they_describe(guard, tmp_path) -> None:
    (tmp_path / "p.yaml").write_text("""version: 1
name: p
extends: pack:default
tests:
  - {run: [psql, -f, x.sql], files: {x.sql: "SELECT 1;"}, expect: allow}
  - {run: [psql, -f, x.sql], files: {x.sql: "DROP TABLE x;"}, expect: deny}
  - {run: [psql, -f, y.sql], files: {x.sql: "SELECT 1;"}, expect: approve}
  - {run: [psql], stdin: "DROP TABLE x;", expect: deny}
  - {run: [git, push, origin, topic], repository: {branch: topic, ahead: 2, files: {a.txt: hello}}, expect: allow}
  - {run: [git, oops], repository: {config: {alias.oops: "push --force origin main"}}, expect: deny}
""")
    done = guard("test", "p.yaml")
    assert done.returncode == 0, done.stdout


def test_show_prints_the_text_what_it_comes_to_and_the_schema(guard, team) -> None:
    assert guard("show", team).stdout == TEAM
    effective = guard("show", "--effective", team).stdout
    assert "id: no-ddl" in effective
    assert "id: psql-definitions" in effective
    form = json.loads(guard("show", "--effective", "--json", team).stdout)
    assert form["sources"] == [team, "pack:default"]
    assert json.loads(guard("show", "--schema").stdout)["title"] == "guard policy"


def test_every_command_shows_examples(guard) -> None:
    for name in ("init", "lint", "test", "check", "show"):
        done = guard(name, "--help")
        assert done.returncode == 0
        assert "guard policy " + name in done.stdout.partition("xamples")[2], name


def test_what_a_call_holds_cannot_reach_the_terminal_of_who_checks_it(process) -> None:
    done = process("check", "--", "kubectl", "delete", "pod", "a\x1b]0;title\x07\u202eb\udcff")
    assert done.returncode == 3
    assert "\x1b" not in done.stdout
    assert "\\x1b]0;title\\x07\\u202eb\\udcff" in done.stdout
