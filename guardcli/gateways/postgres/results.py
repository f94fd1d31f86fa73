"""What becomes of answers: which columns a rule masks, what the detectors look at, what errors may say.

A column is masked where a rule names the table and column that it comes from (RowDescription has their numbers, the
catalogue their names), or the name that it has in the answer. What has no origin, since it is worked out from others,
is masked where ``lineage`` finds that a masked column went into it. Values of text types that are not masked so are
seen by the detectors, and whatever takes the place of a value is one of its type (``typed``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from guardcli.gateways.postgres.authority import Ticket
from guardcli.gateways.postgres.codec.backend import Column, CopyResponse, FunctionCallResponse
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.columns import ColumnRules, NamedColumn, Origin
from guardcli.gateways.postgres.contract import Catalogue, Table
from guardcli.gateways.postgres.copying import copy_terms
from guardcli.gateways.postgres.mending import Mender
from guardcli.masking import Masker
from guardcli.model.decisions import Decision
from guardcli.model.masking import MaskRule

if TYPE_CHECKING:
    from guardcli.gateways.postgres.masked_rows import MaskedCopy

TABLES_MAX = 10_000
"""Tables that are remembered."""
_QUOTED = re.compile(r'"[^"]*"')
_DATA_ERRORS = ("22", "23", "P0", "XX", "38", "39", "2F", "40")
"""Classes of SQLSTATE whose words may hold values of columns."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The statement that an answer belongs to, and what was decided about it."""

    text: str
    decision: Decision
    place: int = 0
    """Which of the text's statements it is."""


class ResultMask(Protocol):
    """Masks the rows, or the COPY data, of one result."""

    def take(self, raw: bytes) -> bytes:
        """Take messages, cut anywhere; return what may go to the client."""
        ...

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector or column rule fired."""
        ...


class Maskers(Protocol):
    """Gives the compiled rules: those of the policy, and what a decision adds goes before them."""

    def rules(self, extra: tuple[MaskRule, ...]) -> Sequence[MaskRule]:
        """Return all rules that hold."""
        ...

    def masker(self, extra: tuple[MaskRule, ...]) -> Masker:
        """Return them compiled."""
        ...


class Results:
    """Masks the answers of one connection."""

    def __init__(self, maskers: Maskers, catalogue: Catalogue | None, tool: str = "psql") -> None:
        self._maskers = maskers
        self._catalogue = catalogue
        self._tool = tool
        self._tables: dict[int, Table | None] = {}
        self._columns: dict[tuple[MaskRule, ...], ColumnRules] = {}

    # -- what is known of tables --

    def reads(self, ticket: Ticket | None) -> bool:
        """Say whether the columns of an answer must be known."""
        if ticket is None:
            return False
        return bool(self._maskers.rules(ticket.decision.mask))

    def missing(self, columns: Sequence[Column] | None, asked: Asked | None) -> frozenset[int]:
        """Return the tables that must be looked up before the rows can be masked."""
        if columns is None or asked is None or self._catalogue is None or not self._rules(asked.decision):
            return frozenset()
        return frozenset(column.table for column in columns if column.table and column.table not in self._tables)

    async def look_up(self, missing: frozenset[int]) -> tuple[frozenset[int], Mapping[int, Table]]:
        """Ask the catalogue; what it does not know is remembered as not known until `forget`."""
        if self._catalogue is None:
            return missing, {}
        return missing, await self._catalogue.tables(missing)

    def learn(self, result: object) -> None:
        """Take what `look_up` returned."""
        if not isinstance(result, tuple):
            raise TypeError("not what was looked up")
        missing, found = result
        if len(self._tables) + len(missing) > TABLES_MAX:
            self._tables.clear()
        for oid in missing:
            self._tables[oid] = found.get(oid)

    def forget(self) -> None:
        """Names may have changed: look everything up again."""
        self._tables.clear()

    # -- results --

    def mask(
        self, columns: Sequence[Column] | None, copy: CopyResponse | None, asked: Asked | None
    ) -> ResultMask | None:
        """Return what masks the rows of a result, None where nothing can touch them."""
        if asked is None:
            return None
        extra = asked.decision.mask
        if not self._maskers.rules(extra):
            return None
        # numpy takes a tenth of a second to import, which a session without such a result need not wait for
        from guardcli.gateways.postgres.masked_rows import MaskedCopy, MaskedRows

        mender = Mender(self._maskers.masker(extra), self._tool)
        made: MaskedRows | MaskedCopy
        if copy is not None:
            made = self._copy(columns, copy, asked, mender, MaskedCopy)
        elif columns is None:
            raise ProtocolViolation("rows that were not described")
        else:
            made = MaskedRows(columns, [self._named(column, asked) for column in columns], mender)
        return made if made.touches else None

    def _copy(
        self, columns: Sequence[Column] | None, copy: CopyResponse, asked: Asked, mender: Mender, make: type[MaskedCopy]
    ) -> MaskedCopy:
        terms = copy_terms(asked.text, asked.place)
        if terms is None or (columns is None and self.names_columns(asked.decision)):
            raise ProtocolViolation("the server copies out what guard did not expect, so it cannot be masked")
        kept = [one for one in columns or () if not (terms.whole and self._is_generated(one))]
        if kept and len(kept) != len(copy.columns):
            raise ProtocolViolation("the server copies out other columns than it described")
        return make(terms, copy, kept, [self._named(column, asked) for column in kept], mender)

    def _is_generated(self, column: Column) -> bool:
        table = self._tables.get(column.table)
        return table is not None and column.number in table.generated

    def names_columns(self, decision: Decision) -> bool:
        """Say whether a rule masks columns by their names."""
        return bool(self._rules(decision))

    def _rules(self, decision: Decision) -> ColumnRules:
        rules = self._columns.get(decision.mask)
        if rules is None:
            rules = self._columns[decision.mask] = ColumnRules(self._maskers.rules(decision.mask), self._tool)
        return rules

    def _named(self, column: Column, asked: Asked) -> NamedColumn | None:
        rules = self._rules(asked.decision)
        if not rules:
            return None
        name = column.name.decode("utf-8", "replace")
        found = rules.of_name(name)
        if found is not None or not column.table:
            return found
        table = self._tables.get(column.table)
        if table is None:
            return rules.of_any_table(name)
        own = table.columns.get(column.number, "")
        return rules.of_origin([Origin(table.schema, table.name, own)])

    # -- words and single values --

    def words(
        self, fields: tuple[tuple[int, bytes], ...], asked: Asked | None, mask: Callable[[str], str]
    ) -> tuple[tuple[int, bytes], ...]:
        """Return the fields of an error or a notice as the client may read them."""
        state = dict(fields).get(ord("C"), b"").decode("ascii", "replace")
        strict = asked is not None and bool(self._rules(asked.decision)) and state[:2] in _DATA_ERRORS
        shown = []
        for code, text in fields:
            if code in b"MDHWqR":
                words = text.decode("utf-8", "surrogateescape")
                if strict and code in b"DW":
                    words = "withheld by guard: it may hold values of masked columns"
                elif strict:
                    words = _QUOTED.sub('"[masked]"', words)
                text = mask(words).encode("utf-8", "surrogateescape").replace(b"\0", b"")
            shown.append((code, text))
        return tuple(shown)

    def function_result(self, found: FunctionCallResponse) -> FunctionCallResponse:
        """Return what a function gave; the bytes of a large object are seen by the detectors."""
        value = found.value
        if not value or not self._maskers.rules(()):
            return found
        masker = self._maskers.masker(())
        for one in reversed(masker.findings(value, self._tool)):
            value = value[: one.start] + b"*" * (one.end - one.start) + value[one.end :]
        return FunctionCallResponse(value)
