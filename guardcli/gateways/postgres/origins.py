"""Rules held against what the catalogue knows: which columns of a table or a view are masked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from guardcli.gateways.postgres.catalogue import Relation
from guardcli.gateways.postgres.columns import ColumnRules, NamedColumn, Origin
from guardcli.gateways.postgres.lineage import NONE, Columns, Output, columns_of, outputs, rule_for, unknown

KNOWN_MAX = 10_000
"""Tables and names that are remembered."""
OLD_SECONDS = 60.0
"""What others change in the database is noticed after so long; what the session itself changes, at once."""
_DEPTH = 16
"""Views of views that are followed; what is behind more of them is masked as a whole."""


class KnownTables:
    """What the catalogue has said so far."""

    def __init__(self) -> None:
        self.asked: set[int] = set()
        self.names: set[str] = set()
        self.by_oid: dict[int, Relation] = {}
        self.by_name: dict[str, dict[int, Relation]] = {}
        self._since = -1.0

    def age(self, now: float) -> None:
        """Forget everything once it is old."""
        if self._since >= 0 and now - self._since > OLD_SECONDS:
            self.__init__()  # type: ignore[misc]
        if self._since < 0:
            self._since = now

    def learn(self, oids: Collection[int], names: Collection[str], found: Sequence[Relation]) -> None:
        """Take an answer to a question for `oids` and `names`."""
        if len(self.by_oid) + len(self.names) > KNOWN_MAX:
            self.asked, self.names, self.by_oid, self.by_name = set(), set(), {}, {}
        self.asked.update(oids)
        self.names.update(names)
        for one in found:
            self.asked.add(one.oid)
            self.by_oid[one.oid] = one
            self.by_name.setdefault(one.name, {})[one.oid] = one


class Origins:
    """Answers for one set of rules."""

    def __init__(self, rules: ColumnRules, known: KnownTables) -> None:
        self._rules = rules
        self._known = known
        self._worked: dict[int, dict[str, NamedColumn]] = {}
        self._depth = 0

    def column(self, table: int, number: int, name: str) -> NamedColumn | None:
        """Return the rule for column `number` of `table`; by its `name` in the answer where the table is not known.

        Number 0 is the row as a whole, which any masked column of the table is in.
        """
        relation = self._known.by_oid.get(table)
        if relation is None:
            return self._rules.of_any_table(name) if number else self._rules.some
        if not number:
            return next(iter(self._masked(relation).values()), None)
        return self._masked(relation).get(relation.columns.get(number, ""))

    def relation(self, schema: str, name: str) -> Columns:
        """Return what is masked of whatever a text calls so: of all of that name, where it gives no schema."""
        held = self._known.by_name.get(name, {}).values()
        relations = [one for one in held if not schema or one.schema == schema]
        if relations:
            merged: dict[str, NamedColumn] = {}
            for one in relations:
                merged.update(self._masked(one))
            return columns_of(merged, {name for one in relations for name in one.columns.values()})
        some = self._rules.of_table(schema, name)
        if some is None:
            return NONE
        return Columns(lambda column: self._rules.of_origin([Origin(schema, name, column)]), some)

    def _masked(self, relation: Relation) -> dict[str, NamedColumn]:
        found = self._worked.get(relation.oid)
        if found is None:
            self._worked[relation.oid] = {}  # a view that comes back to itself adds nothing
            found = self._worked[relation.oid] = self._work_out(relation)
        return found

    def _work_out(self, relation: Relation) -> dict[str, NamedColumn]:
        names = [(relation.schema, relation.name), *relation.parents]
        found: dict[str, NamedColumn] = {}
        for column in relation.columns.values():
            rule = self._rules.of_origin([Origin(schema, name, column) for schema, name in names])
            if rule is not None:
                found[column] = rule
        if relation.view:
            made: list[Output] | None = None
            if self._depth < _DEPTH:
                self._depth += 1
                made = outputs(relation.view, self.relation, some=self._rules.some)
                self._depth -= 1
            made = made if made is not None else unknown(self._rules.some)
            shown = [name for number, name in sorted(relation.columns.items()) if number > 0]
            for place, name in enumerate(shown):
                rule = rule_for(made, place, len(shown))
                if rule is not None:
                    found.setdefault(name, rule)
        return found
