"""Entries of the tamper-evident chain: each holds the hash of the one before.

The hash of an event is the SHA-256 of its canonical JSON without ``hash``: keys sorted, no white space, UTF-8
without escapes beyond JSON's own (`canonical`). The first event of a session has sequence 0 and `GENESIS` before it. An
``output`` event does not hold the output itself but the SHA-256 of its part of the recording.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

GENESIS = "0" * 64
RESOURCE = "resource:"
"""Begins the name of a session's counter of calls that reached one resource of its policy."""


class EventType(str, Enum):
    """What happened, in the past tense."""

    OPENED = "opened"
    """The session began: identity, command, policy digest, host."""
    JUDGED = "judged"
    """A call was understood and decided: argv, cwd, operations, decision; perhaps also how it ended (`end_of`)."""
    ASKED = "asked"
    """An approval was requested or joined."""
    DECIDED = "decided"
    """An approval was given, refused, or ended without an answer."""
    STARTED = "started"
    """The tool is about to run; written before it does."""
    OUTPUT = "output"
    """A stretch of the recording: offset, length and SHA-256, stream, bytes."""
    MASKED = "masked"
    """Detectors fired: which, how often, and where in what the tool wrote; never the value."""
    LIMITED = "limited"
    """The output of a call went over a limit and was ended there: which, and where."""
    LENT = "lent"
    """A credential was used in a call: which, for what, and nothing of it. Written before it is."""
    REFUSED = "refused"
    """A credential was asked for in a call and not given: why."""
    ENDED = "ended"
    """A call ended: status, bytes and SHA-256 of each stream, duration."""
    FAILED = "failed"
    """A call could not be run or its record was cut short: why."""
    ADOPTED = "adopted"
    """The session is judged by another bundle of the centre's from now on, or by none: version, serial, digest."""
    CLOSED = "closed"
    """The session ended: status of the agent, counts."""
    RECOVERED = "recovered"
    """The session's broker was lost; what it left was closed by a later run."""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. `time` is UTC, RFC 3339 with microseconds; `call` counts calls from 1, 0 for the session's own."""

    session: str
    sequence: int
    time: str
    type: EventType
    call: int
    data: Mapping[str, object]
    previous: str
    hash: str

    def as_json(self) -> dict[str, object]:
        """Return the stored form, ``hash`` included."""
        return {
            "session": self.session,
            "sequence": self.sequence,
            "time": self.time,
            "type": self.type.value,
            "call": self.call,
            "data": self.data,
            "previous": self.previous,
            "hash": self.hash,
        }

    def line(self) -> bytes:
        """Return the stored form as one line of canonical JSON with its newline."""
        head, tail = _halves(
            self.session, self.sequence, self.time, self.type, self.call, canonical(self.data), self.previous
        )
        return _line(head, self.hash, tail)


def end_of(event: Event) -> Mapping[str, object] | None:
    """Return what an event says of how its call ended, None where it says nothing of that.

    A statement that only reads, and ends at once, has one event: what ``ended`` would hold lies in the ``judged`` one.
    """
    if event.type is EventType.ENDED:
        return event.data
    found = event.data.get("ended") if event.type is EventType.JUDGED else None
    return found if isinstance(found, Mapping) else None


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_encode_ascii = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(form: object) -> bytes:
    """Return `form` as canonical JSON in UTF-8; where it has a lone surrogate, which UTF-8 cannot hold, in ASCII."""
    try:
        return _encode(form).encode("utf-8")
    except UnicodeEncodeError:
        return _encode_ascii(form).encode("ascii")


def _halves(
    session: str, sequence: int, time: str, type: EventType, call: int, data: bytes, previous: str
) -> tuple[bytes, bytes]:
    """Return the canonical JSON of an event up to where ``hash`` belongs, and from there on."""
    head = b'{"call":%d,"data":%b' % (call, data)
    tail = b'"previous":%b,"sequence":%d,"session":%b,"time":%b,"type":%b}' % (
        quoted(previous),
        sequence,
        quoted(session),
        quoted(time),
        quoted(type.value),
    )
    return head, tail


_is_plain = re.compile(r"[ !#-\[\]-~]*").fullmatch
"""ASCII that is printed as it is, but for what JSON escapes: the quotation mark and the backslash."""


def quoted(text: str) -> bytes:
    """Return the canonical JSON of a string, quickly where nothing in it needs an escape."""
    return b'"%b"' % text.encode() if _is_plain(text) else canonical(text)


def _line(head: bytes, digest: str, tail: bytes) -> bytes:
    return b'%b,"hash":"%b",%b\n' % (head, digest.encode(), tail)


def chained(
    session: str,
    sequence: int,
    time: str,
    type: EventType,
    call: int,
    data: Mapping[str, object],
    previous: str,
) -> Event:
    """Return the event with its hash computed."""
    digest, _ = linked_line(session, sequence, time, type, call, canonical(data), previous)
    return Event(session, sequence, time, type, call, data, previous, digest)


def linked_line(
    session: str, sequence: int, time: str, type: EventType, call: int, data: bytes, previous: str
) -> tuple[str, bytes]:
    """Return the hash and the `Event.line` of an event whose `data` is canonical JSON already."""
    head, tail = _halves(session, sequence, time, type, call, data, previous)
    digest = hashlib.sha256(b"%b,%b" % (head, tail)).hexdigest()
    return digest, _line(head, digest, tail)


class Linker:
    """Writes the events of one session as `linked_line` does, quicker: what stays the same is encoded once."""

    def __init__(self, session: str) -> None:
        self._tail = b'"session":%b,"time":"' % quoted(session)

    def line(
        self, sequence: int, time: bytes, type: EventType, call: int, data: bytes, previous: bytes
    ) -> tuple[bytes, bytes]:
        """Return hash and line; `time` and `previous` have nothing to escape, `data` is canonical JSON."""
        head = b'{"call":%d,"data":%b,' % (call, data)
        tail = b'"previous":"%b","sequence":%d,%b%b",%b' % (previous, sequence, self._tail, time, _TYPES[type])
        digest = hashlib.sha256(head + tail).hexdigest().encode()
        return digest, b'%b"hash":"%b",%b\n' % (head, digest, tail)


_TYPES = {type: b'"type":"%b"}' % type.value.encode() for type in EventType}


def parse_event(form: Mapping[str, object]) -> Event:
    """Return the event of a stored form, its hash not yet checked.

    Raises ValueError where a part is missing or wrong.
    """
    try:
        session, sequence, time = form["session"], form["sequence"], form["time"]
        call, data, previous, digest = form["call"], form["data"], form["previous"], form["hash"]
        type = EventType(form["type"])
    except KeyError as missing:
        raise ValueError(f"an event without {missing}") from None
    if not (isinstance(session, str) and isinstance(time, str) and isinstance(data, dict)):
        raise ValueError("an event with a part of the wrong type")
    if not (isinstance(sequence, int) and isinstance(call, int)):
        raise ValueError("an event with a part of the wrong type")
    if not (isinstance(previous, str) and isinstance(digest, str)):
        raise ValueError("an event with a part of the wrong type")
    if len(form) != 8:
        raise ValueError("an event with a part that does not belong to it")
    return Event(session, sequence, time, type, call, data, previous, digest)


def order_fault(event: Event, session: str, start: int, previous: str) -> str:
    """Return why `event` is not the one of `session` that follows `previous` as number `start`; empty where it is."""
    if event.session != session:
        return f"event {start}: belongs to session {event.session}"
    if event.sequence != start:
        return f"event {start}: missing; {event.sequence} stands in its place"
    if event.previous != previous:
        return f"event {start}: does not follow the event before it"
    return ""


def first_fault(events: Iterable[Event], session: str, start: int = 0, previous: str = GENESIS) -> str:
    """Return what is wrong with the chain, naming the place; an empty string when it is whole.

    `start` and `previous` are the sequence and hash to expect, for checking a part.
    """
    for event in events:
        if fault := order_fault(event, session, start, previous):
            return fault
        again = chained(event.session, event.sequence, event.time, event.type, event.call, event.data, event.previous)
        if again.hash != event.hash:
            return f"event {start}: its content does not match its hash"
        start, previous = start + 1, event.hash
    return ""
