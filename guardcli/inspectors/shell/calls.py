"""Judges one simple command: its name decides whether a wrapper, a program with rules of its own, or the table does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardcli.inspectors.shell.builtin import BUILTINS
from guardcli.inspectors.shell.inner import INNER, unusual
from guardcli.inspectors.shell.interpreters import INTERPRETERS
from guardcli.inspectors.shell.known import table
from guardcli.inspectors.shell.programs import PROGRAMS
from guardcli.inspectors.shell.scope import NotUnderstoodError, Scope
from guardcli.inspectors.shell.table import commands, verbs
from guardcli.inspectors.shell.words import Word
from guardcli.inspectors.shell.wrappers import WRAPPERS
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

Handler = Callable[[str, Sequence[Word], Scope], list[Operation]]

_SYSTEM = ("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/")
_LOCAL = "/usr/local/bin/"
"""Where guarded tools are installed by hand."""


def judge(words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Return what the simple command `words` would do; never empty unless it calls a function judged before."""
    first = words[0]
    if not first.known or first.tilde or not first.text:
        return [scope.concede("?", "the name of a command cannot be known", Effect.EXECUTE)]
    name = first.text
    defined = name in scope.functions
    for directory in _SYSTEM:
        if name.startswith(directory) and "/" not in name[len(directory) :]:
            name = name[len(directory) :]
            break
    if name.removeprefix(_LOCAL) in INNER:
        name = name.removeprefix(_LOCAL)
    elif name.rpartition("/")[2] in INNER and "/" in name:
        return unusual(name.rpartition("/")[2], name, words[1:], scope)
    if "/" in name:
        return [scope.concede(name, f"{name} is a program that is not known", Effect.EXECUTE)]
    if name.startswith("git-"):  # never under the action that a policy lets pass for git itself
        reason = "only git itself speaks this protocol; call git"
        return [scope.concede(f"{name} called directly", reason, Effect.EXECUTE)]
    handler = _handler(name)
    if handler is None and defined:  # its body was judged where it stands
        return []
    if handler is None:
        return [scope.concede(name, f"{name} is not in the table of known commands", Effect.EXECUTE)]
    try:
        return handler(name, words[1:], scope)
    except NotUnderstoodError as problem:
        return [scope.concede(name, str(problem), Effect.EXECUTE)]


def _handler(name: str) -> Handler | None:
    for handlers in (BUILTINS, WRAPPERS, INTERPRETERS, INNER, PROGRAMS):
        found = handlers.get(name)
        if found is not None:
            return found
    if name in verbs() or name in commands():
        return table
    return None
