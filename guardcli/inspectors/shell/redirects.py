"""Redirections and here-documents (POSIX Shell Command Language, 2.7): what they read, write and feed."""

from __future__ import annotations

import re
from typing import Protocol

from tree_sitter import Node

from guardcli.inspectors.shell.files import HARMLESS, controls_access, is_device, is_sensitive
from guardcli.inspectors.shell.scope import NOTHING, PIPE, NotUnderstoodError, Scope, Source
from guardcli.inspectors.shell.words import Word
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation


class Reading(Protocol):
    """The text that is read, as far as a redirection needs it."""

    source: bytes
    scope: Scope
    operations: list[Operation]

    def raw(self, node: Node) -> str:
        """Return the source of `node`."""
        ...

    def word(self, node: Node) -> Word:
        """Return the word that `node` is."""
        ...


_WRITES = frozenset({">", ">>", ">|", "&>", "&>>", ">&", "<>"})
_EXPANDED = re.compile(r"(?<!\\)(?:\\\\)*(?:`|\$\(|\$\[|\$\{(?!\w+\}))")
_DELIMITER = re.compile(r"(?:'([\w.!-]+)'|\"([\w.!-]+)\"|\\?([\w.!-]+))\Z")


def redirection(reader: Reading, node: Node) -> tuple[Source | None, list[Word]]:
    """Judge one redirection; return the standard input it gives, and words of the command that follow it."""
    children = list(node.children)
    descriptor = ""
    if children[0].type == "file_descriptor":
        descriptor = reader.raw(children[0])
        if children[0].end_byte != children[1].start_byte:
            raise NotUnderstoodError("a redirection was not recognised")
        children = children[1:]
    operator, end = reader.raw(children[0]), children[0].end_byte
    words: list[Word] = []
    for child in children[1:]:
        gap = reader.source[end : child.start_byte].replace(b"\\\n", b"")
        if gap.strip(b" \t") or (words and not gap):
            raise NotUnderstoodError("a redirection was not recognised")
        words.append(reader.word(child))
        end = child.end_byte
    if operator == "<<<":
        if len(words) != 1:
            raise NotUnderstoodError("a here-string was not recognised")
        return (Source("text", words[0].text + "\n") if words[0].known else PIPE), []
    if operator in (">&-", "<&-"):
        return (NOTHING if operator == "<&-" and descriptor in ("", "0") else None), words
    if not words:
        raise NotUnderstoodError("a redirection without a target")
    target, extra = words[0], words[1:]
    if operator in (">&", "<&") and target.known and re.match(r"(?:\d+-?|-)\Z", target.text):
        return (PIPE if operator == "<&" and descriptor in ("", "0") else None), extra
    if operator in _WRITES:
        _write(reader, operator, target)
        return (PIPE if operator == "<>" and descriptor in ("", "0") else None), extra
    if operator != "<":
        raise NotUnderstoodError(f"a redirection is not known: {operator}")
    return _read(reader, descriptor, target), extra


def _read(reader: Reading, descriptor: str, target: Word) -> Source | None:
    if target.text.startswith(("/dev/tcp", "/dev/udp")) or (not target.known and not target.prefix.strip("/.")):
        reader.operations.append(
            reader.scope.concede("<", "what a redirection opens cannot be known", Effect.NETWORK, files=(target,))
        )
    elif is_sensitive(target.text):
        reader.operations.append(reader.scope.done("<", {Effect.READ}, (target,), sensitive=True))
    if descriptor not in ("", "0"):
        return None
    return (
        Source("file", target.text)
        if target.known and target.text != "/dev/null"
        else NOTHING
        if target.known
        else PIPE
    )


def _write(reader: Reading, operator: str, target: Word) -> None:
    if target.known and target.text in HARMLESS and operator != "<>":
        return
    reader.operations.append(write_operation(reader, operator, target))


def write_operation(reader: Reading, operator: str, target: Word) -> Operation:
    """Return the operation of writing `target` through a redirection."""
    scope = reader.scope
    path = target.text
    if path.startswith(("/dev/tcp", "/dev/udp")):
        return scope.done(operator, {Effect.NETWORK}, (target,))
    if not target.known and not target.prefix.strip("/."):
        return scope.concede(
            operator, "where a redirection writes cannot be known", Effect.WRITE, Effect.FILE, files=(target,)
        )
    effects = {Effect.WRITE, Effect.FILE}
    if is_device(path):
        effects.add(Effect.DELETE)
    if controls_access(path):
        effects.add(Effect.PRIVILEGE)
    return scope.done(operator, effects, (target,))


def here_document(reader: Reading, node: Node) -> tuple[Source, list[Word], list[Node]]:
    """Return what a here-document feeds, words of the command after it, and a pipeline that goes on after it."""
    extra: list[Word] = []
    pipelines: list[Node] = []
    parts = {child.type: child for child in node.children}
    start, end, body = parts.get("heredoc_start"), parts.get("heredoc_end"), parts.get("heredoc_body")
    if start is None or end is None or body is None:
        raise NotUnderstoodError("a here-document without an end")
    position = start.end_byte
    for child in node.children:
        if child.type in ("<<", "<<-", "heredoc_start", "heredoc_body", "heredoc_end"):
            continue
        if reader.source[position : child.start_byte].strip(b" \t"):
            raise NotUnderstoodError("what follows a here-document was not recognised")
        position = child.end_byte
        if child.type == "pipeline":
            pipelines.append(child)
        elif child.type == "file_redirect":
            extra += redirection(reader, child)[1]
        elif child.type in ("word", "number", "string", "raw_string", "concatenation"):
            extra.append(reader.word(child))
        else:
            raise NotUnderstoodError("what follows a here-document was not recognised")
    if reader.source[position : body.start_byte] not in (b"\n",) and not _starts_late(reader, position, body):
        raise NotUnderstoodError("a here-document was not recognised")
    return _content(reader, node.children[0].type == "<<-", start, position, end), extra, pipelines


def _starts_late(reader: Reading, position: int, body: Node) -> bool:
    """Tell whether only blank stands before the body, which the grammar may begin after leading blanks."""
    return re.match(rb"[ \t]*\n[ \t]*\Z", reader.source[position : body.start_byte]) is not None


def _content(reader: Reading, tabs: bool, start: Node, position: int, end: Node) -> Source:
    delimiter = _DELIMITER.match(reader.raw(start))
    if delimiter is None:
        raise NotUnderstoodError("a here-document with an unusual delimiter")
    name = delimiter.group(1) or delimiter.group(2) or delimiter.group(3)
    first = reader.source.find(b"\n", position) + 1
    lines = reader.source[first : end.end_byte].decode().split("\n")
    if tabs:
        lines = [line.lstrip("\t") for line in lines]
    if lines[-1] != name or name in lines[:-1]:
        raise NotUnderstoodError("the end of a here-document was not recognised")
    if reader.source[end.end_byte : end.end_byte + 1] not in (b"", b"\n"):
        raise NotUnderstoodError("the end of a here-document was not recognised")
    text = "\n".join([*lines[:-1], ""])
    if delimiter.group(3) is not None and not reader.raw(start).startswith("\\"):
        if _EXPANDED.search(text) or "\\\n" in text:
            raise NotUnderstoodError("a here-document with substitutions")
        return PIPE if "$" in text or "\\" in text else Source("text", text)
    return Source("text", text)
