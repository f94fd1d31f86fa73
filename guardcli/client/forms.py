"""Puts what a caller has into the form that the API takes, and its answers into values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from guardcli.model.approvals import Approval, ApprovalState, Vote
from guardcli.model.errors import UnavailableError
from guardcli.model.secrets import Secret

APPROVAL_LISTS = ("effects", "targets", "groups", "all_of", "windows", "grant_scope")


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """The token of a session, the age recipient that its spool is sealed for, and the key that was sealed for it."""

    token: Secret
    recipient: str
    spool_key: bytes = field(default=b"", repr=False)


def printable(value: object) -> object:
    """Return text that every reader can hold: bytes that are no UTF-8 become escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") if _odd(value) else value
    if isinstance(value, (list, tuple)):
        return [printable(part) for part in value]
    return value


def _odd(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def seconds(moment: object) -> float:
    """Return a moment in seconds since the epoch, be it that or RFC 3339. Raises UnavailableError for neither."""
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).timestamp()
    if isinstance(moment, (int, float)):
        return float(moment)
    raise UnavailableError("the session does not say when it began")


def processes(pids: Sequence[int]) -> list[dict[str, int]]:
    """Return the processes that exist, with the time each began in clock ticks since boot (proc(5), field 22)."""
    found = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as stat:
                text = stat.read()
        except OSError:
            continue
        found.append({"pid": pid, "start": int(text[text.rindex(b")") + 2 :].split()[19])})
    return found


def approval_of(form: Mapping[str, Any]) -> Approval:
    """Return the approval of an answer."""
    lists = {name: tuple(form[name]) for name in APPROVAL_LISTS}
    votes = tuple(Vote(**vote) for vote in form["votes"])
    return Approval(**{**form, **lists, "votes": votes, "state": ApprovalState(form["state"])})
