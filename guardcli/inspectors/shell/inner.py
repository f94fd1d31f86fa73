"""Calls of guarded tools inside a shell's text: judged by the tool's own inspector, as gravely as the call itself.

On this machine the call will meet its shim, and counts as what it is. On another one it is both: a call of that tool,
and something that the outer tool does there, so that the rules for either can stop it.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from guardcli.inspectors.shell.known import table
from guardcli.inspectors.shell.scope import NotUnderstoodError, Scope
from guardcli.inspectors.shell.words import Word
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable, Found
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Operation, Target, conceded

MAX_INNER = 200
"""Words of a guarded tool's call inside a text."""

MAX_HOPS = 4
"""Times that ssh may be named in one call: each hop is judged anew."""

_HARMLESS = frozenset({Effect.READ, Effect.SESSION})

TOOLS = ("psql", "kubectl", "ssh", "scp", "sftp", "git")


class _Inner:
    """The facts of a place, with the standard input that the text gives to the call."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._facts: Facts = scope.place.facts

    def stdin(self) -> bytes:
        """Return what the text puts before the call. Raises FactUnavailable where that is not known."""
        source = self._scope.stdin
        if source.kind == "text":
            return source.text.encode("utf-8", "surrogateescape")
        if source.kind == "file":
            return self._facts.read_file(os.path.join(self._scope.place.cwd, source.text))
        if source.kind == "inherit":
            try:
                return self._scope.read_stdin().encode("utf-8", "surrogateescape")
            except NotUnderstoodError as problem:
                raise FactUnavailable(str(problem)) from None
        raise FactUnavailable("it comes through a pipe")

    def read_file(self, path: str) -> bytes:
        """Ask the place."""
        return self._facts.read_file(path)

    def list_directory(self, path: str) -> Sequence[str]:
        """Ask the place."""
        return self._facts.list_directory(path)

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
        """Ask the place."""
        return self._facts.git_config(cwd, options)

    def git(self, cwd: str, arguments: Sequence[str], *, index: bool = True) -> bytes:
        """Ask the place."""
        return self._facts.git(cwd, arguments, index=index)

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        """Ask the place."""
        return self._facts.find_secrets(content)

    def git_secrets(self, cwd: str, options: Sequence[str], names: Sequence[str]) -> Mapping[str, frozenset[Found]]:
        """Ask the place."""
        return self._facts.git_secrets(cwd, options, names)

    def try_shell(self, text: bytes) -> bool:
        """Ask whoever can try the text around."""
        return self._scope.tries(text)

    def git_changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> Mapping[str, str]:
        """Ask the place."""
        return self._facts.git_changed(cwd, options, pathspecs)


_HOP = re.compile(r"ssh|kubectl")
"""Commands that hand others on, so that one may hold many: each is read in more than one way."""

_OWN = {"psql": ("PG", "PSQL", "PAGER"), "git": ("GIT", "PAGER"), "kubectl": ("KUBE",)}


def judges(command: str, variable: str) -> bool:
    """Tell whether the inspector of `command` itself judges what `variable` does to it."""
    name = command.removeprefix("/usr/local/bin/").removeprefix("/usr/bin/")
    return variable.startswith(_OWN.get(name, ("\0",)))


def guarded(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge a call of a guarded tool inside a text."""
    if len(words) > MAX_INNER or sum(len(_HOP.findall(word.text)) for word in words) > MAX_HOPS:
        raise NotUnderstoodError("commands within commands are nested too deeply")
    known = all(word.known for word in words) or _makes_no_difference(name, words, scope)
    read = table(name, words, scope) if name == "git" else []
    if not known and read and read[0].complete:
        return read
    found = _judged(name, [word.text for word in words], scope)
    if not known:  # beside what is known, so that a rule for that still holds
        found.append(conceded(name, found[0].action, "not all of its words can be known"))
    if scope.place.here:
        return found
    if read and all(operation.complete and operation.effects <= _HARMLESS for operation in found):
        return [*read, *found]  # what another machine's configuration makes git run, the table leaves no room for
    return [part for operation in found for part in (_elsewhere(operation, name, scope), operation)]


def _judged(name: str, words: Sequence[str], scope: Scope) -> list[Operation]:
    from guardcli.inspectors.registry import inspect  # the other inspectors judge shell texts in their turn

    place = scope.place
    stdin = Stdin.NULL if scope.stdin.kind == "none" else Stdin.STREAM
    invocation = Invocation(name, (name, *words), place.env, place.cwd, stdin)
    return list(inspect(invocation, _Inner(scope)).operations)


_INSTEAD = ("x", "--force", "-rf", "main", "/etc/passwd", "a b; c")


def _makes_no_difference(name: str, words: Sequence[Word], scope: Scope) -> bool:
    """Tell whether a call is the same whatever stands for its words that are not known, such as a commit's message."""
    if name == "git" and words[:1] and words[0].known and not any(word.splits for word in words):
        found = [_judged(name, [word.text if word.known else put for word in words], scope) for put in _INSTEAD]
        return all(each == found[0] for each in found[1:])
    return False


def _elsewhere(operation: Operation, name: str, scope: Scope) -> Operation:
    """Return `operation` as one of `scope`'s tool: a program that it starts runs on the other side, and is conceded."""
    targets = (Target("command", name), *operation.targets)
    if operation.complete and Effect.EXECUTE in operation.effects and name in ("psql", "kubectl", "git"):
        effects = operation.effects | {Effect.UNKNOWN}
        reason = f"{name} starts a program on the other side"
        return replace(operation, tool=scope.tool, targets=targets, effects=effects, complete=False, reason=reason)
    return replace(operation, tool=scope.tool, targets=targets)


def unusual(name: str, path: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge a program of a guarded tool's name that lies in no usual place: it may be that tool, or anything."""
    reason = f"{path} is a program that is not known"
    return [conceded(scope.tool, path, reason, Effect.EXECUTE), *guarded(name, words, scope)]


INNER = dict.fromkeys(TOOLS, guarded)
"""Guarded tools, each judged by its own inspector."""
