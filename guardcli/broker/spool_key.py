"""What the frames of a session's spool are sealed with: a key of its own, which the API alone can give again.

The broker makes the key and keeps it in its memory. Beside the spool it lies sealed with age for the API, so that who
has the disk has neither the record nor its key. Whoever recovers the spool shows that to the API, which opens it for
those who may take the session over. For sessions that begin without the API, what it seals for is kept from the last
time that it answered.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from guardcli.broker.spool_frames import KEY_BYTES
from guardcli.model.errors import ConfigurationError, UnavailableError

SEALED_KEY = "key.age"

RECIPIENTS = "recipients"
"""The directory in the state directory that has each API's recipient, by the SHA-256 of its address."""


def new_key() -> bytes:
    """Return a key for one spool."""
    return os.urandom(KEY_BYTES)


def sealed(key: bytes, session: str, recipient: str) -> bytes:
    """Return the key of a session's spool as it lies on the disk: for `recipient` alone.

    Raises ConfigurationError for what is no recipient of age's.
    """
    import pyrage  # type: ignore[import-untyped]
    from pyrage import x25519

    try:
        who = x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise ConfigurationError(f"{recipient[:80]!r} is no age recipient", hint="see what the API answers") from None
    return bytes(pyrage.encrypt(json.dumps({"session": session, "key": key.hex()}).encode(), [who]))


def write_key(directory: Path, closed: bytes) -> None:
    """Put a sealed key beside its spool. Raises OSError."""
    made = directory / f".{SEALED_KEY}"
    made.write_bytes(closed)
    made.replace(directory / SEALED_KEY)


def sync_path(path: Path) -> None:
    """Bring a file or a directory to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remember(state: Path, api: str, recipient: str) -> None:
    """Keep the recipient of the API at `api` for sessions that begin without it; where that fails, none can."""
    path = _kept(state, api)
    with suppress(OSError):
        if path.exists() and path.read_text() == recipient:
            return
        path.parent.mkdir(mode=0o700, exist_ok=True)
        made = path.with_name(f".{path.name}.{os.getpid()}")
        made.write_text(recipient)
        made.replace(path)


def remembered(state: Path, api: str) -> str:
    """Return the recipient of the API at `api` as it was last. Raises UnavailableError where it was never asked."""
    try:
        return _kept(state, api).read_text()
    except (OSError, UnicodeDecodeError):
        raise UnavailableError(
            "the record cannot be sealed: the API has not said yet for whom",
            hint="begin one session while the API can be reached",
        ) from None


def _kept(state: Path, api: str) -> Path:
    return state / RECIPIENTS / hashlib.sha256(api.encode()).hexdigest()[:32]
