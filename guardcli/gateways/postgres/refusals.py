"""What stands in for a message that is refused, and the words that the client hears.

A refused message is replaced by one that fails for certain: a text that no version of PostgreSQL's grammar accepts. So
it is the server that skips to the next Sync, that fails the transaction, and that rolls back what a pipeline had done;
nothing of that is imitated here. The server's error is then replaced by guard's own. Where the server fails in another
way meanwhile (it stops, or a time limit strikes), that error stays what it is.
"""

from __future__ import annotations

from guardcli.gateways.postgres.authority import Ticket
from guardcli.gateways.postgres.codec import sqlstates
from guardcli.gateways.postgres.codec.backend import ErrorResponse, error
from guardcli.gateways.postgres.codec.frontend import Parse, Query
from guardcli.model.effects import in_order
from guardcli.model.errors import DeniedError, GuardError, PendingError
from guardcli.model.limits import OutputLimit

FAILS = b"refused by guard, this stands in its place"
"""What the server's log shows in the place of a refused statement."""
SYNTAX_ERROR = b"42601"
STAND_IN = b"guard:probe"
"""The name of prepared statements of guard's own: of those that fail, and of what describes a COPY."""
NOT_IN_STATE = "55000"
"""SQLSTATE object_not_in_prerequisite_state: an approval is pending. A time-out is no denial."""
SHOWN_MAX = 8
HINT = "Nothing was run. Do not try to get around this: ask the person you work for if it is needed."


def failing_query() -> bytes:
    """Return a Query that fails."""
    return Query(FAILS).encode()


def failing_parse(name: bytes | None) -> bytes:
    """Return a Parse that fails: under `name` in the place of another, else one that touches no name."""
    return Parse(STAND_IN if name is None else name, FAILS).encode()


def is_stand_in(answer: ErrorResponse) -> bool:
    """Say whether `answer` is what a stand-in fails with, and no error of another kind."""
    return answer.field("C") == SYNTAX_ERROR and answer.field("V") in (b"ERROR", b"")


def denied(ticket: Ticket) -> ErrorResponse:
    """Return the error for a statement that the policy denies."""
    decision = ticket.decision
    lines = []
    for operation in decision.operations[:SHOWN_MAX]:
        effects = ", ".join(effect.value for effect in in_order(operation.effects))
        targets = " ".join(str(target) for target in operation.targets[:SHOWN_MAX])
        reason = f" (not understood: {operation.reason})" if not operation.complete else ""
        lines.append(f"{operation.action} [{effects}] {targets}".rstrip() + reason)
    if len(decision.operations) > SHOWN_MAX:
        lines.append(f"and {len(decision.operations) - SHOWN_MAX} more")
    text = f"guard: denied by rule {decision.rule}: {decision.message}".rstrip(": ")
    return error("ERROR", sqlstates.INSUFFICIENT_PRIVILEGE, text, HINT, "\n".join(lines))


def not_approved(reason: GuardError) -> ErrorResponse:
    """Return the error for a statement for which no yes was had."""
    state = sqlstates.SYSTEM_ERROR
    if isinstance(reason, DeniedError):
        state = sqlstates.INSUFFICIENT_PRIVILEGE
    elif isinstance(reason, PendingError):
        state = NOT_IN_STATE
    return error("ERROR", state, f"guard: {reason.message}", reason.hint)


def cancelled() -> ErrorResponse:
    """Return the error for a wait that the client cancelled."""
    return error(
        "ERROR", sqlstates.QUERY_CANCELED, "canceling statement due to user request", "guard: nothing was run."
    )


def unreadable(reason: str) -> ErrorResponse:
    """Return the error for a text that cannot be judged, whatever the policy says."""
    text = f"guard: the statement was not sent: {reason}"
    hint = "Set client_encoding to UTF8 and standard_conforming_strings to on."
    return error("ERROR", sqlstates.INSUFFICIENT_PRIVILEGE, text, hint)


def copy_with_others() -> ErrorResponse:
    """Return the error for a COPY whose columns cannot be known, since other statements stand beside it."""
    text = "guard: COPY to the client must stand alone, so that its columns can be masked"
    return error("ERROR", sqlstates.FEATURE_NOT_SUPPORTED, text, "Send it as a statement of its own.")


def copy_uncut() -> ErrorResponse:
    """Return the error for a COPY in whose data a delimiter may look like a part of a value."""
    text = "guard: COPY cannot be masked so: in this encoding or with this NULL its delimiters cannot be told"
    hint = "Use ENCODING 'UTF8', and a NULL that does not end in a backslash."
    return error("ERROR", sqlstates.FEATURE_NOT_SUPPORTED, text, hint)


def over_limit(limit: OutputLimit) -> ErrorResponse:
    """Return the error that ends an answer over a limit of the policy."""
    text = f"guard: the answer has {limit.words} (limit {limit.name})"
    hint = limit.message or "Ask for less: with a condition, or with LIMIT."
    return error("ERROR", sqlstates.PROGRAM_LIMIT_EXCEEDED, text, hint, "The rest was not delivered.")


def too_many_names() -> ErrorResponse:
    """Return the error for a client that makes more names than are kept track of."""
    hint = "Close what is no longer needed, or DISCARD ALL."
    return error("ERROR", sqlstates.PROGRAM_LIMIT_EXCEEDED, "guard: too many prepared statements or cursors", hint)


def no_statement(name: bytes) -> ErrorResponse:
    """Return the server's own error for a prepared statement that does not exist."""
    shown = name.decode("utf-8", "replace")
    text = f'prepared statement "{shown}" does not exist' if name else "unnamed prepared statement does not exist"
    return error("ERROR", "26000", text)


def no_portal(name: bytes) -> ErrorResponse:
    """Return the server's own error for a portal that does not exist."""
    return error("ERROR", "34000", f'portal "{name.decode("utf-8", "replace")}" does not exist')
