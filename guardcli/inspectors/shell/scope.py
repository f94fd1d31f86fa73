"""What the parts of the shell inspector hand to each other: a call, where its input comes from, and the scope."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from guardcli.inspectors.shell.words import Word
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, NoFacts
from guardcli.model.operations import Operation, Target, conceded

MAX_DEPTH = 8
"""Shells in shells, wrappers and substitutions that are followed before the rest is conceded."""

MAX_OPERATIONS = 200
"""Operations of one text; what comes after them is conceded."""

MAX_TARGETS = 16
"""Files named on one operation; more only make the record longer."""


class NotUnderstoodError(Exception):
    """The rest of a text cannot be judged; the message says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a command's standard input comes from.

    `kind` is ``inherit`` (the call's own), ``none``, ``text`` (known, in `text`), ``file`` (`text` is its
    name) or ``pipe`` (unknown).
    """

    kind: str = "inherit"
    text: str = ""


INHERIT = Source()
PIPE = Source("pipe")
NOTHING = Source("none")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text runs. `here` says that it is this machine, of which `facts` know; `cwd` is absolute.

    `env` holds the variables that the text itself sets, and here those of the call as well.
    """

    facts: Facts = field(default_factory=NoFacts)
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    here: bool = False

    def moved(self, directory: str) -> Place:
        """Return the place after ``cd``; with an empty `directory`, one of which nothing is known."""
        if not directory:
            return replace(self, facts=NoFacts())
        return replace(self, cwd=os.path.normpath(os.path.join(self.cwd, directory)))

    def given(self, variables: Mapping[str, str]) -> Place:
        """Return the place with `variables` set."""
        return replace(self, env={**self.env, **variables}) if variables else self


Tries = Callable[[bytes], bool]
"""`Facts.try_shell` of whoever asks."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What judging one command needs to know of its surroundings.

    `read_stdin` returns the text of the call's own standard input, or raises NotUnderstoodError. `follow` judges a
    whole text and `call` a command given as words, each one level deeper. `tries` says whether an intricate text can
    be read at all.
    """

    tool: str
    depth: int
    read_stdin: Callable[[], str]
    follow: Callable[[str, Scope], list[Operation]]
    call: Callable[[Sequence[Word], Scope], list[Operation]]
    tries: Tries = field(default_factory=lambda: NoFacts().try_shell)
    stdin: Source = INHERIT
    functions: frozenset[str] = field(default_factory=frozenset)
    place: Place = field(default_factory=Place)

    def script(self, text: str) -> list[Operation]:
        """Return the operations of `text`, run by an inner shell."""
        return self.follow(text, self._deeper())

    def command(self, words: Sequence[Word]) -> list[Operation]:
        """Return the operations of the inner command that a wrapper starts, without its shell's functions."""
        return self.call(words, replace(self._deeper(), functions=frozenset()))

    def _deeper(self) -> Scope:
        if self.depth >= MAX_DEPTH:
            raise NotUnderstoodError("commands within commands are nested too deeply")
        return replace(self, depth=self.depth + 1)

    def done(
        self,
        action: str,
        effects: Iterable[Effect],
        files: Iterable[Word] = (),
        *,
        sensitive: bool = False,
        unbounded: bool = False,
    ) -> Operation:
        """Return a complete operation of the command `action`, naming the `files` it touches."""
        return Operation(
            tool=self.tool,
            action=action,
            effects=frozenset(effects),
            targets=targets(action, tuple(files)),
            sensitive=sensitive,
            unbounded=unbounded,
        )

    def concede(self, action: str, reason: str, *effects: Effect, files: Iterable[Word] = ()) -> Operation:
        """Return an operation of the command `action` that is not understood."""
        return conceded(self.tool, action, reason, *effects, targets=targets(action, files))


def targets(action: str, files: Iterable[Word]) -> tuple[Target, ...]:
    """Return the command and the files as targets, the files up to `MAX_TARGETS`."""
    named = [Target("file", word.text) for word in files if word.text not in ("", "-")]
    return (Target("command", action.split(" ", 1)[0]), *named[:MAX_TARGETS])
