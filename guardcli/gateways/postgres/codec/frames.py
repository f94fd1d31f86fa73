"""A stream of bytes cut into messages: whole ones where somebody looks at them, long runs where nobody does.

A message is a type byte, a length of 32 bits that counts itself, and a body. The `Splitter` is told which types are
to be looked at. Those come out whole, within `limits.WHOLE`: one by one as `Frame`, or as `Batch`, as many of the
same type as are there, which is for rows. All others come out as `Run`: as much
as is there in one piece, perhaps beginning or ending within a message, so that a row of a gigabyte passes in constant
memory and a thousand rows cost one slice. Every header is checked, in a run as well.

What is to be looked at may change between two pieces of the same chunk: the answer to one statement is masked, the
answer to the next one is not. A `Wanted` is therefore given with each call of `Splitter.take`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from guardcli.gateways.postgres.codec.compiled import whole_messages
from guardcli.gateways.postgres.codec.limits import BACKEND, FRONTEND, WHOLE, Length, name_of
from guardcli.gateways.postgres.codec.sqlstates import PROGRAM_LIMIT_EXCEEDED
from guardcli.gateways.postgres.codec.violations import ProtocolViolation

HEADER = 5
MANY = 512
"""With so many bytes still to look at, messages are passed over many at once."""
_header = struct.Struct(">BI").unpack_from


class Frame(NamedTuple):
    """One whole message. `kind` is its type byte, `raw` all of it, header included."""

    kind: int
    raw: bytes

    @property
    def body(self) -> bytes:
        """The message without its header."""
        return self.raw[HEADER:]


class Run(NamedTuple):
    """Bytes of messages that nobody looks at. `started` counts the messages that begin in it."""

    raw: bytes
    started: int


class Batch(NamedTuple):
    """Whole messages of one type, `number` of them, one behind the other. `raw` is all of them, headers included."""

    kind: int
    raw: bytes
    number: int


PASSED, SINGLE, BATCHED = 0, 1, 2


class Wanted:
    """The types to be looked at: those of `kinds` come as `Frame`, those of `batched` as `Batch`."""

    __slots__ = ("table",)

    def __init__(self, kinds: Iterable[int], batched: Iterable[int] = ()) -> None:
        table = bytearray(256)
        for kind in kinds:
            table[kind] = SINGLE
        for kind in batched:
            table[kind] = BATCHED
        self.table = bytes(table)


def all_but(types: Mapping[int, Length], passed: bytes = b"", batched: bytes = b"") -> Wanted:
    """Return all `types` but for those in `passed`, such as ``b"D"``; those in `batched` come many at once."""
    return Wanted((kind for kind in types if kind not in passed), batched)


FROM_CLIENT = all_but(FRONTEND)
"""Everything a client sends."""
FROM_SERVER = all_but(BACKEND)
"""Everything a server sends."""
FROM_SERVER_BUT_DATA = all_but(BACKEND, b"Dd")
"""Everything a server sends but for rows and COPY data, which pass."""
FROM_SERVER_DATA_BATCHED = all_but(BACKEND, batched=b"Dd")
"""Everything a server sends, rows and COPY data many at once."""


class Splitter:
    """Cuts one direction of one connection. Feed it what was read, then take pieces until there is None."""

    __slots__ = ("_at", "_buffer", "_have", "_need", "_parts", "_passing", "_types", "_whole")

    def __init__(self, types: Mapping[int, Length], whole: int = WHOLE) -> None:
        """`types` is `limits.FRONTEND` or `limits.BACKEND`; `whole` bounds a message that is looked at, in bytes."""
        self._types = types
        self._whole = whole
        self._buffer = b""
        self._at = 0
        self._passing = 0  # bytes still to come of a message that nobody looks at
        self._parts: list[bytes] = []  # chunks that wait for the rest of a message
        self._have = 0
        self._need = 0

    @property
    def held(self) -> int:
        """How many bytes have been fed and not taken."""
        return len(self._buffer) - self._at + self._have

    @property
    def between(self) -> bool:
        """Whether the stream stands between two messages, with nothing of the next one seen."""
        return not (self._passing or self._have) and len(self._buffer) == self._at

    @property
    def within(self) -> bool:
        """Whether the last `Run` ended before its last message did."""
        return self._passing > 0

    def feed(self, chunk: bytes) -> None:
        """Add what was read."""
        self._parts.append(chunk)
        self._have += len(chunk)

    def take(self, wanted: Wanted) -> Frame | Batch | Run | None:
        """Return the next piece, or None when more must be fed first. Raises ProtocolViolation; nothing comes after."""
        if self._parts:
            if len(self._buffer) - self._at + self._have < self._need:
                return None
            self._join()
        buffer, start, size = self._buffer, self._at, len(self._buffer)
        if self._passing or size - start < HEADER:
            return self._unfinished(buffer, start, size, wanted.table)
        kind, length = _header(buffer, start)
        mark = wanted.table[kind]
        if mark == SINGLE and length < self._whole and start + length < size:  # by far the most of all
            bounds = self._types.get(kind)
            if bounds is not None and bounds[0] <= length <= bounds[1]:
                self._at, self._need = start + length + 1, 0
                return Frame(kind, buffer[start : self._at])
        if mark == PASSED:
            return self._run(buffer, start, start, size, wanted.table)
        end = start + 1 + self._checked(kind, length, whole=True)
        if end > size:
            self._need = end - start
            return None
        count = 1
        if mark == BATCHED:
            end, count = self._last_alike(buffer, end, size, kind)
        self._at, self._need = end, 0
        raw = buffer[start:end] if start or end != size else buffer
        return Frame(kind, raw) if mark == SINGLE else Batch(kind, raw, count)

    def _last_alike(self, buffer: bytes, at: int, size: int, kind: int) -> tuple[int, int]:
        """Return where the whole messages of type `kind` end that follow at `at`, and how many there are with one more.

        What may not be there is left for the next call, which says so.
        """
        least, most = self._types[kind]
        at, count = whole_messages(buffer, at, kind, least, min(most, self._whole - 1))
        return at, count + 1

    def rest(self) -> bytes:
        """Return and forget all that was fed and not taken: for a stream that goes on as something else."""
        self._join()
        found, self._buffer, self._at, self._need = self._buffer[self._at :], b"", 0, 0
        return found

    def _join(self) -> None:
        left = self._buffer[self._at :]
        self._buffer = self._parts[0] if not left and len(self._parts) == 1 else b"".join((left, *self._parts))
        self._at, self._have = 0, 0
        self._parts.clear()

    def _unfinished(self, buffer: bytes, start: int, size: int, table: bytes) -> Run | None:
        """Go on with a message that nobody looks at; nothing where not even a header is there."""
        if not self._passing or start == size:
            if not self._passing and start < size and buffer[start] not in self._types:
                raise _unknown(buffer[start])
            self._need = 0
            return None
        here = min(self._passing, size - start)
        self._passing -= here
        return self._run(buffer, start, start + here, size, table)

    def _run(self, buffer: bytes, start: int, at: int, size: int, table: bytes) -> Run:
        """Return the run from `start`, of which the messages from `at` on are not yet looked at."""
        started, types = 0, self._types
        last = size - HEADER
        while at <= last:
            kind, length = _header(buffer, at)
            if table[kind]:
                break
            bounds = types.get(kind)
            if bounds is None:
                raise _unknown(kind)
            if not bounds[0] <= length <= bounds[1]:
                self._checked(kind, length, whole=False)
            started += 1
            at += length + 1
            if size - at > MANY:
                at, more = whole_messages(buffer, at, kind, *bounds)
                started += more
        if at > size:
            self._passing, at = at - size, size
        self._at, self._need = at, 0
        return Run(buffer[start:at] if start or at != size else buffer, started)

    def _checked(self, kind: int, length: int, *, whole: bool) -> int:
        """Return `length` where it is possible for `kind`."""
        bounds = self._types.get(kind)
        if bounds is None:
            raise _unknown(kind)
        if not bounds.least <= length <= bounds.most:
            raise ProtocolViolation(f"a message of type {name_of(kind)} has the impossible length {length}")
        if whole and length >= self._whole:
            text = f"a message of type {name_of(kind)} has {length} bytes, and guard reads {self._whole} at the most"
            raise ProtocolViolation(text, PROGRAM_LIMIT_EXCEEDED)
        return length


def _unknown(kind: int) -> ProtocolViolation:
    return ProtocolViolation(f"no message is of the type {name_of(kind)}")
