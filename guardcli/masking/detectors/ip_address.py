"""IP addresses, versions 4 and 6. No default masks them: the addresses of machines are what work is about."""

from __future__ import annotations

import ipaddress
import re

from guardcli.masking.detector import Detector

_ADDRESS = re.compile(
    rb"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w]|\.[0-9])|(?<![\w.:])[0-9A-Fa-f:]{2,39}(?![\w:])"
)


class IpAddress(Detector):
    """Find addresses; decline the unspecified one, loopback, and version numbers of four parts behind a ``v``."""

    name = "ip_address"
    label = "IP_ADDRESS"
    personal = True
    triggers = (
        rb"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
        rb"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:",
        rb"[0-9A-Fa-f]{1,4}::[0-9A-Fa-f]",
    )

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the address around `at`."""
        for found in _ADDRESS.finditer(text, max(0, at - 46), at + 46):
            if found.start() < at <= found.end():
                return _judge(found)
        return None


def _judge(found: re.Match[bytes]) -> tuple[int, int] | None:
    value = found[0].rstrip(b".")
    try:
        address = ipaddress.ip_address(value.decode())
    except ValueError:
        return None
    if address.is_unspecified or address.is_loopback:
        return None
    return found.start(), found.start() + len(value)
