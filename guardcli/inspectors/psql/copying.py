r"""Read ``\copy`` as psql does: it cuts its line into words by its own rules and sends a COPY made from them.

The file is the client's; what is sent to the server is judged as SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPACE = " \t\n\r"


@dataclass(frozen=True, slots=True)
class ClientCopy:
    """What ``\\copy`` would do. `sql` is the COPY that the server gets; `stream` names the stream
    that stands for a file."""

    sql: str
    inward: bool
    file: str = ""
    program: str = ""
    stream: str = ""


class _Words:
    """psql's strtokx: words parted by white space, single delimiters, quoted words with doubled quotes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def next(self, delimiters: str, quotes: str, *, escapes: bool = False) -> str:
        """Return the next word, quotes kept; an empty string at the end."""
        text, length = self.text, len(self.text)
        while self.place < length and self.text[self.place] in _SPACE:
            self.place += 1
        start = self.place
        if start >= length:
            return ""
        if text[start] in delimiters:
            self.place += 1
            return text[start]
        if escapes and text[start] in "Ee" and text[start + 1 : start + 2] == "'":
            self._skip_quoted(start + 1, escaped=True)
        elif text[start] in quotes:
            self._skip_quoted(start, escaped=False)
        else:
            end = start
            while end < length and text[end] not in _SPACE and text[end] not in delimiters and text[end] not in quotes:
                end += 1
            self.place = end
        return text[start : self.place]

    def _skip_quoted(self, start: int, *, escaped: bool) -> None:
        quote, place, text = self.text[start], start + 1, self.text
        while place < len(text):
            doubled = text[place] == quote and text[place + 1 : place + 2] == quote
            if doubled or (escaped and text[place] == "\\"):
                place += 2
            elif text[place] == quote:
                place += 1
                break
            else:
                place += 1
        self.place = min(place, len(text))

    def rest(self) -> str:
        """Return all that was not read."""
        return self.text[self.place :].strip(_SPACE)


def read_client_copy(text: str) -> ClientCopy | str:
    """Return what the line after ``\\copy`` means, or why psql would refuse it."""
    words = _Words(text)
    before, word = _source(words)
    if not word:
        return "\\copy is not complete"
    inward = word.lower() == "from"
    if not inward and word.lower() != "to":
        return f"\\copy has {word} where FROM or TO belongs"
    place = words.next(";", "'")
    program = ""
    if place.lower() == "program":
        program = _unquoted(words.next(";", "'"))
        if not program:
            return "\\copy names no program"
    elif not place:
        return "\\copy names no file"
    rest = words.rest()
    sql = f"COPY {before} {'FROM STDIN' if inward else 'TO STDOUT'} {rest}"
    if program:
        return ClientCopy(sql, inward, program=program)
    if place.lower() in ("stdin", "stdout", "pstdin", "pstdout"):
        return ClientCopy(sql, inward, stream=place.lower() if inward else "stdout")
    return ClientCopy(sql, inward, file=_unquoted(place))


def _source(words: _Words) -> tuple[str, str]:
    """Return the text before FROM or TO, and the word that stands in their place."""
    parts: list[str] = []
    word = words.next(".,()", '"')
    if word.lower() == "binary":
        parts.append(word)
        word = words.next(".,()", '"')
    if word == "(":
        word = _query(words, parts)
        return " ".join(parts), word
    parts.append(word)
    word = words.next(".,()", '"')
    if word == ".":
        parts.append(word)
        parts.append(words.next(".,()", '"'))
        word = words.next(".,()", '"')
    if word == "(":
        while word and word != ")":
            parts.append(word)
            word = words.next("(),", '"')
        parts.append(word)
        word = words.next(".,()", '"')
    return " ".join(parts), word


def _query(words: _Words, parts: list[str]) -> str:
    open_ones, word = 1, "("
    while open_ones:
        parts.append(word)
        word = words.next("()", "\"'", escapes=True)
        if not word:
            return ""
        if word == "(":
            open_ones += 1
        elif word == ")":
            open_ones -= 1
    parts.append(word)
    return words.next(".,()", '"')


def _unquoted(word: str) -> str:
    match = re.fullmatch(r"'(.*)'", word, re.DOTALL)
    return match[1].replace("''", "'") if match else word
