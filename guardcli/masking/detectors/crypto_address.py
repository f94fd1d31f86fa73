"""Addresses of Bitcoin (Base58Check and Bech32, with their check sums) and of Ethereum."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector

_ADDRESS = re.compile(
    rb"(?<![A-Za-z0-9])(?:0x[0-9A-Fa-f]{40}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|(?:bc1|BC1)[0-9A-Za-z]{11,71})"
    rb"(?![A-Za-z0-9])"
)


class CryptoAddress(Detector):
    """Find addresses; decline the zero address."""

    name = "crypto_address"
    label = "CRYPTO_ADDRESS"
    personal = True
    triggers = (
        rb"\b0x[0-9A-Fa-f]{40}",
        rb"(?i:btc|bitcoin|wallet|address)[\w ]{0,12}[\"']?[ \t]{0,4}[:=#|]?[ \t\"']{0,4}[13][1-9A-HJ-NP-Za-km-z]{25}",
        rb"\b(?:bc1|BC1)[0-9A-Za-z]{11}",
    )

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the address around `at`."""
        for found in _ADDRESS.finditer(text, max(0, at - 43), at + 72):
            if found.start() < at <= found.end():
                value = found[0].decode()
                from stdnum import bitcoin

                good = len(set(value[2:])) > 4 if value.startswith("0x") else bitcoin.is_valid(value)
                return found.span() if good else None
        return None
