"""Hardware addresses of network interfaces (EUI-48). No default masks them."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector

_ADDRESS = re.compile(rb"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])")


class MacAddress(Detector):
    """Find addresses in six pairs; decline the empty one and broadcast."""

    name = "mac_address"
    label = "MAC_ADDRESS"
    personal = True
    triggers = (rb"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}",)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the address that ends at `at`."""
        found = _ADDRESS.match(text, at - 17) if at >= 17 else None
        if found is None or len(set(found[0].lower()) - {0x3A, 0x2D}) == 1:
            return None
        return found.span()
