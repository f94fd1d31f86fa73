"""What a policy says about the place that an isolated agent runs in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Network(str, Enum):
    """How an isolated agent reaches the network."""

    SHARED = "shared"
    """As the user does."""
    PROXY = "proxy"
    """Through guard's proxy only, to the hosts that are named."""
    NONE = "none"
    """Not at all, but for what guard's own gateways offer."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What an isolated session sees.

    `hide`, `show` and `write` are paths, absolute or beginning with ``~/``; of two that lead to the same place the
    longer one holds, and of the same path `hide`. What is in `write` can be written to and stays, what is in `show`
    cannot. `keep` are globs over names of variables, empty for those that guard keeps by itself; `set` are (name,
    value). `hosts` are globs over ``host`` or ``host:port`` and count for `Network.PROXY`.
    """

    hide: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    set: tuple[tuple[str, str], ...] = ()
    network: Network = Network.SHARED
    hosts: tuple[str, ...] = ()
