"""Into which columns of an answer do masked columns go, where the server does not say what an answer comes from.

RowDescription names the table and column of what is taken from one as it is, through aliases, joins and subqueries.
What is worked out (``lower(email)``, a UNION, a row as a whole, a view's expression) has no origin there. The
statement's own tree says which names went into it, scope by scope: what a masked column went into is masked.

Not followed, and let through: what only compares (``email LIKE 'a%'``, IS NULL, EXISTS), ``count``, the condition of a
CASE, and what a function of the database does inside. A condition tells as much as these do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from guardcli.gateways.postgres.columns import NamedColumn
from guardcli.inspectors.sql.functions import INNER_SQL
from guardcli.inspectors.sql.parse import parse
from guardcli.inspectors.sql.tree import Node, qualified, strings, untag

_COMPARING = frozenset(
    ("=", "<>", "!=", "<", ">", "<=", ">=", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "@>")
)
_CONDITIONS = frozenset(("NullTest", "BooleanTest", "BoolExpr"))
_PLAIN_KINDS = frozenset(("AEXPR_OP", "AEXPR_NULLIF"))
_HARMLESS_FUNCTIONS = frozenset(("count",))
_READERS = INNER_SQL | {
    f"{what}_to_xml{more}" for what in ("table", "schema", "database", "cursor") for more in ("", "_and_xmlschema")
}
"""Functions that read what a text names."""
_STATEMENTS_MAX = 2_000
"""Statements within one text that are looked at, each as often as it is."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The masked columns of something that can be selected from: by name, and `some` one of them, None for none.

    `names` are those of all its columns, None where they are not known: `c.to_json`, if it is none, is `to_json(c)`.
    """

    find: Callable[[str], NamedColumn | None]
    some: NamedColumn | None
    names: frozenset[str] | None = None

    def qualified(self, name: str) -> NamedColumn | None:
        """Return the rule of what stands behind the name of this and a dot."""
        return self.find(name) or (self.some if self.names is not None and name not in self.names else None)


NONE = Columns(lambda name: None, None)
Relations = Callable[[str, str], Columns]
"""Given schema (empty where not given) and name, returns what is masked of a table or view."""


def columns_of(found: Mapping[str, NamedColumn], names: Iterable[str] | None = None) -> Columns:
    """Return `Columns` of exactly these, among all `names`."""
    known = frozenset(names) if names is not None else None
    return Columns(found.get, next(iter(found.values()), None), known) if found else NONE


@dataclass(frozen=True, slots=True)
class Output:
    """One entry of a select list: its name, the rule that masks it, and for a star what it stands for."""

    name: str
    rule: NamedColumn | None
    star: Columns | None = None


@dataclass(slots=True)
class _Scope:
    relations: dict[str, Columns] = field(default_factory=dict)
    ctes: dict[str, Columns] = field(default_factory=dict)
    outer: _Scope | None = None

    def add(self, alias: str, columns: Columns) -> None:
        """Make `columns` visible: beside what has the same name, such as a table of another schema or no name."""
        held = self.relations.get(alias)
        self.relations[alias] = columns if held is None else _merged((held, columns))

    def find(self, name: str) -> NamedColumn | None:
        scope: _Scope | None = self
        while scope is not None:
            for alias, columns in scope.relations.items():
                found = columns.find(name) or (columns.some if alias == name else None)
                if found is not None:
                    return found
            scope = scope.outer
        return None

    def relation(self, alias: str) -> Columns | None:
        scope: _Scope | None = self
        while scope is not None:
            if alias in scope.relations:
                return scope.relations[alias]
            scope = scope.outer
        return None


def outputs(text: str, relations: Relations, place: int = 0, some: NamedColumn | None = None) -> list[Output] | None:
    """Return what the statement of `text` at `place` gives, None where that cannot be said.

    `some` is the rule for what functions read that are given a query or the name of a table.
    """
    statements = parse(text)
    if isinstance(statements, str) or place >= len(statements):
        return None
    try:
        return _Walk(relations, some).statement(statements[place], _Scope())
    except (RecursionError, _TooMuch):
        return None


def unknown(rule: NamedColumn | None) -> list[Output]:
    """Return what stands for a statement that is not known: whatever it works out is masked."""
    return [Output("*", rule, _everything(rule))]


def mentioned(text: str) -> frozenset[str]:
    """Return the names of all relations that `text` mentions."""
    statements = parse(text)
    found: set[str] = set()
    waiting: list[Any] = list(statements) if not isinstance(statements, str) else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("relname"), str):
                found.add(node["relname"])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return frozenset(found)


def rule_for(found: Sequence[Output], place: int, width: int) -> NamedColumn | None:
    """Return the rule for the column at `place` of an answer with `width` columns."""
    stars = [index for index, one in enumerate(found) if one.star is not None]
    if not stars:
        return found[place].rule if place < len(found) else None
    if len(stars) == 1:
        first, after = stars[0], len(found) - stars[0] - 1
        if place < first:
            return found[place].rule
        if place >= width - after:
            return found[place - width].rule
        return found[first].rule
    return next((one.rule for one in found if one.rule is not None), None)


class _TooMuch(Exception):
    """A text that would be read over and over."""


class _Walk:
    def __init__(self, relations: Relations, some: NamedColumn | None) -> None:
        self._relations = relations
        self._some = some
        self._left = _STATEMENTS_MAX

    def statement(self, node: Any, outer: _Scope) -> list[Output]:
        self._left -= 1
        if self._left < 0:
            raise _TooMuch
        tag, body = untag(node)
        if tag in ("PrepareStmt", "DeclareCursorStmt", "CopyStmt"):
            return self.statement(body.get("query"), outer)
        if tag == "SelectStmt":
            return self._select(body, outer)
        if tag in ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"):
            return self._change(body, outer)
        return []

    def _select(self, body: Node, outer: _Scope) -> list[Output]:
        scope = self._with(body, outer)
        if body.get("op", "SETOP_NONE") != "SETOP_NONE":
            return _both(self._select(body["larg"], scope), self._select(body["rarg"], scope))
        if "valuesLists" in body:
            rows = [[self._taint(one, scope) for one in _items(row)] for row in body["valuesLists"]]
            width = max(map(len, rows), default=0)
            return [Output(f"column{at + 1}", _first(row[at] for row in rows if at < len(row))) for at in range(width)]
        for item in body.get("fromClause", ()):
            self._source(item, scope)
        return self._targets(body.get("targetList", ()), scope)

    def _change(self, body: Node, outer: _Scope) -> list[Output]:
        scope = self._with(body, outer)
        self._source({"RangeVar": body.get("relation", {})}, scope)
        for name in ("old", "new"):
            scope.relations.setdefault(name, next(iter(scope.relations.values()), NONE))
        for item in (*body.get("fromClause", ()), *body.get("usingClause", ()), body.get("sourceRelation")):
            self._source(item, scope)
        targets = body.get("returningList") or body.get("returningClause", {}).get("exprs", ())
        return self._targets(targets, scope)

    def _with(self, body: Node, outer: _Scope) -> _Scope:
        scope = _Scope(ctes=dict(outer.ctes), outer=outer)
        clause = body.get("withClause", {})
        recursive, before = bool(clause.get("recursive")), None
        while True:  # what is recursive may name what follows, and move a value on by a column each time
            now = []
            for _tag, one in map(untag, clause.get("ctes", ())):
                found = self.statement(one.get("ctequery"), scope)
                ordered = "search_clause" in one or "cycle_clause" in one  # which add columns of their own
                if ordered or (recursive and any(output.star is not None for output in found)):
                    found = unknown(_first(output.rule for output in found))
                scope.ctes[str(one.get("ctename", ""))] = _named(found, strings(one.get("aliascolnames")))
                now.append([output.rule is not None for output in found])
            if not recursive or now == before:
                return scope
            before = now

    def _source(self, item: Any, scope: _Scope) -> None:
        """Add what an item of FROM makes visible."""
        tag, body = untag(item)
        alias = body.get("alias", {})
        name = str(alias.get("aliasname", ""))
        renamed = strings(alias.get("colnames"))
        if tag == "RangeVar":
            schema, own = str(body.get("schemaname", "")), str(body.get("relname", ""))
            columns = scope.ctes.get(own) if not schema else None
            columns = columns if columns is not None else self._relations(schema, own)
            scope.add(name or own, _renamed(columns, renamed))
        elif tag == "RangeSubselect":
            scope.add(name, _named(self.statement(body.get("subquery"), scope), renamed))
        elif tag == "JoinExpr":
            self._source(body.get("larg"), scope)
            self._source(body.get("rarg"), scope)
            held = _merged(tuple(scope.relations.values()))
            if name:
                scope.add(name, _renamed(held, renamed))
            if "join_using_alias" in body:
                scope.add(str(body["join_using_alias"].get("aliasname", "")), held)
        elif tag == "RangeTableSample":
            self._source(body.get("relation"), scope)
        elif tag:
            found = self._taint(body, scope)
            scope.add(name or tag, _everything(found))

    def _targets(self, targets: Iterable[Any], scope: _Scope) -> list[Output]:
        found = []
        for _, target in map(untag, targets):
            value = target.get("val")
            tag, body = untag(value)
            fields = strings(body.get("fields")) if tag == "ColumnRef" else []
            if fields and fields[-1] == "*":
                columns = self._star(fields, scope)
                found.append(Output("*", columns.some, columns))
            elif tag == "A_Indirection" and "A_Star" in (body.get("indirection") or [{}])[-1]:
                found += unknown(self._taint(value, scope))  # a composite value, column by column
            else:
                name = str(target.get("name") or (fields[-1] if fields else ""))
                found.append(Output(name, self._taint(value, scope)))
        return found

    def _star(self, fields: list[str], scope: _Scope) -> Columns:
        if len(fields) > 1:
            return scope.relation(fields[-2]) or NONE
        return _merged(tuple(scope.relations.values()))

    def _taint(self, node: Any, scope: _Scope) -> NamedColumn | None:
        """Return the rule of a masked column that goes into an expression."""
        if isinstance(node, list):
            return _first(self._taint(one, scope) for one in node)
        if not isinstance(node, dict):
            return None
        for key, value in node.items():
            if key in _CONDITIONS or not isinstance(value, (dict, list)):
                continue
            special = self._special.get(key)
            found = special(self, value, scope) if special is not None else self._taint(value, scope)
            if found is not None:
                return found
        return None

    def _column(self, body: Node, scope: _Scope) -> NamedColumn | None:
        fields = strings(body.get("fields"))
        if fields and fields[-1] == "*":
            return self._star(fields, scope).some
        if len(fields) > 1:
            columns = scope.relation(fields[-2])
            return columns.qualified(fields[-1]) if columns is not None else scope.find(fields[0])
        return scope.find(fields[0]) if fields else None

    def _sublink(self, body: Node, scope: _Scope) -> NamedColumn | None:
        if body.get("subLinkType") not in ("EXPR_SUBLINK", "ARRAY_SUBLINK", "MULTIEXPR_SUBLINK"):
            return None
        return _first(one.rule for one in self.statement(body.get("subselect"), scope))

    def _function(self, body: Node, scope: _Scope) -> NamedColumn | None:
        name = qualified(body.get("funcname"))[1]
        if name in _HARMLESS_FUNCTIONS:
            return None
        if name in _READERS and self._some is not None:
            return self._some
        return self._taint({key: value for key, value in body.items() if key != "agg_filter"}, scope)

    def _operation(self, body: Node, scope: _Scope) -> NamedColumn | None:
        name = (strings(body.get("name")) or [""])[-1]
        if body.get("kind") not in _PLAIN_KINDS or (name in _COMPARING and body.get("kind") == "AEXPR_OP"):
            return None
        return self._taint([body.get("lexpr"), body.get("rexpr")], scope)

    def _case(self, body: Node, scope: _Scope) -> NamedColumn | None:
        results = [untag(one)[1].get("result") for one in body.get("args", ())]
        return self._taint([*results, body.get("defresult")], scope)

    _special: Mapping[str, Callable[[_Walk, Any, _Scope], NamedColumn | None]] = {
        "ColumnRef": _column,
        "SubLink": _sublink,
        "FuncCall": _function,
        "A_Expr": _operation,
        "CaseExpr": _case,
    }


def _items(row: Any) -> list[Any]:
    tag, body = untag(row)
    return list(body.get("items", ())) if tag == "List" else list(row)


def _first(rules: Iterable[NamedColumn | None]) -> NamedColumn | None:
    return next((rule for rule in rules if rule is not None), None)


def _merged(held: Sequence[Columns]) -> Columns:
    """Return what is masked of several together."""
    names: frozenset[str] | None = frozenset()
    for one in held:
        names = names | one.names if names is not None and one.names is not None else None
    return Columns(lambda name: _first(one.find(name) for one in held), _first(one.some for one in held), names)


def _everything(rule: NamedColumn | None) -> Columns:
    return Columns(lambda name: rule, rule) if rule is not None else NONE


def _named(found: Sequence[Output], renamed: Sequence[str]) -> Columns:
    """Return what a subquery shows, under the names that an alias gives its columns."""
    some = _first(one.rule for one in found)
    if some is None:
        return NONE
    if renamed and any(one.star is not None for one in found):
        return _everything(some)
    names = [*renamed, *(one.name for one in found[len(renamed) :])]

    def find(name: str) -> NamedColumn | None:
        explicit = (one.rule for own, one in zip(names, found, strict=False) if own == name and one.star is None)
        return _first((*explicit, *(one.star.find(name) for one in found if one.star is not None)))

    stars = any(one.star is not None for one in found)
    return Columns(find, some, None if stars else frozenset(names))


def _renamed(columns: Columns, names: Sequence[str]) -> Columns:
    return _everything(columns.some) if names else columns


def _both(left: Sequence[Output], right: Sequence[Output]) -> list[Output]:
    """Return the columns of a UNION or the like: each is masked if one side's is."""
    if any(one.star is not None for one in (*left, *right)):
        some = _first(one.rule for one in (*left, *right))
        return [Output("*", some, _everything(some))]
    return [
        Output(one.name, one.rule or (right[place].rule if place < len(right) else None))
        for place, one in enumerate(left)
    ]
