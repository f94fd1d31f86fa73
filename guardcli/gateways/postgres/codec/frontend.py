"""What a client sends after its startup packet.

Texts stay bytes: their encoding is the session's ``client_encoding``, which this module does not follow.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from guardcli.gateways.postgres.codec.fields import Reader, formats, message, string, uint16, uint32, values
from guardcli.gateways.postgres.codec.frames import HEADER, Frame
from guardcli.gateways.postgres.codec.limits import name_of
from guardcli.gateways.postgres.codec.violations import ProtocolViolation

STATEMENT, PORTAL = ord("S"), ord("P")
"""What Describe and Close speak of."""


class Query(NamedTuple):
    """The simple query: one string, perhaps with several statements."""

    text: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x51, string(self.text))


class Parse(NamedTuple):
    """Prepare `text` under `name`, empty for the unnamed statement; `types` are OIDs, 0 where not given."""

    name: bytes
    text: bytes
    types: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """Return the message."""
        types = uint16(len(self.types)) + b"".join(map(uint32, self.types))
        return message(0x50, string(self.name) + string(self.text) + types)


class Bind(NamedTuple):
    """Make the portal `portal` from the prepared `statement` with `values`; formats are 0 text, 1 binary.

    No format means text for all, one means that one for all, otherwise there is one for each (`format_of`).
    """

    portal: bytes
    statement: bytes
    formats: tuple[int, ...] = ()
    values: tuple[bytes | None, ...] = ()
    result_formats: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """Return the message."""
        names = string(self.portal) + string(self.statement)
        return message(0x42, names + formats(self.formats) + values(self.values) + formats(self.result_formats))


class Describe(NamedTuple):
    """Ask what the statement or portal `name` takes and gives; `what` is STATEMENT or PORTAL."""

    what: int
    name: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x44, bytes([self.what]) + string(self.name))


class Close(NamedTuple):
    """Forget the statement or portal `name`; `what` is STATEMENT or PORTAL."""

    what: int
    name: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x43, bytes([self.what]) + string(self.name))


class Execute(NamedTuple):
    """Run a portal; `rows` bounds how many rows come before PortalSuspended, 0 for all."""

    portal: bytes
    rows: int = 0

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x45, string(self.portal) + uint32(self.rows))


class Flush(NamedTuple):
    """Send what there is."""

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x48, b"")


class Sync(NamedTuple):
    """The end of an extended query: answered with ReadyForQuery."""

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x53, b"")


class FunctionCall(NamedTuple):
    """Call the function with OID `function` by the old fast path."""

    function: int
    formats: tuple[int, ...]
    arguments: tuple[bytes | None, ...]
    result_format: int

    def encode(self) -> bytes:
        """Return the message."""
        middle = formats(self.formats) + values(self.arguments)
        return message(0x46, uint32(self.function) + middle + uint16(self.result_format))


class CopyData(NamedTuple):
    """A stretch of COPY data, cut anywhere."""

    data: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x64, self.data)


class CopyDone(NamedTuple):
    """COPY data has ended."""

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x63, b"")


class CopyFail(NamedTuple):
    """COPY data ended with an error of the client's."""

    reason: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x66, string(self.reason))


class Terminate(NamedTuple):
    """The client leaves."""

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x58, b"")


class AuthenticationAnswer(NamedTuple):
    """A password, or a step of SASL or GSSAPI: which one, only the request before it says."""

    data: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return message(0x70, self.data)


FrontendMessage = (
    Query
    | Parse
    | Bind
    | Describe
    | Close
    | Execute
    | Flush
    | Sync
    | FunctionCall
    | CopyData
    | CopyDone
    | CopyFail
    | Terminate
    | AuthenticationAnswer
)


def format_of(codes: tuple[int, ...], index: int) -> int:
    """Return the format of the value at `index`, 0 text or 1 binary, as Bind's lists mean it."""
    if not codes:
        return 0
    return codes[0] if len(codes) == 1 else codes[index]


def decode_frontend(frame: Frame) -> FrontendMessage:
    """Return what a whole message of a client means. Raises ProtocolViolation for whatever is not exactly right."""
    decode = _DECODERS.get(frame.kind)
    if decode is None:
        raise ProtocolViolation(f"no client sends a message of type {name_of(frame.kind)}")
    if len(frame.raw) <= SHORT and frame.kind in _ALIKE:
        return _known(frame.raw)
    return decode(frame.raw)


SHORT, KEPT = 512, 1024
"""So many messages of at most so many bytes are remembered: the same ones come again and again."""
_ALIKE = b"CDEHPS"


@lru_cache(maxsize=KEPT)
def _known(raw: bytes) -> FrontendMessage:
    return _DECODERS[raw[0]](raw)


def _query(raw: bytes) -> Query:
    if raw.find(b"\0", HEADER) == len(raw) - 1:
        return Query(raw[HEADER:-1])
    reader = Reader(raw, "Query", HEADER)
    found = Query(reader.string())
    reader.end()
    return found


def _parse(raw: bytes) -> Parse:
    reader = Reader(raw, "Parse", HEADER)
    name, text = reader.string(), reader.string()
    found = Parse(name, text, tuple(reader.uint32() for _ in range(reader.uint16())))
    reader.end()
    return found


def _bind(raw: bytes) -> Bind:
    reader = Reader(raw, "Bind", HEADER)
    portal, statement = reader.string(), reader.string()
    found = Bind(portal, statement, reader.formats(), reader.values(), reader.formats())
    reader.end()
    if len(found.formats) > 1 and len(found.formats) != len(found.values):
        raise reader.fault("as many format codes as values are needed, or one, or none")
    return found


def _named(raw: bytes, name: str) -> tuple[int, bytes]:
    reader = Reader(raw, name, HEADER)
    what, found = reader.byte(), reader.string()
    reader.end()
    if what not in (STATEMENT, PORTAL):
        raise reader.fault(f"neither a statement nor a portal: {name_of(what)}")
    return what, found


def _execute(raw: bytes) -> Execute:
    reader = Reader(raw, "Execute", HEADER)
    found = Execute(reader.string(), reader.int32())
    reader.end()
    return found


def _function_call(raw: bytes) -> FunctionCall:
    reader = Reader(raw, "FunctionCall", HEADER)
    found = FunctionCall(reader.uint32(), reader.formats(), reader.values(), reader.uint16())
    reader.end()
    if found.result_format > 1:
        raise reader.fault(f"the format code {found.result_format} is not known")
    if len(found.formats) > 1 and len(found.formats) != len(found.arguments):
        raise reader.fault("as many format codes as arguments are needed, or one, or none")
    return found


def _copy_fail(raw: bytes) -> CopyFail:
    reader = Reader(raw, "CopyFail", HEADER)
    found = CopyFail(reader.string())
    reader.end()
    return found


_DECODERS: dict[int, Callable[[bytes], FrontendMessage]] = {
    ord("B"): _bind,
    ord("C"): lambda raw: Close(*_named(raw, "Close")),
    ord("D"): lambda raw: Describe(*_named(raw, "Describe")),
    ord("E"): _execute,
    ord("F"): _function_call,
    ord("H"): lambda raw: Flush(),
    ord("P"): _parse,
    ord("Q"): _query,
    ord("S"): lambda raw: Sync(),
    ord("X"): lambda raw: Terminate(),
    ord("c"): lambda raw: CopyDone(),
    ord("d"): lambda raw: CopyData(raw[HEADER:]),
    ord("f"): _copy_fail,
    ord("p"): lambda raw: AuthenticationAnswer(raw[HEADER:]),
}
