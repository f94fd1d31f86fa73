"""What becomes of answers: which columns a rule masks, what the detectors look at, what errors may say.

A column is masked where a rule names the table and column that it comes from (RowDescription has their numbers, the
catalogue their names), or the name that it has in the answer. What has no origin, since it is worked out from others,
is masked where ``lineage`` finds that a masked column went into it. Values of text types that are not masked so are
seen by the detectors, and whatever takes the place of a value is one of its type (``typed``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from guardcli.gateways.postgres.authority import Ticket
from guardcli.gateways.postgres.catalogue import Relation
from guardcli.gateways.postgres.codec.backend import Column, CopyResponse, FunctionCallResponse, RowDescription
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.columns import ColumnRules, NamedColumn
from guardcli.gateways.postgres.contract import Catalogue
from guardcli.gateways.postgres.copying import CopyTerms, copy_terms
from guardcli.gateways.postgres.lineage import Output, mentioned, outputs, rule_for, unknown
from guardcli.gateways.postgres.masked_rows import MaskedCopy, MaskedRows
from guardcli.gateways.postgres.mending import Mender
from guardcli.gateways.postgres.origins import KnownTables, Origins
from guardcli.gateways.postgres.withheld import may_hold_values, without_values
from guardcli.masking import Masker
from guardcli.masking.exact import ExactValues, Overwriting
from guardcli.model.decisions import Decision
from guardcli.model.limits import OutputLimit
from guardcli.model.masking import MaskRule

_BOOLEAN = 16
_UNEXPECTED = "the server copies out what guard did not expect, so it cannot be masked"


@dataclass(frozen=True, slots=True)
class Asked:
    """The statement that an answer belongs to, and what was decided about it."""

    text: str
    """Empty where it is not known, as behind a cursor that a function opened."""
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

    @property
    def exact(self) -> ExactValues | None:
        """What finds the very values that the session was lent, which are masked whatever the policy says."""
        ...

    def rules(self, extra: tuple[MaskRule, ...]) -> Sequence[MaskRule]:
        """Return all rules that hold."""
        ...

    def masker(self, extra: tuple[MaskRule, ...]) -> Masker:
        """Return them compiled."""
        ...


@dataclass(frozen=True, slots=True)
class Missing:
    """What the catalogue must be asked for."""

    oids: frozenset[int]
    names: frozenset[str]


class Results:
    """Masks the answers of one connection. `clock` gives seconds."""

    def __init__(
        self,
        maskers: Maskers,
        catalogue: Catalogue | None,
        tool: str = "psql",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._maskers = maskers
        self._catalogue = catalogue
        self._tool = tool
        self._clock = clock
        self._known = KnownTables()
        self._columns: dict[tuple[MaskRule, ...], ColumnRules] = {}

    # -- what is known of tables --

    def reads(self, ticket: Ticket | None) -> bool:
        """Say whether the columns of an answer must be known."""
        return ticket is not None and self.looks_into(ticket.decision)

    def looks_into(self, decision: Decision) -> bool:
        """Say whether answers to what was so decided are masked or limited."""
        return bool(self._maskers.rules(decision.mask) or decision.limits)

    def missing(self, columns: Sequence[Column] | None, asked: Asked | None) -> Missing | None:
        """Return what must be looked up before the rows can be masked, None where nothing is."""
        if not columns or asked is None or self._catalogue is None or not self._rules(asked.decision):
            return None
        self._known.age(self._clock())
        oids = frozenset(one.table for one in columns if one.table and one.table not in self._known.asked)
        names: frozenset[str] = frozenset()
        if any(not column.table for column in columns):
            names = mentioned(asked.text) - self._known.names
        return Missing(oids, names) if oids or names else None

    async def look_up(self, missing: Missing) -> tuple[Missing, Sequence[Relation]]:
        """Ask the catalogue; what it does not know is remembered as not known until `forget`."""
        if self._catalogue is None:
            return missing, ()
        return missing, await self._catalogue.relations(missing.oids, missing.names)

    def learn(self, result: object) -> None:
        """Take what `look_up` returned."""
        if not isinstance(result, tuple):
            raise TypeError("not what was looked up")
        missing, found = result
        self._known.learn(missing.oids, missing.names, found)

    def forget(self) -> None:
        """Names may have changed: look everything up again."""
        self._known = KnownTables()

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
        return self._made(columns, copy, asked, extra)

    def overwriting(self, stream: bool = False, copied: tuple[str, int] | None = None) -> Overwriting | None:
        """Return what overwrites, in one result, the values that the session was lent; None where nothing does.

        A `stream` of the replication protocol stays as it is: it is copies of the server's files. `copied` says of
        COPY data which statement of which text they come from: it may write values in a way of its own.
        """
        exact = self._maskers.exact
        if exact is None or stream:
            return None
        escapes = _terms(*copied).escapes if copied is not None else None
        return Overwriting(exact if escapes is None else exact.escaped(*escapes))

    def holds_lent(self, data: bytes) -> bool:
        """Say whether a value that the session was lent stands in `data`."""
        exact = self._maskers.exact
        return exact is not None and bool(exact.find(data))

    def shown_names(self, found: RowDescription) -> RowDescription:
        """Return `found` with the values overwritten that the session was lent, where names of columns hold any."""
        over = self.overwriting()
        if over is None:
            return found
        columns = tuple(column._replace(name=over.take(column.name)) for column in found.columns)
        return RowDescription(columns) if over.findings else found

    def counters(
        self, columns: Sequence[Column] | None, copy: CopyResponse | None, asked: Asked
    ) -> list[tuple[OutputLimit, ResultMask]]:
        """Return what finds the things that a limit on findings speaks of, for each of these."""
        found: list[tuple[OutputLimit, ResultMask]] = []
        for limit in asked.decision.limits:
            if limit.findings is not None:
                counter = self._made(columns, copy, asked, (MaskRule(detect=limit.detect),), named=False)
                if counter is not None:
                    found.append((limit, counter))
        return found

    def _made(
        self,
        columns: Sequence[Column] | None,
        copy: CopyResponse | None,
        asked: Asked,
        extra: tuple[MaskRule, ...],
        named: bool = True,
    ) -> ResultMask | None:
        mender = Mender(self._maskers.masker(extra), self._tool)
        made: MaskedRows | MaskedCopy
        if copy is not None:
            made = self._copy(columns, copy, asked, mender)
        elif columns is None:
            raise ProtocolViolation("rows that were not described")
        else:
            made = MaskedRows(columns, self._named(columns, asked) if named else [None] * len(columns), mender)
        return made if made.touches else None

    def _copy(self, columns: Sequence[Column] | None, copy: CopyResponse, asked: Asked, mender: Mender) -> MaskedCopy:
        terms = _terms(asked.text, asked.place)
        if columns is None and self.names_columns(asked.decision):
            raise ProtocolViolation(_UNEXPECTED)
        kept = [one for one in columns or () if not (terms.whole and self._is_generated(one))]
        if kept and len(kept) != len(copy.columns):
            raise ProtocolViolation("the server copies out other columns than it described")
        return MaskedCopy(terms, copy, kept, self._named(kept, asked), mender)

    def _is_generated(self, column: Column) -> bool:
        relation = self._known.by_oid.get(column.table)
        return relation is not None and column.number in relation.generated

    def names_columns(self, decision: Decision) -> bool:
        """Say whether a rule masks columns by their names."""
        return bool(self._rules(decision))

    def _rules(self, decision: Decision) -> ColumnRules:
        rules = self._columns.get(decision.mask)
        if rules is None:
            rules = self._columns[decision.mask] = ColumnRules(self._maskers.rules(decision.mask), self._tool)
        return rules

    def _named(self, columns: Sequence[Column], asked: Asked) -> list[NamedColumn | None]:
        """Return the rule for each column of an answer."""
        rules = self._rules(asked.decision)
        if not rules:
            return [None] * len(columns)
        origins = Origins(rules, self._known)
        derived: list[Output] | None = None
        if any(not column.table for column in columns):
            derived = outputs(asked.text, origins.relation, asked.place, rules.some) if asked.text else None
            derived = derived if derived is not None else unknown(rules.some)
        found: list[NamedColumn | None] = []
        for place, column in enumerate(columns):
            name = column.name.decode("utf-8", "replace")
            rule = rules.of_name(name)
            if rule is None and column.table:
                rule = origins.column(column.table, column.number, name)
            elif rule is None and derived is not None and column.type != _BOOLEAN:
                rule = rule_for(derived, place, len(columns))
            found.append(rule.of_a_part() if rule is not None and not column.table else rule)
        return found

    # -- words and single values --

    def words(
        self, fields: tuple[tuple[int, bytes], ...], asked: Asked | None, mask: Callable[[str], str]
    ) -> tuple[tuple[int, bytes], ...]:
        """Return the fields of an error or a notice as the client may read them."""
        strict = asked is not None and bool(self._rules(asked.decision)) and may_hold_values(dict(fields), asked.text)
        shown = []
        for code, text in fields:
            if code in b"MDHWqR":
                words = text.decode("utf-8", "surrogateescape")
                if strict:
                    words = without_values(code, words)
                text = mask(words).encode("utf-8", "surrogateescape").replace(b"\0", b"")
            shown.append((code, text))
        return tuple(shown)

    def function_result(self, found: FunctionCallResponse) -> FunctionCallResponse:
        """Return what a function gave; the bytes of a large object are seen by the detectors."""
        value = found.value
        if not value:
            return found
        if self._maskers.rules(()):
            for one in reversed(self._maskers.masker(()).findings(value, self._tool)):
                value = value[: one.start] + b"*" * (one.end - one.start) + value[one.end :]
        over = self.overwriting()
        return FunctionCallResponse(value if over is None else over.take(value))


def _terms(text: str, place: int) -> CopyTerms:
    terms = copy_terms(text, place)
    if terms is None:
        raise ProtocolViolation(_UNEXPECTED)
    return terms
