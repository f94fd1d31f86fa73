"""Approvals as they change, for any number of listeners: one look at the database a change, not one a listener.

Server-sent events as in the HTML standard, 9.2. Each worker looks once when the bus says that an approval changed, and
gives what it found to those of its listeners who may see it. One that does not keep up is told that it lost some.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from guardcli.api.approval_bodies import ApprovalView
from guardcli.api.auth import Authenticator
from guardcli.api.metrics import Metrics
from guardcli.api.notify import Notifier
from guardcli.api.principals import Kind, Principal
from guardcli.api.store import Store
from guardcli.api.store.database import now
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import GuardError, UnavailableError

TOPIC = "approvals"

HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""So that no proxy keeps events back."""

QUEUE = 1000
"""Changes that wait for one listener; of more it is told that it lost some."""

BEAT_SECONDS = 15.0
"""Between two signs of life, so that proxies keep the connection; each time the listener's token is looked at again."""

OVERLAP_SECONDS = 5.0
"""Clocks of several workers differ, and commits overtake each other: so far back each look goes."""


class EventStream(StreamingResponse):
    """An answer of server-sent events."""

    media_type = "text/event-stream"


@dataclass(eq=False, slots=True)
class _Listener:
    who: Principal
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    lost: bool = False

    def give(self, message: bytes) -> None:
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.lost = True


class Feed:
    """Follows the changes of approvals for one worker."""

    def __init__(self, store: Store, notifier: Notifier, authenticator: Authenticator, metrics: Metrics) -> None:
        self._store = store
        self._notifier = notifier
        self._authenticator = authenticator
        self._metrics = metrics
        self._listeners: set[_Listener] = set()
        self._seen: dict[str, float] = {}
        self._since = now()

    async def run(self) -> None:
        """Look whenever something changed and somebody listens, for ever."""
        with self._notifier.subscribed(TOPIC) as wake:
            while True:
                await wake.wait()
                wake.clear()
                if self._notifier.closed:
                    for listener in self._listeners:
                        listener.give(b": goodbye\n\n")
                elif self._listeners:
                    try:
                        await self._look()
                    except UnavailableError:
                        wake.set()
                        await asyncio.sleep(1.0)

    async def _look(self) -> None:
        changes = await run_in_threadpool(self._store.approvals.changed_since, self._since - OVERLAP_SECONDS)
        fresh = [(at, approval) for at, approval in changes if self._seen.get(approval.id) != at]
        self._seen = {approval.id: at for at, approval in changes}
        self._since = max([self._since, *(at for at, _ in changes)])
        for _, approval in fresh:
            await self._tell(approval)

    async def _tell(self, approval: Approval) -> None:
        parties = await run_in_threadpool(self._store.approvals.parties, approval.id)
        messages: dict[bool, bytes] = {}
        for listener in self._listeners:
            try:
                listener.who.may_see(approval, parties)
            except GuardError:
                continue
            told = listener.who.told(approval) is approval
            if told not in messages:
                messages[told] = _event("approval", ApprovalView.of(approval, listener.who).model_dump_json())
            listener.give(messages[told])

    async def follow(self, request: Request, who: Principal) -> AsyncIterator[bytes]:
        """Give the events of one listener, until it leaves, its token ends, or the server stops."""
        listener = _Listener(who)
        if not self._listeners:  # nobody has followed what changed until now: it is in the list that comes first
            before = await run_in_threadpool(self._store.approvals.changed_since, now() - OVERLAP_SECONDS)
            self._since, self._seen = now(), {approval.id: at for at, approval in before}
        self._listeners.add(listener)
        self._metrics.waiting.inc()
        try:
            for approval in await run_in_threadpool(self._pending, who):
                yield _event("approval", ApprovalView.of(approval, who).model_dump_json())
            while not self._notifier.closed:
                try:
                    yield await asyncio.wait_for(listener.queue.get(), BEAT_SECONDS)
                except TimeoutError:
                    if await run_in_threadpool(self._has_ended, request):
                        return
                    yield b": still here\n\n"
                if listener.lost:
                    listener.lost = False
                    yield _event("lost", json.dumps({"at": now()}))
        finally:
            self._listeners.discard(listener)
            self._metrics.waiting.dec()

    def _pending(self, who: Principal) -> list[Approval]:
        session = who.session if who.kind is Kind.SESSION else ""
        owner = "" if who.reads_everything else who.owner
        return self._store.approvals.find(ApprovalState.PENDING, session, owner, QUEUE)

    def _has_ended(self, request: Request) -> bool:
        peer = request.scope.get("state", {}).get("peer")
        try:
            self._authenticator.principal(peer, request.headers.get("authorization")).may_list()
        except UnavailableError:
            return False
        except GuardError:
            return True
        return False


def _event(name: str, data: str) -> bytes:
    """Return one event; `data` is JSON, which has no line break."""
    return f"event: {name}\ndata: {data}\n\n".encode()
