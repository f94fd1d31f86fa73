"""Judge SQL as PostgreSQL would read it: one operation per statement, the worst effect over the leading verb.

pglast, PostgreSQL's own grammar, is the authority. What the text names is judged: statements at any depth, functions,
operators, settings, files, programs, credentials. What the database itself attached to a name is taken at its word: a
view, a row policy, a trigger, a default, a domain or a user's type may call functions that the text does not show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guardcli.inspectors.sql.parse import read_tree
from guardcli.inspectors.sql.settings import judge_setting
from guardcli.inspectors.sql.statements import (
    ALTER_DELETE,
    ALTER_PRIVILEGE,
    CONCEDED,
    OBJECT_KINDS,
    PLAIN,
    ROW_SHARE_LOCK,
    SAFE_LANGUAGES,
    TABLES_MADE,
    TRANSACTION_WRITES,
    object_words,
)
from guardcli.inspectors.sql.tree import Node, constant, qualified, strings, untag
from guardcli.inspectors.sql.walk import Findings, is_temporary, walk
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, conceded

MAX_STATEMENTS = 2000
"""Statements of one text; a longer script is conceded as a whole."""


class Prepared(dict[str, Operation]):
    """What PREPARE has named in a session; `read` counts the characters of the parse trees of all its texts."""

    read: int = 0


def inspect_sql(sql: str, *, tool: str = "psql", prepared: Prepared | None = None) -> tuple[Operation, ...]:
    """Return what `sql` would do, one operation per statement, never none. Never raises.

    `prepared` carries the statements that PREPARE has named from one text to the next of the same session; it is
    updated. Without it, only what the same text prepared can be executed knowingly.
    """
    read = read_tree(sql)
    if isinstance(read, str):
        return (conceded(tool, "unknown", read),)
    known = Prepared() if prepared is None else prepared
    statements, size = read
    known.read += size
    if not statements:
        return (Operation(tool, "empty", frozenset((Effect.READ,))),)
    if len(statements) > MAX_STATEMENTS:
        return (conceded(tool, "unknown", f"the text holds more than {MAX_STATEMENTS} statements"),)
    operations = []
    blind = ""
    for statement in statements:
        try:
            operation = _operation(statement, tool, known)
        except RecursionError:
            operation = conceded(tool, "unknown", "it is nested too deeply")
        if blind:
            operation = conceded(tool, operation.action, blind, *operation.effects, targets=operation.targets)
        elif operation.action == "set" and not operation.complete:
            blind = f"an earlier statement of the same text: {operation.reason}"
        operations.append(operation)
    return tuple(operations)


def _operation(statement: Node, tool: str, prepared: Prepared) -> Operation:
    tag, body = untag(statement)
    if tag == "ExecuteStmt":
        return _execute(body, tool, prepared)
    if tag == "ExplainStmt" and untag(body.get("query"))[0] == "ExecuteStmt":
        return _execute(untag(body["query"])[1], tool, prepared, "explain analyze" if _analyzes(body) else "explain")
    found = Findings()
    action = _statement(tag, body, found)
    if found.reasons:
        operation = Operation(
            tool,
            action,
            frozenset((*found.effects, Effect.UNKNOWN)),
            tuple(found.targets),
            complete=False,
            reason="; ".join(found.reasons),
            unbounded=found.unbounded,
            sensitive=found.sensitive,
        )
    else:
        effects = frozenset(found.effects) or frozenset((Effect.READ,))
        operation = Operation(
            tool, action, effects, tuple(found.targets), unbounded=found.unbounded, sensitive=found.sensitive
        )
    if tag == "PrepareStmt":
        prepared[str(body.get("name", ""))] = operation
    return operation


def _execute(body: Node, tool: str, prepared: Prepared, explained: str = "") -> Operation:
    """Judge EXECUTE by what was prepared under its name, and by its parameters.

    An EXPLAIN around it evaluates the parameters as well; only with ANALYZE does it run what was prepared.
    """
    name = str(body.get("name", ""))
    found = Findings()
    walk(body, found)
    before = prepared.get(name)
    reasons = list(found.reasons)
    if before is None:
        reasons.append(f"what was prepared as {name} is not known")
    elif not before.complete:
        reasons.append(before.reason)
    effects = {Effect.READ, *found.effects}
    runs = before if explained != "explain" else None
    if runs is not None:
        effects |= runs.effects
    if reasons:
        effects.add(Effect.UNKNOWN)
    targets = dict.fromkeys((*(before.targets if before else ()), *found.targets))
    return Operation(
        tool,
        explained if explained == "explain" else f"{explained} execute".lstrip(),
        frozenset(effects),
        tuple(targets),
        complete=not reasons,
        reason="; ".join(reasons),
        unbounded=runs is not None and runs.unbounded,
        sensitive=found.sensitive or (before is not None and before.sensitive),
    )


def _statement(tag: str, body: Node, found: Findings) -> str:
    """Gather what one statement does and return its action."""
    special = _SPECIAL.get(tag)
    if special is not None:
        return special(body, found)
    if tag in CONCEDED:
        action, effects, reason = CONCEDED[tag]
        found.add(*effects)
        found.concede(reason)
        walk(body, found)
        return action
    if tag not in PLAIN:
        found.concede(f"the statement {tag or 'without a kind'} is not known")
        return "unknown"
    action, effects = PLAIN[tag]
    if tag in TABLES_MADE and is_temporary(body.get("relation") or body.get("into", {}).get("rel", {})):
        action, effects = TABLES_MADE[tag]
    found.add(*effects)
    walk({tag: body}, found)
    if tag == "SelectStmt" and found.verbs:
        return found.verbs[-1]
    refine = _REFINE.get(tag)
    return action if refine is None else refine(action, body, found)


def _explain(body: Node, found: Findings) -> str:
    """Judge EXPLAIN: with ANALYZE the statement runs; without it, planning may still call what is immutable."""
    found.add(Effect.READ)
    tag, inner = untag(body.get("query"))
    if not _analyzes(body):
        found.runs = False
        walk({tag: inner}, found)
        return "explain"
    return f"explain analyze {_statement(tag, inner, found)}"


def _analyzes(body: Node) -> bool:
    """Say whether an EXPLAIN runs its statement."""
    options = (untag(item)[1] for item in body.get("options", ()))
    return any(option.get("defname") == "analyze" and _option_is_on(option) for option in options)


def _option_is_on(option: Node) -> bool:
    """Say whether a boolean option is on; anything but a plain false is."""
    if "arg" not in option:
        return True
    tag, body = untag(option["arg"])
    if tag == "String":
        return str(body.get("sval", "")).lower() not in ("off", "false")
    return not (tag == "Integer" and body.get("ival", 0) == 0)


def _copy(body: Node, found: Findings) -> str:
    inward = bool(body.get("is_from"))
    found.add(Effect.WRITE if inward else Effect.READ)
    if body.get("is_program"):
        found.add(Effect.EXECUTE)
        found.target("command", (str(body.get("filename", "")).split() or [""])[0])
    elif "filename" in body:
        found.add(Effect.FILE)
        found.target("file", str(body["filename"]))
    walk(body, found)
    return f"copy {'from' if inward else 'to'}"


def _set(body: Node, found: Findings) -> str:
    kind, name = body.get("kind"), str(body.get("name", ""))
    walk(body, found)
    found.add(Effect.SESSION)
    if kind == "VAR_RESET_ALL":
        return "reset"
    if kind == "VAR_SET_MULTI":
        return "set"
    reset = kind in ("VAR_RESET", "VAR_SET_DEFAULT")
    values: list[str] | None = None
    if not reset:
        values = [_value(item) for item in body.get("args", ())]
    verdict = judge_setting(name, values)
    found.add(*verdict.effects)
    if verdict.unknown:
        found.concede(verdict.unknown)
    if Effect.PRIVILEGE in verdict.effects and name.lower() in ("role", "session_authorization"):
        found.target("role", values[0] if values else "default")
        return f"{'reset' if kind == 'VAR_RESET' else 'set'} {name.lower().replace('_', ' ')}"
    return "reset" if kind == "VAR_RESET" else "set"


def _value(item: Any) -> str:
    tag, body = untag(item)
    if tag == "A_Const" and "fval" in body:
        return str(body["fval"].get("fval", ""))
    value = constant(item)
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else str(value)


def _transaction(body: Node, found: Findings) -> str:
    kind = str(body.get("kind", ""))
    found.add(Effect.WRITE if kind in TRANSACTION_WRITES else Effect.SESSION)
    return (
        "prepare transaction" if kind == "TRANS_STMT_PREPARE" else kind[len("TRANS_STMT_") :].replace("_", " ").lower()
    )


def _discard(body: Node, found: Findings) -> str:
    found.add(Effect.SESSION)
    if body.get("target") == "DISCARD_ALL":
        found.add(Effect.PRIVILEGE)
    return str(body.get("target", "discard")).replace("_", " ").lower()


def _lock(body: Node, found: Findings) -> str:
    found.add(Effect.SESSION if body.get("mode", 8) <= ROW_SHARE_LOCK else Effect.WRITE)
    walk(body, found)
    return "lock"


def _vacuum(body: Node, found: Findings) -> str:
    found.add(Effect.WRITE)
    walk(body, found)
    return "vacuum" if body.get("is_vacuumcmd") else "analyze"


def _truncate(action: str, body: Node, found: Findings) -> str:
    found.unbounded = True
    return action


def _alter_table(action: str, body: Node, found: Findings) -> str:
    for item in body.get("cmds", ()):
        subtype = untag(item)[1].get("subtype", "")
        if subtype in ALTER_PRIVILEGE:
            found.add(Effect.PRIVILEGE)
        if subtype in ALTER_DELETE:
            found.add(Effect.DELETE)
    return f"alter {object_words(str(body.get('objtype', 'OBJECT_TABLE')))}"


def _create_function(action: str, body: Node, found: Findings) -> str:
    for option in (untag(item)[1] for item in body.get("options", ())):
        name, (_, value) = option.get("defname"), untag(option.get("arg"))
        if name == "language" and str(value.get("sval", "")).lower() not in SAFE_LANGUAGES:
            found.add(Effect.EXECUTE)
        if name == "security" and value.get("boolval"):
            found.add(Effect.PRIVILEGE)
    found.target("function", "/".join(qualified(body.get("funcname"))))
    return "create procedure" if body.get("is_procedure") else action


def _grant(action: str, body: Node, found: Findings) -> str:
    for key in ("grantees", "grantee_roles"):
        for item in body.get(key, ()):
            found.target("role", _role(untag(item)[1]))
    return action if body.get("is_grant") else "revoke"


def _role(spec: Node) -> str:
    return str(spec.get("rolename") or spec.get("roletype", "").removeprefix("ROLESPEC_").lower())


def _roles(action: str, body: Node, found: Findings) -> str:
    if isinstance(body.get("role"), str):
        found.target("role", body["role"])
    elif "role" in body:
        found.target("role", _role(body["role"]))
    for item in body.get("roles", ()):
        found.target("role", _role(untag(item)[1]))
    return action


def _database(action: str, body: Node, found: Findings) -> str:
    found.target("database", str(body.get("dbname", "")))
    return action


def _objects(action: str, body: Node, found: Findings) -> str:
    """Name the objects of DROP, RENAME, COMMENT and their like, and complete the action with their kind."""
    kind = str(
        body.get("removeType")
        or body.get("renameType")
        or body.get("objectType")
        or body.get("objtype")
        or body.get("kind", "")
    )
    if kind in ("OBJECT_POLICY", "OBJECT_EVENT_TRIGGER", "OBJECT_USER_MAPPING", "OBJECT_ROLE", "OBJECT_DEFAULT_ACL"):
        found.add(Effect.PRIVILEGE)
    for item in (*body.get("objects", ()), body.get("object")):
        name = _object_name(item, kind)
        if name:
            found.target(OBJECT_KINDS.get(kind, "object"), name)
    return f"{action} {object_words(kind)}"


def _object_name(item: Any, kind: str) -> str:
    tag, body = untag(item)
    if tag == "List":
        names = strings(body.get("items"))
    elif tag == "ObjectWithArgs":
        names = strings(body.get("objname"))
    elif tag == "TypeName":
        names = strings(body.get("names"))
    elif tag == "String":
        names = [str(body.get("sval", ""))]
    else:
        names = []
    if not names:
        return ""
    schema, name = (names[-2] if len(names) > 1 else "", names[-1])
    target = OBJECT_KINDS.get(kind)
    if target in ("table", "function"):
        return f"{schema}/{name}"
    if target is not None:
        return name
    return "/".join((object_words(kind), *names))


_SPECIAL: dict[str, Callable[[Node, Findings], str]] = {
    "ExplainStmt": _explain,
    "CopyStmt": _copy,
    "VariableSetStmt": _set,
    "TransactionStmt": _transaction,
    "DiscardStmt": _discard,
    "LockStmt": _lock,
    "VacuumStmt": _vacuum,
}
_REFINE: dict[str, Callable[[str, Node, Findings], str]] = {
    "TruncateStmt": _truncate,
    "AlterTableStmt": _alter_table,
    "CreateFunctionStmt": _create_function,
    "GrantStmt": _grant,
    "GrantRoleStmt": _grant,
    "CreateRoleStmt": _roles,
    "AlterRoleStmt": _roles,
    "AlterRoleSetStmt": _roles,
    "DropRoleStmt": _roles,
    "DropOwnedStmt": _roles,
    "CreatedbStmt": _database,
    "DropdbStmt": _database,
    "AlterDatabaseStmt": _database,
    "AlterDatabaseSetStmt": _database,
    "DropStmt": _objects,
    "RenameStmt": _objects,
    "AlterOwnerStmt": _objects,
    "AlterObjectSchemaStmt": _objects,
    "CommentStmt": _objects,
    "DefineStmt": _objects,
}
