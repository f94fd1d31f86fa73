"""Which columns a policy's rules name: by the table and column that a value comes from, or by its name in the answer.

A glob is ``column``, ``table.column`` or ``schema.table.column``; letters match in any case. The part for the column is
also held against the name in the answer, whatever table it comes from, where a rule says no table or any (``*.ssn``).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from guardcli.model.masking import MaskRule, Strategy


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of a table, by name; `schema` is empty where it is not known."""

    schema: str
    table: str
    column: str


@dataclass(frozen=True, slots=True)
class NamedColumn:
    """One glob, made ready, with its rule."""

    label: str
    rule: MaskRule
    schema: re.Pattern[str] | None
    table: re.Pattern[str] | None
    column: re.Pattern[str]

    def names(self, origin: Origin) -> bool:
        """Return whether the glob names the column that a value comes from."""
        return bool(self.column.fullmatch(origin.column)) and self.concerns(origin.schema, origin.table)

    def concerns(self, schema: str, table: str) -> bool:
        """Return whether the glob may name a column of `table`."""
        if self.table is not None and not self.table.fullmatch(table):
            return False
        return self.schema is None or not schema or bool(self.schema.fullmatch(schema))

    def of_a_part(self) -> NamedColumn:
        """Return the rule for what is worked out of the column: the end of each piece would be the whole together."""
        if self.rule.strategy is not Strategy.PARTIAL:
            return self
        return replace(self, rule=replace(self.rule, strategy=Strategy.MASK))

    def may_name(self, column: str) -> bool:
        """Return whether the glob names `column` of some table."""
        return bool(self.column.fullmatch(column))


class ColumnRules:
    """All globs of some rules; the first that names a column holds."""

    def __init__(self, rules: Iterable[MaskRule], tool: str) -> None:
        held = [rule for rule in rules if not rule.tools or tool in rule.tools]
        self._named = [_named(glob, rule) for rule in held for glob in rule.columns]

    def __bool__(self) -> bool:
        return bool(self._named)

    def of_origin(self, origins: Sequence[Origin]) -> NamedColumn | None:
        """Return the first glob that names one of `origins`, or what holds samples of every column's values."""
        if self._named and any(one.column in _SAMPLES.get(one.table, ()) for one in origins):
            return _SAMPLE
        return next((one for one in self._named for origin in origins if one.names(origin)), None)

    def of_name(self, name: str) -> NamedColumn | None:
        """Return the first glob without a table, or for any, that fits the name of a column in an answer."""
        return next((one for one in self._named if one.table is None and one.may_name(name)), None)

    @property
    def some(self) -> NamedColumn | None:
        """The first glob."""
        return self._named[0] if self._named else None

    def of_table(self, schema: str, table: str) -> NamedColumn | None:
        """Return the first glob that names some column of a table."""
        if self._named and table in _SAMPLES:
            return _SAMPLE
        return next((one for one in self._named if one.concerns(schema, table)), None)

    def of_any_table(self, name: str) -> NamedColumn | None:
        """Return the first glob that names a column `name` of some table, where the table is not known."""
        return next((one for one in self._named if one.may_name(name)), None)


_SAMPLE = NamedColumn("SAMPLE", MaskRule(columns=("pg_stats.*",)), None, None, re.compile(""))
_VALUES = (
    "most_common_vals",
    "histogram_bounds",
    "most_common_elems",
    "most_common_base_freqs",
    "range_bounds_histogram",
)
_SAMPLES = {
    "pg_stats": _VALUES,
    "pg_stats_ext": _VALUES,
    "pg_stats_ext_exprs": _VALUES,
    "pg_statistic": tuple(f"stavalues{number}" for number in range(1, 6)),
    "pg_statistic_ext_data": ("stxdmcv", "stxdexpr"),
}
"""PostgreSQL's own statistics hold values of all columns: they are withheld as soon as a rule masks any column."""


def _named(glob: str, rule: MaskRule) -> NamedColumn:
    parts = glob.rsplit(".", 2)
    column = parts[-1]
    table = parts[-2] if len(parts) > 1 else "*"
    schema = parts[-3] if len(parts) > 2 else "*"
    label = re.sub(r"[^A-Z0-9_]", "", column.upper()) or "COLUMN"
    return NamedColumn(label, rule, _pattern(schema), _pattern(table), re.compile(fnmatch.translate(column), re.I))


def _pattern(glob: str) -> re.Pattern[str] | None:
    return None if glob == "*" else re.compile(fnmatch.translate(glob), re.I)
