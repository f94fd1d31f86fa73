"""The key of a lost broker's spool is opened for its own session alone, by whichever identity it was sealed for."""

from __future__ import annotations

import base64
from pathlib import Path

import pyrage
import pytest
from pyrage import x25519

from guardcli.api.archive.ring import Ring
from guardcli.api.archive.spools import spool_key
from guardcli.broker.spool_key import new_key, sealed
from guardcli.model.errors import ConfigurationError, ConflictError, GuardError


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    return Ring(tmp_path / "recordings.key")


def shown(closed: bytes) -> str:
    return base64.b64encode(closed).decode()


def test_what_was_sealed_for_an_identity_is_opened_also_after_a_rotation(ring: Ring) -> None:
    key = new_key()
    closed = shown(sealed(key, "session-0001", ring.recipient()))
    assert spool_key(ring, "session-0001", closed) == key.hex()
    before, recipient = ring.current(), ring.recipient()
    ring.rotate()
    assert ring.recipient() != recipient
    assert spool_key(ring, "session-0001", closed) == key.hex()
    ring.retire([before])
    with pytest.raises(ConflictError, match="none of this API's identities"):
        spool_key(ring, "session-0001", closed)


BODIES: dict[str, bytes] = {
    "another session": b'{"session": "session-0002", "key": "%s"}' % (b"ab" * 32),
    "a short key": b'{"session": "session-0001", "key": "abab"}',
    "no key": b'{"session": "session-0001"}',
    "no object": b'["session-0001"]',
    "no JSON": b"{",
    "no text": b"\xff\xfe\xfd",
}


@pytest.mark.parametrize("name", BODIES)
def test_what_holds_no_key_of_the_session_is_refused(ring: Ring, name: str) -> None:
    closed = pyrage.encrypt(BODIES[name], [x25519.Recipient.from_str(ring.recipient())])
    with pytest.raises(ConfigurationError, match="no key"):
        spool_key(ring, "session-0001", shown(closed))


@pytest.mark.parametrize("text", ["*", "AAAA", "", shown(b"age-encryption.org/v1\n"), "ü"])
def test_what_is_not_sealed_at_all_is_refused(ring: Ring, text: str) -> None:
    with pytest.raises(GuardError):
        spool_key(ring, "session-0001", text)
