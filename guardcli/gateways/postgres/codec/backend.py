"""What a server sends, after it has answered the requests that come before the startup packet.

Messages without a body and those that only open a COPY share `Marker` and `CopyResponse`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from guardcli.gateways.postgres.codec.fields import Reader, formats, message, string, uint16, uint32, values
from guardcli.gateways.postgres.codec.frames import HEADER, Frame
from guardcli.gateways.postgres.codec.limits import name_of
from guardcli.gateways.postgres.codec.violations import ProtocolViolation

IDLE, IN_TRANSACTION, FAILED = ord("I"), ord("T"), ord("E")
"""What ReadyForQuery says of the transaction."""

PARSE_COMPLETE = message(0x31, b"")
BIND_COMPLETE = message(0x32, b"")
CLOSE_COMPLETE = message(0x33, b"")
NO_DATA = message(0x6E, b"")
EMPTY_QUERY = message(0x49, b"")
PORTAL_SUSPENDED = message(0x73, b"")
COPY_DONE = message(0x63, b"")


class Marker(NamedTuple):
    """A message that is nothing but its type: ParseComplete, BindComplete, CloseComplete, NoData, …"""

    kind: int

    def encode(self) -> bytes:
        """Return the message."""
        return message(self.kind, b"")


class Authentication(NamedTuple):
    """A request for authentication, or AuthenticationOk (0); `data` depends on `code` (see ``authentication``)."""

    code: int
    data: bytes = b""

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x52, uint32(self.code) + self.data)


class BackendKeyData(NamedTuple):
    """What a cancel request must name; `key` has 4 bytes in protocol 3.0, up to 256 in 3.2."""

    process: int
    key: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x4B, uint32(self.process) + self.key)


class CommandComplete(NamedTuple):
    """A statement has ended; `tag` is such as ``SELECT 3``."""

    tag: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x43, string(self.tag))

    @property
    def rows(self) -> int:
        """How many rows the tag speaks of, 0 where of none."""
        last = self.tag.rpartition(b" ")[2]
        return int(last) if last.isdigit() and b" " in self.tag else 0


class CopyResponse(NamedTuple):
    """A COPY begins; `kind` is ``G`` for in, ``H`` for out, ``W`` for both; formats as everywhere."""

    kind: int
    format: int
    columns: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the message."""
        return message(self.kind, bytes([self.format]) + formats(self.columns))


class CopyOut(NamedTuple):
    """A stretch of COPY data; a server sends one row in each."""

    data: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x64, self.data)


class DataRow(NamedTuple):
    """One row; None is NULL."""

    values: tuple[bytes | None, ...]

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x44, values(self.values))


class ErrorResponse(NamedTuple):
    """An error; each field is its type byte and its text."""

    fields: tuple[tuple[int, bytes], ...]

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x45, _fields(self.fields))

    def field(self, code: str) -> bytes:
        """Return the field of that type, such as ``C`` for the SQLSTATE; empty where it is not there."""
        return dict(self.fields).get(ord(code), b"")


class NoticeResponse(NamedTuple):
    """A notice; its fields are those of an error."""

    fields: tuple[tuple[int, bytes], ...]

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x4E, _fields(self.fields))


class FunctionCallResponse(NamedTuple):
    """What a FunctionCall gave."""

    value: bytes | None

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x56, values((self.value,))[2:])


class NegotiateProtocolVersion(NamedTuple):
    """The newest minor version that is spoken here, and the options asked for that are not known."""

    version: int
    options: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Return the message."""
        names = b"".join(map(string, self.options))
        return message(0x76, uint32(self.version) + uint32(len(self.options)) + names)


class NotificationResponse(NamedTuple):
    """What NOTIFY sent."""

    process: int
    channel: bytes
    payload: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x41, uint32(self.process) + string(self.channel) + string(self.payload))


class ParameterDescription(NamedTuple):
    """The OIDs of the types of a prepared statement's parameters."""

    types: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x74, uint16(len(self.types)) + b"".join(map(uint32, self.types)))


class ParameterStatus(NamedTuple):
    """The value of a setting that clients need to know."""

    name: bytes
    value: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x53, string(self.name) + string(self.value))


class ReadyForQuery(NamedTuple):
    """The server waits; `status` is IDLE, IN_TRANSACTION or FAILED."""

    status: int

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x5A, bytes([self.status]))


class Column(NamedTuple):
    """One column of a RowDescription. `table` is the OID of its table, 0 where it is none's; `number` from 1."""

    name: bytes
    table: int
    number: int
    type: int
    size: int
    modifier: int
    format: int


class RowDescription(NamedTuple):
    """The columns of the rows that follow."""

    columns: tuple[Column, ...]

    def encode(self) -> bytes:
        """Return the message."""
        parts = [uint16(len(self.columns))]
        for name, table, number, type, size, modifier, format in self.columns:
            parts += (string(name), uint32(table), uint16(number), uint32(type), uint16(size))
            parts += (uint32(modifier), uint16(format))
        return message(0x54, b"".join(parts))


BackendMessage = (
    Marker
    | Authentication
    | BackendKeyData
    | CommandComplete
    | CopyResponse
    | CopyOut
    | DataRow
    | ErrorResponse
    | NoticeResponse
    | FunctionCallResponse
    | NegotiateProtocolVersion
    | NotificationResponse
    | ParameterDescription
    | ParameterStatus
    | ReadyForQuery
    | RowDescription
)


def error(severity: str, sqlstate: str, text: str, hint: str = "", detail: str = "") -> ErrorResponse:
    """Return an error of guard's own; `severity` is ERROR or FATAL. NULs in a text are dropped."""
    return ErrorResponse(_spoken(severity, sqlstate, text, hint, detail))


def notice(text: str, hint: str = "", sqlstate: str = "00000") -> NoticeResponse:
    """Return a notice of guard's own."""
    return NoticeResponse(_spoken("NOTICE", sqlstate, text, hint, ""))


def _spoken(severity: str, sqlstate: str, text: str, hint: str, detail: str) -> tuple[tuple[int, bytes], ...]:
    given = (("S", severity), ("V", severity), ("C", sqlstate), ("M", text), ("D", detail), ("H", hint))
    return tuple((ord(code), value.replace("\0", "").encode("utf-8", "replace")) for code, value in given if value)


def decode_backend(frame: Frame) -> BackendMessage:
    """Return what a whole message of a server means. Raises ProtocolViolation for whatever is not exactly right."""
    if len(frame.raw) <= SHORT and frame.kind in _ALIKE:
        return _known(frame.kind, frame.raw)
    return _decoded(frame.kind, frame.raw)


SHORT, KEPT = 1024, 512
"""So many messages of at most so many bytes are remembered: the same ones come again and again."""
_ALIKE = b"CTZnt"


def _decoded(kind: int, raw: bytes) -> BackendMessage:
    decode = _DECODERS.get(kind)
    if decode is None:
        raise ProtocolViolation(f"no server sends a message of type {name_of(kind)}")
    reader = Reader(raw, f"message of type {name_of(kind)}", HEADER)
    found = decode(reader, kind)
    reader.end()
    return found


_known = lru_cache(maxsize=KEPT)(_decoded)


def _fields(fields: tuple[tuple[int, bytes], ...]) -> bytes:
    return b"".join(bytes([code]) + string(text) for code, text in fields) + b"\0"


def _read_fields(reader: Reader) -> tuple[tuple[int, bytes], ...]:
    found = []
    while code := reader.byte():
        found.append((code, reader.string()))
    return tuple(found)


def _negotiate(reader: Reader, kind: int) -> NegotiateProtocolVersion:
    version, count = reader.uint32(), reader.uint32()
    if count > reader.left:
        raise reader.fault("the message ends too early")
    return NegotiateProtocolVersion(version, tuple(reader.string() for _ in range(count)))


def _copy(reader: Reader, kind: int) -> CopyResponse:
    format = reader.byte()
    columns = reader.formats()
    if format > 1:
        raise reader.fault(f"the format code {format} is not known")
    return CopyResponse(kind, format, columns)


def _ready(reader: Reader, kind: int) -> ReadyForQuery:
    status = reader.byte()
    if status not in (IDLE, IN_TRANSACTION, FAILED):
        raise reader.fault(f"the transaction status {name_of(status)} is not known")
    return ReadyForQuery(status)


def _row_description(reader: Reader, kind: int) -> RowDescription:
    return RowDescription(tuple(_column(reader) for _ in range(reader.uint16())))


def _column(reader: Reader) -> Column:
    found = Column(
        reader.string(),
        reader.uint32(),
        reader.int16(),
        reader.uint32(),
        reader.int16(),
        reader.int32(),
        reader.uint16(),
    )
    if found.format > 1:
        raise reader.fault(f"the format code {found.format} is not known")
    return found


def _oids(reader: Reader, kind: int) -> ParameterDescription:
    return ParameterDescription(tuple(reader.uint32() for _ in range(reader.uint16())))


_DECODERS: dict[int, Callable[[Reader, int], BackendMessage]] = {
    **{kind: lambda reader, kind: Marker(kind) for kind in b"123Icns"},
    **dict.fromkeys(b"GHW", _copy),
    ord("A"): lambda reader, kind: NotificationResponse(reader.uint32(), reader.string(), reader.string()),
    ord("C"): lambda reader, kind: CommandComplete(reader.string()),
    ord("D"): lambda reader, kind: DataRow(reader.values()),
    ord("E"): lambda reader, kind: ErrorResponse(_read_fields(reader)),
    ord("K"): lambda reader, kind: BackendKeyData(reader.uint32(), reader.rest()),
    ord("N"): lambda reader, kind: NoticeResponse(_read_fields(reader)),
    ord("R"): lambda reader, kind: Authentication(reader.uint32(), reader.rest()),
    ord("S"): lambda reader, kind: ParameterStatus(reader.string(), reader.string()),
    ord("T"): _row_description,
    ord("V"): lambda reader, kind: FunctionCallResponse(reader.value()),
    ord("Z"): _ready,
    ord("d"): lambda reader, kind: CopyOut(reader.rest()),
    ord("t"): _oids,
    ord("v"): _negotiate,
}
