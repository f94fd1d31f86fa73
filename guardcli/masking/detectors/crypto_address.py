"""Addresses of Bitcoin and its kin (Base58Check and Bech32, with their check sums), Ethereum, Ripple and Monero."""

from __future__ import annotations

import hashlib
import re

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector

_ALPHABET = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BASE58 = rb"[1-9A-HJ-NP-Za-km-z]"
_FORM = (
    rb"(?<![A-Za-z0-9])(?:0x[0-9A-Fa-f]{40}|(?:bc1|BC1|tb1|ltc1)[0-9A-Za-z]{11,71}|[13LMDTXr2mnA]"
    + _BASE58
    + rb"{25,34}|[48]"
    + _BASE58
    + rb"{94})(?![A-Za-z0-9])"
)
_ADDRESS = re.compile(_FORM)
_REACH = 72
_NAMES = (
    rb"(?:btc|bitcoin|wallet|address|addr|ltc|litecoin|doge(?:coin)?|dash|trx|tron|usdt|xrp|ripple|xmr|monero|payout"
    rb"|deposit"
    rb"|donat(?:e|ion)s?|coins?|crypto|send|sent|pay|paid|recipient|sender|receiver|to|from)"
)


class CryptoAddress(Detector):
    """Find addresses; those of forms that other words have need a word beside them that says what they are."""

    name = "crypto_address"
    label = "CRYPTO_ADDRESS"
    personal = True
    triggers = (
        rb"\b0x[0-9A-Fa-f]{40}",
        rb"(?i:" + _NAMES + rb")[\w ]{0,12}[\"']?[ \t]{0,4}[:=#|,]?[ \t\"']{0,4}[13LMDTXr2mnA48]" + _BASE58 + rb"{25}",
        rb"\b(?:bc1|BC1|tb1|ltc1)[0-9A-Za-z]{11}",
    )
    finders = (Finder(Way.SHAPE, _FORM, Judge(Question.ADDRESS), ahead=_REACH, distances=(_REACH,)),) * len(triggers)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the address around `at`, one with a check sum."""
        for found in _ADDRESS.finditer(text, max(0, at - _REACH), at + _REACH):
            if found.start() < at <= found.end():
                return found.span() if _is_valid(found[0]) else None
        return None


def _is_valid(address: bytes) -> bool:
    """Tell whether the check sum is right; where that is one of Keccak (Ethereum, Monero) `native` judges the form."""
    if address[:3].lower() in (b"bc1", b"tb1", b"ltc"):
        from stdnum import bitcoin

        value = address.decode()
        return bool(bitcoin.is_valid(value)) if address[:2].lower() == b"bc" else len(set(value)) > 12
    return _is_base58check(address, _RIPPLE if address[:1] == b"r" else _ALPHABET)


def _is_base58check(address: bytes, alphabet: bytes) -> bool:
    number = 0
    for sign in address:
        number = number * 58 + alphabet.index(sign)
    if number >= 1 << 200:
        return False
    plain = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(plain[:21]).digest()).digest()[:4] == plain[21:]
