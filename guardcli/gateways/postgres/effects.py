"""What a statement changes in the session that later judgements rest upon: names, and doubts about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guardcli.gateways.postgres.names import Names, Prepared
from guardcli.gateways.postgres.reading import NAME_BYTES
from guardcli.inspectors.sql.parse import parse
from guardcli.inspectors.sql.tree import Node, untag
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

_NAMING = frozenset(("prepare", "deallocate", "discard all", "declare"))
_CURSORS = frozenset(("declare", "close", "discard all"))
_FOLLOWED = _NAMING | _CURSORS | {"copy from", "copy to"}
_QUIET = frozenset(
    (
        *("begin", "start", "commit", "savepoint", "release", "lock", "listen", "unlisten"),
        *("declare", "fetch", "close", "prepare", "deallocate", "execute"),
    )
)
"""Statements that touch the session and yet neither a setting nor what a name means."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one statement does to the names of its session, once it has ended well.

    `prepares` names a statement, `forgets` names one (empty: all); `cursors`: it opens or closes cursors by name;
    `declares` is the name of one and the text that it stands for; `doubt`: it may have done anything; `defines`: it
    may have changed what a table's name or column means.
    """

    prepares: bytes = b""
    prepared: Prepared | None = None
    forgets: bytes | None = None
    cursors: bool = False
    declares: tuple[str, str] | None = None
    doubt: str = ""
    defines: bool = False


_NOTHING = Change()


def changes(text: str, operations: Sequence[Operation]) -> list[Change]:
    """Return what each statement of `text` changes, in order; `operations` is what it was judged to do."""
    statements = None
    if any(operation.action in _NAMING for operation in operations):
        tree = parse(text)
        statements = tree if isinstance(tree, list) and len(tree) == len(operations) else None
    found = []
    for place, operation in enumerate(operations):
        defines = _defines(operation)
        if not operation.complete:
            reason = f"an earlier statement may have changed what it stands for: {operation.reason}"
            found.append(Change(cursors=True, doubt=reason, defines=True))
        elif operation.action in _NAMING and statements is not None:
            found.append(_naming(text, statements[place], operation))
        elif operation.action in _CURSORS or defines:
            found.append(Change(cursors=operation.action in _CURSORS, defines=defines))
        else:
            found.append(_NOTHING)
    return found


def _naming(text: str, statement: Node, operation: Operation) -> Change:
    tag, body = untag(statement)
    name = str(body.get("name", "")).encode()[:NAME_BYTES]
    if tag == "PrepareStmt":
        return Change(prepares=name, prepared=Prepared(text, (operation,)))
    if tag == "DeclareCursorStmt":
        return Change(cursors=True, declares=(str(body.get("portalname", "")), text))
    return Change(forgets=name, cursors=tag == "DiscardStmt", defines=tag == "DiscardStmt")


def is_quiet(operations: Sequence[Operation]) -> bool:
    """Say whether nothing needs to be followed of what `operations` do: `changes` has nothing, no COPY, no doubt."""
    return all(
        operation.complete
        and operation.action not in _FOLLOWED
        and not operation.action.startswith("create")
        and not _defines(operation)
        for operation in operations
    )


def apply(change: Change, names: Names) -> None:
    """Carry out `change`."""
    if change is _NOTHING:
        return
    if change.prepared is not None:
        names.set_statement(change.prepares, change.prepared)
    if change.forgets is not None:
        if change.forgets:
            names.set_statement(change.forgets, None)
        else:
            names.statements.clear()
            if change.cursors:
                names.cursors.clear()
    if change.cursors:
        for portal in names.portals.values():
            portal.doubt = True
    if change.declares is not None:
        names.cursors[change.declares[0]] = change.declares[1]
    if change.defines:
        names.epoch += 1
    if change.doubt:
        names.doubt(change.doubt)


def _defines(operation: Operation) -> bool:
    if Effect.DEFINE in operation.effects or operation.action.startswith("create"):
        return True
    return Effect.SESSION in operation.effects and operation.action not in _QUIET


def unsettles(operations: Sequence[Operation]) -> bool:
    """Say whether `operations` may change how the texts that follow are read."""
    return any(not operation.complete or _defines(operation) for operation in operations)


def may_copy_in(operations: Sequence[Operation]) -> bool:
    """Say whether the server may ask for COPY data."""
    return any(not operation.complete or operation.action == "copy from" for operation in operations)
