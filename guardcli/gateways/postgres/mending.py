"""Replaces values, whole or in parts, so that each stays one of its type; counts what it replaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardcli.gateways.postgres import typed
from guardcli.gateways.postgres.codec.backend import Column
from guardcli.gateways.postgres.columns import NamedColumn
from guardcli.masking import Masker
from guardcli.masking.engine import Finding

BLIND = frozenset((16, 26, 700, 701, 1082, 1083, 1114, 1184, 1186, 1266, 2950, 21, 23, 27, 28, 29))
"""Types in whose values no detector looks: booleans, OIDs, floats, dates and times, uuid, small integers."""
_DIGITS = frozenset((20, 1700))

Found = tuple[int, int, Finding]
"""Where something secret begins and ends within a value, and what it is."""


class Mender:
    """Works for one result. `counts` is how often each detector fired, and how many values of each column went."""

    def __init__(self, masker: Masker, tool: str) -> None:
        self._masker = masker
        self._tool = tool
        self.counts: dict[str, int] = {}
        self.detects = masker.detects(tool)

    def sees(self, column: Column) -> bool:
        """Say whether the detectors look at the values of `column`."""
        return self.detects and column.type not in BLIND and not (column.format and column.type in _DIGITS)

    def find(self, text: bytes) -> Sequence[Finding]:
        """Return what is secret in a text."""
        return self._masker.findings(text, self._tool)

    def named(self, column: Column, rule: NamedColumn) -> Callable[[bytes], bytes | None]:
        """Return what replaces each value of a column that a rule names; who calls it counts."""

        def replace(value: bytes) -> bytes | None:
            kind, format, modifier = column.type, column.format, column.modifier
            return typed.replace(value, kind, format, modifier, self._masker, rule.label, rule.rule)

        return replace

    def look(self, column: Column, value: bytes) -> bytes | None:
        """Look into one value by itself, and replace what is found."""
        if not self.sees(column):
            return value
        if column.type == typed.BYTEA and not column.format:
            return self._bytes(value)
        found = self.find(value)
        return self.mend(column, value, [(one.start, one.end, one) for one in found]) if found else value

    def mend(self, column: Column, value: bytes, found: Sequence[Found]) -> bytes | None:
        """Replace what was found in a value, so that it stays one of its type."""
        if column.format and column.type not in typed.BINARY_TEXTS:
            return self._starred(value, found)  # the lengths within arrays and records must hold
        for _, _, one in found:
            self._add(one.kind.name)
        first = found[0][2]
        if column.type in _DIGITS:
            return self._whole(column, value, first)
        pieces: list[bytes] = []
        at = 0
        for start, end, one in found:
            pieces += (value[at:start], self._masker.substitute(value[start:end], one.kind.label, one.rule))
            at = end
        new = b"".join((*pieces, value[at:]))
        if column.type in (typed.JSON, typed.JSONB) and not typed.is_json(new):
            return self._whole(column, value, first)
        return typed.limited(new, column.type, column.modifier)

    def _bytes(self, value: bytes) -> bytes:
        """Look into a bytea in text format, which hides what it holds behind hexadecimal digits."""
        if not value.startswith(b"\\x"):
            return value
        raw = bytes.fromhex(value[2:].decode("ascii", "replace"))
        found = self.find(raw)
        if not found:
            return value
        return b"\\x" + self._starred(raw, [(one.start, one.end, one) for one in found]).hex().encode()

    def _starred(self, value: bytes, found: Sequence[Found]) -> bytes:
        """Return `value` with stars for what was found, as long as before."""
        new = bytearray(value)
        for start, end, one in found:
            self._add(one.kind.name)
            new[start:end] = b"*" * (end - start)
        return bytes(new)

    def _whole(self, column: Column, value: bytes, one: Finding) -> bytes | None:
        kind, format, modifier = column.type, column.format, column.modifier
        return typed.replace(value, kind, format, modifier, self._masker, one.kind.label, one.rule)

    def _add(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
