"""Addresses of Bitcoin and its kin (Base58Check, Bech32, Bech32m, with their check sums), Ethereum, Ripple, Monero."""

from __future__ import annotations

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector

_BASE58 = rb"[1-9A-HJ-NP-Za-km-z]"
_BEHIND = rb"(?![A-Za-z0-9])"
_NAMES = (
    rb"(?:btc|bitcoin|wallet|address|addr|ltc|litecoin|doge(?:coin)?|dash|trx|tron|usdt|xrp|ripple|xmr|monero|payout"
    rb"|deposit"
    rb"|donat(?:e|ion)s?|coins?|crypto|send|sent|pay|paid|recipient|sender|receiver|to|from)"
)
_NAMED = rb"(?i:" + _NAMES + rb")[\w ]{0,12}[\"']?[ \t]{0,4}[:=#|,]?[ \t\"']{0,4}"
_FORMS = (
    rb"(?<!\w)0x[0-9A-Fa-f]{40}",
    _NAMED + rb"(?<![A-Za-z0-9])([13LMDTXr2mnA]" + _BASE58 + rb"{25,34}|[48]" + _BASE58 + rb"{94})",
    rb"(?<!\w)(?:bc1|BC1|tb1|ltc1)[0-9A-Za-z]{11,71}",
)


class CryptoAddress(Detector):
    """Find addresses; those of forms that other words have need a word beside them that says what they are."""

    name = "crypto_address"
    label = "CRYPTO_ADDRESS"
    personal = True
    triggers = (
        rb"\b0x[0-9A-Fa-f]{40}",
        _NAMED + rb"[13LMDTXr2mnA48]" + _BASE58 + rb"{25}",
        rb"\b(?:bc1|BC1|tb1|ltc1)[0-9A-Za-z]{11}",
    )
    finders = tuple(Finder(Way.BEGINNING, form + _BEHIND, Judge(Question.ADDRESS)) for form in _FORMS)
