"""The error codes that guard itself sends (PostgreSQL documentation, appendix A)."""

from __future__ import annotations

from typing import Final

CONNECTION_FAILURE: Final = "08006"
"""The server was lost."""
CANNOT_CONNECT: Final = "08001"
"""The server cannot be reached, or is not the one that it should be."""
PROTOCOL_VIOLATION: Final = "08P01"
WRONG_PASSWORD: Final = "28P01"  # noqa: S105 - a code, no password
INVALID_AUTHORIZATION: Final = "28000"
INSUFFICIENT_PRIVILEGE: Final = "42501"
"""Denied by the policy."""
FEATURE_NOT_SUPPORTED: Final = "0A000"
IN_FAILED_TRANSACTION: Final = "25P02"
PROGRAM_LIMIT_EXCEEDED: Final = "54000"
"""Over one of guard's own bounds, such as a cap on rows."""
TOO_MANY_CONNECTIONS: Final = "53300"
QUERY_CANCELED: Final = "57014"
ADMIN_SHUTDOWN: Final = "57P01"
CANNOT_CONNECT_NOW: Final = "57P03"
IDLE_SESSION_TIMEOUT: Final = "57P05"
SYSTEM_ERROR: Final = "58000"
"""The record cannot be written, or nobody can be asked."""
