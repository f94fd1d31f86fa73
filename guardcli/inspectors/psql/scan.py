"""psql's own reading of a script: where a statement ends, what a variable gives, where a backslash command begins.

The rules are those of PostgreSQL's psqlscan.l. They are not the server's: psql reads line by line, so that a string
continued on the next line is a new string to it, and it replaces variables before the server sees the text. What
psql would send is judged again by the server's grammar, so this scanner has to be right about two things only: what
stands inside a quotation or a comment, and what the text to be sent is.

States: plain text, ``'`` string (with or without backslash escapes), ``"`` identifier, ``$tag$`` string, nested
comment. They are carried from line to line. A variable's value is read as if it stood in the text.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from guardcli.inspectors.psql.variables import Variables

_IDENTIFIER = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z_0-9$\u0080-\U0010ffff]*")
_NUMBER = re.compile(r"[0-9][A-Za-z0-9_.\u0080-\U0010ffff]*")
_DOLLAR = re.compile(r"\$(?:[A-Za-z_\u0080-\U0010ffff][A-Za-z_0-9\u0080-\U0010ffff]*)?\$")
_PARAMETER = re.compile(r"\$[0-9]+[A-Za-z0-9_\u0080-\U0010ffff]*")
_OPEN_EXPONENT = re.compile(r"[eE][-+](?![0-9])")
_NAME = r"[A-Za-z_0-9\u0080-\U0010ffff]+"
_VARIABLE = re.compile(
    rf":(?:(?P<raw>{_NAME})|'(?P<literal>{_NAME})'|\"(?P<identifier>{_NAME})\"|\{{\?(?P<test>{_NAME})\}})"
)
_DULL = re.compile(r"[^A-Za-z_0-9.$'\"():;\\/\-\u0080-\U0010ffff]+")
_STRING_PREFIXES = frozenset("bBxXnN")
_ROUTINE_WORDS = frozenset(("create", "function", "procedure", "or", "replace"))
_ROUTINE_STARTS = (("c", "f"), ("c", "p"))
_ROUTINE_LONG_STARTS = (("c", "o", "r", "f"), ("c", "o", "r", "p"))
_UNKNOWN_LITERAL = " $1 "
"""What stands for a quoted value that is not known: a value to the grammar, and to no judgement a literal."""
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_ .,+]*")
_MAX_EXPANSIONS = 16
_MAX_REPLACED = 1 << 14
"""Characters that variables may stand for in one script, and what reading a variable costs counted in them."""
_COST = 8
"""Characters that a variable counts beyond its value, once for every variable that it stands in."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A semicolon (or the end of the text) was reached: `text` is what psql sends."""

    text: str


@dataclass(frozen=True, slots=True)
class Backslash:
    """A backslash command begins at `place` of the line."""

    place: int


@dataclass(slots=True)
class Scanner:
    """Reads lines; the text gathered so far is `buffer`. `doubt` says why nothing from here on is certain.

    `conditional` is set between ``\\if`` and ``\\endif``: a branch that psql skips is read without its variables.
    """

    variables: Variables
    pieces: list[str] = field(default_factory=list)
    state: str = ""
    """"" plain, "'" string, "e" string with escapes, '"' identifier, "/*" comment, otherwise a dollar tag."""
    depth: int = 0
    parentheses: int = 0
    blocks: int = 0
    words: list[str] = field(default_factory=list)
    counted: int = 0
    doubt: str = ""
    conditional: bool = False
    fresh: int = -1
    replaced: int = 0

    @property
    def buffer(self) -> str:
        """Return the text that waits to be sent."""
        return "".join(self.pieces)

    def begin_line(self) -> None:
        """Part the lines of the waiting text, as psql does."""
        if self.pieces:
            self.pieces.append("\n")
            self.fresh = len(self.pieces)

    def forget_newline(self) -> None:
        """Join the text again where a line brought nothing before its backslash command."""
        if self.pieces and self.fresh == len(self.pieces):
            self.pieces.pop()
        self.fresh = -1

    def reset(self) -> None:
        """Forget the waiting text, as after it was sent or ``\\r``."""
        self.pieces.clear()
        self.parentheses = self.blocks = self.counted = 0
        self.words.clear()

    def scan(self, line: str, place: int = 0) -> Iterator[Statement | Backslash]:
        """Read `line` from `place`; stop after a Backslash, since its command ends where its own grammar says."""
        end = len(line)
        while place < end and self.replaced <= _MAX_REPLACED:
            if self.state:
                place = self._quoted(line, place)
                continue
            char = line[place]
            if char == "\\":
                if line[place + 1 : place + 2] in (";", ":"):
                    self.pieces.append(line[place + 1])
                    place += 2
                    continue
                yield Backslash(place)
                return
            if char == ";" and not self.parentheses and not self.blocks:
                text = self.buffer
                self.reset()
                yield Statement(text)
                place += 1
                continue
            if char == ":":
                place = yield from self._colon(line, place)
                continue
            place = self._plain(line, place, char)

    def _plain(self, line: str, place: int, char: str) -> int:
        """Read one token outside of quotations and comments; return where the next begins."""
        if line.startswith("--", place):
            end = line.find("\r", place)
            end = len(line) if end < 0 else end
            return self._take(line, place, end) if self.pieces else end
        if line.startswith("/*", place):
            self.state, self.depth = "/*", 1
            return self._take(line, place, place + 2)
        match = _DULL.match(line, place) or _IDENTIFIER.match(line, place)
        if match:
            return self._word(line, place, match)
        if char.isascii() and char.isdigit():
            return self._digits(line, place, self._end(_NUMBER, line, place))
        if char == "$":
            dollar = _DOLLAR.match(line, place)
            if dollar:
                self.state = dollar.group()
                return self._take(line, place, dollar.end())
            return self._digits(line, place, max(self._end(_PARAMETER, line, place), place + 1))
        if char in "'\"":
            self.state = char
        elif char == "(":
            self.parentheses += 1
        elif char == ")":
            self.parentheses = max(0, self.parentheses - 1)
        return self._take(line, place, place + 1)

    def _digits(self, line: str, place: int, end: int) -> int:
        """Take a number or a parameter; versions of psql differ in where one ends that runs into something else."""
        following = line[end : end + 1]
        if following in ("'", "&", "$") or _OPEN_EXPONENT.match(line, end - 1):
            self.doubt = "digits run into a quotation or a comment"
        return self._take(line, place, end)

    def _word(self, line: str, place: int, match: re.Match[str]) -> int:
        word, end = match.group(), match.end()
        if match.re is _DULL:
            return self._take(line, place, end) if self.pieces or not word.isspace() else end
        following = line[end : end + 1]
        if len(word) == 1 and following == "'" and word in "eE":
            self.state = "e"
            return self._take(line, place, end + 1)
        if len(word) == 1 and word in "uU" and line[end : end + 2] in ("&'", '&"'):
            self.state = line[end + 1]
            return self._take(line, place, end + 2)
        if not (following == "'" and word in _STRING_PREFIXES):
            self._count(word.lower())
        return self._take(line, place, end)

    def _count(self, word: str) -> None:
        """Follow psql in seeing the body of CREATE FUNCTION … BEGIN ATOMIC as one statement."""
        if not self.counted:
            self.words = ["", "", "", ""]
        if word in _ROUTINE_WORDS and self.counted < 4:
            self.words[self.counted] = word[0]
        self.counted += 1
        starts = tuple(self.words)
        if (starts[:2] in _ROUTINE_STARTS or starts in _ROUTINE_LONG_STARTS) and not self.parentheses:
            if word == "begin" or (word == "case" and self.blocks):
                self.blocks += 1
            elif word == "end" and self.blocks:
                self.blocks -= 1

    def _quoted(self, line: str, place: int) -> int:
        """Read on to the end of what is open, or of the line."""
        if self.state == "/*":
            return self._comment(line, place)
        if self.state == "e":
            return self._escaped(line, place)
        end = line.find(self.state, place)
        if end < 0:
            return self._take(line, place, len(line))
        end += len(self.state)
        self.state = ""
        return self._take(line, place, end)

    def _escaped(self, line: str, place: int) -> int:
        end = place
        while end < len(line):
            if line[end] == "\\":
                end += 2
                continue
            if line[end] == "'":
                if line[end + 1 : end + 2] == "'":
                    end += 2
                    continue
                self.state = ""
                return self._take(line, place, end + 1)
            end += 1
        return self._take(line, place, len(line))

    def _comment(self, line: str, place: int) -> int:
        for match in re.compile(r"/\*|\*/").finditer(line, place):
            self.depth += 1 if match.group() == "/*" else -1
            if not self.depth:
                self.state = ""
                return self._take(line, place, match.end())
        return self._take(line, place, len(line))

    def _colon(self, line: str, place: int) -> Generator[Statement | Backslash, None, int]:
        """Read a colon: a cast, an assignment, a variable, or just itself. Return where the next token begins."""
        if line.startswith(("::", ":="), place):
            return self._take(line, place, place + 2)
        match = _VARIABLE.match(line, place)
        if match is None:
            return self._take(line, place, place + 1)
        kind, name = str(match.lastgroup), str(match[match.lastgroup or 0])
        if kind == "test":
            self.pieces.append("TRUE" if self.variables.is_set(name) else "FALSE")
            if self.variables.is_unknown(name):
                self.doubt = f"whether the variable {name} is set is not known"
            return match.end()
        value = self.variables.get(name)
        if value is None and not self.variables.is_unknown(name):
            return self._take(line, place, match.end())
        yield from self._substitute(kind, name, value)
        return match.end()

    def _substitute(self, kind: str, name: str, value: str | None) -> Iterator[Statement | Backslash]:
        self.replaced += len(value or "") + _COST * (1 + self.variables.depth)
        if self.replaced > _MAX_REPLACED:
            self.doubt = "variables stand for more text than is read"
        elif kind == "literal":
            self.pieces.append(_UNKNOWN_LITERAL if value is None else quote_literal(value))
        elif value is None:
            self.doubt = f"the value of the variable {name} is not known"
        elif kind == "identifier":
            self.pieces.append('"' + value.replace('"', '""') + '"')
        else:
            if self.conditional and not _PLAIN_VALUE.fullmatch(value):
                self.doubt = f"the variable {name} stands between \\if and \\endif"
            if "\n" in value and "'" in value:
                self.doubt = f"the value of the variable {name} continues a quotation over lines"
            with self.variables.expanding(name) as depth:
                if depth > _MAX_EXPANSIONS:
                    self.doubt = f"the variable {name} stands too deep in the values of others"
                if not 0 < depth <= _MAX_EXPANSIONS:
                    self.pieces.append(f":{name}")
                    return
                for event in self.scan(value):
                    if isinstance(event, Backslash):
                        self.doubt = f"the value of the variable {name} holds a backslash command"
                        return
                    yield event

    def _take(self, line: str, start: int, end: int) -> int:
        self.pieces.append(line[start:end])
        return end

    @staticmethod
    def _end(pattern: re.Pattern[str], line: str, place: int) -> int:
        match = pattern.match(line, place)
        return match.end() if match else place


def quote_literal(value: str) -> str:
    """Return `value` as libpq quotes it: with escapes where it holds a backslash."""
    doubled = value.replace("'", "''")
    return " E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in value else f"'{doubled}'"
