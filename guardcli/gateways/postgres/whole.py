"""The usual exchange, taken in one go: one group in one chunk, answered by one chunk.

Most of what a client sends is a Query, or Bind (after Parse, perhaps), Describe, Execute and Sync of the unnamed
portal, all in one piece; and most answers are one piece as well. Such chunks are not cut into messages that are then
dispatched one by one. What is judged, recorded and remembered is the same: Query, Parse and Bind go through
``client_side``, and whatever is not exactly of this form, or needs more than being passed on, goes the long way from
where it differs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from guardcli.gateways.postgres.client_side import ClientSide
from guardcli.gateways.postgres.codec.backend import (
    Column,
    CommandComplete,
    ReadyForQuery,
    RowDescription,
    decode_backend,
)
from guardcli.gateways.postgres.codec.frames import HEADER, Frame
from guardcli.gateways.postgres.codec.frontend import PORTAL, Describe, Execute, Sync
from guardcli.gateways.postgres.codec.limits import BACKEND, FRONTEND
from guardcli.gateways.postgres.flight import Item, Sent
from guardcli.gateways.postgres.names import Portal

CHUNK_MAX = 16 * 1024
"""Longer chunks are few, and what there is to save on them is little."""

_header = struct.Struct(">BI").unpack_from
_QUERY, _PARSE, _BIND = ord("Q"), ord("P"), ord("B")
_ROW, _DESCRIPTION = ord("D"), ord("T")
_ROW_MAX = BACKEND[_ROW].most
EXECUTE_SYNC = Execute(b"").encode() + Sync().encode()
_DESCRIBE = Describe(PORTAL, b"").encode()
DESCRIBE_EXECUTE_SYNC = _DESCRIBE + EXECUTE_SYNC
_ENDS = {EXECUTE_SYNC: False, DESCRIBE_EXECUTE_SYNC: True}
"""What follows on the Bind of the unnamed portal, and whether a Describe is in it."""


class _Usual(NamedTuple):
    """A group that is under way alone, and whose answer needs nothing but being counted and passed on.

    `kinds` are the types of the messages that may answer it, many rows in a row as one.
    """

    item: Item
    portal: Portal | None
    kinds: frozenset[bytes]


class WholeExchanges(ClientSide):
    """The short way through a conversation."""

    _usual: _Usual | None = None
    _last: Answer | None = None

    def take_whole(self, chunk: bytes) -> bytes:
        """Take what stands first in `chunk`, as far as it is usual, and return the rest. Nothing may be under way."""
        self._usual = None
        parse: Frame | None = None
        while HEADER < len(chunk) <= CHUNK_MAX:
            kind, length = _header(chunk)
            if kind not in _BEGINS or not FRONTEND[kind].least <= length < len(chunk):
                break
            frame, rest = Frame(kind, chunk[: length + 1]), chunk[length + 1 :]
            if kind == _QUERY and rest:
                break
            chunk = rest
            _BEGINS[kind](self, frame)
            if self.asking is not None or self.skipping or self.waiting_parse is not None:
                break
            if kind == _QUERY:
                self.note_query()
                self.learn(frame)
            elif kind == _BIND:
                chunk = self._take_end(chunk)
                if parse is not None:
                    self.learn(parse)
                break
            else:
                parse = frame
        return chunk

    def learn(self, frame: Frame) -> None:
        """Remember a Query, or a Parse, that went the short way."""
        raise NotImplementedError

    def note_query(self) -> None:
        """See whether the answer to a Query that is under way alone needs nothing but being counted and passed on."""
        item = self.flight.head
        if item is not None and item.quiet and not item.stream and not self.results.reads(item.ticket):
            self._usual = _Usual(item, None, QUERY_ANSWERS)

    def _take_end(self, rest: bytes) -> bytes:
        """Take Describe, Execute and Sync behind a Bind; return `rest` where it is none of that, or needs more."""
        portal = self.names.portals.get(b"")
        described = _ENDS.get(rest)
        if described is None or portal is None or self.flight[-1].portal is not portal:
            return rest
        if not portal.prepared.quiet or portal.doubt or self.results.reads(portal.ticket):
            return rest
        self.note_group(portal, described)
        self.closing = True
        self.to_server(rest)
        return b""

    def note_group(self, portal: Portal, described: bool) -> None:
        """Note what follows on a Bind, and whether the answer needs nothing but being counted and passed on."""
        if described:
            self.flight.append(Item(Sent.DESCRIBE, portal=portal))
        item = Item(Sent.EXECUTE, portal=portal, ticket=portal.ticket, counted=portal.outcome)
        item.text = portal.prepared.text
        self.flight += (item, Item(Sent.SYNC))
        kinds = tuple(one.kind for one in self.flight)
        parsed = kinds[0] is Sent.PARSE
        if kinds[parsed:] == _BOUND_KINDS[described]:
            self._usual = _Usual(item, portal, group_answers(parsed, described))

    def hear_whole(self, chunk: bytes) -> bool:
        """Take `chunk` where it is the whole answer to what is under way, and a usual one; say whether it was."""
        usual, self._usual = self._usual, None
        if usual is None or len(chunk) > CHUNK_MAX or not self._server.between or self.results.holds_lent(chunk):
            return False
        answer = self.like_last(chunk)
        if answer is None:
            answer = self._last = _answer(chunk)
        if answer is None or answer.kinds not in usual.kinds:
            return False
        self._end_usual(usual, answer.columns)
        outcome = usual.item.outcome
        outcome.rows += answer.rows
        outcome.bytes += len(chunk) - answer.other
        outcome.tags.append(answer.tag)
        self.status, self.closing = answer.status, False
        self.to_client(chunk)
        self.end_portal(usual.portal)
        self.group_ended(usual.item)
        self.ready()
        return True

    def like_last(self, chunk: bytes) -> Answer | None:
        """Return the last answer where `chunk` is the same again but for what is in its one row."""
        last = self._last
        if last is None or last.rows > 1 or not (chunk.startswith(last.lead) and chunk.endswith(last.end)):
            return None
        if not last.rows:
            return last if chunk == last.lead else None
        at, rows = len(last.lead), len(chunk) - last.other
        if rows < HEADER or chunk[at] != _ROW or _header(chunk, at)[1] != rows - 1 or rows > _ROW_MAX:
            return None
        return last

    def _end_usual(self, usual: _Usual, columns: tuple[Column, ...]) -> None:
        """Do what each answer before the end does."""
        for item in self.flight:
            if item.kind is Sent.BIND:
                if item.replaced is not None:
                    self.end_portal(item.replaced)
            elif item.kind is Sent.DESCRIBE and usual.portal is not None:
                usual.portal.columns = columns
        self.flight.clear()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a chunk says that is whole messages and ends a group: their types, rows as one; how many rows there are.

    `lead` is what stands before the rows, `end` what stands behind them; `other` is how long the two are together.
    """

    kinds: bytes
    columns: tuple[Column, ...]
    tag: str
    status: int
    rows: int
    lead: bytes
    end: bytes
    other: int


def _answer(chunk: bytes) -> Answer | None:
    """Return what `chunk` says, None unless it is whole messages of possible lengths, rows together, an end behind."""
    kinds = bytearray()
    frames: list[Frame] = []
    at = rows = first = behind = 0
    end = len(chunk)
    while at < end:
        if end - at < HEADER:
            return None
        kind, length = _header(chunk, at)
        bounds = BACKEND.get(kind)
        if bounds is None or not bounds[0] <= length <= bounds[1] or at + length >= end:
            return None
        if kind == _ROW:
            if kinds[-1:] != b"D":
                kinds.append(kind)
                first = at
            rows += 1
            behind = at + length + 1
        else:
            kinds.append(kind)
            frames.append(Frame(kind, chunk[at : at + length + 1]))
        at += length + 1
    if not kinds.endswith(b"CZ") or kinds.count(b"D") > 1:
        return None
    complete, ready = decode_backend(frames[-2]), decode_backend(frames[-1])
    if not isinstance(complete, CommandComplete) or not isinstance(ready, ReadyForQuery):
        return None
    described = next((decode_backend(frame) for frame in frames if frame.kind == _DESCRIPTION), None)
    columns = described.columns if isinstance(described, RowDescription) else ()
    lead, rest = (chunk[:first], chunk[behind:]) if rows else (chunk, b"")
    tag, other = complete.tag.decode("utf-8", "replace"), len(lead) + len(rest)
    return Answer(bytes(kinds), columns, tag, ready.status, rows, lead, rest, other)


_BEGINS = {_QUERY: ClientSide.take_query, _PARSE: ClientSide.take_parse, _BIND: ClientSide.take_bind}
QUERY_ANSWERS = frozenset((b"TDCZ", b"TCZ", b"CZ"))
_BOUND_KINDS = (
    (Sent.BIND, Sent.EXECUTE, Sent.SYNC),
    (Sent.BIND, Sent.DESCRIBE, Sent.EXECUTE, Sent.SYNC),
)
_GROUP_ANSWERS = tuple(
    tuple(frozenset(lead + rows for rows in ends) for ends in ((b"DCZ", b"CZ"), (b"TDCZ", b"TCZ", b"nCZ")))
    for lead in (b"2", b"12")
)


def group_answers(parsed: bool, described: bool) -> frozenset[bytes]:
    """Return the types of the messages that may answer a usual group, with Parse and Describe or without."""
    return _GROUP_ANSWERS[parsed][described]
