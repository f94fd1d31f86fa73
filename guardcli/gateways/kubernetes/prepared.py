"""A request that was read and judged, ready to be sent once it is allowed."""

from __future__ import annotations

from dataclasses import dataclass

from guardcli.gateways.kubernetes.authority import Bearer, Ticket
from guardcli.gateways.kubernetes.codec.request_info import RequestInfo
from guardcli.gateways.kubernetes.upgrades import Upgrade
from guardcli.gateways.kubernetes.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that was read and judged."""

    ticket: Ticket
    bearer: Bearer
    upstream: Upstream
    info: RequestInfo
    fields: list[tuple[bytes, bytes]]
    body: bytes
    upgrade: Upgrade | None = None
