"""Checks what is kept against what it says of itself, piece by piece: chains, recordings, the facts of a session.

The same checks for a database and for an export of it: values in, faults out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guardcli.client.faults import Fault
from guardcli.client.heads import Mark
from guardcli.model.events import GENESIS, Event, EventType, canonical, first_fault


@dataclass(frozen=True, slots=True)
class Claims:
    """What a session says of itself: `facts` as its broker gave them, the length and the last hash of its chain."""

    id: str
    identity: str
    owner: str
    facts: Mapping[str, object]
    closed: float
    events: int
    head: str


def output_fault(event: Event, content: bytes | None, position: int) -> str:
    """Return what is wrong between an ``output`` event and its bytes, expected at `position`; empty for nothing."""
    if content is None:
        return f"event {event.sequence}: its part of the recording is missing"
    if event.data.get("offset") != position:
        return f"event {event.sequence}: the recording goes on at {position}, not at {event.data.get('offset')}"
    if event.data.get("length") != len(content):
        return f"event {event.sequence}: its part of the recording has {len(content)} bytes, not what it says"
    if event.data.get("sha256") != hashlib.sha256(content).hexdigest():
        return f"event {event.sequence}: its part of the recording does not match its SHA-256"
    return ""


class ChainCheck:
    """Walks one chain beside its recording, in constant memory.

    The recording of what comes before event `deleted` need not be there; `marks` are what signed heads say.
    """

    def __init__(self, session: str, events: int, head: str, deleted: int, marks: Iterable[Mark]) -> None:
        self._session = session
        self._events = events
        self._head = head
        self._deleted = deleted
        self._marks = {mark.length: mark for mark in marks}
        self._position = 0
        self._previous = GENESIS
        self._broken = False
        self.start = 0
        self.outputs = 0

    def add(self, event: Event, content: bytes | None, damage: str = "") -> Iterator[Fault]:
        """Give what is wrong with the next event and its stretch of the recording; `damage` is why that is unread.

        After a break of the chain there is nothing more to say of it.
        """
        if self._broken:
            return
        if message := first_fault([event], self._session, self.start, self._previous):
            self._broken = True
            yield Fault(self._session, self.start, message)
            return
        self.start, self._previous = self.start + 1, event.hash
        mark = self._marks.get(self.start)
        if mark is not None and mark.hash != event.hash:
            said = f"event {event.sequence} is another one than head {mark.number} signed at {mark.time}"
            yield Fault(self._session, event.sequence, said)
        if event.type is EventType.OUTPUT:
            yield from self._output(event, content, damage)

    def _output(self, event: Event, content: bytes | None, damage: str) -> Iterator[Fault]:
        if content is not None or damage or event.sequence >= self._deleted:
            self.outputs += 1
            message = f"event {event.sequence}: {damage}" if damage else output_fault(event, content, self._position)
            if message:
                yield Fault(self._session, event.sequence, message)
        length = event.data.get("length")
        self._position += length if isinstance(length, int) else 0

    def unreadable(self, why: str) -> Fault:
        """Return the fault of an event that cannot be read; the chain ends with it."""
        self._broken = True
        return Fault(self._session, self.start, f"event {self.start} cannot be read: {why}")

    @property
    def is_broken(self) -> bool:
        """Whether the chain broke before its end."""
        return self._broken

    def end(self) -> Iterator[Fault]:
        """Give what is wrong with where the chain ended."""
        if self._broken:
            return
        if (self.start, self._previous) != (self._events, self._head):
            message = f"the chain ends after {self.start} events, where {self._events} were written"
            yield Fault(self._session, self.start, message)
        beyond = [mark for length, mark in self._marks.items() if length > self.start]
        if beyond:
            mark = max(beyond, key=lambda one: one.length)
            said = f"head {mark.number} signed {mark.length} at {mark.time}"
            message = f"the chain ends after {self.start} events, where {said}: its tail was cut off"
            yield Fault(self._session, self.start, message)


def facts_fault(session: Claims, entries: Sequence[Mapping[str, Any]]) -> str:
    """Return what is wrong between a session and what the trail says of it, as `action`, `actor` and `data`."""
    acts = {entry["action"]: entry for entry in entries}
    opened = acts.get("session-opened")
    if opened is None:
        return "the trail does not know of the session"
    if opened["data"].get("facts") != hashlib.sha256(canonical(session.facts)).hexdigest():
        return "what the session said when it began was changed"
    if opened["data"].get("identity") != session.identity or opened["actor"] != session.owner:
        return "whose session it is was changed"
    closed = acts.get("session-closed")
    if closed is None:
        return "the session is closed, but the trail does not know of it" if session.closed else ""
    if (closed["data"].get("events"), closed["data"].get("head")) != (session.events, session.head):
        return f"the session was closed after {closed['data'].get('events')} events, now it has {session.events}"
    return ""


def deletions(entries: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Return what the trail says of deleting a recording: below which event, when, and by which rule."""
    found = {}
    for entry in entries:
        data = entry["data"]
        if entry["action"] == "recording-deleted" and isinstance(end := data.get("events"), int):
            said = f"{data.get('stretches')} parts of the recording, before event {end}"
            found[end] = f"{said}, were deleted at {entry['time']}: {data.get('rule')}"
    return found


class TrailCheck:
    """Walks the trail; `marks` are what signed heads say of it."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        self._marks = {mark.length: mark for mark in marks if mark.length}
        self._previous = GENESIS
        self.start = 0
        self.is_broken = False

    def add(self, entry: Mapping[str, Any]) -> str:
        """Return what is wrong with the next entry, as `TrailEntry` has it; nothing more after the first break."""
        if self.is_broken:
            return ""
        message = entry_fault(entry, self.start, self._previous)
        if not message:
            self.start, self._previous = self.start + 1, entry["hash"]
            mark = self._marks.get(self.start)
            if mark is None or mark.hash == self._previous:
                return ""
            message = f"entry {self.start - 1} is another one than head {mark.number} signed at {mark.time}"
        self.is_broken = True
        return message

    def end(self) -> str:
        """Return what is wrong with where the trail ended."""
        beyond = [mark for length, mark in self._marks.items() if length > self.start]
        if self.is_broken or not beyond:
            return ""
        mark = max(beyond, key=lambda one: one.length)
        said = f"head {mark.number} signed {mark.length} at {mark.time}"
        return f"the trail ends after {self.start} entries, where {said}: its tail was cut off"


def entry_fault(entry: Mapping[str, Any], sequence: int, previous: str) -> str:
    """Return what is wrong with an entry of the trail that should have that number and follow that hash."""
    if entry["sequence"] != sequence:
        return f"entry {sequence} is missing; {entry['sequence']} stands in its place"
    if entry["previous"] != previous:
        return f"entry {sequence} does not follow the entry before it"
    body = {name: value for name, value in entry.items() if name != "hash"}
    if hashlib.sha256(canonical(body)).hexdigest() != entry["hash"]:
        return f"entry {sequence}: its content does not match its hash"
    return ""
