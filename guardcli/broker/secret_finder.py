"""Finds in what would be published the credentials that strong detectors know, and names them by a digest.

Only detectors whose secrets carry a mark of their issuer, or a form that nothing else has: an alarm stops a commit,
and one that is false is worse here than in masked output. So there is no entropy, no ``password=``, no cookie, and no
token whose kind is also printed in every manual. A password in an address counts when it is long and mixed: manuals
and tests are full of ``scheme://user:tiger@host``, so a real password as weak as that is not found.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from guardcli.model.facts import Found
from guardcli.model.masking import MaskRule

if TYPE_CHECKING:
    from guardcli.masking import Masker

PUBLISHED = (
    "anthropic",
    "aws_key",
    "azure",
    "connection_uri",
    "gcp",
    "github",
    "gitlab",
    "npm",
    "openai",
    "private_key",
    "pypi",
    "slack",
    "stripe",
    "vault",
    "vendor_token",
)
"""The detectors that stop a commit or a push."""

_NO_ESCAPES = bytes(0 if sign in b"\x1b\b" else sign for sign in range(256))
"""Signs that a terminal obeys are none in a file, and looking at binary data as a terminal would is slow."""
_KEY_LIMIT = 1 << 14
_PASSWORD_LENGTH = 12
_PASSWORD_SIGNS = 8
_UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class SecretFinder:
    """Called with bytes, returns the credentials in them. Compiled at the first call; safe to share between threads.

    `load` and `store` may keep the compiled patterns between runs, as for `Masker`.
    """

    def __init__(
        self, load: Callable[[str], bytes | None] | None = None, store: Callable[[str, bytes], None] | None = None
    ) -> None:
        self._load = load
        self._store = store
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._masker: Masker | None = None

    def __call__(self, content: bytes) -> frozenset[Found]:
        """Return what is found: detectors with digests, equal for equal values within this finder's life."""
        encoding = _UTF_16.get(content[:2])
        if encoding is not None:  # what a PowerShell redirection writes
            content = content.decode(encoding, "replace").encode("utf-8", "replace")
        places: list[tuple[str, int, int]] = []
        stream = self._compiled().stream(observer=lambda *place: places.append(place))
        stream.feed(content.translate(_NO_ESCAPES))
        stream.finish()
        values = [(name, _value(content, name, start, size)) for name, start, size in places]
        return frozenset((name, self._digest(value)) for name, value in values if _is_strong(name, value))

    def _compiled(self) -> Masker:
        with self._lock:
            if self._masker is None:
                rule = MaskRule(detect=PUBLISHED)
                from guardcli.masking import Masker  # not before something is to be searched: it has many parts

                self._masker = Masker([rule], key=self._key, load=self._load, store=self._store)
            return self._masker

    def _digest(self, value: bytes) -> str:
        return hashlib.blake2b(value, key=self._key, digest_size=16).hexdigest()


def _is_strong(name: str, value: bytes) -> bool:
    """Return whether `value` is no word of a manual, as passwords in addresses mostly are."""
    if name != "connection_uri":
        return True
    kinds = (bytes.isdigit, bytes.islower, bytes.isupper)
    mixed = sum(any(kind(value[at : at + 1]) for at in range(len(value))) for kind in kinds)
    return len(value) >= _PASSWORD_LENGTH and mixed >= 2 and len(set(value)) >= _PASSWORD_SIGNS


def _value(content: bytes, name: str, start: int, size: int) -> bytes:
    """Return the secret at `start`; of a key over many lines only the first was named, and first lines of different
    keys can be the same, so all up to its end is taken.
    """
    end = content.find(b"-----END", start, start + _KEY_LIMIT) if name == "private_key" else -1
    return content[start : max(start + size, end)]
