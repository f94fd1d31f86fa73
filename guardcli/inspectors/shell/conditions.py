"""Tests of a shell text: ``[[ … ]]`` and ``[ … ]``, read as shells with and without them read them."""

from __future__ import annotations

import re

from tree_sitter import Node

from guardcli.inspectors.names import names
from guardcli.inspectors.shell.expand import CODE, WORDS, Expander, Tail
from guardcli.inspectors.shell.scope import NotUnderstoodError, Source
from guardcli.model.effects import Effect

_TEST_SIGNS = names("[[ ]] [ ] = == != =~ && || !")
"""Signs in a test that mean the same, or nothing worse, to a shell without ``[[``."""


def judge_test(reader: Expander, node: Node, stdin: Source, tail: Tail) -> None:
    """Judge a test as a whole."""
    if tail[0]:
        raise NotUnderstoodError("words stand after a test")
    reader.evaluates = True
    if reader.raw(node).startswith("[ ") and re.search(r"&&|\|\|", reader.raw(node)):
        raise NotUnderstoodError("a list inside [ ] is one of commands")
    _part(reader, node)
    reader.operations.append(reader.scope.done("test", {Effect.READ}))


def _part(reader: Expander, node: Node) -> None:
    if node.type in WORDS:
        reader.word(node)
    elif node.type in ("regex", "extglob_pattern"):
        _pattern(reader.raw(node))
    elif node.type == "variable_name":
        return
    elif node.is_named and node.child_count:
        before = ""
        for child in reader.children(node):
            if before in ("||", "&&") and not re.match(r"(?:! )?-\w", reader.raw(child)):
                raise NotUnderstoodError("a shell without [[ would take a part of the test for a command")
            before = child.type
            if not child.is_named and before not in _TEST_SIGNS:
                raise NotUnderstoodError("a shell without [[ would take a part of the test for something else")
            _part(reader, child)
    elif node.is_named and node.type != "test_operator":
        raise NotUnderstoodError("a test that is not plain")


def _pattern(raw: str) -> None:
    """Check a pattern of a test: no substitution, and no operator that ends a command where ``[[`` is unknown."""
    if CODE.search(raw) or re.search(r"['\"\\]", raw) or re.search(r"[|;&<>]", raw.split("(", 1)[0]):
        raise NotUnderstoodError("a pattern that is not plain")
