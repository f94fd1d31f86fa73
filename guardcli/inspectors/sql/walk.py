"""Walk one statement's tree and gather all that it does, wherever in it that stands.

The walk keeps its own stack, so that no depth of nesting can exhaust Python's. Names of common table expressions
are scoped as PostgreSQL scopes them: they hide a table only where they are visible, and never the target of a change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from guardcli.inspectors.sql.bounds import delete_is_unbounded, merge_is_unbounded, update_is_unbounded
from guardcli.inspectors.sql.catalogue import catalogue
from guardcli.inspectors.sql.functions import (
    INNER_SQL,
    LARGE_OBJECT_WRITE,
    RELATION_READERS,
    SENSITIVE_FUNCTIONS,
    WHOLE_READERS,
    FunctionVerdict,
    judge_function,
)
from guardcli.inspectors.sql.parse import parse
from guardcli.inspectors.sql.settings import judge_setting
from guardcli.inspectors.sql.tree import Node, constant, qualified, untag
from guardcli.model.effects import Effect
from guardcli.model.operations import Target

SENSITIVE_RELATIONS = frozenset(
    (
        "pg_authid",
        "pg_shadow",
        "pg_user_mapping",
        "pg_user_mappings",
        "pg_subscription",
        "pg_hba_file_rules",
        "pg_ident_file_mappings",
        "pg_file_settings",
        "user_mapping_options",
        "_pg_user_mappings",
    )
)
"""Relations of the system catalogue that hold password hashes, credentials or authentication rules."""

FILE_RELATIONS = frozenset(("pg_hba_file_rules", "pg_ident_file_mappings", "pg_file_settings"))
"""Views over the content of the server's own files."""

_SYSTEM_SCHEMAS = frozenset(("", "pg_catalog", "information_schema"))
_MAX_INNER = 3
_SAMPLERS = frozenset(("system", "bernoulli"))

_LEAVES = frozenset(("ColumnRef", "A_Const", "ParamRef", "String", "A_Star"))
"""Nodes that hold nothing but names and literals."""

Scope = frozenset[str]
_EMPTY: Scope = frozenset()


@dataclass(slots=True)
class Findings:
    """What the walk has gathered so far. `runs` is false under an EXPLAIN that only plans: there the
    effects of changes and of volatile functions do not happen, but planning may call functions that are unknown."""

    effects: set[Effect] = field(default_factory=set)
    targets: dict[Target, None] = field(default_factory=dict)
    reasons: dict[str, None] = field(default_factory=dict)
    verbs: list[str] = field(default_factory=list)
    unbounded: bool = False
    sensitive: bool = False
    runs: bool = True
    inner: int = 0
    spread: set[int] = field(default_factory=set)

    def add(self, *effects: Effect) -> None:
        """Note effects, unless the statement is only planned."""
        if self.runs:
            self.effects.update(effects)

    def concede(self, reason: str) -> None:
        """Note that something is not known, and why."""
        self.reasons.setdefault(reason)

    def target(self, kind: str, name: str) -> None:
        """Note what is touched."""
        self.targets.setdefault(Target(kind, name))


def walk(root: Any, found: Findings, scope: Scope = _EMPTY) -> None:
    """Gather into `found` what the tree under `root` does."""
    stack: list[tuple[Any, Scope]] = [(root, scope)]
    while stack:
        node, scope = stack.pop()
        if type(node) is list:
            for item in node:
                if type(item) is dict or type(item) is list:
                    stack.append((item, scope))
            continue
        if "withClause" in node:
            scope = _enter_with(node["withClause"], scope, stack)
        if "relname" in node:
            _relation(node, found, scope)
        for key, value in node.items():
            if type(value) is dict:
                if key in _LEAVES:
                    continue
                handler = _HANDLERS.get(key)
                if handler is not None:
                    handler(value, found)
                    if key in _CHANGES:
                        scope = _change_scope(value, scope, stack)
                        continue
            elif type(value) is list:
                if key == "lockingClause":
                    found.add(Effect.WRITE)
                elif key in ("operName", "useOp"):
                    _operator(value, found)
            else:
                continue
            if key != "withClause":
                stack.append((value, scope))


def _enter_with(clause: Node, scope: Scope, stack: list[tuple[Any, Scope]]) -> Scope:
    """Queue the queries of a WITH clause, each with the names that it can see; return the scope of the rest."""
    expressions = [untag(item)[1] for item in clause.get("ctes", ())]
    names = [str(expression.get("ctename", "")) for expression in expressions]
    whole = scope | frozenset(names)
    seen = whole if clause.get("recursive") else scope
    for name, expression in zip(names, expressions, strict=True):
        stack.append((expression, seen))
        if not clause.get("recursive"):
            seen = seen | {name}
    return whole


def _change_scope(body: Node, scope: Scope, stack: list[tuple[Any, Scope]]) -> Scope:
    """Queue a changing statement: its target is a real relation whatever a WITH clause names."""
    rest = {key: value for key, value in body.items() if key != "relation"}
    if "relation" in body:
        stack.append((body["relation"], _EMPTY))
    stack.append((rest, scope))
    return scope


def _relation(node: Node, found: Findings, scope: Scope) -> None:
    schema, name = node.get("schemaname", ""), node["relname"]
    if not schema and name in scope:
        return
    found.target("table", f"{schema}/{name}")
    if name in SENSITIVE_RELATIONS and schema in _SYSTEM_SCHEMAS:
        found.sensitive = True
        if name in FILE_RELATIONS:
            found.add(Effect.FILE)


def _function(node: Node, found: Findings) -> None:
    schema, name = qualified(node.get("funcname"))
    arguments = node.get("args", [])
    ordered = node.get("agg_order", ()) if node.get("agg_within_group") else ()
    count = 1 if id(node) in found.spread else len(arguments) + len(ordered)
    verdict = judge_function(schema, name, count)
    if not verdict.unknown and schema in ("", "pg_catalog"):
        verdict = _closer(name, arguments, verdict, found)
    if verdict.unknown:
        found.concede(verdict.unknown)
        found.target("function", f"{schema}/{name}")
        found.effects.update(verdict.effects)
    else:
        found.add(*verdict.effects)
        if found.runs and Effect.READ not in verdict.effects:
            found.target("function", f"{schema}/{name}")
    if name in SENSITIVE_FUNCTIONS:
        found.sensitive = True


def _range_function(node: Node, found: Findings) -> None:
    """Note each ``unnest(a, b, …)`` of a FROM clause: PostgreSQL takes it for its own unnest of each argument."""
    for item in node.get("functions", ()):
        call, *columns = untag(item)[1].get("items", [None])
        tag, body = untag(call)
        if (
            tag == "FuncCall"
            and not any(columns)
            and qualified(body.get("funcname")) == ("", "unnest")
            and body.keys() <= {"funcname", "args", "funcformat", "location"}
        ):
            found.spread.add(id(body))


def _closer(name: str, arguments: list[Any], verdict: FunctionVerdict, found: Findings) -> FunctionVerdict:
    """Judge the functions whose effect depends on what they are given."""
    if name == "set_config":
        setting, value = constant(arguments[0]), constant(arguments[1])
        if not isinstance(setting, str):
            return FunctionVerdict(frozenset((Effect.SESSION,)), "set_config is given a setting that is not a literal")
        return judge_setting(setting, (value,) if isinstance(value, str) else ())
    if name == "lo_open":
        mode = constant(arguments[1])
        reads = isinstance(mode, int) and not mode & LARGE_OBJECT_WRITE
        return FunctionVerdict(frozenset((Effect.SESSION if reads else Effect.WRITE,)))
    if name in INNER_SQL and not (name == "ts_rewrite" and len(arguments) == 3):
        _inner_sql(name, arguments, found)
        return FunctionVerdict(frozenset((Effect.READ,)))
    if name in RELATION_READERS:
        _inner_relation(arguments, found)
    if name in WHOLE_READERS:
        found.sensitive = True
    return verdict


def _inner_sql(name: str, arguments: list[Any], found: Findings) -> None:
    """Judge the query that a function is given as a string."""
    text = constant(arguments[1] if name == "ts_rewrite" else arguments[0])
    if not isinstance(text, str):
        found.concede(f"{name} runs a query that is not a literal")
        return
    if found.inner >= _MAX_INNER:
        found.concede(f"{name} runs a query within a query within a query")
        return
    statements = parse(text)
    if isinstance(statements, str):
        found.concede(f"the query that {name} runs is not understood: {statements}")
        return
    found.inner += 1
    for statement in statements:
        if untag(statement)[0] not in _QUERIES:
            found.concede(f"{name} runs another statement than a query")
        walk(statement, found)
    found.inner -= 1


def _inner_relation(arguments: list[Any], found: Findings) -> None:
    text = constant(arguments[0]) if arguments else None
    if not isinstance(text, str):
        found.concede("the relation that is read is not named by a literal")
        return
    schema, _, name = text.replace('"', "").lower().rpartition(".")
    _relation({"schemaname": schema, "relname": name}, found, _EMPTY)


def _operator(names: list[Any], found: Findings) -> None:
    schema, name = qualified(names)
    if schema not in ("", "pg_catalog"):
        found.concede(f"the operator {schema}.{name} calls a function that is not PostgreSQL's own")
    elif name not in catalogue().operators and name.upper() != name.lower():
        return
    elif name not in catalogue().operators and name != "<>":
        found.concede(f"the operator {name} is not PostgreSQL's own")


def _expression(node: Node, found: Findings) -> None:
    names = node.get("name", [])
    if len(names) > 1 or node.get("kind") in ("AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_OP_ALL"):
        _operator(names, found)


def is_temporary(relation: Node) -> bool:
    """Say whether a relation that is created ends with the session."""
    return relation.get("relpersistence") == "t" or relation.get("schemaname") == "pg_temp"


def _into(node: Node, found: Findings) -> None:
    found.add(Effect.WRITE)
    if not is_temporary(node.get("rel", {})):
        found.add(Effect.DEFINE)
    found.verbs.append("select into")


def _sample(node: Node, found: Findings) -> None:
    schema, name = qualified(node.get("method"))
    if schema not in ("", "pg_catalog") or name not in _SAMPLERS:
        found.concede(f"the sampling method {name} is not PostgreSQL's own")


def _insert(node: Node, found: Findings) -> None:
    found.add(Effect.WRITE)
    found.verbs.append("insert")


def _update(node: Node, found: Findings) -> None:
    found.add(Effect.WRITE)
    found.verbs.append("update")
    found.unbounded |= found.runs and update_is_unbounded(node)


def _delete(node: Node, found: Findings) -> None:
    found.add(Effect.DELETE)
    found.verbs.append("delete")
    found.unbounded |= found.runs and delete_is_unbounded(node)


def _merge(node: Node, found: Findings) -> None:
    found.verbs.append("merge")
    found.add(Effect.WRITE)
    for clause in node.get("mergeWhenClauses", ()):
        if untag(clause)[1].get("commandType") == "CMD_DELETE":
            found.add(Effect.DELETE)
    found.unbounded |= found.runs and merge_is_unbounded(node)


def _executed(node: Node, found: Findings) -> None:
    found.concede(f"what was prepared as {node.get('name', '')} is not known here")


_CHANGES = frozenset(("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"))
_QUERIES = _CHANGES | {"SelectStmt"}
_HANDLERS: dict[str, Callable[[Node, Findings], None]] = {
    "FuncCall": _function,
    "funccall": _function,
    "A_Expr": _expression,
    "intoClause": _into,
    "RangeFunction": _range_function,
    "RangeTableSample": _sample,
    "InsertStmt": _insert,
    "UpdateStmt": _update,
    "DeleteStmt": _delete,
    "MergeStmt": _merge,
    "ExecuteStmt": _executed,
}
