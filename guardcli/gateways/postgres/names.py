"""Prepared statements and portals by name, as far as the server has them.

Names change when a message is sent on, and the change is undone when the server turns out never to have come to that
message: one that stood behind an error, up to the next Sync. Only one such group is under way at a time, so what is
known here when a message is judged is what the server will know when it reads that message.

PREPARE and Parse share their names, so do cursors and portals; both are told apart by their first 63 bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from guardcli.gateways.postgres.authority import Outcome, Ticket
from guardcli.gateways.postgres.codec.backend import Column
from guardcli.gateways.postgres.reading import NAME_BYTES
from guardcli.inspectors import sql as known
from guardcli.inspectors.sql.parse import parse
from guardcli.inspectors.sql.tree import untag
from guardcli.model.operations import Operation, conceded

NAMES_MAX = 10_000
"""Names of one connection, of each kind; who wants more is refused."""
_INDIRECT = re.compile(r"\b(?:execute|fetch|move)\b", re.IGNORECASE)


@dataclass(slots=True)
class Prepared:
    """A statement that was judged and may be run by its name.

    `columns` is what the server said of its results: None where it has not, empty where there are none. `epoch` is the
    `Names.epoch` of that answer. `doubt` says why the name may by now stand for something else.
    """

    text: str
    operations: tuple[Operation, ...]
    types: tuple[int, ...] = ()
    columns: tuple[Column, ...] | None = None
    epoch: int = -1
    doubt: str = ""
    quiet: bool = False
    """Running it changes nothing that has to be followed, and is no COPY."""

    def judged(self) -> tuple[Operation, ...]:
        """Return what running it does, conceded where the name is in doubt."""
        if not self.doubt:
            return self.operations
        return tuple(
            conceded(op.tool, op.action, self.doubt, *op.effects, targets=op.targets) for op in self.operations
        )


@dataclass(slots=True)
class Portal:
    """A statement with its values, ready to run; `doubt` as for `Prepared`. `ended`: its ticket is closed."""

    prepared: Prepared
    ticket: Ticket | None
    formats: tuple[int, ...] = ()
    columns: tuple[Column, ...] | None = None
    outcome: Outcome = field(default_factory=lambda: Outcome([]))
    doubt: bool = False
    ended: bool = False


Undo = tuple[dict[bytes, "Prepared"] | dict[bytes, "Portal"], bytes, "Prepared | Portal | None"]
"""A table, a name in it, and what stood under it before."""


class Names:
    """The names of one connection."""

    def __init__(self) -> None:
        self.statements: dict[bytes, Prepared] = {}
        self.portals: dict[bytes, Portal] = {}
        self.cursors: dict[str, str] = {}
        self.epoch = 0

    def set_statement(self, name: bytes, prepared: Prepared | None) -> Undo:
        """Let `name` stand for `prepared`, for nothing where that is None; return how to undo it."""
        before = self.statements.pop(name, None)
        if prepared is not None:
            self.statements[name] = prepared
        return self.statements, name, before

    def set_portal(self, name: bytes, portal: Portal | None) -> Undo:
        """The same for a portal."""
        before = self.portals.pop(name, None)
        if portal is not None:
            self.portals[name] = portal
        return self.portals, name, before

    def doubt(self, reason: str) -> None:
        """Note that code which nobody has read may have changed any name."""
        self.epoch += 1
        for prepared in self.statements.values():
            prepared.doubt = prepared.doubt or reason
        for portal in self.portals.values():
            portal.doubt = True

    @property
    def are_too_many(self) -> bool:
        """Whether a client has made more names than are kept track of."""
        return max(len(self.statements), len(self.portals), len(self.cursors)) >= NAMES_MAX

    def behind(self, text: str, place: int) -> str | None:
        """Return the text of what EXECUTE or FETCH, at `place` in `text`, brings rows of; None for anything else.

        It is empty where the name is not known.
        """
        if _INDIRECT.search(text) is None:
            return None
        statements = parse(text)
        if isinstance(statements, str) or place >= len(statements):
            return None
        tag, body = untag(statements[place])
        if tag == "ExecuteStmt":
            prepared = self.statements.get(str(body.get("name", "")).encode()[:NAME_BYTES])
            return prepared.text if prepared is not None else ""
        return self.cursors.get(str(body.get("portalname", "")), "") if tag == "FetchStmt" else None

    def as_sql_sees_them(self) -> known.Prepared:
        """Return what EXECUTE can run, for `inspect_sql`; names that are no UTF-8 are left out, and so not known."""
        found = known.Prepared()
        for name, prepared in self.statements.items():
            if name and len(prepared.operations) == 1:
                found[name.decode("utf-8", "replace")] = prepared.judged()[0]
        return found


def undo(changes: list[Undo]) -> None:
    """Take back `changes`, the last one first."""
    for table, name, before in reversed(changes):
        if before is None:
            table.pop(name, None)
        else:
            table[name] = before  # type: ignore[assignment]
