"""What both halves of a conversation know: settings, names, what is under way, and how statements end."""

from __future__ import annotations

from guardcli.gateways.postgres.authority import Authority, Outcome, Ticket
from guardcli.gateways.postgres.codec.backend import FAILED, IDLE
from guardcli.gateways.postgres.codec.frontend import PORTAL, Describe
from guardcli.gateways.postgres.contract import Step
from guardcli.gateways.postgres.flight import Flight, Item, Sent
from guardcli.gateways.postgres.names import Names, Portal, undo
from guardcli.gateways.postgres.results import Results


class Link:
    """One connection. `closing`: its group is sent whole; `skipping`: what follows is dropped up to Sync.

    `copying_in`: the server takes COPY data. `step` gathers what is to be done.
    """

    def __init__(self, authority: Authority, results: Results) -> None:
        self.authority = authority
        self.results = results
        self.settings: dict[str, str] = {}
        self.status = IDLE
        self.names = Names()
        self.flight = Flight()
        self.step = Step()
        self.closing = False
        self.skipping = False
        self.copying_in = False

    def give(self) -> Step:
        """Return what is to be done, and begin anew. Nothing of an answer is delivered that is not recorded."""
        if self.step.to_client and self.authority.unsaid:
            self.authority.say()
        step, self.step = self.step, Step()
        return step

    def to_client(self, data: bytes) -> None:
        """Send `data` to the client."""
        self.step.to_client.append(data)

    def to_server(self, data: bytes) -> None:
        """Send `data` to the server."""
        self.step.to_server.append(data)

    def ready(self) -> None:
        """A group has ended."""
        raise NotImplementedError

    def outcome_known(self) -> None:
        """The server has said whether what it runs is a COPY from the client."""
        raise NotImplementedError

    def end_ticket(self, ticket: Ticket | None, error: str) -> None:
        """Record that a statement was not sent, or did not run."""
        if ticket is not None:
            self.authority.ended(ticket, _failed(error))

    def replace_portal(self, item: Item, name: bytes, portal: Portal | None) -> None:
        """Let `name` stand for `portal` once the server has said so for `item`."""
        item.replaced = self.names.portals.get(name)
        item.undo = (*item.undo, self.names.set_portal(name, portal))

    def describe_first(self, portal: Portal, name: bytes) -> None:
        """Ask the server what `portal` gives, where somebody must know and nobody has asked."""
        if not self.results.reads(portal.ticket):
            return
        if portal.doubt:  # a cursor may stand under its name by now
            portal.columns = None
        known = portal.prepared.columns is not None and portal.prepared.epoch == self.names.epoch
        if portal.columns is not None or (known and not portal.doubt):
            return
        last = self.flight[-1] if self.flight else None
        if last is not None and last.kind is Sent.DESCRIBE and last.portal is portal:
            return
        self.flight.append(Item(Sent.DESCRIBE, own=True, portal=portal))
        self.to_server(Describe(PORTAL, name).encode())

    def lose(self, reason: str) -> None:
        """Record that the connection ended with statements under way."""
        for portal in self.names.portals.values():
            self.end_portal(portal, lost=True)
        for item in self.flight:
            if item.portal is None and item.ticket is not None:
                item.outcome.lost, item.outcome.error = True, reason
                self.authority.ended(item.ticket, item.outcome)
        self.flight.clear()
        self.names.portals.clear()

    def end_portal(self, portal: Portal | None, lost: bool = False) -> None:
        """Record what came of a portal that is gone."""
        if portal is None or portal.ended or portal.ticket is None:
            return
        portal.ended = True
        portal.outcome.lost = lost
        if not (portal.outcome.tags or portal.outcome.error or portal.outcome.rows or lost):
            portal.outcome.error = "not run: bound, and never executed"
        self.authority.ended(portal.ticket, portal.outcome)

    def group_ended(self, item: Item) -> None:
        """The server is ready again: record what came of `item`, and of the portals that went with the transaction."""
        if item.ticket is not None and item.portal is None:
            self.authority.ended(item.ticket, item.outcome)
        if self.status in (IDLE, FAILED):
            for portal in self.names.portals.values():
                self.end_portal(portal)
            self.names.portals.clear()

    def drop_group(self, words: str) -> None:
        """An extended query failed: the server takes no notice of what was sent behind it, up to Sync."""
        last = self.flight[-1] if self.flight[-1].kind is Sent.SYNC else None
        dropped = [item for item in self.flight if item is not last]
        undo([change for item in dropped for change in item.undo])
        for place, item in enumerate(dropped):
            portal = item.portal
            if item.kind is Sent.PARSE:
                self.end_ticket(item.ticket, words if place == 0 else "not run: an error came before it")
            if portal is None or item.kind not in (Sent.BIND, Sent.EXECUTE) or portal.ended:
                continue
            if place == 0 or item.kind is Sent.EXECUTE or portal not in self.names.portals.values():
                portal.outcome.error = portal.outcome.error or (
                    words if place == 0 else "not run: an error came before it"
                )
                self.end_portal(portal)
        self.flight.clear()
        if last is not None:
            self.flight.append(last)
            if last.after is not None:  # a group of guard's own: its error is the answer to what it was for
                last.own, last.after, last.outcome.error = False, None, words
        self.skipping = last is None
        self.outcome_known()


def _failed(words: str) -> Outcome:
    return Outcome([], error=words)
