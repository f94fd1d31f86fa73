"""Runs the tests inside a policy, those of git against real throw-away repositories."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from guardcli.judging.caller import Call, Caller
from guardcli.judging.given import GivenFacts
from guardcli.judging.repositories import QUIET, Repositories
from guardcli.model.decisions import Decision
from guardcli.model.facts import Facts, NoFacts
from guardcli.policy import Context, Policy, decide
from guardcli.policy.rules import PolicyTest, Repository

DEFAULT_GROUPS = ("agents",)
PROJECT = "/project"
"""Where a test's call runs that is not git's: nothing is there but the files that the test gives."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A test and what came of it; `fault` is empty where it passed."""

    test: PolicyTest
    decision: Decision
    fault: str

    @property
    def call(self) -> str:
        """What was judged, as one line."""
        return " ".join(self.test.run) or self.test.sql


def run_tests(policy: Policy, cache: Path | None = None) -> Iterator[Outcome]:
    """Yield the outcome of each test of `policy`, in order; `cache` is where compiled patterns are kept.

    Raises UnavailableError where a repository cannot be made.
    """
    with ExitStack() as stack:
        repositories = Repositories(stack)
        for one in policy.tests:
            decision = _decide(policy, one, repositories, cache)
            yield Outcome(one, decision, _fault(one, decision))


def _decide(policy: Policy, test: PolicyTest, repositories: Repositories, cache: Path | None) -> Decision:
    context = Context(
        identity=test.identity or "agent",
        groups=test.groups or DEFAULT_GROUPS,
        parent=test.parent,
        resource=test.resource,
        environment=test.environment,
        branch=test.branch,
        now=test.now,
    )
    caller = Caller(policy, context, cache=cache)
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
