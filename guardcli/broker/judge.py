"""Asking inspectors and policy about one call."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from guardcli.broker.facts import CallFacts
from guardcli.broker.standing import Standing
from guardcli.inspectors.registry import inspect
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.facts import Facts, FactUnavailable, Found
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Inspection
from guardcli.policy import Context
from guardcli.policy.unknown import UNKNOWN_SERVER, UNKNOWN_SERVER_MESSAGE

PROGRAM_VARIABLES = frozenset(
    [
        "PAGER",
        "EDITOR",
        "VISUAL",
        "BROWSER",
        "SSH_ASKPASS",
        "PSQL_PAGER",
        "PSQL_WATCH_PAGER",
        "PSQL_EDITOR",
        "PSQLRC",
        "KUBE_EDITOR",
    ]
)
"""Variables that make a tool run a program, or a script of its own; those of git all begin with ``GIT_``."""


QUICK_CHARACTERS = 4096
QUICK_BYTES = 1 << 16
"""Characters of a call, and bytes of a file, that are judged in the event loop; a few milliseconds for any of them."""


class NeedsTime(BaseException):
    """A fact was asked for that may take long, or holds much. No Exception: no inspector takes it for an answer."""


class QuickFacts:
    """`CallFacts` that answer at once or not at all: what could block the event loop raises `NeedsTime`."""

    def __init__(self, facts: CallFacts) -> None:
        self._facts = facts

    def read_file(self, path: str) -> bytes:
        """Return the content of a small file; regular files are read without waiting for anybody. Raises NeedsTime."""
        content = self._facts.read_file(path)
        if len(content) > QUICK_BYTES:
            raise NeedsTime
        return content

    def list_directory(self, path: str) -> Sequence[str]:
        """Return the names in a directory."""
        return self._facts.list_directory(path)

    def stdin(self) -> bytes:
        """Raise NeedsTime."""
        raise NeedsTime

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
        """Raise NeedsTime."""
        raise NeedsTime

    def git(self, cwd: str, arguments: Sequence[str], *, index: bool = True) -> bytes:
        """Raise NeedsTime."""
        raise NeedsTime

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        """Raise NeedsTime."""
        raise NeedsTime

    def git_secrets(self, cwd: str, options: Sequence[str], names: Sequence[str]) -> Mapping[str, frozenset[Found]]:
        """Raise NeedsTime."""
        raise NeedsTime

    def try_shell(self, text: bytes) -> bool:
        """Raise NeedsTime."""
        raise NeedsTime

    def git_changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> Mapping[str, str]:
        """Raise NeedsTime."""
        raise NeedsTime


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a call would do, and what was decided."""

    invocation: Invocation
    inspection: Inspection
    decision: Decision


def refused(judgement: Judgement) -> Judgement:
    """Return the judgement of a call that goes to a server which the policy does not name, and therefore denies."""
    if judgement.decision.verdict is Verdict.DENY:
        return judgement
    decision = replace(
        judgement.decision, verdict=Verdict.DENY, rule=UNKNOWN_SERVER, message=UNKNOWN_SERVER_MESSAGE, terms=None
    )
    return replace(judgement, decision=decision)


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides calls for one session.

    `baseline` is the environment that the session began with: what a variable of the user's own makes a tool do is
    not the agent's doing. `patience` runs what may block.
    """

    standing: Standing
    identity: str
    groups: tuple[str, ...]
    baseline: Mapping[str, str]
    patience: Executor

    def judge_now(self, invocation: Invocation, facts: CallFacts) -> Judgement | None:
        """Return what is decided about `invocation`, or None when that may take time: for a fact, or for its length."""
        if self._needs_branch(invocation) or sum(map(len, invocation.argv)) > QUICK_CHARACTERS:
            return None
        try:
            return self._decide(invocation, self._inspect(invocation, QuickFacts(facts)), "")
        except NeedsTime:
            return None

    async def judge(self, invocation: Invocation, facts: CallFacts) -> Judgement:
        """Return what is decided about `invocation`, with the facts looked up in a thread."""
        loop = asyncio.get_running_loop()
        inspection = await loop.run_in_executor(self.patience, self._inspect, invocation, facts)
        branch = ""
        if self._needs_branch(invocation):
            branch = await loop.run_in_executor(self.patience, _branch, facts, invocation.cwd)
        return self._decide(invocation, inspection, branch)

    def _needs_branch(self, invocation: Invocation) -> bool:
        return invocation.tool == "git" and self.standing.asks_for_branch

    def _inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        rules = {rules.tool: rules for policy in reversed(self.standing.policies) for rules in policy.tool_rules}
        seen = replace(invocation, env=chosen_by_agent(invocation.env, self.baseline))
        return inspect(seen, facts, rules, self.baseline)

    def _decide(self, invocation: Invocation, inspection: Inspection, branch: str) -> Judgement:
        context = Context(
            tool=invocation.tool,
            argv=invocation.argv,
            parent=invocation.parent,
            identity=self.identity,
            groups=self.groups,
            resource=self._aimed_at(invocation),
            now=datetime.now(UTC),
            branch=branch,
        )
        return Judgement(invocation, inspection, self.standing.decide(inspection.operations, context))

    def _aimed_at(self, invocation: Invocation) -> str:
        """Return the resource that a call surely goes to, since a gateway leads it there; empty where it is not known.

        A resource of some namespaces is not all that its gateway leads to.
        """
        if invocation.tool != "kubectl" or not invocation.gateway:
            return ""
        known = (one for policy in self.standing.policies for one in policy.resources if one.name == invocation.gateway)
        return "" if any(one.namespaces for one in known) else invocation.gateway


def chosen_by_agent(env: Mapping[str, str], baseline: Mapping[str, str]) -> dict[str, str]:
    """Return `env` without the variables that choose a program and are as they were when the session began."""
    return {
        name: value
        for name, value in env.items()
        if baseline.get(name) != value or not (name.startswith("GIT_") or name in PROGRAM_VARIABLES)
    }


def _branch(facts: CallFacts, cwd: str) -> str:
    try:
        return os.fsdecode(facts.git(cwd, ("symbolic-ref", "--quiet", "--short", "HEAD")).strip())
    except FactUnavailable:
        return ""


def stdin_kind(fd: int | None) -> Stdin:
    """Tell what stands behind the descriptor of a call's standard input; None is a closed one."""
    if fd is None:
        return Stdin.CLOSED
    if os.isatty(fd):
        return Stdin.TERMINAL
    try:
        if os.path.samestat(os.fstat(fd), os.stat(os.devnull)):
            return Stdin.NULL
    except OSError:
        return Stdin.STREAM
    return Stdin.STREAM
