"""Rows and COPY data on their way to the client: masked, counted, kept back behind a limit (``server_side``)."""

from __future__ import annotations

from guardcli.gateways.postgres import refusals
from guardcli.gateways.postgres.authority import Authority
from guardcli.gateways.postgres.caps import Caps, count_messages
from guardcli.gateways.postgres.codec.backend import Column, ErrorResponse
from guardcli.gateways.postgres.codec.frames import Batch, Run, Splitter
from guardcli.gateways.postgres.codec.limits import BACKEND
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.flight import Item, Sent
from guardcli.gateways.postgres.link import Link
from guardcli.gateways.postgres.results import Asked, ResultMask, Results
from guardcli.masking.exact import Overwriting

DISCARDED_MAX = 8 << 20
"""So many bytes of an answer that was cut off are read and dropped before the server is told to stop."""
RUNS = (Sent.QUERY, Sent.EXECUTE)
"""What rows and COPY data may answer."""


class Delivery(Link):
    """Passes on what statements give, as it may be read."""

    def __init__(self, authority: Authority, results: Results) -> None:
        super().__init__(authority, results)
        self._server = Splitter(BACKEND)
        self._held_run: Run | Batch | None = None
        self._looking = False
        self._mask: ResultMask | None = None
        self._caps: Caps | None = None
        self._over: Overwriting | None = None
        self._muted = False
        self._discarded = 0
        self._masked_item: Item | None = None
        self._copying_out = False

    def asked(self, item: Item | None) -> Asked | None:
        """Return the statement whose answer comes now, None where there is none, or a stream."""
        if item is None or item.ticket is None or item.stream:
            return None
        behind = self.names.behind(item.text, item.done)
        if behind is not None:
            return Asked(behind, item.ticket.decision)
        return Asked(item.text, item.ticket.decision, item.done)

    def deliver(self, run: Run | Batch) -> None:
        """Mask and count rows and COPY data."""
        item = self.flight.head
        if item is None or item.kind not in RUNS or item.instead is not None or item.doomed:
            raise ProtocolViolation("the server sent rows that nobody asked for")
        if self._masked_item is not item and not self.results.reads(item.ticket):
            self._mask = self._caps = None
            self._masked_item, self._over = item, self.results.overwriting(item.stream, item.copied)
        if self._masked_item is not item:
            asked = self.asked(item)
            columns = item.described
            missing = self.results.missing(columns, asked)
            if missing is not None:
                self._held_run, self._looking, self.step.server_wait = run, True, self.results.look_up(missing)
                return
            self._mask, self._masked_item = self.results.mask(columns, item.copy, asked), item
            self._over = self.results.overwriting(item.stream, item.copied)
            self._caps = self._new_caps(columns, item, asked)
        number = run.number if isinstance(run, Batch) else run.started
        if self._muted:
            self._discard(len(run.raw))
            return
        data = run.raw if self._mask is None else self._mask.take(run.raw)
        if self._over is not None:
            data = self._over.take(data, whole=not self._server.within)
        if self._caps is not None:
            data = self._caps.take(run.raw, data, number)
            if self._caps.broken is not None:
                self._cut(item, refusals.over_limit(self._caps.broken), data)
                return
        item.outcome.rows += number
        item.outcome.bytes += len(data)
        self.to_client(data)

    def _cut(self, item: Item, error: ErrorResponse, data: bytes) -> None:
        """End an answer with an error: the client hears nothing more of its group."""
        item.outcome.error = error.field("M").decode("utf-8", "replace")
        item.outcome.bytes += len(data)
        item.outcome.rows += count_messages(data)
        self.to_client(data + error.encode())
        self._muted = True
        self.skipping = not self.closing

    def _discard(self, size: int) -> None:
        """Count what is not delivered; of an answer that goes on and on, tell the server that nobody wants it.

        Not at once, since a cancel that comes late hits the next statement.
        """
        if self._discarded <= DISCARDED_MAX < self._discarded + size:
            self.step.cancel = True
        self._discarded += size

    def _new_caps(self, columns: tuple[Column, ...] | None, item: Item, asked: Asked | None) -> Caps | None:
        if asked is None or not asked.decision.limits:
            return None
        return Caps(asked.decision.limits, self.results.counters(columns, item.copy, asked))

    def finish_rows(self, item: Item) -> None:
        """The rows of one statement have ended, or broken off."""
        for found in (self._mask, self._over):
            if found is not None:
                item.outcome.add_masked(found.findings)
        self._mask = self._masked_item = self._caps = self._over = None
