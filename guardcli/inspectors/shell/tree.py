"""Reads a shell text with tree-sitter's Bash grammar and hands each simple command on to be judged.

The grammar is more lenient than any shell, so nothing it says is taken on trust: every word is read again
(`words`), every byte between two nodes has to be blank, and a kind of node that is not listed here ends the
reading. What is left is what POSIX shells and bash agree on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tree_sitter import Node

from guardcli.inspectors.names import names
from guardcli.inspectors.shell.conditions import judge_test
from guardcli.inspectors.shell.expand import WORDS, Expander, Tail
from guardcli.inspectors.shell.files import is_sensitive, mentions_secret, names_secret
from guardcli.inspectors.shell.inner import judges
from guardcli.inspectors.shell.loops import turns
from guardcli.inspectors.shell.names import RESERVED, assignment_danger
from guardcli.inspectors.shell.parse import parse
from guardcli.inspectors.shell.redirects import here_document, redirection
from guardcli.inspectors.shell.scope import (
    INHERIT,
    MAX_DEPTH,
    MAX_OPERATIONS,
    PIPE,
    NotUnderstoodError,
    Scope,
    Source,
)
from guardcli.inspectors.shell.words import DYNAMIC, Word, literal
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

_BLANK = re.compile(rb"[ \t]+\Z")

_STRUCTURE = names(
    "program list subshell compound_statement do_group if_statement elif_clause else_clause "
    "while_statement negated_command"
)
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_NAMED = re.compile(r"\|[\s\S]*\b(?:xargs|read|mapfile|readarray|parallel|cpio|tar|rsync)\b")
"""A pipeline whose later part reads files that an earlier one names."""

_PRINTS = frozenset({"echo", "printf"})
_VARIABLE = re.compile(r"\$\{?[#!]?(\w+)")
_MOVES = frozenset({"cd", "pushd", "popd"})
_ASSIGNERS = names(
    "eval read unset printf mapfile readarray getopts source . trap wait let local typeset declare export readonly "
    "command builtin coproc set"
)
"""Commands that can give a variable another value, under a name that is put together or not there to be seen."""

_QUOTES = ("'", '"')
_ECHO = re.compile(r"""echo[ ]+('[^'\\]*'|"[^"\\$`!]*"|(?!-)[\w./:,=@%+-]+(?:[ ][\w./:,=@%+-]+)*)""")
_CAT = re.compile(r"cat[ ]+((?!-)[\w./+-]+)")

MAX_VALUES = 32
"""Variables whose value is followed; a text with more of them has the rest unknown."""


def goes_on(node: Node) -> bool:
    """Tell whether what `node` does to the shell holds for all that follows: no subshell, branch or pipe around it."""
    parent = node.parent
    while parent is not None and parent.type in ("list", "redirected_statement"):
        parent = parent.parent
    return parent is not None and parent.type == "program"


class Reader(Expander):
    """Reads one text. `judge` is asked about each simple command, in order; `operations` collects the answers."""

    def __init__(self, text: str, scope: Scope, judge: Callable[[Sequence[Word], Scope], list[Operation]]) -> None:
        super().__init__(text, scope)
        self.judge = judge
        self.functions = set(scope.functions)
        self.depth = 0
        self.follows_values = True
        self.place = scope.place

    def read(self) -> None:
        """Judge the whole text. Raises NotUnderstoodError where a part is not what the grammar says."""
        root = parse(self.source, self.scope.tries)
        self.blank(0, root.start_byte)
        self.blank(root.end_byte, len(self.source))
        self.statement(root, self.scope.stdin, ([], None))
        if self.code_in_literal and self.evaluates:
            raise NotUnderstoodError("a quoted string holds a substitution that an arithmetic context would run")

    def statement(self, node: Node, stdin: Source, tail: Tail) -> None:
        """Judge the statement `node`, its standard input being `stdin`."""
        self.depth += 1
        if self.depth > 6 * MAX_DEPTH:
            raise NotUnderstoodError("the command line is nested too deeply")
        kind = node.type
        if kind == "command":
            self._command(node, stdin, tail)
        elif kind == "pipeline":
            self._pipeline(node, stdin, tail)
        elif kind in _STRUCTURE:
            self._structure(node, stdin, tail)
        else:
            handler = _HANDLERS.get(kind)
            if handler is None:
                raise NotUnderstoodError(f"a construct is not known: {kind.replace('_', ' ')}")
            handler(self, node, stdin, tail)
        self.depth -= 1

    def _structure(self, node: Node, stdin: Source, tail: Tail) -> None:
        children = self.children(node)
        if tail[0] and node.type not in ("list", "negated_command", "program"):
            raise NotUnderstoodError("words stand after a compound command")
        if tail[1] is not None and node.type not in ("list", "negated_command"):
            stdin, tail = tail[1], ([], None)
        named = [child for child in children if child.is_named]
        if node.type == "while_statement":
            self._forget()
        if node.type == "compound_statement" and children and children[0].type == "((":
            raise NotUnderstoodError("((…)) is arithmetic to one shell and a command to another")
        for child in named:
            self.statement(child, stdin, tail if child is named[-1] else ([], None))

    def _pipeline(self, node: Node, stdin: Source, tail: Tail) -> None:
        parts = [child for child in self.children(node) if child.is_named]
        if _NAMED.search(self.raw(node)) and any(mentions_secret(self.raw(part)) for part in parts[:-1]):
            self.operations.append(self.scope.done("pipeline", {Effect.READ}, sensitive=True))
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            source = PIPE if index or node.children[0].type == "|" else stdin
            if index == 1 and len(node.children) == 2 * len(parts) - 1:
                source = self._said(parts[0])
            self.statement(part, source, tail if last else ([], None))

    def _said(self, node: Node) -> Source:
        """Return what ``echo WORDS`` or ``cat FILE`` hands on where that is plain, and a pipe otherwise."""
        raw = self.raw(node)
        if match := _ECHO.fullmatch(raw):
            return Source("text", f"{match[1][1:-1] if match[1][:1] in _QUOTES else match[1]}\n")
        match = _CAT.fullmatch(raw)
        return Source("file", match[1]) if match else PIPE

    def _redirected(self, node: Node, stdin: Source, tail: Tail) -> None:
        body = None
        extra: list[Word] = []
        source: Source | None = None
        pipelines: list[Node] = []
        for child in self.children(node):
            if child.type == "heredoc_redirect":
                source, more, pipeline = here_document(self, child)
                extra += more
                pipelines += pipeline
            elif child.type in _REDIRECTS:
                found, more = redirection(self, child)
                source = found or source
                extra += more
            elif body is None:
                body = child
            else:
                raise NotUnderstoodError("a redirection was not recognised")
        extra += tail[0]
        source = source or tail[1]
        if body is None:
            if extra:
                self._judge(extra, source or stdin)
        else:
            self.statement(body, stdin, (extra, source))
        for pipeline_node in pipelines:
            self.statement(pipeline_node, PIPE, ([], None))

    def _command(self, node: Node, stdin: Source, tail: Tail) -> None:
        words: list[Word] = []
        given: dict[str, str] = {}
        end = node.start_byte
        previous = ""
        for child in node.children:
            kind = child.type
            gap = self.source[end : child.start_byte].replace(b"\\\n", b"")
            if previous and not _BLANK.match(gap) and not (kind in _REDIRECTS and not gap):
                raise NotUnderstoodError("a word was not recognised")
            end, previous = child.end_byte, kind
            if kind == "variable_assignment":
                if not (self.raw(child).startswith("IFS=") and self._is_read(node)):
                    self._assignment(child, prefix=True, into=given)
            elif kind == "command_name":
                words.append(self._name(child))
            elif kind in WORDS:
                words.append(self.word(child))
            elif kind in _REDIRECTS:
                source, more = redirection(self, child)
                stdin = source or stdin
                words += more
            else:
                raise NotUnderstoodError(f"a part of a command is not known: {kind.replace('_', ' ')}")
        self._judge(words + tail[0], tail[1] or stdin, given)
        if words and (words[0].text in _PRINTS or "<<<" in self.raw(node)) and self._shows_secret(node):
            self.operations.append(self.scope.done(words[0].text, {Effect.READ}, sensitive=True))
        if words and words[0].text in _MOVES:
            plain = len(words) == 2 and words[1].known and not words[1].text.startswith(("-", "~")) and goes_on(node)
            self.place = self.place.moved(words[1].text if plain else "")

    def _is_read(self, node: Node) -> bool:
        """Tell whether the command is ``read``, for which IFS is set in passing and to what is plain."""
        name = next((child for child in node.children if child.type == "command_name"), None)
        plain = re.match(r"IFS=(?:[,:|]|\\?[,:]|'[^']*'|\$'\\t')?[ \t]", self.raw(node))
        return name is not None and self.raw(name) == "read" and plain is not None

    def _shows_secret(self, node: Node) -> bool:
        """Tell whether a variable stands in the command whose name says that it holds a secret."""
        raw = re.sub(r"'[^']*'", "", self.raw(node))
        return any(names_secret(name) and name not in self.values for name in _VARIABLE.findall(raw))

    def _name(self, node: Node) -> Word:
        inner = node.children
        word = self.word(inner[0]) if len(inner) == 1 and inner[0].is_named else self.bare(node)
        if word.bare and word.known and word.text in RESERVED:
            raise NotUnderstoodError(f"{word.text} stands where a command is expected")
        return word

    def _judge(self, words: list[Word], stdin: Source, given: Mapping[str, str] | None = None) -> None:
        if not words:
            return
        if len(self.operations) >= MAX_OPERATIONS:
            raise NotUnderstoodError("the command line has too many commands")
        place = self.place.given(given or {})
        scope = replace(self.scope, stdin=stdin, functions=frozenset(self.functions), place=place)
        self.operations += self.judge(words, scope)
        if words[0].text in _ASSIGNERS or not words[0].known:
            self._forget()
            self.functions.clear()
        if words[0].text in ("let", "test", "[", "unset", "printf", "read", "wait", "mapfile", "readarray", "getopts"):
            self.evaluates = True

    def _assignment(self, node: Node, *, prefix: bool, into: dict[str, str] | None = None) -> Word:
        children = node.children
        name = self.raw(children[0])
        if children[0].type != "variable_name" or not re.match(r"[A-Za-z_]\w*\Z", name):
            raise NotUnderstoodError("an assignment to an array element")
        value: Word = Word("", bare=False)
        if len(children) > 2:
            value = self._array(children[2]) if children[2].type == "array" else self.word(children[2])
        danger = "" if into is not None and self._judged_by_command(node, name) else assignment_danger(name, value)
        if danger:
            self.operations.append(self.scope.concede(f"{name}=", danger, Effect.EXECUTE))
        if into is not None:
            into[name] = value.text
        else:
            self.place = self.place.given({name: value.text})
        if not prefix and self._stays(node) and self._named_once(name) and not re.search(r"\s", value.text):
            plain = value.known and not re.search(r"[*?\[~]", value.text)
            kept = replace(value, bare=False) if plain else Word(value.text, known=False, splits=True)
            self.values[name] = kept if value.text else DYNAMIC
        return value

    def _judged_by_command(self, node: Node, variable: str) -> bool:
        """Tell whether the command that `node` is an assignment for is a guarded tool that knows the variable."""
        found = node.parent.child_by_field_name("name") if node.parent is not None else None
        return found is not None and judges(self.raw(found), variable)

    def _stays(self, node: Node) -> bool:
        """Tell whether what `node` defines holds for all that follows: not in a subshell, branch or background."""
        after = node.next_sibling
        in_background = after is not None and after.type == "&"
        return node.parent is not None and node.parent.type == "program" and not in_background

    def _forget(self) -> None:
        """From here on no value of a variable is known."""
        self.values.clear()
        self.follows_values = False

    def _named_once(self, name: str) -> bool:
        """Tell whether `name` stands in the text only once other than as an expansion: then it has one value."""
        if not self.follows_values or len(self.values) >= MAX_VALUES:
            return False
        return len(re.findall(rf"(?<![\w${{]){name}(?!\w)", self.text)) == 1

    def _array(self, node: Node) -> Word:
        for child in self.children(node):
            if child.is_named:
                self.word(child)
        return DYNAMIC

    def _assignments(self, node: Node, stdin: Source, tail: Tail) -> None:
        if tail[0]:
            raise NotUnderstoodError("words stand after an assignment and a redirection")
        parts = [node] if node.type == "variable_assignment" else self.children(node)
        for part in parts:
            if part.type != "variable_assignment":
                raise NotUnderstoodError("an assignment was not recognised")
            self._assignment(part, prefix=len(parts) > 1)

    def _declaration(self, node: Node, stdin: Source, tail: Tail) -> None:
        self._forget()
        if not any(child.type in ("variable_assignment", "variable_name") for child in node.children) or re.search(
            r"\s-\w*p", self.raw(node)
        ):
            self.operations.append(self.scope.done(self.raw(node.children[0]), {Effect.READ}, sensitive=True))
        for child in self.children(node):
            if child.type == "variable_assignment":
                if self._assignment(child, prefix=True).splits:
                    raise NotUnderstoodError("some shells split a value that is declared without quotes")
            elif child.type in WORDS:
                word = self.word(child)
                if not word.known or "=" in word.text or "i" in word.text or "n" in word.text:
                    self.evaluates = True
                    if not word.known or "=" in word.text or word.text.startswith(("-n", "-i")):
                        raise NotUnderstoodError("a declaration that is not plain")
            elif child.is_named and child.type != "variable_name":
                raise NotUnderstoodError("a declaration that is not plain")

    def _unset(self, node: Node, stdin: Source, tail: Tail) -> None:
        self._forget()
        self.functions.clear()
        self.evaluates = True
        for child in self.children(node):
            if child.type in WORDS:
                self.word(child)
            elif child.is_named and child.type != "variable_name":
                raise NotUnderstoodError("unset of something that is not plain")

    def _function(self, node: Node, stdin: Source, tail: Tail) -> None:
        self._forget()
        children = self.children(node)
        named = [child for child in children if child.is_named]
        name = self.raw(named[0])
        if tail[0] or not re.match(r"[A-Za-z_][\w-]*\Z", name) or name in RESERVED:
            raise NotUnderstoodError("a function definition that is not plain")
        for child in named[1:]:
            if child.type in _REDIRECTS:
                redirection(self, child)
            else:
                self.statement(child, PIPE, ([], None))
        if self._stays(node):
            self.functions.add(name)

    def _for(self, node: Node, stdin: Source, tail: Tail) -> None:
        name, *words = [self.raw(child) for child in node.children if child.is_named][:-1] or [""]
        values = turns(words, self.raw(node)) if self._named_once(name) else ()
        self._forget()
        if tail[0]:
            raise NotUnderstoodError("words stand after a loop")
        for child in self.children(node):
            if child.type in WORDS:
                word = self.word(child)
                if is_sensitive(word.text):
                    self.operations.append(self.scope.done("for", {Effect.READ}, (word,), sensitive=True))
            elif child.type in ("do_group", "compound_statement"):
                for value in values or (None,):
                    self.values = {} if value is None else {name: literal(value)}
                    self.statement(child, tail[1] or stdin, ([], None))
                self.values = {}
            elif child.type == "variable_name":
                if danger := assignment_danger(self.raw(child), DYNAMIC):
                    self.operations.append(self.scope.concede(f"{self.raw(child)}=", danger, Effect.EXECUTE))
            elif child.is_named:
                raise NotUnderstoodError("a loop that is not plain")

    def _arithmetic_for(self, node: Node, stdin: Source, tail: Tail) -> None:
        self._forget()
        self.evaluates = True
        head = self.raw(node).split("))", 1)[0]
        if tail[0] or not re.match(r"for\s*\(\([\s\w+*/%<>=!&|,;-]*\Z", head):
            raise NotUnderstoodError("a loop that is not plain")
        self.statement(node.children[-1], tail[1] or stdin, ([], None))

    def _case(self, node: Node, stdin: Source, tail: Tail) -> None:
        if tail[0]:
            raise NotUnderstoodError("words stand after a case")
        for child in self.children(node):
            if child.type in WORDS or child.type == "extglob_pattern":
                if child.type == "extglob_pattern":
                    self.bare(child)
                else:
                    self.word(child)
            elif child.is_named:
                handler = self._case if child.type == "case_item" else self.statement
                handler(child, tail[1] or stdin, ([], None))


_HANDLERS: dict[str, Callable[[Reader, Node, Source, Tail], None]] = {
    "redirected_statement": Reader._redirected,
    "variable_assignment": Reader._assignments,
    "variable_assignments": Reader._assignments,
    "declaration_command": Reader._declaration,
    "unset_command": Reader._unset,
    "function_definition": Reader._function,
    "for_statement": Reader._for,
    "c_style_for_statement": Reader._arithmetic_for,
    "case_statement": Reader._case,
    "test_command": judge_test,
}

__all__ = ["INHERIT", "Reader"]
