"""kubectl's command line, taken apart as kubectl does it: cobra finds the command, pflag the flags.

Rules, from the sources of both libraries as kubectl sets them up:

- Flags may stand anywhere, before the command too. While cobra looks for the command it knows only the flags of
  the command found so far; any other flag without ``=`` takes the next word with it.
- A flag of the table's `switches` takes a value only after ``=``; one of its `values` takes the next word.
- ``-abc`` is a bundle: switches, until a letter that takes a value, which takes the rest (``-nfoo``, ``-n=foo``).
- ``_`` in a flag's name is ``-``. Names are never abbreviated. The last value of a flag counts.
- ``--`` ends the flags; `CommandLine.dash` is the number of words before it.

Nothing here says what a call does. What this version of the table does not know is a `problem`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


@dataclass(frozen=True, slots=True)
class Value:
    """One occurrence of a flag: its value, and where in argv the value ends; `given` is false for a bare switch."""

    text: str
    index: int
    prefix: str
    given: bool = True


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A call, taken apart. `command` is empty for kubectl alone; `problem` says what could not be understood."""

    command: str
    words: tuple[str, ...] = ()
    dash: int = -1
    flags: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    problem: str = ""

    def has(self, name: str) -> bool:
        """Return whether the flag occurs at all."""
        return name in self.flags

    def value(self, name: str) -> str:
        """Return the last value of the flag, empty where it does not occur."""
        found = self.flags.get(name)
        return found[-1].text if found else ""

    def values(self, name: str) -> tuple[Value, ...]:
        """Return every occurrence of the flag."""
        return self.flags.get(name, ())

    def maybe(self, name: str) -> bool:
        """Return whether the boolean flag is on, or has a value that is none: for what makes a call worse."""
        found = self.flags.get(name)
        return found is not None and found[-1].text not in _FALSE

    def surely(self, name: str) -> bool:
        """Return whether the boolean flag is on beyond doubt: for what makes a call harmless."""
        found = self.flags.get(name)
        return found is not None and found[-1].text in _TRUE

    @property
    def before_dash(self) -> tuple[str, ...]:
        """The words before ``--``; all of them where there is none."""
        return self.words if self.dash < 0 else self.words[: self.dash]

    @property
    def after_dash(self) -> tuple[str, ...]:
        """The words after ``--``."""
        return () if self.dash < 0 else self.words[self.dash :]


@dataclass(frozen=True, slots=True)
class _Flags:
    """The flags that one command knows: long name to whether it takes the next word, letter to long name."""

    takes: Mapping[str, bool]
    letters: Mapping[str, str]

    def long_takes(self, name: str) -> bool:
        """Return whether ``--name`` takes the next word while the command is looked for; so does an unknown one."""
        return self.takes.get(name.replace("_", "-"), True)

    def letter_takes(self, letter: str) -> bool:
        """Return the same for ``-letter``."""
        return self.takes.get(self.letters.get(letter, ""), True)


@dataclass(frozen=True, slots=True)
class _Word:
    index: int
    text: str


@functools.cache
def _commands() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    text = (files("guardcli.inspectors.kubectl") / "data" / "flags.json").read_text("utf-8")
    commands: dict[str, dict[str, dict[str, str]]] = json.loads(text)["commands"]
    return commands


@functools.cache
def _tree() -> Mapping[str, Mapping[str, str]]:
    """Return for every command the names and aliases of those below it, each with the full command it leads to."""
    tree: dict[str, dict[str, str]] = {}
    for command, entry in _commands().items():
        parent, _, name = command.rpartition(" ")
        if command:
            tree.setdefault(parent, {})[name] = command
            tree[parent].update(dict.fromkeys(entry["aliases"], command))
    return tree


@functools.cache
def _known(command: str) -> _Flags:
    takes: dict[str, bool] = {}
    letters: dict[str, str] = {}
    for entry in (_commands()[""], _commands()[command]):
        for kind, needs in (("values", True), ("switches", False)):
            for name, letter in entry[kind].items():
                takes[name] = needs
                if letter:
                    letters[letter] = name
    return _Flags(takes, letters)


def parse(arguments: Sequence[str]) -> CommandLine:
    """Take `arguments`, the program's name left out, apart. Indices of values count from argv[0]."""
    command, rest = _find("", [_Word(index, text) for index, text in enumerate(arguments, 1)])
    return _Parser(command).run(rest)


def _find(command: str, words: list[_Word]) -> tuple[str, list[_Word]]:
    """Follow the words down the tree of commands; return the command and the words without its name."""
    while children := _tree().get(command):
        position = _first_word(words, _known(command))
        below = children.get(words[position].text) if position >= 0 else None
        if below is None:
            break
        command, words = below, words[:position] + words[position + 1 :]
    return command, words


def _first_word(words: list[_Word], known: _Flags) -> int:
    """Return the position of the first word that is neither a flag nor, as cobra sees it, a flag's value; or -1."""
    position, end = 0, len(words)
    while position < end:
        text = words[position].text
        if text == "--":
            return -1
        if _takes_next(text, known):
            if end - position <= 2:
                return -1
            position += 2
            continue
        if text and not text.startswith("-"):
            return position
        position += 1
    return -1


def _takes_next(text: str, known: _Flags) -> bool:
    if "=" in text or not text.startswith("-"):
        return False
    if text.startswith("--"):
        return known.long_takes(text[2:])
    return len(text) == 2 and known.letter_takes(text[1])


class _Parser:
    """Reads the flags of one command as pflag does; stops at what the table does not know."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.known = _known(command)
        self.words: list[str] = []
        self.flags: dict[str, list[Value]] = {}
        self.dash = -1
        self.problem = ""

    def run(self, words: list[_Word]) -> CommandLine:
        """Return the whole line."""
        position = 0
        while position < len(words) and not self.problem:
            word = words[position]
            if not word.text.startswith("-") or word.text == "-":
                self.words.append(word.text)
            elif word.text == "--":
                self.dash = len(self.words)
                self.words.extend(later.text for later in words[position + 1 :])
                break
            else:
                following = words[position + 1] if position + 1 < len(words) else None
                read = self._long if word.text.startswith("--") else self._letters
                position += read(word, following)
            position += 1
        flags = {name: tuple(values) for name, values in self.flags.items()}
        return CommandLine(self.command, tuple(self.words), self.dash, flags, self.problem)

    def _long(self, word: _Word, following: _Word | None) -> int:
        """Read ``--name`` or ``--name=value``; return how many words more were taken."""
        name, equals, value = word.text[2:].partition("=")
        name = name.replace("_", "-")
        if name == "help" or self.known.takes.get(name) is False:
            prefix = word.text[: len(word.text) - len(value)]
            self._add(name, Value(value if equals else "true", word.index, prefix, bool(equals)))
            return 0
        if name not in self.known.takes:
            self.problem = f"{self._called()} has no flag --{name} that is known"
            return 0
        if equals:
            self._add(name, Value(value, word.index, word.text[: len(word.text) - len(value)]))
            return 0
        return self._next(name, following)

    def _letters(self, word: _Word, following: _Word | None) -> int:
        """Read a bundle of letters; return how many words more were taken."""
        rest = word.text[1:]
        while rest:
            letter, rest = rest[0], rest[1:]
            name = "help" if letter == "h" and "h" not in self.known.letters else self.known.letters.get(letter, "")
            if not name:
                self.problem = f"{self._called()} has no flag -{letter} that is known"
                return 0
            if len(rest) > 1 and rest[0] == "=":
                self._add(name, Value(rest[1:], word.index, word.text[: len(word.text) - len(rest) + 1]))
                return 0
            if name != "help" and self.known.takes[name]:
                if not rest:
                    return self._next(name, following)
                self._add(name, Value(rest, word.index, word.text[: len(word.text) - len(rest)]))
                return 0
            self._add(name, Value("true", word.index, word.text, given=False))
        return 0

    def _next(self, name: str, following: _Word | None) -> int:
        if following is None:
            self.problem = f"the flag --{name} lacks its value"
            return 0
        self._add(name, Value(following.text, following.index, ""))
        return 1

    def _add(self, name: str, value: Value) -> None:
        self.flags.setdefault(name, []).append(value)

    def _called(self) -> str:
        return f"kubectl {self.command}".rstrip()
