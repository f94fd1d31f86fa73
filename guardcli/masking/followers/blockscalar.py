"""Follows the lines of a YAML block scalar under a name that tells: ``password: |``."""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.masking.compiled.placeholders import is_placeholder
from guardcli.masking.followers.follower import Follower, Gone


class BlockScalar(Follower):
    """State under ``password: |``: how far its name is indented. Immutable."""

    __slots__ = ("_indent",)

    def __init__(self, indent: int) -> None:
        self._indent = indent

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line: what is indented further than the name belongs to the value."""
        row = text[start:end].rstrip(b"\r")
        content = row.lstrip(b" \t")
        if not content:
            return (), self
        indent = len(row) - len(content)
        if indent <= self._indent:
            return (), None
        if is_placeholder(content) or content.startswith((b"-----BEGIN", b"-----END")):
            return (), self
        return (Gone(start + indent, start + len(row)),), self
