"""What the variable of ``for NAME in WORD …`` stands for in each turn, where the words are plain and few."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_TURNS = 8
"""Turns that are read one by one; a longer list counts as not known."""

MAX_LOOP = 1000
"""Characters of a loop that is read once for each turn."""

_PLAIN = re.compile(r"[\w./][\w./:@%+,=-]*", re.ASCII)
"""A word that is itself: without quotes, expansions and patterns, and no option whatever stands before it."""


def turns(words: Sequence[str], loop: str) -> Sequence[str]:
    """Return the values of the turns over `words` as they are written in the text of a `loop`.

    None where they are not known, or more than is read again and again.
    """
    few = len(words) <= MAX_TURNS and len(loop) <= MAX_LOOP
    return words if few and all(map(_PLAIN.fullmatch, words)) else ()
