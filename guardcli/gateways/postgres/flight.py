"""What was sent to the server and is not yet answered, in order: so every answer finds what it belongs to.

Source: PostgreSQL documentation, "Message Flow". Each message of the extended query has exactly one end: ParseComplete,
BindComplete, CloseComplete; RowDescription or NoData; CommandComplete, EmptyQueryResponse or PortalSuspended;
ReadyForQuery for Sync, Query and FunctionCall. An error ends one, and all behind it up to the next Sync.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from guardcli.gateways.postgres.authority import Outcome, Ticket
from guardcli.gateways.postgres.codec.backend import Column, CopyResponse, ErrorResponse
from guardcli.gateways.postgres.codec.frontend import format_of
from guardcli.gateways.postgres.effects import Change
from guardcli.gateways.postgres.names import Portal, Prepared, Undo


class Sent(Enum):
    """What kind of message waits for its answer."""

    QUERY = "Query"
    PARSE = "Parse"
    BIND = "Bind"
    DESCRIBE = "Describe"
    EXECUTE = "Execute"
    CLOSE = "Close"
    SYNC = "Sync"
    CALL = "FunctionCall"

    __hash__ = object.__hash__  # each member is there once; Enum's own is slower


@dataclass(slots=True)
class Item:
    """One message under way.

    `own`: guard sent it for itself, and the client hears nothing of the answer. `instead`: it stands in for a message
    that was refused; it fails for certain, and the client hears this error in place of the server's. `doomed`: it fails
    for certain, and the client hears the server's own error. `undo`: what it changed among the names; `replaced` is the
    portal whose name it took. `changes` has what each of its statements changes in the session, `done` counts those
    that have ended; `unsettled`: one may have changed anything; `stream`: its answer is that of the replication
    protocol, which nothing masks; `quiet`: nothing of what it does has to be followed, and it is no COPY. `columns` and
    `copy` describe the rows that come now, `probe` has the columns of a COPY; `counted` is its `outcome`, where it has
    one. `after` is what an own group was for.
    """

    kind: Sent
    own: bool = False
    instead: ErrorResponse | None = None
    doomed: bool = False
    undo: tuple[Undo, ...] = ()
    prepared: Prepared | None = None
    portal: Portal | None = None
    ticket: Ticket | None = None
    counted: Outcome | None = None
    text: str = ""
    changes: Sequence[Change] = ()
    unsettled: bool = False
    stream: bool = False
    quiet: bool = False
    replaced: Portal | None = None
    columns: tuple[Column, ...] | None = None
    copy: CopyResponse | None = None
    probe: Prepared | None = None
    after: Callable[[], None] | None = None
    failed: bool = False
    done: int = 0

    @property
    def outcome(self) -> Outcome:
        """How it went, made when it is first asked for: most messages have nothing to tell."""
        if self.counted is None:
            self.counted = Outcome([])
        return self.counted

    @property
    def copied(self) -> tuple[str, int] | None:
        """The text, and the place in it, of the COPY whose data come now; None for rows and for a stream."""
        return (self.text, self.done) if self.copy is not None and not self.stream else None

    @property
    def described(self) -> tuple[Column, ...] | None:
        """The columns of the rows that come now, as they come; None where nobody has said."""
        if self.copy is not None:
            return self.probe.columns if self.probe is not None else None
        if self.kind is Sent.QUERY or self.portal is None:
            return self.columns
        if self.portal.columns is not None or self.portal.prepared.columns is None:
            return self.portal.columns
        formats, columns = self.portal.formats, self.portal.prepared.columns
        return tuple(column._replace(format=format_of(formats, place)) for place, column in enumerate(columns))


class Flight(deque[Item]):
    """The items under way, the oldest first."""

    @property
    def head(self) -> Item | None:
        """The item that the next answer belongs to."""
        return self[0] if self else None
