"""Shells inside the shell: ``sh -c``, ``bash -s``, a script from standard input, ``eval`` and their like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from guardcli.inspectors.shell.scope import PIPE, NotUnderstoodError, Scope
from guardcli.inspectors.shell.words import Word
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

_LONG = frozenset({"--norc", "--noprofile", "--login", "--posix", "--verbose", "--noediting", "--restricted"})
_LETTERS = frozenset("abefhiklmnprstuvxBCEHPTc")


def shell(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge a call of a POSIX-like shell by the text it would run."""
    from_text, from_stdin, rest = _options(words)
    if from_text:
        if not rest or not rest[0].known:
            raise NotUnderstoodError("the text that a shell would run cannot be known")
        return scope.script(rest[0].text) or [scope.done(name, {Effect.READ})]
    if rest and not from_stdin:
        return [scope.concede(name, f"it runs the file {rest[0].text}", Effect.EXECUTE, files=rest[:1])]
    return run_stdin(name, scope)


def run_stdin(name: str, scope: Scope) -> list[Operation]:
    """Judge a shell that reads its commands from standard input."""
    source = scope.stdin
    if source.kind == "none":
        return [scope.done(name, {Effect.READ})]
    if source.kind == "inherit":
        text = scope.read_stdin()
        if not text:
            return [scope.concede(name, "an interactive shell can do anything", Effect.EXECUTE)]
    elif source.kind == "text":
        text = source.text
    elif source.kind == "file":
        raise NotUnderstoodError(f"it runs what {source.text} holds")
    else:
        raise NotUnderstoodError("it runs what it is given through a pipe")
    return replace(scope, stdin=PIPE).script(text) or [scope.done(name, {Effect.READ})]


def _options(words: Sequence[Word]) -> tuple[bool, bool, list[Word]]:
    """Return whether ``-c`` and ``-s`` are given, and what follows the options."""
    from_text = from_stdin = False
    position = 0
    while position < len(words):
        word = words[position]
        if not word.known and word.may_be_option:
            raise NotUnderstoodError("an option could be hidden in a word that is not known")
        text = word.text
        if text[:1] not in ("-", "+") or not word.known:
            break
        position += 1
        if text in ("--", "-"):
            break
        if text.startswith("--"):
            if text not in _LONG:
                raise NotUnderstoodError(f"{text} is not among the options known to be harmless")
            continue
        letters = text[1:]
        if not set(letters) <= _LETTERS | {"o", "O"}:
            raise NotUnderstoodError(f"{text} is not among the options known to be harmless")
        from_text = from_text or (text[0] == "-" and "c" in letters)
        from_stdin = from_stdin or "s" in letters
        position += letters.count("o") + letters.count("O")
    return from_text, from_stdin, list(words[position:])


def foreign(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Concede a shell of another syntax."""
    raise NotUnderstoodError(f"{name} has a syntax of its own")


INTERPRETERS: dict[str, Callable[[str, Sequence[Word], Scope], list[Operation]]] = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "zsh", "rbash"), shell),
    **dict.fromkeys(("fish", "csh", "tcsh", "pwsh", "nu", "xonsh", "rc", "es"), foreign),
}
