"""A person's yes to exact bytes: used once, with an end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class ApprovalState(str, Enum):
    """pending → approved, denied, expired, cancelled; approved → consumed, expired."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CONSUMED = "consumed"


@dataclass(frozen=True, slots=True)
class Vote:
    """What one reviewer said, and when (seconds since the epoch)."""

    reviewer: str
    approve: bool
    reason: str
    time: float


@dataclass(frozen=True, slots=True)
class Approval:
    """One request for a yes and what became of it. Times are seconds since the epoch, 0 where not yet.

    `digest` is `approval_digest` of what would run, `command` a readable and masked form of it, `reviewer` and
    `reason` who decided last and why, `justification` what the agent said for itself. For reviewers alone: `reach`,
    what guard knows of how far it would go, and `changes`, what it would change: a diff, or the objects. `quorum`
    people of `groups` must say yes, and one of each group in `all_of`. It may be used while all of `windows` hold.
    `grant` is for how many seconds the reviewers may say yes to all of `grant_scope`, 0 for never; `granted` the grant
    that said yes.
    """

    id: str
    session: str
    digest: str
    state: ApprovalState
    requester: str
    tool: str
    command: str
    cwd: str
    rule: str
    message: str
    effects: tuple[str, ...]
    targets: tuple[str, ...]
    groups: tuple[str, ...]
    quorum: int
    created: float
    expires: float
    decided: float = 0.0
    reviewer: str = ""
    reason: str = ""
    justification: str = ""
    reach: str = ""
    changes: str = ""
    all_of: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    grant: float = 0.0
    grant_scope: tuple[str, ...] = ()
    granted: str = ""
    votes: tuple[Vote, ...] = ()


def approval_digest(
    identity: str,
    argv: Iterable[str],
    cwd: str,
    statement: str = "",
    resource: str = "",
    inputs: Iterable[tuple[str, str]] = (),
) -> str:
    """Return the SHA-256, in hex, that binds a yes to what would run.

    `inputs` are (name, SHA-256 in hex) of everything that was read to judge the call, in any order. Every part
    is prefixed with its length, so that no two different calls have the same encoding.
    """
    digest = hashlib.sha256(b"guard approval 1\n")

    def add(*parts: str) -> None:
        digest.update(b"%d\n" % len(parts))
        for part in parts:
            encoded = part.encode("utf-8", "surrogateescape")
            digest.update(b"%d:" % len(encoded))
            digest.update(encoded)

    add(identity)
    add(*argv)
    add(cwd, statement, resource)
    for name, content in sorted(inputs):
        add(name, content)
    return digest.hexdigest()
