"""Hardware addresses of network interfaces (EUI-48). No default masks them."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector

_ADDRESS = re.compile(
    rb"(?<![\w:.-])(?:[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2})(?![\w:-])"
)

_WIDTHS = (17, 14)
_SIGNS = frozenset(b":-.")


class MacAddress(Detector):
    """Find addresses in six pairs or three fours; decline the empty one and broadcast."""

    name = "mac_address"
    label = "MAC_ADDRESS"
    personal = True
    triggers = (rb"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}", rb"\b[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}")

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the address that ends at `at`."""
        for width in _WIDTHS:
            found = _ADDRESS.match(text, at - width) if at >= width else None
            if found is not None and found.end() == at:
                return found.span() if len(set(found[0].lower()) - _SIGNS) > 1 else None
        return None
