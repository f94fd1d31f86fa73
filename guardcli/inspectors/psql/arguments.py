"""The arguments of psql's backslash commands, by the rules of psqlscanslash.l.

An unquoted argument ends at white space or at the backslash of the next command. ``'…'`` has C escapes, ``"…"``
keeps its quotes, `` `…` `` runs a program and gives its output, and variables are replaced outside of quotes. psql
refuses an argument whose quote does not end; its value counts as not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from guardcli.inspectors.psql.variables import MAX_VALUE, Variables

_SPACE = " \t\n\r\f\v"
_NAME = r"[A-Za-z_0-9\u0080-\U0010ffff]+"
_VARIABLE = re.compile(
    rf":(?:(?P<raw>{_NAME})|'(?P<literal>{_NAME})'|\"(?P<identifier>{_NAME})\"|\{{\?(?P<test>{_NAME})\}})"
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "b": "\b", "r": "\r", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Arguments:
    """`values` has None for what is not known; `programs` are the texts between backticks; `end` is where the
    line goes on. `whole` is the raw rest of the line from the first argument on."""

    values: tuple[str | None, ...]
    programs: tuple[str, ...]
    end: int
    whole: str


def command_name(line: str, place: int) -> tuple[str, int]:
    """Return the name of the command whose backslash stands at `place`, and where the name ends."""
    end = place + 1
    while end < len(line) and line[end] not in _SPACE and line[end] != "\\":
        end += 1
    return line[place + 1 : end], end


def read_arguments(line: str, place: int, variables: Variables, *, pipe: bool = False) -> Arguments:
    """Read the arguments from `place` on. With `pipe`, one that begins with ``|`` takes the rest of the line."""
    values: list[str | None] = []
    programs: list[str] = []
    whole = line[place:].strip(_SPACE)
    while True:
        while place < len(line) and line[place] in _SPACE:
            place += 1
        if place >= len(line) or line[place] == "\\":
            break
        if pipe and line[place] == "|":
            values.append(line[place:])
            place = len(line)
            break
        value, place = _one(line, place, variables, programs)
        values.append(value)
    return Arguments(tuple(values), tuple(programs), skip_separator(line, place), whole)


def skip_separator(line: str, place: int) -> int:
    """Return where reading goes on after a command: behind ``\\\\`` if that stands here."""
    return place + 2 if line.startswith("\\\\", place) else place


def _one(line: str, place: int, variables: Variables, programs: list[str]) -> tuple[str | None, int]:
    parts: list[str] = []
    known, replaced = True, 0
    while place < len(line) and line[place] not in _SPACE and line[place] != "\\":
        char = line[place]
        if char == "'":
            text, place, closed = _single_quoted(line, place + 1)
            parts.append(text)
            known = known and closed
        elif char == '"':
            end = line.find('"', place + 1)
            known = known and end >= 0
            end = len(line) if end < 0 else end + 1
            parts.append(line[place:end])
            place = end
        elif char == "`":
            end = line.find("`", place + 1)
            end = len(line) if end < 0 else end
            programs.append(line[place + 1 : end])
            known = False
            place = end + 1
        elif char == ":" and (match := _VARIABLE.match(line, place)):
            value = _variable(match, variables)
            replaced += len(value or "")
            known = known and value is not None and replaced <= MAX_VALUE
            parts.append((value or "") if known else "")
            place = match.end()
        else:
            parts.append(char)
            place += 1
    return ("".join(parts) if known else None), min(place, len(line))


def _variable(match: re.Match[str], variables: Variables) -> str | None:
    name = str(match[match.lastgroup or 0])
    if variables.is_unknown(name):
        return None
    value = variables.get(name)
    if match.lastgroup == "test":
        return "TRUE" if value is not None else "FALSE"
    if value is None:
        return match.group()
    if match.lastgroup == "literal":
        return "'" + value.replace("'", "''") + "'"
    return '"' + value.replace('"', '""') + '"' if match.lastgroup == "identifier" else value


def _single_quoted(line: str, place: int) -> tuple[str, int, bool]:
    parts: list[str] = []
    while place < len(line):
        if line.startswith("''", place):
            parts.append("'")
            place += 2
        elif line[place] == "'":
            return "".join(parts), place + 1, True
        elif line[place] == "\\" and (match := _ESCAPE.match(line, place)):
            octal, digits, letter = match.groups()
            if octal:
                parts.append(chr(int(octal, 8) & 0xFF))
            elif digits:
                parts.append(chr(int(digits, 16)))
            else:
                parts.append(_LETTERS.get(letter, letter))
            place = match.end()
        else:
            parts.append(line[place])
            place += 1
    return "".join(parts), place, False


def options_end(values: tuple[str | None, ...]) -> int:
    """Return how many of the arguments of ``\\g`` are options in parentheses."""
    if not values or values[0] is None or not values[0].startswith("("):
        return 0
    for place, value in enumerate(values):
        if value is not None and value.endswith(")"):
            return place + 1
    return len(values)
