"""Puts rules to the columns of one result: which are replaced, which the detectors see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from guardcli.gateways.postgres import typed
from guardcli.gateways.postgres.codec.backend import Column, CopyResponse
from guardcli.gateways.postgres.columns import NamedColumn
from guardcli.gateways.postgres.copying import CopyMask, CopyTerms
from guardcli.gateways.postgres.mending import Mender
from guardcli.gateways.postgres.rows import Column as Treated
from guardcli.gateways.postgres.rows import RowMask
from guardcli.model.masking import Strategy

_TEXT = 25
_NOT_KNOWN = 0


class MaskedRows:
    """Masks the rows of one result, whose `columns` are described; `named` has the rule for each, or None."""

    def __init__(self, columns: Sequence[Column], named: Sequence[NamedColumn | None], mender: Mender) -> None:
        self._mender = mender
        self._labels = [one.label if one is not None else "" for one in named]
        treated = [self._treated(column, one) for column, one in zip(columns, named, strict=True)]
        self.touches = any(one.seen or one.replace is not None for one in treated)
        self._rows = RowMask(treated, mender.find)

    def take(self, raw: bytes) -> bytes:
        """Take whole rows; return them masked."""
        return self._rows.take(raw)

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired, and how many values of each named column were replaced."""
        return _together(self._mender, self._labels, self._rows.replaced)

    def _treated(self, column: Column, named: NamedColumn | None) -> Treated:
        if named is not None:
            return Treated(replace=self._mender.named(column, named), keeps=_keeps(column, named))
        if not self._mender.sees(column):
            return Treated()
        if column.type == typed.BYTEA and not column.format:
            return Treated(replace=partial(self._mender.look, column))
        return Treated(seen=True, mend=partial(self._mender.mend, column))


class MaskedCopy:
    """Masks COPY data; `columns` and `named` are as for rows, and empty where no rule names any column."""

    def __init__(
        self,
        terms: CopyTerms,
        response: CopyResponse,
        columns: Sequence[Column],
        named: Sequence[NamedColumn | None],
        mender: Mender,
    ) -> None:
        self._mender = mender
        self._labels = [one.label if one is not None else "" for one in named]
        self._columns = [one._replace(format=response.format) for one in columns]
        self._other = Column(b"", 0, 0, _NOT_KNOWN if response.format else _TEXT, -1, -1, response.format)
        replace = [
            mender.named(column, one) if one is not None else None
            for column, one in zip(self._columns, named, strict=True)
        ]
        self.touches = mender.detects or any(replace)
        self._copy = CopyMask(terms, replace, mender.find if mender.detects else None, self._look)

    def take(self, raw: bytes) -> bytes:
        """Take whole messages; return them masked."""
        return self._copy.take(raw)

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired, and how many values of each named column were replaced."""
        return _together(self._mender, self._labels, self._copy.replaced)

    def _look(self, place: int, value: bytes) -> bytes | None:
        return self._mender.look(self._columns[place] if self._columns else self._other, value)


def _keeps(column: Column, named: NamedColumn) -> int:
    """Return how many characters of a text stay to be seen, where the others become stars; else -1."""
    if column.type not in typed.TEXTS - {18}:
        return -1
    return {Strategy.MASK: 0, Strategy.PARTIAL: named.rule.keep_last}.get(named.rule.strategy, -1)


def _together(mender: Mender, labels: Sequence[str], replaced: Sequence[int]) -> Mapping[str, int]:
    counts = dict(mender.counts)
    for label, count in zip(labels, replaced, strict=True):
        if label and count:
            counts[f"column {label}"] = counts.get(f"column {label}", 0) + count
    return counts
