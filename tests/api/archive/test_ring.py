"""Identities: made once, rotated without a restart, and nobody else's to read."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from pyrage import x25519

from guardcli.api.archive.ring import CannotOpenError, Ring
from guardcli.model.errors import ConfigurationError, ConflictError, UnavailableError
from guardcli.model.secrets import Secret


def test_what_is_sealed_is_opened_by_the_same_file_alone(tmp_path: Path) -> None:
    name, sealed = Ring(tmp_path / "keys").seal(b"what was shown")
    assert b"what was shown" not in sealed
    assert Ring(tmp_path / "keys").open(name, sealed) == b"what was shown"
    with pytest.raises(UnavailableError, match="is not here"):
        Ring(tmp_path / "others").open(name, sealed)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600


def test_many_that_make_the_file_at_once_use_the_same_identity(tmp_path: Path) -> None:
    names: list[str] = []
    threads = [threading.Thread(target=lambda: names.append(Ring(tmp_path / "d" / "k").current())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 8
    assert len(set(names)) == 1


def test_a_rotation_is_seen_by_whoever_uses_the_file_and_the_old_identity_still_opens(tmp_path: Path) -> None:
    running = Ring(tmp_path / "keys")
    old, sealed = running.seal(b"before")
    new = Ring(tmp_path / "keys").rotate()
    assert running.seal(b"after")[0] == new != old
    assert running.open(old, sealed) == b"before"
    assert running.names() == (new, old)


def test_a_retired_identity_opens_nothing_any_more_and_the_present_one_stays(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "keys")
    old, sealed = ring.seal(b"before")
    new = ring.rotate()
    ring.retire([old])
    assert ring.names() == (new,)
    with pytest.raises(UnavailableError):
        ring.open(old, sealed)
    with pytest.raises(ConflictError, match="cannot be retired"):
        ring.retire([new])
    assert ring.names() == (new,)


@pytest.mark.parametrize("place", [0, 30, -1])
def test_a_changed_byte_is_not_opened(tmp_path: Path, place: int) -> None:
    ring = Ring(tmp_path / "keys")
    name, sealed = ring.seal(b"what was shown")
    changed = bytearray(sealed)
    changed[place] ^= 1
    with pytest.raises(CannotOpenError):
        ring.open(name, bytes(changed))


def test_identities_may_be_given_as_a_text_that_nobody_can_rotate(tmp_path: Path) -> None:
    first, second = x25519.Identity.generate(), x25519.Identity.generate()
    before = Ring(text=Secret(str(second)))
    name, sealed = before.seal(b"x")
    ring = Ring(text=Secret(f"# now\n{first}\n# before\n{second}\n"))
    assert ring.current() != name
    assert ring.open(name, sealed) == b"x"
    with pytest.raises(ConflictError, match="not from a file"):
        ring.rotate()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    Ring(tmp_path / "keys").current()
    (tmp_path / "keys").chmod(0o640)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        Ring(tmp_path / "keys").current()


@pytest.mark.parametrize("text", ["", "# nothing\n", "AGE-SECRET-KEY-1QQQ\n", "hello\n"])
def test_a_file_without_identities_is_refused_and_never_made_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        Ring(path).seal(b"x")
    assert "QQQ" not in str(caught.value)
    assert path.read_text() == text


@pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")
def test_the_tool_of_the_format_opens_what_guard_sealed(tmp_path: Path) -> None:
    (tmp_path / "sealed").write_bytes(Ring(tmp_path / "keys").seal(b"what was shown")[1])
    command = ["age", "-d", "-i", str(tmp_path / "keys"), str(tmp_path / "sealed")]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"what was shown"
