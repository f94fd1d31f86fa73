"""What a policy says about masking; the masking package carries it out."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from enum import Enum

CREDENTIAL_DETECTORS = frozenset(
    {
        "anthropic",
        "authorization",
        "aws_key",
        "azure",
        "connection_uri",
        "cookie",
        "docker",
        "gcp",
        "github",
        "gitlab",
        "high_entropy",
        "jwt",
        "kubernetes",
        "named_value",
        "npm",
        "openai",
        "password",
        "password_hash",
        "placed_password",
        "private_key",
        "pypi",
        "slack",
        "stripe",
        "vault",
        "vendor_token",
    }
)
"""Names of the detectors that find what opens a door."""

PERSONAL_DETECTORS = frozenset({"credit_card", "crypto_address", "email", "iban", "national_id", "phone"})
"""Names of the detectors that find data about a person."""

MACHINE_DETECTORS = frozenset({"ip_address", "mac_address"})
"""Names of the detectors that find addresses of machines; no default masks these."""

DETECTORS = CREDENTIAL_DETECTORS | PERSONAL_DETECTORS | MACHINE_DETECTORS
"""Every name that a rule's `detect` may hold."""

DETECTOR_GROUPS = {"credentials": CREDENTIAL_DETECTORS, "personal": PERSONAL_DETECTORS, "machines": MACHINE_DETECTORS}
"""Names that a policy may use for all detectors of a group, those of later versions included."""


class Strategy(str, Enum):
    """What takes the place of a secret."""

    REDACT = "redact"
    """A label of its kind: ``[EMAIL]``."""
    MASK = "mask"
    """Stars, as long as the value was."""
    PARTIAL = "partial"
    """Stars, and the last `keep_last` characters."""
    HASH = "hash"
    """A digest keyed per session: equal values stay equal, nothing can be guessed back."""


class Encoding(str, Enum):
    """What a secret may be wrapped in that a policy has unwrapped."""

    BASE64 = "base64"
    HEX = "hex"
    PERCENT = "percent"
    JSON = "json"
    GZIP = "gzip"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


@dataclass(frozen=True, slots=True)
class MaskPattern:
    """A policy's own detector: what `regex` (RE2 syntax) matches within a line is found under `name`."""

    name: str
    regex: str


@dataclass(frozen=True, slots=True)
class MaskRule:
    """One entry of a policy's ``mask`` list: what is found by `detect` (names of detectors) or by `columns`
    (globs over ``table.column`` and over keys) gives way to `strategy`. `tools` limits it to the output of
    these tools, empty for all. Where several rules name the same detector for a tool, the first one holds.

    `decode` says in which encodings it is looked for as well; the whole encoded value gives way.

    `patterns` and `deny` (exact values) are found too. A value that is in `allow`, or that matches one of
    `allow_matching` (RE2 syntax) as a whole, stays; `deny` goes before. A rule that only allows does so for all others.
    """

    detect: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    strategy: Strategy = Strategy.REDACT
    keep_last: int = 4
    tools: tuple[str, ...] = ()
    patterns: tuple[MaskPattern, ...] = ()
    deny: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    allow_matching: tuple[str, ...] = ()
    decode: tuple[Encoding, ...] = ()

    def names(self, column: str) -> bool:
        """Return whether one of `columns` names `column`, of whatever table: by its part behind the last dot."""
        return any(fnmatch.fnmatchcase(column.lower(), glob.rpartition(".")[2].lower()) for glob in self.columns)
