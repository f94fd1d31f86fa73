"""Which requests may become another protocol, and which one.

exec and attach are masked where they come over WebSocket in a form that is read here; SPDY is passed only where the
resource allows streams without a mask. port-forward and proxy are bytes of another protocol in either case.
"""

from __future__ import annotations

from dataclasses import dataclass

from guardcli.gateways.kubernetes.channels import PROTOCOLS
from guardcli.gateways.kubernetes.codec.fields import Fields, value_of
from guardcli.gateways.kubernetes.codec.request_info import RequestInfo
from guardcli.gateways.kubernetes.codec.status import Refusal

_TEXT = frozenset({"exec", "attach"})
_STREAMS = frozenset({"exec", "attach", "portforward"})
UNMASKED = (
    "guard: over SPDY the output cannot be masked, and the resource of this cluster does not allow that; "
    "use a kubectl of version 1.30 or later, which speaks WebSocket"
)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Another protocol that is asked for. `offers` are the subprotocols to offer; `masked` says that it is text.

    `refused` says why it is not allowed whatever the policy's rules say, empty where it is.
    """

    protocol: str
    offers: tuple[str, ...] = ()
    masked: bool = False
    refused: str = ""


def upgrade_of(info: RequestInfo, fields: Fields, *, unmasked: bool) -> Upgrade | None:
    """Return what a request wants to become, None for nothing; `unmasked` allows streams without a mask.

    Raises Refusal.
    """
    wanted = value_of(fields, b"upgrade").decode("latin-1").strip()
    tokens = {one.strip().lower() for one in value_of(fields, b"connection").split(b",")}
    if (b"upgrade" in tokens) != bool(wanted):
        raise Refusal(400, "guard: an upgrade that is half asked for")
    if not wanted:
        if info.subresource in _STREAMS:
            raise Refusal(400, f"guard: {info.subresource} without an upgrade of the connection")
        return None
    protocol = wanted.lower()
    if not info.connects or protocol not in ("websocket", "spdy/3.1"):
        raise Refusal(400, "guard: an upgrade that this path does not have")
    if (protocol == "websocket") != (info.method == "GET"):
        raise Refusal(400, f"guard: {info.method} does not go with an upgrade to {protocol}")
    if protocol == "spdy/3.1":
        return Upgrade(protocol, refused="" if unmasked or info.subresource == "portforward" else UNMASKED)
    if not value_of(fields, b"sec-websocket-key"):
        raise Refusal(400, "guard: a WebSocket without a key")
    given = value_of(fields, b"sec-websocket-protocol").decode("latin-1").split(",")
    offers = tuple(filter(None, (one.strip() for one in given)))
    if info.subresource in _TEXT:
        offers = tuple(one for one in offers if one in PROTOCOLS)
        if not offers:
            raise Refusal(
                400, "guard: none of the subprotocols is read here; there are " + ", ".join(sorted(PROTOCOLS))
            )
        return Upgrade(protocol, offers, masked=True)
    return Upgrade(protocol, offers, refused="" if unmasked or info.subresource == "portforward" else UNMASKED)
