"""Understands the text that a remote or inner shell will run.

The text is read as POSIX shell and bash read it; what only one of them accepts is conceded. See `tree` for how it
is taken apart, `calls` for how a command is judged, and ``data/commands.tsv`` for what is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from guardcli.inspectors.shell.calls import judge
from guardcli.inspectors.shell.scope import NotUnderstoodError, Place, Scope, Tries
from guardcli.inspectors.shell.tree import Reader
from guardcli.inspectors.shell.words import Word, literal
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.operations import Operation, conceded

MAX_TEXT = 64 * 1024
"""Characters of a text that is judged; a longer one is conceded."""

MAX_SIGNS = 600
"""Quotes, redirections, brackets and separators of a judged text: the grammar's error recovery is not linear."""

MAX_WORK = 1_000_000
"""Such signs times characters of a judged text, for the same reason."""

MAX_WORDS = 1500
"""Stretches of blanks in a judged text, and words of a judged command: what a person could still review."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CONTINUED = re.compile(r"(?<![ \t])\\\n(?![ \t])")
"""A line that goes on in the middle of a word or an operator, where parsers and shells part ways."""

_SIGNS = re.compile(r"[<>(){}\[\]`$|&;\"'\n]")

_NO_COMMAND = re.compile(r"(?:\|\|?|&&?|;)[ \t]+(?:\|\|?|&&|;(?!;))")
"""Two operators with no command between them: an error to every shell; the grammar's recovery from it may never end."""

_BLANKS = re.compile(r"\s+")

Stdin = Callable[[], str]

ELSEWHERE = Place()
"""Another machine, of which nothing is known."""


def _no_stdin() -> str:
    raise NotUnderstoodError("it runs what it reads from standard input, which is not known")


def stdin_of(facts: Facts, given: bool) -> Stdin:
    """Return what reads a call's standard input: what `facts` say where there is one, nothing otherwise."""

    def read() -> str:
        if not given:
            return ""
        try:
            return facts.stdin().decode()
        except FactUnavailable as problem:
            raise NotUnderstoodError(f"standard input was not read: {problem}") from None
        except UnicodeDecodeError:
            raise NotUnderstoodError("standard input is not text") from None

    return read


def inspect_shell(
    text: str, *, tool: str = "ssh", stdin: Stdin | None = None, place: Place = ELSEWHERE, tries: Tries | None = None
) -> tuple[Operation, ...]:
    """Return what a shell would do that is given `text`; never empty, never raises.

    `stdin` returns what the shell's own standard input holds, or raises NotUnderstoodError; without it that is unknown.
    Operations are those of `tool`. What a guarded tool would do that the text calls stands as that tool's own operation
    as well, and where the text runs on this machine as that alone. `tries` is `Facts.try_shell`, where not that of the
    place; a long or intricate text that nobody can try is conceded.
    """
    scope = Scope(tool, 0, stdin or _no_stdin, _follow, judge, tries or place.facts.try_shell, place=place)
    return tuple(_follow(text, scope)) or (scope.done("true", {Effect.READ}),)


def inspect_argv(
    argv: Sequence[str],
    *,
    tool: str = "ssh",
    stdin: Stdin | None = None,
    place: Place = ELSEWHERE,
    tries: Tries | None = None,
) -> tuple[Operation, ...]:
    """Return what the command `argv` would do, started without a shell; never empty, never raises."""
    scope = Scope(tool, 0, stdin or _no_stdin, _follow, judge, tries or place.facts.try_shell, place=place)
    if not argv:
        return (scope.done("true", {Effect.READ}),)
    if len(argv) > MAX_WORDS:
        return (conceded(tool, "sh", f"the command has more than {MAX_WORDS} words", Effect.EXECUTE),)
    words: list[Word] = [literal(word) for word in argv]
    return tuple(_guarded(lambda: judge(words, scope), scope)) or (scope.done(argv[0], {Effect.READ}),)


def _guarded(work: Callable[[], list[Operation]], scope: Scope) -> list[Operation]:
    try:
        return work()
    except NotUnderstoodError as problem:
        return [conceded(scope.tool, "sh", str(problem), Effect.EXECUTE)]
    except RecursionError:
        return [conceded(scope.tool, "sh", "the command line is nested too deeply", Effect.EXECUTE)]


def _follow(text: str, scope: Scope) -> list[Operation]:
    """Return what `text` does; empty for nothing at all."""
    fault = _fault(text)
    if fault:
        return [conceded(scope.tool, "sh", fault, Effect.EXECUTE)]
    reader = Reader(text, scope, judge)

    def read() -> list[Operation]:
        reader.read()
        return []

    rest = _guarded(read, scope)
    return [*reader.operations, *rest]


def _fault(text: str) -> str:
    """Return why `text` is not even read; empty for one that is."""
    if len(text) > MAX_TEXT:
        return f"the command line is longer than {MAX_TEXT} characters"
    if _CONTROL.search(text):
        return "the command line holds a control character"
    if _NO_COMMAND.search(text):
        return "the command line is not complete or not plain shell: a command is missing between two operators"
    if _CONTINUED.search(text):
        return "a line is continued in the middle of a word"
    signs = len(_SIGNS.findall(text))
    if signs > MAX_SIGNS or signs * len(text) > MAX_WORK or len(_BLANKS.findall(text)) > MAX_WORDS:
        return "the command line is too intricate"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "the command line is not valid UTF-8"
    return ""
