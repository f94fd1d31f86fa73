"""Turning the bytes of a text into what the server will read there, or saying why that cannot be known.

A text of ASCII alone reads the same in every client encoding that PostgreSQL has: in those whose characters may hold
a quote or a backslash as their second byte (SJIS, BIG5, GBK, UHC, GB18030, JOHAB), the first byte is none of ASCII.
Anything else is read only in an encoding in which no byte of a longer character is one of ASCII. And where
``standard_conforming_strings`` is not known to be on, a text with a backslash is not read at all.
Source: PostgreSQL documentation, "Character Set Support" and "String Constants".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

NAME_BYTES = 63
"""PostgreSQL tells names of statements, portals and cursors apart by so many bytes (NAMEDATALEN - 1)."""

_CODECS = {
    "UTF8": "utf-8",
    "UNICODE": "utf-8",
    "SQL_ASCII": "utf-8",
    "LATIN1": "iso8859-1",
    "LATIN2": "iso8859-2",
    "LATIN9": "iso8859-15",
    "WIN1250": "cp1250",
    "WIN1251": "cp1251",
    "WIN1252": "cp1252",
    "KOI8R": "koi8-r",
    "EUC_JP": "euc-jp",
    "EUC_KR": "euc-kr",
}
"""Encodings in which a text that is not ASCII is read: PostgreSQL's name for each, and Python's."""


_KEEPS_ASCII = re.compile(r"utf8|unicode|sqlascii|latin\d+|iso8859\d+|win(dows)?125\d|win866|koi8\w*|euc\w+")
"""Encodings in which a byte of ASCII is always that character, by their names in small letters and digits."""


class Unreadable(Exception):
    """A text that cannot be read with certainty, and is therefore not sent. Holds the reason."""


def read_text(data: bytes, settings: Mapping[str, str], certain: bool = True) -> str:
    """Return `data` as the server will read it. `settings` is what it last reported by ParameterStatus.

    `certain` is false where something under way may have changed these since. Raises Unreadable.
    """
    if b"\\" in data and not (certain and settings.get("standard_conforming_strings") == "on"):
        raise Unreadable("it holds a backslash, and standard_conforming_strings is not known to be on")
    if data.isascii():
        return data.decode("ascii")
    encoding = settings.get("client_encoding", "") if certain else ""
    codec = _CODECS.get(encoding.upper())
    if codec is None:
        name = encoding or "that is not known"
        raise Unreadable(f"it is not ASCII, and in the client encoding {name} it cannot be read with certainty")
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not valid in the client encoding {encoding} at byte {error.start}") from None


def keeps_ascii(encoding: str) -> bool:
    """Say whether signs of ASCII can be told in data of `encoding`: in SJIS, GBK and the like they end a character."""
    return _KEEPS_ASCII.fullmatch(re.sub(r"[^a-z0-9]", "", encoding.lower())) is not None


def write_text(text: str, settings: Mapping[str, str]) -> bytes:
    """Return a text that came from `read_text` as the client would have sent it."""
    return text.encode(_CODECS.get(settings.get("client_encoding", "").upper(), "ascii"))


def read_name(data: bytes, settings: Mapping[str, str]) -> bytes:
    """Return what tells the name of a statement or of a portal from others. Raises Unreadable."""
    if not data.isascii() and settings.get("client_encoding") != settings.get("server_encoding"):
        raise Unreadable("a name that is not ASCII needs a client encoding that is the server's")
    return data[:NAME_BYTES]
