"""Puts rules to the columns of one result: which are replaced, which the detectors see, and how a finding is mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from guardcli.gateways.postgres import typed
from guardcli.gateways.postgres.codec.backend import Column
from guardcli.gateways.postgres.columns import NamedColumn
from guardcli.gateways.postgres.rows import Column as Treated
from guardcli.gateways.postgres.rows import Found, RowMask
from guardcli.masking import Masker
from guardcli.masking.engine import Finding

BLIND = frozenset((16, 26, 700, 701, 1082, 1083, 1114, 1184, 1186, 1266, 2950, 21, 23, 27, 28, 29))
"""Types in whose values no detector looks: booleans, OIDs, floats, dates and times, uuid, small integers."""
_DIGITS = frozenset((20, 1700))


class MaskedRows:
    """Masks the rows of one result, whose `columns` are described; `named` has the rule for each, or None."""

    def __init__(
        self, columns: Sequence[Column], named: Sequence[NamedColumn | None], masker: Masker, tool: str
    ) -> None:
        self._masker = masker
        self._tool = tool
        self._names = [one.label if one is not None else "" for one in named]
        self._counts: dict[str, int] = {}
        sees = masker.detects(tool)
        treated = [self._treated(column, one, sees) for column, one in zip(columns, named, strict=True)]
        self.touches = any(one.seen or one.replace is not None for one in treated)
        self._rows = RowMask(treated, self._find)

    def take(self, raw: bytes) -> bytes:
        """Take rows, cut anywhere; return those that are whole, masked."""
        return self._rows.take(raw)

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired, and how many values of each named column were replaced."""
        counts = dict(self._counts)
        for name, count in zip(self._names, self._rows.replaced, strict=True):
            if count:
                counts[f"column {name}"] = counts.get(f"column {name}", 0) + count
        return counts

    def _treated(self, column: Column, named: NamedColumn | None, sees: bool) -> Treated:
        if named is not None:
            replace = partial(_replaced, column=column, masker=self._masker, label=named.label, named=named)
            return Treated(replace=replace)
        if not sees or column.type in BLIND or (column.format and column.type in _DIGITS):
            return Treated()
        if column.type == typed.BYTEA and not column.format:
            return Treated(replace=self._bytes)
        return Treated(seen=True, mend=partial(self._mend, column))

    def _find(self, text: bytes) -> Sequence[Finding]:
        return self._masker.findings(text, self._tool)

    def _bytes(self, value: bytes) -> bytes:
        """Look into a bytea in text format, which hides what it holds behind hexadecimal digits."""
        if not value.startswith(b"\\x"):
            return value
        raw = bytes.fromhex(value[2:].decode("ascii", "replace"))
        found = self._find(raw)
        if not found:
            return value
        return b"\\x" + self._starred(raw, [(one.start, one.end, one) for one in found]).hex().encode()

    def _count(self, found: Sequence[Found]) -> None:
        for _, _, one in found:
            self._counts[one.kind.name] = self._counts.get(one.kind.name, 0) + 1

    def _starred(self, value: bytes, found: Sequence[Found]) -> bytes:
        """Return `value` with stars for what was found, as long as before."""
        self._count(found)
        new = bytearray(value)
        for start, end, _ in found:
            new[start:end] = b"*" * (end - start)
        return bytes(new)

    def _mend(self, column: Column, value: bytes, found: Sequence[Found]) -> bytes | None:
        """Replace what was found in a value, so that it stays one of its type."""
        if column.format and column.type not in typed.BINARY_TEXTS:
            return self._starred(value, found)  # the lengths within arrays and records must hold
        self._count(found)
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

    def _whole(self, column: Column, value: bytes, one: Finding) -> bytes | None:
        kind, format, modifier = column.type, column.format, column.modifier
        return typed.replace(value, kind, format, modifier, self._masker, one.kind.label, one.rule)


def _replaced(value: bytes, column: Column, masker: Masker, label: str, named: NamedColumn) -> bytes | None:
    return typed.replace(value, column.type, column.format, column.modifier, masker, label, named.rule)
