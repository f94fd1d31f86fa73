"""psql's command line, as getopt_long of the GNU C library reads it.

Short options may be bundled and may have their value glued on; long options may be abbreviated as far as they stay
unique; options may follow arguments unless POSIXLY_CORRECT is set; ``--`` ends them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHORT_FLAGS = "aAbeEHlnqsStVwWxXz?01"
SHORT_VALUES = "cdfFhLopPRTUv"
LONG = {
    "echo-all": "a",
    "no-align": "A",
    "command": "c",
    "dbname": "d",
    "echo-queries": "e",
    "echo-errors": "b",
    "echo-hidden": "E",
    "file": "f",
    "field-separator": "F",
    "field-separator-zero": "z",
    "host": "h",
    "html": "H",
    "list": "l",
    "log-file": "L",
    "no-readline": "n",
    "single-transaction": "1",
    "output": "o",
    "port": "p",
    "pset": "P",
    "quiet": "q",
    "record-separator": "R",
    "record-separator-zero": "0",
    "single-step": "s",
    "single-line": "S",
    "tuples-only": "t",
    "table-attr": "T",
    "username": "U",
    "set": "v",
    "variable": "v",
    "version": "V",
    "no-password": "w",
    "password": "W",
    "expanded": "x",
    "no-psqlrc": "X",
    "help": "?",
    "csv": "csv",
    "cluster": "cluster",
}
"""Long option → its letter. ``--cluster`` is of Debian's wrapper around psql."""

LONG_WITH_VALUE = frozenset((*SHORT_VALUES, "cluster"))


@dataclass(frozen=True, slots=True)
class Option:
    """One option as given: its letter, its value, and where in argv the value stands after which `prefix`."""

    letter: str
    value: str = ""
    index: int = -1
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Options in order, then arguments, which stand at `places` in argv. `fault` says where reading stopped, as psql
    would stop there; `strange` is set when it stopped at an option that no known psql has."""

    options: tuple[Option, ...]
    arguments: tuple[str, ...]
    fault: str = ""
    strange: bool = False
    places: tuple[int, ...] = ()


class _Fault(Exception):
    def __init__(self, message: str, strange: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.strange = strange


def read_command_line(argv: Sequence[str], *, posix: bool = False) -> CommandLine:
    """Read `argv`, its first element being the program's name. With `posix`, options end at the first argument."""
    options: list[Option] = []
    places: list[int] = []
    index = 1
    try:
        while index < len(argv):
            word = argv[index]
            if word == "--":
                places += range(index + 1, len(argv))
                break
            if word.startswith("--"):
                index = _long(argv, index, options)
            elif word.startswith("-") and len(word) > 1:
                index = _bundle(argv, index, options)
            elif posix:
                places += range(index, len(argv))
                break
            else:
                places.append(index)
                index += 1
    except _Fault as fault:
        arguments = tuple(argv[place] for place in places)
        return CommandLine(tuple(options), arguments, fault.message, fault.strange, tuple(places))
    return CommandLine(tuple(options), tuple(argv[place] for place in places), places=tuple(places))


def _long(argv: Sequence[str], index: int, options: list[Option]) -> int:
    name, equals, value = argv[index][2:].partition("=")
    candidates = {LONG[name]} if name in LONG else {letter for long, letter in LONG.items() if long.startswith(name)}
    if not candidates:
        raise _Fault(f"psql has no option --{name}", strange=True)
    if len(candidates) > 1:
        raise _Fault(f"the option --{name} is ambiguous")
    letter = candidates.pop()
    if letter in LONG_WITH_VALUE:
        if equals:
            options.append(Option(letter, value, index, f"--{name}="))
            return index + 1
        if index + 1 >= len(argv):
            raise _Fault(f"the option --{name} needs a value")
        options.append(Option(letter, argv[index + 1], index + 1))
        return index + 2
    if equals and letter != "?":
        raise _Fault(f"the option --{name} takes no value")
    options.append(Option(letter, value))
    return index + 1


def _bundle(argv: Sequence[str], index: int, options: list[Option]) -> int:
    word = argv[index]
    for place in range(1, len(word)):
        letter = word[place]
        if letter in SHORT_VALUES:
            if place + 1 < len(word):
                options.append(Option(letter, word[place + 1 :], index, word[: place + 1]))
                return index + 1
            if index + 1 >= len(argv):
                raise _Fault(f"the option -{letter} needs a value")
            options.append(Option(letter, argv[index + 1], index + 1))
            return index + 2
        if letter not in SHORT_FLAGS:
            raise _Fault(f"psql has no option -{letter}", strange=True)
        options.append(Option(letter))
    return index + 1
