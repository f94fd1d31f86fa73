"""A call as it is given to be judged, and what it would do under a policy, by the facts of this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from guardcli.broker.facts import CallFacts
from guardcli.broker.secret_finder import SecretFinder
from guardcli.broker.shell_trial import ShellTrial
from guardcli.inspectors.registry import inspect
from guardcli.masking.cache import PatternCache
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Operation
from guardcli.policy import Context, Policy
from guardcli.policy.rules import SHELL

SHIM = "guard-shim"


@dataclass(frozen=True, slots=True)
class Call:
    """A call to be judged: `argv`, or `sql` where it is not empty. `stdin` is None where there is nothing to read."""

    argv: tuple[str, ...] = ()
    sql: str = ""
    resource: str = ""
    env: Mapping[str, str] | None = None
    cwd: str = "/"
    stdin: str | None = None


@cache
def _finder(cache: Path | None) -> SecretFinder:
    if cache is None:
        return SecretFinder()
    patterns = PatternCache(cache)
    return SecretFinder(patterns.load, patterns.store)


class Caller:
    """Turns calls into operations under one policy, with the facts of this machine.

    `baseline` is the environment that counts as the user's own: what a call has beyond it is the call's doing. `cache`
    is where compiled patterns are kept.
    """

    def __init__(
        self,
        policy: Policy,
        context: Context,
        baseline: Mapping[str, str] | None = None,
        cache: Path | None = None,
    ) -> None:
        self.policy = policy
        self.context = context
        self._rules = {rules.tool: rules for rules in policy.tool_rules}
        self._baseline = baseline or {}
        self._git = real_git(os.environ.get("PATH", os.defpath))
        self._find_secrets = _finder(cache)
        self._shell_trial = ShellTrial()

    def operations(self, call: Call, facts: Facts) -> tuple[Operation, ...]:
        """Return what `call` would do. Never raises for any call."""
        if call.sql:
            from guardcli.inspectors.sql import inspect_sql

            return inspect_sql(call.sql)
        tool = os.path.basename(call.argv[0])
        if tool not in self.policy.guarded:
            return self._shell(call, facts)
        invocation = Invocation(
            tool=tool,
            argv=call.argv,
            env=call.env or {},
            cwd=call.cwd,
            stdin=Stdin.NULL if call.stdin is None else Stdin.STREAM,
            parent=self.context.parent,
        )
        return inspect(invocation, facts, self._rules, self._baseline).operations

    def context_of(self, call: Call, facts: Facts) -> Context:
        """Return what is known of `call` beyond its operations."""
        tool = "psql" if call.sql else os.path.basename(call.argv[0])
        context = replace(self.context, tool=tool, argv=call.argv, resource=call.resource or self.context.resource)
        if context.now is None:
            context = replace(context, now=datetime.now(UTC))
        if self.policy.asks_for_branch and tool == "git" and not context.branch:
            context = replace(context, branch=_branch(facts, call.cwd))
        return context

    def facts(self, call: Call) -> CallFacts:
        """Return the facts of this machine around `call`."""
        return CallFacts(
            call.cwd,
            call.env or {},
            git_program=self._git,
            find_secrets=self._find_secrets,
            try_shell=self._shell_trial.for_one_call(),
        )

    def _shell(self, call: Call, facts: Facts) -> tuple[Operation, ...]:
        """Return what a call does that no shim stands in front of: as a shell on a guarded host would see it.

        Guarded tools that it calls stand as their own: there each of them meets its shim.
        """
        from guardcli.inspectors.shell import Place, inspect_argv, stdin_of

        place = Place(facts, call.env or {}, call.cwd, here=True)
        return inspect_argv(call.argv, tool=SHELL, stdin=stdin_of(facts, call.stdin is not None), place=place)


def real_git(path: str) -> str | None:
    """Return the first git on `path` that is no shim, so that asking it is not itself a guarded call."""
    for directory in path.split(os.pathsep):
        candidate = os.path.join(directory, "git")
        if os.access(candidate, os.X_OK) and os.path.basename(os.path.realpath(candidate)) != SHIM:
            return candidate
    return None


def _branch(facts: Facts, cwd: str) -> str:
    try:
        return os.fsdecode(facts.git(cwd, ("symbolic-ref", "--quiet", "--short", "HEAD")).strip())
    except FactUnavailable:
        return ""
