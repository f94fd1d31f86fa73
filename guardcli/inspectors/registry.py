"""Finds the inspector of a tool; the net below all inspectors, so that a fault in one fails closed."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

from guardcli.inspectors.generic import GenericInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Inspector, conceded
from guardcli.model.tools import ToolRules

GUARDED = ("psql", "kubectl", "ssh", "scp", "sftp", "git")
"""The tools that guard understands by itself, each called by this name."""

_CLASSES = {
    "psql": ("guardcli.inspectors.psql", "PsqlInspector"),
    "kubectl": ("guardcli.inspectors.kubectl", "KubectlInspector"),
    "ssh": ("guardcli.inspectors.ssh", "SshInspector"),
    "scp": ("guardcli.inspectors.ssh", "ScpInspector"),
    "sftp": ("guardcli.inspectors.ssh", "SftpInspector"),
    "git": ("guardcli.inspectors.git", "GitInspector"),
}

_WITH_BASELINE = frozenset({"kubectl", "psql"})
"""Tools whose inspector tells a variable of the user's own from one that the agent changed."""

MAX_WORDS = 8192
"""Words of a call that is judged; reading more would hold up every other call of the session."""

MAX_CHARACTERS = 1 << 17
"""Characters of all words of a call that is judged: what xargs(1) puts into one call at most."""

_NO_RULES: Mapping[str, ToolRules] = {}
_NO_BASELINE: Mapping[str, str] = {}


def inspector_for(
    tool: str, extra: Mapping[str, ToolRules] = _NO_RULES, baseline: Mapping[str, str] = _NO_BASELINE
) -> Inspector:
    """Return the inspector of `tool`: guard's own, else the generic one with the patterns that `extra` has for it.

    Importing is left until a tool is first called. Patterns for a tool of guard's own are not looked at: what
    guard understands, a pattern cannot make harmless. `baseline` is the environment that the session began with;
    a variable such as KUBECONFIG or PGPASSWORD counts as the user's own while it has the value that it has there.
    """
    if tool in _WITH_BASELINE and baseline:
        inspector: Inspector = _class_of(tool)(baseline)
        return inspector
    if tool in _CLASSES:
        return _own(tool)
    rules = extra.get(tool)
    generic = GenericInspector(tool, rules.patterns if rules else ())
    return _SqlTool(tool, rules.sql, generic) if rules and rules.sql else generic


class _SqlTool:
    """A client of another database: what no pattern of the policy describes is described by its SQL."""

    def __init__(self, tool: str, client: str, generic: GenericInspector) -> None:
        self.tool = tool
        self._client = client
        self._generic = generic

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what the first pattern that matches says, otherwise what the statements do."""
        from guardcli.inspectors.sql_clients import CLIENTS, SqlClientInspector

        known = self._generic.inspect(invocation, facts)
        if known.operations[0].complete:
            return known
        return SqlClientInspector(self.tool, CLIENTS[self._client]).inspect(invocation, facts)


@functools.cache
def _own(tool: str) -> Inspector:
    inspector: Inspector = _class_of(tool)()
    return inspector


def _class_of(tool: str) -> Any:
    module, name = _CLASSES[tool]
    return getattr(importlib.import_module(module), name)


def inspect(
    invocation: Invocation,
    facts: Facts,
    extra: Mapping[str, ToolRules] = _NO_RULES,
    baseline: Mapping[str, str] = _NO_BASELINE,
) -> Inspection:
    """Return what `invocation` would do, whatever happens: an inspector that fails has understood nothing."""
    if fault := _too_much(invocation):
        return Inspection((conceded(invocation.tool, invocation.tool, fault),))
    try:
        return inspector_for(invocation.tool, extra, baseline).inspect(invocation, facts)
    except Exception as fault:
        reason = f"the inspector of {invocation.tool} failed with {type(fault).__name__}"
        operation = conceded(invocation.tool, invocation.tool, reason, Effect.EXECUTE)
        return Inspection((operation,))


def _too_much(invocation: Invocation) -> str:
    """Return why a call is too large to be read at all; empty for one that is not."""
    if len(invocation.argv) > MAX_WORDS:
        return f"the call has more than {MAX_WORDS} words; make several calls of it"
    if sum(map(len, invocation.argv)) > MAX_CHARACTERS:
        return f"the call has more than {MAX_CHARACTERS} characters; make several calls of it, or use a file"
    return ""
