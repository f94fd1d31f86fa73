"""E-mail addresses (RFC 5321 in the forms that occur), the documentation domains of RFC 2606 included."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector
from guardcli.masking.noise import is_noise

_LOCAL_REVERSED = re.compile(rb"[A-Za-z0-9.%'+_\x80-\xff-]{1,64}")
_ASCII_REVERSED = re.compile(rb"[A-Za-z0-9.%'+_-]{1,64}")
_DOMAIN = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}([A-Za-z]{2,24})(?![A-Za-z0-9_-])")
_CHAIN = re.compile(rb"(?:@[A-Za-z0-9.%'+_-]{1,64}){1,120}")
"""What hangs on an address by further ``@``: no two addresses, and taken as a whole in one go."""
_LEADING = b".'%"
_NOT_TOP_LEVEL = frozenset(
    b"service socket timer target mount slice scope device swap automount png jpg jpeg gif svg webp ico bmp json yaml"
    b" yml xml tar gz bz2 xz html htm txt conf cfg ini log css js jsx ts tsx rb java class cpp hpp lua exe dll".split()
)
"""Last labels that name a systemd unit or a file (`getty@tty1.service`, `icon@2x.png`) and no domain."""

_SAFE_LENGTH = 16
"""From this length on, random bytes do not look like an address by chance (less than once in 10¹³ bytes)."""


class Email(Detector):
    """Find addresses; decline remotes of scp and ssh, user names in URLs, units, file names and binary data."""

    name = "email"
    label = "EMAIL"
    personal = True
    triggers = (rb"[A-Za-z0-9.%'+_\x80-\xff-]@[A-Za-z0-9][A-Za-z0-9-]{0,62}\.[A-Za-z0-9]",)
    opening = rb"((?<![A-Za-z0-9.-])[A-Za-z0-9][A-Za-z0-9.%'+_-]{0,63}@[A-Za-z0-9.-]{0,255})"
    stub = rb"(?<![A-Za-z0-9.%'+_\x80-\xff-])([A-Za-z0-9\x80-\xff](?:[A-Za-z0-9'+_\x80-\xff-]|\.(?!\.)){0,63})"

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the address around the ``@`` that lies before `at`."""
        sign = text.rfind(b"@", at - 66 if at > 66 else 0, at)
        domain = _DOMAIN.match(text, sign + 1)
        if domain is None or domain[1].lower() in _NOT_TOP_LEVEL:
            return None
        behind = text[sign - 1 : sign - 66 : -1] if sign > 66 else text[:sign][::-1]
        local = _LOCAL_REVERSED.match(behind)
        if local is None:
            return None
        if not local[0].isascii():
            local = _wide_local(behind)
            if local is None:
                return None
        end = domain.end()
        start = sign - local.end()
        while start < sign and text[start] in _LEADING:
            start += 1
        if start == sign or _is_name_of_a_place(text, start, sign, end):
            return None
        if text[end : end + 1] == b"@":
            chain = _CHAIN.match(text, end)
            end = chain.end() if chain is not None else end
        if end - start < _SAFE_LENGTH and is_noise(text, start):
            return None
        return start, end


def _is_name_of_a_place(text: bytes, start: int, sign: int, end: int) -> bool:
    """Tell whether it is ``user@host`` of a prompt, of a remote path or of a URL."""
    if text[end : end + 1] in b":/" and (text.startswith((b":~", b":/"), end) or text[start:sign] == b"git"):
        return text[end : end + 1] != b""
    return start > 1 and text[start - 1] == 0x2F and text[start - 2] == 0x2F


def _wide_local(behind: bytes) -> re.Match[bytes] | None:
    """Match a local part with letters beyond ASCII (RFC 6531) if it is UTF-8, otherwise its ASCII end."""
    wide = _LOCAL_REVERSED.match(behind)
    if wide is not None:
        try:
            wide[0][::-1].decode()
        except UnicodeDecodeError:
            return _ASCII_REVERSED.match(behind)
    return wide
