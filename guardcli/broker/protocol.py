"""The shim's protocol as a pure codec: bytes in, frames out. ``shims/PROTOCOL.md`` is the page it follows.

Nothing here touches a socket. Whatever cannot be read with certainty raises `ProtocolError`, and the
connection ends.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

MAGIC = b"GARD"
VERSION = 1
HEADER = struct.Struct("<4sHHI")
CALL_HEAD = struct.Struct("<BBBBHHII")
CALL_MAX = 8 << 20
"""The kernel allows 6 MiB of arguments and environment at the most (execve(2), limits on size)."""
FRAME_MAX = 16
"""Bound on every other frame from the shim."""
PROOF_SIZE = 32
"""Bytes of a session's key."""
CLOSED_IN_THE_TOOL = 0xFFFF
"""In the place of a descriptor's number: the tool is not to keep what it is run from."""
ANSWER_MAX = 1 << 20
CALL_FDS_MAX = 4
PLAN_FDS_MAX = 32
STRINGS_MAX = 1 << 20
"""Bound on the number of arguments, and on that of environment entries."""


class ProtocolError(ValueError):
    """What came is not a frame of this protocol."""


class FrameType(IntEnum):
    """Types below 16 come from the shim, the others from the broker."""

    CALL = 1
    ENDED = 2
    RESIZED = 3
    FOREGROUND = 4
    PROOF = 5
    EXEC = 16
    RELAY = 17
    STOP = 18
    FLUSHED = 19
    YIELDED = 20
    SIGNAL = 21


class How(IntEnum):
    """How a tool ended."""

    EXITED = 0
    KILLED = 1
    NOT_STARTED = 2


@dataclass(frozen=True, slots=True)
class CallFrame:
    """What the shim saw. `open` and `terminals` say which of descriptors 0, 1, 2 are open, and are terminals.

    `ambiguous` has the variables that the environment names more than once or without a value, as `env` reads them:
    programs differ in which entry counts, so the tool is to be given that one alone.
    """

    tool: str
    cwd: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ambiguous: Mapping[str, str | None]
    open: frozenset[int]
    terminals: frozenset[int]
    foreground: bool
    has_directory: bool
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The tool ended: `value` is the exit status, the signal or the errno, by `how`."""

    how: How
    value: int


@dataclass(frozen=True, slots=True)
class Resized:
    """The agent's terminal has another size now."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Foreground:
    """The shim came to the foreground of its terminal, or is about to leave it."""

    now: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """Whoever says this knows `key`: the session's shim does, and nobody else inside."""

    key: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """How the shim is to start the tool.

    `targets` are the numbers, 0 to 255, that the descriptors sent along get in the tool. `arguments` replaces
    single arguments by index; `environment` sets variables, or unsets those whose value is None. Where `number` is not
    0, one more descriptor comes last, which is the program to run; it has that number in the tool, or is closed there.
    """

    program: str
    terminal: bool = False
    targets: Sequence[int] = ()
    arguments: Mapping[int, str] = field(default_factory=dict)
    environment: Mapping[str, str | None] = field(default_factory=dict)
    number: int = 0


ShimFrame = CallFrame | Ended | Resized | Foreground | Proof


def read_header(header: bytes) -> tuple[FrameType, int]:
    """Return the type and the length of the body of a frame from the shim. Raises ProtocolError."""
    magic, version, kind, length = HEADER.unpack(header)
    if magic != MAGIC:
        raise ProtocolError("no frame of the shim's protocol")
    if version != VERSION:
        raise ProtocolError(f"the shim speaks version {version} of the protocol, this broker version {VERSION}")
    if kind not in (FrameType.CALL, FrameType.ENDED, FrameType.RESIZED, FrameType.FOREGROUND, FrameType.PROOF):
        raise ProtocolError(f"a frame of type {kind} does not come from a shim")
    if length > {FrameType.CALL: CALL_MAX, FrameType.PROOF: PROOF_SIZE}.get(FrameType(kind), FRAME_MAX):
        raise ProtocolError(f"a frame of {length} bytes is too long")
    return FrameType(kind), length


def read_body(kind: FrameType, body: bytes) -> ShimFrame:
    """Return the frame from the shim of type `kind`. Raises ProtocolError."""
    if kind is FrameType.CALL:
        return _read_call(body)
    if kind is FrameType.PROOF:
        return Proof(body)
    try:
        if kind is FrameType.ENDED:
            how, value = struct.unpack("<II", body)
            return _ended(how, value)
        if kind is FrameType.RESIZED:
            return Resized(*struct.unpack("<HH", body))
        (now,) = struct.unpack("<I", body)
    except struct.error:
        raise ProtocolError(f"a {kind.name} frame of {len(body)} bytes") from None
    return Foreground(bool(now))


def _ended(how: int, value: int) -> Ended:
    if how not in (How.EXITED, How.KILLED, How.NOT_STARTED):
        raise ProtocolError(f"a tool that ended in the manner {how}")
    bound = {How.EXITED: 255, How.KILLED: 64, How.NOT_STARTED: 4095}[How(how)]
    if value > bound or (how == How.KILLED and value == 0):
        raise ProtocolError(f"a tool that ended with {value}")
    return Ended(How(how), value)


def _bits(mask: int) -> frozenset[int]:
    if mask > 7:
        raise ProtocolError("descriptors other than 0, 1 and 2")
    return frozenset(number for number in range(3) if mask >> number & 1)


def _read_call(body: bytes) -> CallFrame:
    if len(body) < CALL_HEAD.size:
        raise ProtocolError("a CALL frame that is too short")
    opened, terminals, foreground, directory, rows, columns, argc, envc = CALL_HEAD.unpack_from(body)
    if not 1 <= argc <= STRINGS_MAX or envc > STRINGS_MAX:
        raise ProtocolError(f"{argc} arguments and {envc} environment entries")
    if body[-1:] != b"\0":
        raise ProtocolError("a string without an end")
    strings = os.fsdecode(body[CALL_HEAD.size : -1]).split("\0")
    if len(strings) != 2 + argc + envc:
        raise ProtocolError("another number of strings than announced")
    tool, cwd, *rest = strings
    if not _bits(terminals) <= _bits(opened):
        raise ProtocolError("a terminal that is not open")
    if not tool or "/" in tool or (cwd and not cwd.startswith("/")):
        raise ProtocolError("a tool or a directory without a proper name")
    env, ambiguous = _environment(rest[argc:])
    return CallFrame(
        tool=tool,
        cwd=cwd,
        argv=tuple(rest[:argc]),
        env=env,
        ambiguous=ambiguous,
        open=_bits(opened),
        terminals=_bits(terminals),
        foreground=bool(foreground),
        has_directory=bool(directory),
        rows=rows,
        columns=columns,
    )


def _environment(entries: Sequence[str]) -> tuple[dict[str, str], dict[str, str | None]]:
    """Return the variables, and those of them that not every program would read alike.

    The first of two with one name counts, and an entry without ``=`` is none, as for getenv(3); Perl takes the last.
    """
    found: dict[str, str] = {}
    unclear: set[str] = set()
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals or name in found:
            unclear.add(name)
        if equals:
            found.setdefault(name, value)
    return found, {name: found.get(name) for name in sorted(unclear) if name}


def frame(kind: FrameType, body: bytes = b"") -> bytes:
    """Return a whole frame."""
    return HEADER.pack(MAGIC, VERSION, kind, len(body)) + body


def stop(status: int) -> bytes:
    """Return the answer that makes the shim exit with `status`, 0 to 255."""
    return frame(FrameType.STOP, struct.pack("<I", status))


def signal(number: int) -> bytes:
    """Return the frame that sends a signal to the tool."""
    return frame(FrameType.SIGNAL, struct.pack("<I", number))


def start(kind: FrameType, plan: Plan) -> bytes:
    """Return the EXEC or RELAY answer. Raises ProtocolError for a plan over the bounds."""
    if len(plan.targets) + bool(plan.number) > PLAN_FDS_MAX:
        raise ProtocolError(f"a plan with {len(plan.targets)} descriptors")
    strings = [plan.program]
    for index, argument in plan.arguments.items():
        strings += [str(index), argument]
    for name, value in plan.environment.items():
        strings.append(name if value is None else f"{name}={value}")
    body = struct.pack(
        "<BBHII", plan.terminal, len(plan.targets), plan.number, len(plan.arguments), len(plan.environment)
    )
    body += bytes(plan.targets)
    body += b"".join(os.fsencode(text) + b"\0" for text in strings)
    if len(body) > ANSWER_MAX:
        raise ProtocolError(f"an answer of {len(body)} bytes")
    return frame(kind, body)
