"""Which types of message exist in which direction, and how long each may be.

The lengths are those of the length field, which counts itself: 4 is a message without a body. What PostgreSQL and
libpq bound, they bound at these sizes as well (PQ_SMALL_MESSAGE_LIMIT, PQ_LARGE_MESSAGE_LIMIT,
VALID_LONG_MESSAGE_TYPE); what they leave open is bounded here.
"""

from __future__ import annotations

from typing import NamedTuple

LARGE = 0x3FFFFFFF
"""What PostgreSQL takes for the longest message there can be: 1 GiB."""
SMALL = 10_000
"""The longest message of a client that carries no text or value of a user's."""
MODEST = 30_000
"""The longest message of a server that carries no text or value of a user's."""
WHOLE = 64 * 1024 * 1024
"""The longest message that is looked at; it is in memory as a whole, some times over."""
COLUMNS = 6 + 2 + 2 * 0xFFFF
"""A list of format codes for as many columns as can be counted."""
PARAMETERS = 6 + 4 * 0xFFFF
"""A list of types for as many parameters as can be counted."""


class Length(NamedTuple):
    """The least and the most that a message's length field may say."""

    least: int
    most: int


FRONTEND: dict[int, Length] = {
    ord("B"): Length(12, LARGE),  # Bind
    ord("C"): Length(6, SMALL),  # Close
    ord("D"): Length(6, SMALL),  # Describe
    ord("E"): Length(9, SMALL),  # Execute
    ord("F"): Length(14, LARGE),  # FunctionCall
    ord("f"): Length(5, SMALL),  # CopyFail
    ord("H"): Length(4, 4),  # Flush
    ord("P"): Length(8, LARGE),  # Parse
    ord("Q"): Length(5, LARGE),  # Query
    ord("S"): Length(4, 4),  # Sync
    ord("X"): Length(4, 4),  # Terminate
    ord("c"): Length(4, 4),  # CopyDone
    ord("d"): Length(4, LARGE),  # CopyData
    ord("p"): Length(4, 65_536),  # answers to requests for authentication
}
"""What a client may send after its startup packet."""

BACKEND: dict[int, Length] = {
    ord("1"): Length(4, 4),  # ParseComplete
    ord("2"): Length(4, 4),  # BindComplete
    ord("3"): Length(4, 4),  # CloseComplete
    ord("A"): Length(10, LARGE),  # NotificationResponse
    ord("C"): Length(5, MODEST),  # CommandComplete
    ord("D"): Length(6, LARGE),  # DataRow
    ord("E"): Length(5, LARGE),  # ErrorResponse
    ord("G"): Length(7, COLUMNS),  # CopyInResponse
    ord("H"): Length(7, COLUMNS),  # CopyOutResponse
    ord("I"): Length(4, 4),  # EmptyQueryResponse
    ord("K"): Length(12, 4 + 4 + 256),  # BackendKeyData
    ord("N"): Length(5, LARGE),  # NoticeResponse
    ord("R"): Length(8, MODEST),  # requests for authentication
    ord("S"): Length(6, MODEST),  # ParameterStatus
    ord("T"): Length(6, LARGE),  # RowDescription
    ord("V"): Length(8, LARGE),  # FunctionCallResponse
    ord("W"): Length(7, COLUMNS),  # CopyBothResponse
    ord("Z"): Length(5, 5),  # ReadyForQuery
    ord("c"): Length(4, 4),  # CopyDone
    ord("d"): Length(4, LARGE),  # CopyData
    ord("n"): Length(4, 4),  # NoData
    ord("s"): Length(4, 4),  # PortalSuspended
    ord("t"): Length(6, PARAMETERS),  # ParameterDescription
    ord("v"): Length(12, MODEST),  # NegotiateProtocolVersion
}
"""What a server may send after it has answered the requests that come before the startup packet."""


def name_of(kind: int) -> str:
    """Return a type byte as it may be shown."""
    return repr(chr(kind)) if 0x20 < kind < 0x7F else f"0x{kind:02x}"
