"""``guard policy test``: runs the tests inside policies, git's against real throw-away repositories."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import click

from guardcli.cli.policy_judge import Call, Caller, GivenFacts, printable, real_git
from guardcli.cli.settings import load_settings
from guardcli.model.decisions import Decision
from guardcli.model.errors import UnavailableError
from guardcli.model.facts import Facts, NoFacts
from guardcli.policy import Context, Policy, decide, load_policy
from guardcli.policy.rules import PolicyTest, Repository

DEFAULT_GROUPS = ("agents",)
PROJECT = "/project"
"""Where a test's call runs that is not git's: nothing is there but the files that the test gives."""

_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """A test and what came of it; `fault` is empty where it passed."""

    test: PolicyTest
    decision: Decision
    fault: str


@click.command(
    epilog="\b\nExamples:\n  guard policy test team.yaml\n  guard policy test pack:default pack:ci\n\n"
    "\b\nExit status: 0 when all tests pass, 1 otherwise."
)
@click.argument("policies", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a test.")
@click.option("--verbose", "-v", is_flag=True, help="Also name the tests that pass.")
def test(policies: tuple[str, ...], as_json: bool, verbose: bool) -> int:
    """Run the tests inside POLICIES, or inside the policy in force."""
    failed = total = 0
    for source in policies or (load_settings().policy,):
        for outcome in run_tests(load_policy(source)):
            total += 1
            failed += bool(outcome.fault)
            if as_json:
                click.echo(json.dumps(_as_json(outcome)))
            elif outcome.fault or verbose:
                report(outcome)
    if not as_json:
        click.echo(f"{total - failed} of {total} tests pass")
    return 1 if failed else 0


def run_tests(policy: Policy) -> Iterable[Outcome]:
    """Yield the outcome of each test of `policy`, in order.

    Raises UnavailableError where a repository cannot be made.
    """
    with ExitStack() as stack:
        repositories = Repositories(stack)
        for one in policy.tests:
            decision = _decide(policy, one, repositories)
            yield Outcome(one, decision, _fault(one, decision))


def _decide(policy: Policy, test: PolicyTest, repositories: Repositories) -> Decision:
    context = Context(
        identity=test.identity or "agent",
        groups=test.groups or DEFAULT_GROUPS,
        parent=test.parent,
        resource=test.resource,
        environment=test.environment,
        branch=test.branch,
        now=test.now,
    )
    caller = Caller(policy, context)
    call = Call(test.run, test.sql, test.resource, dict(test.env), PROJECT, test.stdin)
    machine: Facts = NoFacts()
    if test.run and os.path.basename(test.run[0]) == "git":
        call = replace(call, cwd=repositories.path(test.repository or Repository()), env={**QUIET, **test.env})
        machine = caller.facts(call)
    files = {os.path.normpath(os.path.join(call.cwd, name)): content for name, content in test.files.items()}
    facts = GivenFacts(machine, stdin=test.stdin, files=files)
    return decide(policy, caller.operations(call, facts), caller.context_of(call, facts))


def _fault(test: PolicyTest, decision: Decision) -> str:
    if decision.verdict is not test.expect:
        return f"expected {test.expect.value}, got {decision.verdict.value} by {decision.rule}: {decision.message}"
    if test.rule and decision.rule != test.rule:
        return f"expected the rule {test.rule}, got {decision.rule}"
    return ""


def report(outcome: Outcome) -> None:
    """Print what came of a test."""
    test = outcome.test
    what, fault = printable(" ".join(test.run) or test.sql), printable(outcome.fault)
    mark = click.style("FAIL", fg="red") if outcome.fault else click.style("pass", fg="green")
    click.echo(f"{mark} {test.source}:{test.line}: {what}" + (f"\n     {fault}" if fault else ""))


def _as_json(outcome: Outcome) -> dict[str, object]:
    test = outcome.test
    return {
        "file": test.source,
        "line": test.line,
        "run": list(test.run),
        "sql": test.sql,
        "passed": not outcome.fault,
        "fault": outcome.fault,
        "effect": outcome.decision.verdict.value,
        "rule": outcome.decision.rule,
    }


QUIET = {
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}
"""Nobody's own configuration of git may decide a test."""


class Repositories:
    """Makes the repositories of tests, each kind once, and removes them with `stack`."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._made: list[tuple[Repository, str]] = []

    def path(self, wanted: Repository) -> str:
        """Return the path of a repository like `wanted`, made if there is none yet."""
        for known, path in self._made:
            if known == wanted:
                return path
        root = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="guard-test-"))
        path = _make_repository(Path(root), wanted)
        self._made.append((wanted, path))
        return path


def _make_repository(root: Path, wanted: Repository) -> str:
    """Make a clone of a bare remote, `wanted.ahead` commits ahead of it; the last one adds `wanted.files`."""
    program = real_git(os.environ.get("PATH", os.defpath))
    if program is None:
        raise UnavailableError("a test of git needs git itself", hint="install git")
    place = root / "project"

    def git(*arguments: str) -> None:
        try:
            subprocess.run(
                (program, "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments),
                check=True,
                capture_output=True,
                env={**os.environ, **QUIET, "GIT_TERMINAL_PROMPT": "0"},
                timeout=_SECONDS,
            )
        except (subprocess.SubprocessError, OSError) as error:
            said = getattr(error, "stderr", b"") or str(error).encode()
            raise UnavailableError(f"no repository for a test: {said.decode(errors='replace').strip()}") from None

    git("init", "--quiet", "--bare", "-b", "main", str(root / "remote.git"))
    git("init", "--quiet", "-b", "main", str(place))
    git("-C", str(place), "commit", "--quiet", "--allow-empty", "-m", "begin")
    git("-C", str(place), "remote", "add", "origin", str(root / "remote.git"))
    git("-C", str(place), "push", "--quiet", "-u", "origin", "main")
    if wanted.branch != "main":
        git("-C", str(place), "checkout", "--quiet", "-b", wanted.branch)
        git("-C", str(place), "push", "--quiet", "-u", "origin", wanted.branch)
    for number in range(1, wanted.ahead + 1):
        last = number == wanted.ahead
        for name, content in wanted.files.items() if last else ():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(content)
        git("-C", str(place), "add", "--all")
        git("-C", str(place), "commit", "--quiet", "--allow-empty", "-m", f"change {number}")
    for key, value in wanted.config.items():
        git("-C", str(place), "config", key, value)
    return str(place)
