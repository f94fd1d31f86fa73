"""Built-ins that change what later commands do, or that run a text: ``eval``, ``trap``, ``alias``, ``printf -v`` …"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from guardcli.inspectors.shell.names import assignment_danger
from guardcli.inspectors.shell.scope import PIPE, NotUnderstoodError, Scope
from guardcli.inspectors.shell.words import DYNAMIC, Word
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

_NAME = re.compile(r"[A-Za-z_]\w*\Z")


def evaluate(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``eval`` by its words joined."""
    if not all(word.known for word in words):
        raise NotUnderstoodError("the text that is evaluated cannot be known")
    return scope.script(" ".join(word.text for word in words)) or [scope.done(name, {Effect.READ})]


def source(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Concede ``.`` and ``source``."""
    shown = words[0].text if words else "a file"
    return [scope.concede(name, f"it runs what {shown} holds", Effect.EXECUTE, files=words[:1])]


def trap(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``trap`` by the text that a signal or the end would run."""
    rest = [word for word in words if word.text != "--"]
    if not rest or rest[0].text in ("-", "", "-l", "-p") or len(rest) == 1:
        return [scope.done(name, {Effect.READ})]
    if not rest[0].known:
        raise NotUnderstoodError("the text that a signal would run cannot be known")
    return scope.script(rest[0].text) or [scope.done(name, {Effect.READ})]


def alias(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``alias``: listing reads, defining changes what later names mean."""
    if any(not word.known or "=" in word.text for word in words):
        raise NotUnderstoodError("an alias changes what later commands mean")
    return [scope.done(name, {Effect.READ})]


def settings(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``set``: options of the shell; alone it prints every variable."""
    if not words:
        return [scope.done(name, {Effect.READ}, sensitive=True)]
    return [scope.done(name, {Effect.READ})]


def shopt(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``shopt``: options that change how the rest is read concede."""
    for word in words:
        if not word.known or word.text in ("expand_aliases", "extglob", "sourcepath", "extquote", "array_expand_once"):
            raise NotUnderstoodError("an option changes how the rest of the text is read")
    return [scope.done(name, {Effect.READ})]


def assigns(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``read``, ``printf -v``, ``mapfile``, ``getopts`` and ``let``: the variables that they set."""
    for index, word in enumerate(words):
        if name in ("mapfile", "readarray") and word.text.startswith("-") and "C" in word.text:
            raise NotUnderstoodError("it calls back a command")
        if name == "printf":
            if word.text == "-v" or (index == 0 and word.may_be_option and not word.text.startswith("--")):
                _check(words[index + 1] if word.text == "-v" and index + 1 < len(words) else DYNAMIC)
            break
        if name == "let":
            if not word.known or not re.match(r"[\w+*/%<>=!&|()?:, -]*\Z", word.text):
                raise NotUnderstoodError("arithmetic that is not plain")
            continue
        if name == "read" and (
            word.text.startswith("-") or (index and words[index - 1].text in ("-p", "-t", "-d", "-n"))
        ):
            continue
        if name == "read" and not word.bare and index and re.match(r"-\w*[pdtn]\Z", words[index - 1].text):
            continue
        if name != "getopts" or index == 1:
            _check(word) if not word.text.startswith("-") else None
    return [scope.done(name, {Effect.READ})]


def _check(word: Word) -> None:
    if not word.known or not _NAME.match(word.text):
        raise NotUnderstoodError("the variable that it sets is not plain")
    if danger := assignment_danger(word.text, DYNAMIC):
        raise NotUnderstoodError(danger)


def changes_lookup(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``hash``, ``enable``, ``bind``, ``complete`` and ``compgen``: with arguments they can run or replace."""
    if words and not (name == "hash" and [word.text for word in words] == ["-r"]):
        raise NotUnderstoodError(f"{name} can replace or run a command")
    return [scope.done(name, {Effect.READ})]


def limits(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``ulimit`` and ``umask``: settings of this shell only."""
    return [scope.done(name, {Effect.SESSION} if words else {Effect.READ})]


def kill(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``kill``: ``-0`` asks whether a process is there, ``-l`` lists signals, all else ends processes."""
    first = words[0].text if words and words[0].known else ""
    effects = {Effect.READ} if first in ("-0", "-l", "-L") and len(words) <= 2 else {Effect.DELETE}
    return [scope.done(name, effects)]


def coproc(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``coproc COMMAND``: the command, on pipes."""
    if not words:
        raise NotUnderstoodError("a co-process that is not plain")
    return replace(scope, stdin=PIPE).command(words)


BUILTINS: dict[str, Callable[[str, Sequence[Word], Scope], list[Operation]]] = {
    "eval": evaluate,
    ".": source,
    "source": source,
    "trap": trap,
    "alias": alias,
    "unalias": settings,
    "set": settings,
    "shopt": shopt,
    **dict.fromkeys(("read", "printf", "mapfile", "readarray", "getopts", "let"), assigns),
    **dict.fromkeys(("hash", "enable", "bind", "complete", "compgen", "compopt", "caller"), changes_lookup),
    "ulimit": limits,
    "umask": limits,
    "coproc": coproc,
    "kill": kill,
}
