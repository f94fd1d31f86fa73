"""What cannot be read with certainty ends the connection, with words for the other side."""

from __future__ import annotations

PROTOCOL_VIOLATION = "08P01"
"""SQLSTATE protocol_violation."""


class ProtocolViolation(Exception):
    """A peer broke the protocol, or went over a bound. `sqlstate` and `message` are for the FATAL that ends it."""

    def __init__(self, message: str, sqlstate: str = PROTOCOL_VIOLATION) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
