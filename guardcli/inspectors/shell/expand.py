"""Reads the words of a parsed shell text, and hands what is substituted in them on to be judged.

The grammar says where a word lies and of what kind it is; `words` reads its bytes again. What the two do not
agree on ends the reading.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from tree_sitter import Node

from guardcli.inspectors.names import names
from guardcli.inspectors.shell.files import mentions_secret
from guardcli.inspectors.shell.redirects import redirection
from guardcli.inspectors.shell.scope import NOTHING, PIPE, NotUnderstoodError, Scope, Source
from guardcli.inspectors.shell.words import (
    ANSI,
    DYNAMIC,
    HOME,
    PARAMETER,
    Word,
    bare_word,
    joined,
    plain_arithmetic,
    quoted_word,
    raw_word,
)
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

_SPACE = re.compile(rb"[ \t\n]*\Z")
_COMMENT_BEFORE = b" \t\n;&|()"

CODE = re.compile(r"\$\(|`|\$\{")
"""What an arithmetic context would run when it stands in a string."""

WORDS = names(
    "word number string raw_string ansi_c_string translated_string concatenation simple_expansion "
    "expansion command_substitution process_substitution arithmetic_expansion brace_expression"
)
"""Nodes that are words."""

Tail = tuple[list[Word], Source | None]
"""Words and input that belong to the last command of a statement, because a redirection stood before them."""


class Expander(ABC):
    """Holds one text and reads its words. `operations` collects what is found, in order.

    `values` has the variables whose one value is known; `code_in_literal` says that a quoted string holds a
    substitution, `evaluates` that something would evaluate a string as arithmetic.
    """

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.source = text.encode()
        self.scope = scope
        self.operations: list[Operation] = []
        self.values: dict[str, Word] = {}
        self.code_in_literal = False
        self.evaluates = False

    @abstractmethod
    def statement(self, node: Node, stdin: Source, tail: Tail) -> None:
        """Judge the statement `node`, its standard input being `stdin`."""

    def raw(self, node: Node) -> str:
        """Return the source of `node`."""
        return self.source[node.start_byte : node.end_byte].decode()

    def blank(self, start: int, end: int) -> None:
        """Check that nothing but blanks stands between two places of the source."""
        if not _SPACE.match(self.source[start:end].replace(b"\\\n", b"")):
            raise NotUnderstoodError("a part of the command line was not recognised")

    def children(self, node: Node) -> list[Node]:
        """Return the children of a structural `node`, comments left out, once the bytes between them are blank."""
        found = []
        end = node.start_byte
        for child in node.children:
            self.blank(end, child.start_byte)
            end = child.end_byte
            if child.type == "comment":
                self.comment(child)
            else:
                found.append(child)
        self.blank(end, node.end_byte)
        return found

    def comment(self, node: Node) -> None:
        """Check that a comment is one to every shell."""
        start = node.start_byte
        raw = self.source[start : node.end_byte]
        escaped = self.source[max(start - 2, 0) : start - 1] == b"\\"  # a continued line or an escaped blank
        if (
            escaped
            or (start and self.source[start - 1] not in _COMMENT_BEFORE)
            or not raw.startswith(b"#")
            or b"\n" in raw
        ):
            raise NotUnderstoodError("a comment was not recognised")

    def bare(self, node: Node) -> Word:
        """Return the unquoted word that `node` is."""
        word = bare_word(self.raw(node))
        if word is None:
            raise NotUnderstoodError("a word was not recognised")
        return word

    def word(self, node: Node) -> Word:
        """Return the word that `node` is, after judging what is substituted in it."""
        kind = node.type
        if kind in ("word", "number"):
            return self.bare(node)
        raw = self.raw(node)
        if kind == "raw_string":
            found = raw_word(raw)
        elif kind == "string":
            found = quoted_word(raw) or self._string(node)
        elif kind == "ansi_c_string":
            found = Word("*", known=False, bare=False) if ANSI.match(raw) else None
        elif kind == "concatenation":
            found = self._concatenation(node)
        else:
            found = self._expansion(node)
        if found is None:
            raise NotUnderstoodError("a quoted word was not recognised")
        if found.known and not found.bare and CODE.search(found.text):
            self.code_in_literal = True
        return found

    def _concatenation(self, node: Node) -> Word:
        parts = []
        end = node.start_byte
        for child in node.children:
            if child.start_byte != end:
                raise NotUnderstoodError("a word was not recognised")
            end = child.end_byte
            if child.type == "$":  # $"…": translated by bash, a dollar sign elsewhere
                parts.append(Word("*", known=False, bare=False))
            else:
                parts.append(self.word(child))
        return joined(parts, self.raw(node))

    def _string(self, node: Node) -> Word:
        """Read a double-quoted string with expansions: what lies between them has to be plain text."""
        text, prefix, end = "", None, node.start_byte + 1
        for child in [*node.children[1:-1], node.children[-1]]:
            plain = self.source[end : child.start_byte].decode()
            if child.type == "string_content":
                plain += self.raw(child)
            lead = self.raw(child)
            if child.type not in ("string_content", '"'):
                plain += lead[: len(lead) - len(lead.lstrip(" \t\n"))]
            found = quoted_word(f'"{plain}"')
            if found is None:
                raise NotUnderstoodError("a quoted string was not recognised")
            text += found.text
            end = child.end_byte
            if child.type not in ("string_content", '"'):
                part = self._expansion(child)
                prefix = text if prefix is None else prefix
                text += "~" if part is HOME and not text else "*"
        return Word(text, known=False, prefix=prefix or "", bare=False)

    def _expansion(self, node: Node) -> Word:
        kind = node.type
        raw = self.raw(node).lstrip(" \t\n")
        if kind == "simple_expansion":
            if not re.match(r"\$(?:[A-Za-z_]\w*|[0-9@*#?$!-])\Z", raw):
                raise NotUnderstoodError("an expansion was not recognised")
            return self.values.get(raw[1:], HOME if raw == "$HOME" else DYNAMIC)
        if kind == "expansion":
            if not PARAMETER.match(raw):
                raise NotUnderstoodError("a parameter expansion that is not plain")
            return self.values.get(raw[2:-1], HOME if raw == "${HOME}" else DYNAMIC)
        if kind == "arithmetic_expansion":
            self.evaluates = True
            if not plain_arithmetic(raw):
                raise NotUnderstoodError("arithmetic that is not plain")
            return Word("*", known=False)
        if kind == "command_substitution":
            self._substitution(node, raw)
            return DYNAMIC
        if kind == "process_substitution":
            self._substitution(node, raw)
            return Word("/dev/fd/*", known=False, prefix="/dev/fd/")
        if kind == "brace_expression":
            if not re.match(r"\{\w+\.\.\w+(?:\.\.\d+)?\}\Z", raw):
                raise NotUnderstoodError("a brace expansion was not recognised")
            return Word("*", known=False, splits=True)
        raise NotUnderstoodError(f"a word of a kind that is not known: {kind.replace('_', ' ')}")

    def _substitution(self, node: Node, raw: str) -> None:
        if raw.startswith("`") and "\\" in raw:
            raise NotUnderstoodError("escapes inside backquotes")
        writes = raw.startswith(">(")
        if mentions_secret(raw):
            self.operations.append(self.scope.done("substitution", {Effect.READ}, sensitive=True))
        first, *inner, last = node.children
        end = first.end_byte
        for child in inner:
            self.blank(end, child.start_byte)
            end = child.end_byte
            if child.type == "comment":
                self.comment(child)
            elif child.type == "file_redirect":
                redirection(self, child)
            elif child.is_named:
                self.statement(child, PIPE if writes else NOTHING, ([], None))
        self.blank(end, last.start_byte)
