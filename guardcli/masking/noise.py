"""Tells binary data from text, for forms so short that random bytes have them by chance once in 100 MB."""

from __future__ import annotations

_BEFORE = 32
_CONTINUATION = bytes(range(0x80, 0xC0))
_PLAIN = bytes(range(0x20, 0x80)) + b"\0\t\n\r\x1b\b\f"
_TEXT = "\0\t\n\r\x1b\b\f"


def is_noise(text: bytes, start: int) -> bool:
    """Tell whether what stands before `start` is bytes that no text has. NUL and escape sequences are text here.

    Only what stands before counts: it is known when `start` is reached, however the bytes are cut.
    """
    before = text[max(0, start - _BEFORE) : start]
    if not before.translate(None, _PLAIN):
        return False
    seen = before.lstrip(_CONTINUATION).decode("utf-8", "replace")
    odd = sum(1 for char in seen if char == "\ufffd" or (char < " " and char not in _TEXT))
    return odd * 8 > len(seen)
