"""How git reads options: long ones with abbreviations, combined short ones, and what is not an option.

Rules of git's parse-options, which most commands use and the others resemble:

- ``--name=value`` or ``--name value`` where a value is needed; only ``--name=value`` where it is optional.
- A long name may be cut to any beginning that fits one option only; ``--no-NAME`` reverses ``--NAME``.
- Short options combine; a value is the rest of the word or, where needed, the next word.
- ``--`` and ``--end-of-options`` end the options. Options and other words mix, but for some commands the first
  word that is not an option ends them.

What is dangerous must not be missed because git reads a word differently from here: a name that is unknown or fits
several options is a problem, which the caller concedes. The tables come from ``data/options.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files

LETTERS_LIMIT = 200
"""Letters in one word of short options that are looked at: a value may be longer, a wish for options is not."""


class Value(Enum):
    """Whether an option takes a value."""

    NONE = ""
    NEEDED = "="
    ATTACHED = "?"


@dataclass(frozen=True, slots=True)
class Spec:
    """The options of one command: name to (canonical name, value). The canonical name is the long one."""

    long: Mapping[str, tuple[str, Value]]
    short: Mapping[str, tuple[str, Value]]


@dataclass(frozen=True, slots=True)
class Option:
    """An option as given: canonical name, value or None, and whether it came as ``--no-…``."""

    name: str
    value: str | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """Options in order, the other words in order, how many of those came before ``--`` (None without one).

    `problems` says what could not be read; with any, nothing here is sure.
    """

    options: tuple[Option, ...]
    words: tuple[str, ...]
    before_dashes: int | None
    problems: tuple[str, ...]

    def given(self, *names: str) -> bool:
        """Return whether any of the options was given, even if a later one takes it back."""
        return any(option.name in names and not option.negated for option in self.options)

    def on(self, name: str) -> bool:
        """Return whether the option holds in the end: the last one counts."""
        return next((not option.negated for option in reversed(self.options) if option.name == name), False)

    def values(self, *names: str) -> tuple[str, ...]:
        """Return all values given to the options, an empty string for one without."""
        return tuple(option.value or "" for option in self.options if option.name in names and not option.negated)

    @property
    def paths(self) -> tuple[str, ...]:
        """The words after ``--``."""
        return () if self.before_dashes is None else self.words[self.before_dashes :]


@cache
def _data() -> Mapping[str, Mapping[str, Sequence[str]]]:
    loaded: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(
        (files("guardcli.inspectors.git") / "data" / "options.json").read_text("utf-8")
    )
    return loaded


@cache
def known_keys() -> frozenset[str]:
    """Return the names of git's configuration variables, lower case, ``*`` for what the user names."""
    keys: Sequence[str] = _data()["keys"]  # type: ignore[assignment]  # the one member that is a list
    return frozenset(keys)


@cache
def spec_of(command: str) -> Spec | None:
    """Return the options of ``command`` or ``command subcommand``, None where no table knows it."""
    lines = _data()["commands"].get(command)
    if lines is None:
        return None
    long: dict[str, tuple[str, Value]] = {}
    short: dict[str, tuple[str, Value]] = {}
    for line in lines:
        value = Value(line[-1]) if line[-1] in "=?" else Value.NONE
        first, _, second = line.rstrip("=?").partition(",")
        name = second or first
        if len(first) == 1:
            short.setdefault(first, (name, value))
        if len(name) > 1:
            long.setdefault(name, (name, value))
    return Spec(long, short)


def parse(spec: Spec, arguments: Sequence[str], *, stops: bool = False, digits: bool = False) -> Parsed:
    """Parse what follows a command's name.

    `stops`: the first word that is not an option ends the options. `digits`: ``-5`` is a count.
    """
    options: list[Option] = []
    words: list[str] = []
    problems: list[str] = []
    before_dashes: int | None = None
    index = 0
    while index < len(arguments):
        word = arguments[index]
        index += 1
        following = arguments[index] if index < len(arguments) else None
        if word in ("--", "--end-of-options"):
            before_dashes = len(words)
            words += arguments[index:]
            break
        if len(word) < 2 or word[0] != "-":
            words.append(word)
            if stops:
                words += arguments[index:]
                break
        elif word.startswith("--"):
            index += _long(spec, word[2:], following, options, problems)
        elif not (digits and word[1:].isdecimal()):
            index += _cluster(spec, word[1:], following, digits, options, problems)
    return Parsed(tuple(options), tuple(words), before_dashes, tuple(problems))


def every_option(spec: Spec, arguments: Sequence[str], parsed: Parsed) -> tuple[Option, ...]:
    """Return all that any word before ``--`` may be as an option, even where `parsed` took it for a value.

    Some commands read their words several times with different tables, and a word that is a value to one table is
    an option to another: ``archive --prefix --output=x`` writes x. `parsed` is what `arguments` were parsed to.
    """
    end = len(arguments)
    if parsed.before_dashes is not None:
        end -= len(parsed.words) - parsed.before_dashes + 1
    options: list[Option] = []
    for index, word in enumerate(arguments[:end]):
        following = arguments[index + 1] if index + 1 < len(arguments) else None
        if word.startswith("--"):
            _long(spec, word[2:], following, options, [])
        elif word.startswith("-"):
            _cluster(spec, word[1:], following, True, options, [])
    return tuple(options)


def _long(spec: Spec, text: str, following: str | None, options: list[Option], problems: list[str]) -> int:
    """Read one long option; return how many further words it takes."""
    name, equals, attached = text.partition("=")
    found = _resolve(spec, name)
    if len(found) != 1:
        problems.append(f"the option --{name} is {'not known' if not found else 'ambiguous'}")
        options += [Option(canonical, attached if equals else following, negated) for canonical, _, negated in found]
        return 0
    canonical, value, negated = found[0]
    if negated or equals or value is not Value.NEEDED:
        options.append(Option(canonical, attached if equals else None, negated))
        return 0
    if following is None:
        problems.append(f"the option --{name} has no value")
        return 0
    options.append(Option(canonical, following))
    return 1


def _resolve(spec: Spec, name: str) -> list[tuple[str, Value, bool]]:
    """Return every option that `name` may stand for; an exact name stands for itself alone."""
    if name in spec.long:
        return [(*spec.long[name], False)]
    if name.startswith("no-") and name[3:] in spec.long:
        return [(*spec.long[name[3:]], True)]
    if "no-" + name in spec.long:
        return [("no-" + name, Value.NONE, True)]
    if not name:
        return []
    found = {(known, value, False) for long, (known, value) in spec.long.items() if long.startswith(name)}
    if name.startswith("no-") and len(name) > 3:
        found |= {(known, value, True) for long, (known, value) in spec.long.items() if long.startswith(name[3:])}
    return sorted(found, key=lambda item: (item[0], item[2]))


def _cluster(
    spec: Spec, letters: str, following: str | None, digits: bool, options: list[Option], problems: list[str]
) -> int:
    """Read combined short options; return how many further words they take."""
    for place, letter in enumerate(letters):
        if place == LETTERS_LIMIT:
            problems.append("there are too many letters in one word")
            return 0
        if letter not in spec.short:
            if digits and letter.isdecimal():
                continue
            problems.append(f"the option -{letter} is not known")
            continue
        name, value = spec.short[letter]
        rest = letters[place + 1 :]
        if value is Value.NONE:
            options.append(Option(name, None))
        elif rest or value is Value.ATTACHED:
            options.append(Option(name, rest or None))
            return 0
        elif following is None:
            problems.append(f"the option -{letter} has no value")
        else:
            options.append(Option(name, following))
            return 1
    return 0
