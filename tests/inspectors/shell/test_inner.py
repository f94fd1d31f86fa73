"""What a guarded tool does inside a text is judged as gravely as the same call by itself, under the default policy."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import product

import pytest
from inspectors.tables import over

from guardcli.inspectors.registry import GUARDED, inspect
from guardcli.inspectors.shell import Place, inspect_argv, inspect_shell
from guardcli.inspectors.shell.inner import TOOLS
from guardcli.model.decisions import Verdict
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, Found, NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation
from guardcli.policy import Context, decide, load_policy


class Machine(NoFacts):
    """A repository on the branch `topic` with one remote, and files."""

    def read_file(self, path: str) -> bytes:
        if path == "/work/drop.sql":
            return b"DROP TABLE orders;"
        if path == "/work/read.sql":
            return b"SELECT 1;"
        raise FactUnavailable(f"{path} is missing")

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
        if cwd not in ("/work", "/work/sub"):
            raise FactUnavailable("there is no repository")
        return {"remote.origin.url": ("git@host:app.git",)}

    def git(self, cwd: str, arguments: Sequence[str], *, index: bool = True) -> bytes:
        self.git_config(cwd)
        if arguments[:1] == ("symbolic-ref",):
            return b"refs/heads/topic\n"
        if arguments[:1] == ("for-each-ref",):
            return b"refs/heads/topic\nrefs/heads/main\n"
        return b""

    def git_secrets(
        self, cwd: str, options: Sequence[str], names: Sequence[str]
    ) -> dict[str, frozenset[tuple[str, str]]]:
        return {}

    def try_shell(self, text: bytes) -> bool:
        return True

    def git_changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> dict[str, str]:
        return {}

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        return frozenset()


POLICY = load_policy("pack:default")
HERE = Place(Machine(), {}, "/work", here=True)
RANK = list(Verdict)

CALLS = [
    ("git push --force origin main", "git push --force origin topic", "git status"),
    ("git push origin :main", "git push origin +topic", "git log --oneline -5"),
    ("git -c core.sshCommand=evil fetch", "git reset --hard", "git diff HEAD"),
    ("kubectl delete namespace shop", "kubectl delete pod web-1", "kubectl get pods"),
    ("kubectl create clusterrolebinding x --clusterrole=a --user=b", "kubectl scale deploy/web --replicas=0",
     "kubectl describe pod delete-me"),
    ("psql -c 'DROP TABLE orders'", "psql -c 'UPDATE orders SET paid = true WHERE id = 7'", "psql -c 'SELECT 1'"),
    ("psql -c 'UPDATE orders SET paid = true'", "psql -c 'SELECT settle()'", "psql -c \"SELECT 'DROP TABLE x'\""),
    ("ssh -o ProxyCommand=evil web1 uptime", "ssh web1", "ssh web1 uptime"),
]  # fmt: skip
"""Of each tool: what the default policy denies, what asks, and what it lets pass."""

WRAPS = [
    "{}", "sh -c {q}", "bash -lc {q}", "bash -c 'ls; '{q}", "env X=y {}", "nice -n 5 {}", "timeout 5 {}", "nohup {}",
    "/usr/bin/{}", "/usr/local/bin/{}", "command {}", "exec {}", "eval {q}", "ls && {}", "true; {}",
    "if true; then {}; fi",
    "for i in 1 2; do {}; done", "( {} )", "{} | cat", "echo $({})", "busybox env {}", "stdbuf -oL {}", "time {}",
]  # fmt: skip
WRAPS_THAT_ASK = ["xargs {}", "sudo {}", "sudo -u app {}", "su -c {q}", "find . -exec {} ';'", "/opt/bin/{}"]


def verdict(operations: Sequence[Operation]) -> Verdict:
    return decide(POLICY, list(operations), Context()).verdict


def direct(call: str) -> Verdict:
    argv = tuple(shlex.split(call))
    return verdict(inspect(Invocation(argv[0], argv, cwd="/work"), Machine()).operations)


def wrapped(wrap: str, call: str) -> str:
    return wrap.replace("{q}", shlex.quote(call)).replace("{}", call)


def test_the_calls_are_what_they_are_said_to_be() -> None:
    for calls in CALLS:
        assert [direct(call) for call in calls] == [Verdict.DENY, Verdict.APPROVE, Verdict.ALLOW], calls


@over("wrap, calls", product(WRAPS, CALLS))
def test_a_call_in_a_text_of_this_machine_is_judged_as_the_call(wrap: str, calls: Sequence[str]) -> None:
    found = [verdict(inspect_shell(wrapped(wrap, call), tool="shell", place=HERE)) for call in calls]
    assert found == [Verdict.DENY, Verdict.APPROVE, Verdict.ALLOW]


@over("wrap, calls", product([*WRAPS, *WRAPS_THAT_ASK], CALLS))
def test_no_wrapper_makes_a_call_weaker(wrap: str, calls: Sequence[str]) -> None:
    for call in calls:
        text = wrapped(wrap, call)
        least = RANK.index(direct(call))
        assert RANK.index(verdict(inspect_shell(text, tool="shell", place=HERE))) >= least, text
        assert RANK.index(verdict(inspect_shell(text))) >= least, text
        assert RANK.index(verdict(inspect(Invocation("ssh", ("ssh", "h", text)), NoFacts()).operations)) >= least, text


@pytest.mark.parametrize("calls", CALLS, ids=lambda calls: calls[0])
def test_a_call_in_a_container_is_judged_as_the_call_as_well(calls: Sequence[str]) -> None:
    found = []
    for call in calls:
        argv = ("kubectl", "exec", "web-1", "--", *shlex.split(call))
        found.append(verdict(inspect(Invocation("kubectl", argv), NoFacts()).operations))
    assert found == [Verdict.DENY, Verdict.APPROVE, Verdict.ALLOW]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("psql <<E\nDROP TABLE orders;\nE\n", "deny"),
        ("psql <<E\nSELECT 1;\nE\n", "allow"),
        ("psql <<< 'DROP TABLE orders'", "deny"),
        ("psql < drop.sql", "deny"),
        ("psql < read.sql", "allow"),
        ("psql -f drop.sql", "deny"),
        ("cd sub && psql -f ../drop.sql", "deny"),
        ("cd sub && git push origin topic", "allow"),
        ("cd sub && git push origin main", "approve"),
        ("cd /elsewhere && git push origin topic", "approve"),
        ("(cd sub); git push origin topic", "approve"),
        ("GIT_SSH_COMMAND=evil git fetch", "deny"),
        ("env GIT_SSH_COMMAND=evil git fetch", "deny"),
        ("export GIT_SSH_COMMAND=evil; git fetch", "deny"),
        ("GIT_SSH_COMMAND=$x git fetch", "deny"),
        ("GREETING=hello git fetch", "allow"),
        ("git branch | xargs git branch -D", "deny"),
        ("git branch --merged | xargs git branch -d", "approve"),
        ("kubectl get pods -o name | xargs kubectl delete", "deny"),
        ("kubectl get pods -o name | xargs kubectl describe", "approve"),
        ("kubectl get pods -o name | xargs kubectl delete --all", "deny"),
        ("git push --force origin $branch", "deny"),
        ("git log $branch", "approve"),
        ("git commit -m 'git push --force origin main'", "allow"),
        ("echo 'kubectl delete namespace shop'", "allow"),
    ],
)
def test_files_variables_and_directories_of_the_text_count(text: str, expected: str) -> None:
    assert verdict(inspect_shell(text, tool="shell", place=HERE)).value == expected


def test_elsewhere_the_rules_of_both_tools_hold() -> None:
    operations = inspect_shell("psql -c 'UPDATE orders SET paid = true'")
    assert {operation.tool for operation in operations} == {"ssh", "psql"}
    assert all(operation.unbounded for operation in operations)


def test_what_somebody_else_does_stands_beside_what_is_done() -> None:
    operations = inspect_argv(["sudo", "kubectl", "get", "pods"], tool="shell", place=HERE)
    assert [(one.tool, one.action, set(one.effects)) for one in operations] == [
        ("shell", "sudo", {Effect.READ, Effect.PRIVILEGE}),
        ("kubectl", "get", {Effect.READ}),
    ]


def test_all_guarded_tools_are_known_inside() -> None:
    assert set(TOOLS) == set(GUARDED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PGPASSWORD=x psql -c 'SELECT 1'", "allow"),
        ("env PGPASSWORD=x psql -c 'SELECT 1'", "allow"),
        ("PGOPTIONS='-c role=admin' psql -c 'SELECT 1'", "deny"),
        ("PGPASSWORD=x git push --force origin main", "deny"),
        ("LD_PRELOAD=x psql -c 'SELECT 1'", "approve"),
        ("echo 'SELECT 1' | psql", "allow"),
        ("echo 'DROP TABLE orders' | psql", "deny"),
        ('echo "DROP TABLE orders" | psql shop', "deny"),
        ("echo select 1 | psql", "allow"),
        ("echo -e 'a\\nb' | psql", "approve"),
        ("echo 'SELECT 1' | tr S D | psql", "approve"),
        ("cat drop.sql | psql", "deny"),
        ("cat read.sql | psql", "allow"),
        ("git commit -m \"$(cat <<'E'\nfix: a thing\nE\n)\"", "allow"),
        ('git commit -m "$message"', "allow"),
        ("git commit $options", "approve"),
        ('git push origin "$branch"', "approve"),
        ("bash", "approve"),
        ("sh -i", "approve"),
    ],
)
def test_what_agents_put_around_a_call_is_understood(text: str, expected: str) -> None:
    assert verdict(inspect_shell(text, tool="shell", place=HERE, stdin=lambda: "")).value == expected
