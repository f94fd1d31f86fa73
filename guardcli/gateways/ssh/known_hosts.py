"""Which keys a host has, by a file of known hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).

Names may be hashed, hold ``*`` and ``?``, and be taken back with ``!``. A key that is marked as revoked is no host's.
Keys of authorities that sign certificates of hosts are passed over: certificates are not accepted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import translate

STANDARD_PORT = 22
LINES_MAX = 100_000
"""Lines of one file that are read; what follows is not known."""


@dataclass(frozen=True, slots=True)
class Place:
    """A host and the port that its server is at."""

    host: str
    port: int = STANDARD_PORT

    @property
    def name(self) -> str:
        """The name under which a file of known hosts has it."""
        host = self.host.lower()
        return host if self.port == STANDARD_PORT else f"[{host}]:{self.port}"


def keys_of(places: Iterable[Place], texts: Iterable[str]) -> frozenset[bytes]:
    """Return the keys that any of `places` has by the files whose contents are `texts`."""
    names = {place.name for place in places}
    known: set[bytes] = set()
    revoked: set[bytes] = set()
    for marker, patterns, key in (entry for text in texts for entry in _entries(text)):
        if marker == "@revoked":
            revoked.add(key)
        elif not marker and any(_matches(patterns, name) for name in names):
            known.add(key)
    return frozenset(known - revoked)


def read_key(text: str) -> bytes | None:
    """Return the public key that ``KIND BASE64``, a comment behind it perhaps, holds; None where it is none."""
    words = text.split()
    if len(words) < 2:
        return None
    try:
        key = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    kind = words[0].encode("utf-8", "surrogateescape")
    return key if key[4 : 4 + len(kind)] == kind and key[:4] == len(kind).to_bytes(4, "big") else None


def _entries(text: str) -> Iterator[tuple[str, str, bytes]]:
    for line in text.split("\n", LINES_MAX)[:LINES_MAX]:
        words = line.split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        marker = words[0] if words[0].startswith("@") else ""
        rest = line.split(None, 2 if marker else 1)
        if len(rest) < (3 if marker else 2):
            continue
        key = read_key(rest[-1])
        if key is not None:
            yield marker, rest[-2], key


def _matches(patterns: str, name: str) -> bool:
    if patterns.startswith("|"):
        return _is_hash_of(patterns, name)
    found = False
    for pattern in patterns.lower().split(","):
        plain = pattern.removeprefix("!")
        if re.fullmatch(translate(plain.replace("[", "[[]")), name):
            if plain != pattern:
                return False
            found = True
    return found


def _is_hash_of(hashed: str, name: str) -> bool:
    """Tell whether ``|1|SALT|HASH`` is of `name`: HMAC-SHA1 of it, with the salt for a key."""
    parts = hashed.split("|")
    if len(parts) != 4 or parts[1] != "1":
        return False
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[2:])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
