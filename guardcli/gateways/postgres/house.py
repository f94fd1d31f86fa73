"""What all connections of one gateway share."""

from __future__ import annotations

from dataclasses import dataclass, field

from guardcli.gateways.postgres.cancels import Cancels
from guardcli.gateways.postgres.catalogues import Catalogues
from guardcli.gateways.postgres.contract import Gatekeeper
from guardcli.gateways.postgres.keys import Keys
from guardcli.gateways.postgres.session import Session
from guardcli.gateways.postgres.target import Target
from guardcli.gateways.postgres.vigil import Vigil

STARTING_MAX = 4096
"""Clients that may be in the middle of saying what they want, beside those that are in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one gateway takes. Times in seconds, 0 for no limit."""

    connections: int = 2000
    idle: float = 0.0
    """Without a byte either way; while an approval is waited for does not count."""
    lifetime: float = 0.0


@dataclass(slots=True)
class House:
    """What all connections of one gateway share."""

    target: Target
    gatekeeper: Gatekeeper
    limits: Limits
    catalogues: Catalogues
    keys: Keys[Session]
    cancels: Cancels
    sessions: set[Session]
    accepted: int = 0
    inside: int = 0
    starting: int = 0
    vigil: Vigil = field(default_factory=Vigil)
