"""Judging calls without running them: what ``guard policy check`` and ``guard policy test`` share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

from guardcli.broker.facts import CallFacts
from guardcli.broker.secret_finder import SecretFinder
from guardcli.broker.shell_trial import ShellTrial
from guardcli.cli.settings import load_settings
from guardcli.inspectors.registry import inspect
from guardcli.masking.cache import PatternCache
from guardcli.model.facts import Facts, FactUnavailable, Found
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Operation
from guardcli.policy import Context, Policy
from guardcli.policy.rules import SHELL

SHIM = "guard-shim"


class GivenFacts:
    """Facts of this machine with some of them given: files, and what standard input holds.

    `machine` answers the rest; without one it stays unknown.
    """

    def __init__(self, machine: Facts, *, stdin: str | None = None, files: Mapping[str, str] | None = None) -> None:
        self._machine = machine
        self._stdin = stdin
        self._files = files or {}

    def read_file(self, path: str) -> bytes:
        """Return the content of a given file, else of the machine's."""
        if path in self._files:
            return self._files[path].encode("utf-8", "surrogateescape")
        return self._machine.read_file(path)

    def list_directory(self, path: str) -> Sequence[str]:
        """Return the names in a directory, the given files among them."""
        inside = path.rstrip("/") + "/"
        given = {name[len(inside) :].partition("/")[0] for name in self._files if name.startswith(inside)}
        if not given:
            return self._machine.list_directory(path)
        try:
            return sorted({*given, *self._machine.list_directory(path)})
        except FactUnavailable:
            return sorted(given)

    def stdin(self) -> bytes:
        """Return the given standard input. Raises FactUnavailable where none is given."""
        if self._stdin is None:
            raise FactUnavailable("there is no standard input to read")
        return self._stdin.encode("utf-8", "surrogateescape")

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
        """Return the machine's answer."""
        return self._machine.git_config(cwd, options)

    def git(self, cwd: str, arguments: Sequence[str]) -> bytes:
        """Return the machine's answer."""
        return self._machine.git(cwd, arguments)

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        """Return the machine's answer."""
        return self._machine.find_secrets(content)

    def git_secrets(self, cwd: str, options: Sequence[str], names: Sequence[str]) -> Mapping[str, frozenset[Found]]:
        """Return the machine's answer."""
        return self._machine.git_secrets(cwd, options, names)

    def try_shell(self, text: bytes) -> bool:
        """Return the machine's answer."""
        return self._machine.try_shell(text)

    def git_changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> Mapping[str, str]:
        """Return the machine's answer."""
        return self._machine.git_changed(cwd, options, pathspecs)


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
def _finder() -> SecretFinder:
    patterns = PatternCache(load_settings().state_dir / "cache")
    return SecretFinder(patterns.load, patterns.store)


class Caller:
    """Turns calls into operations under one policy, with the facts of this machine.

    `baseline` is the environment that counts as the user's own: what a call has beyond it is the call's doing.
    """

    def __init__(self, policy: Policy, context: Context, baseline: Mapping[str, str] | None = None) -> None:
        self.policy = policy
        self.context = context
        self._rules = {rules.tool: rules for rules in policy.tool_rules}
        self._baseline = baseline or {}
        self._git = real_git(os.environ.get("PATH", os.defpath))
        self._find_secrets = _finder()
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


def printable(text: str) -> str:
    """Return `text` with every sign that a terminal could obey, or that cannot be written, shown as an escape."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


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
