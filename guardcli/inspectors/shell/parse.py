"""Asks tree-sitter's Bash grammar about a text, in a bounded time.

The parser recovers from faults, and keeps every reading that is still possible, in ways whose time can be exponential
in the text. All of that happens in one call that nothing in this process interrupts. So a text that is long or
intricate enough for it is first tried by `Facts.try_shell`, where the attempt can be ended.
"""

from __future__ import annotations

import re
from functools import lru_cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from guardcli.inspectors.shell.scope import NotUnderstoodError, Tries
from guardcli.model.facts import FactUnavailable

SURE_BYTES = 300
SURE_SIGNS = 16
"""Bytes, and signs that mean something to a shell, of a text that is read at once: a long search for such texts that
take more than a few milliseconds found none."""

_SIGNS = re.compile(rb"[<>(){}\[\]`$|&;\"'\n!]")


def parse(source: bytes, tries: Tries) -> Node:
    """Return the root of the tree of `source`. Raises NotUnderstoodError for a fault and for what takes long."""
    if len(source) > SURE_BYTES or len(_SIGNS.findall(source)) > SURE_SIGNS:
        try:
            readable = tries(source)
        except FactUnavailable as problem:
            raise NotUnderstoodError(f"the command line is long or intricate: {problem}") from None
        if not readable:
            raise NotUnderstoodError("the command line is not plain shell, or too intricate to be read")
    root = _parser().parse(source).root_node
    if root.has_error:
        raise NotUnderstoodError("the command line is not complete or not plain shell")
    return root


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))
