"""The one family of errors that guard raises on purpose, with the statuses they become.

Exit statuses follow sysexits.h where it has one; HTTP statuses follow RFC 9110. The command line turns an
error into words and a status in ``cli/main.py``, the API in ``api/app.py``, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class GuardError(Exception):
    """Say what went wrong and what to do next; base of every error that a user can act on."""

    exit_status = 1
    http_status = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class DeniedError(GuardError):
    """A policy or an authorisation rule says no (EX_NOPERM)."""

    exit_status = 77
    http_status = 403


class PendingError(GuardError):
    """An approval is still pending: run the very same command again once it is approved (EX_TEMPFAIL)."""

    exit_status = 75
    http_status = 409


class UnavailableError(GuardError):
    """The broker, the API or the record cannot be reached or written (EX_UNAVAILABLE)."""

    exit_status = 69
    http_status = 503


class NotFoundError(GuardError):
    """What was named does not exist."""

    http_status = 404


class ConflictError(GuardError):
    """The request contradicts the present state, such as deciding an approval twice."""

    http_status = 409


class UnauthorizedError(GuardError):
    """No valid identity came with the request (EX_NOPERM)."""

    exit_status = 77
    http_status = 401


class ThrottledError(GuardError):
    """Too many attempts failed just now (EX_TEMPFAIL); nothing was tried."""

    exit_status = 75
    http_status = 429


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a file that a person wrote; `line` and `column` count from 1, 0 where unknown."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}"


class ConfigurationError(GuardError):
    """A policy or a setting is wrong (EX_CONFIG); `problems` holds every fault found, not just the first."""

    exit_status = 78
    http_status = 422

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [super().__str__(), *(f"  {problem}" for problem in self.problems)]
        return "\n".join(lines)
