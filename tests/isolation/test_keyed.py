"""The copy of the shim that holds a session's key."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from guardcli.broker.shim_binary import shim_binary
from guardcli.isolation.keyed import KEY_BYTES, MARK, lay_keyed_shim, new_key
from guardcli.model.errors import UnavailableError


def test_the_copy_holds_the_key_once_and_can_be_run_only(tmp_path: Path) -> None:
    key, target = new_key(), tmp_path / "shim"
    lay_keyed_shim(shim_binary(), target, key)
    assert stat.S_IMODE(target.stat().st_mode) == 0o111
    target.chmod(0o700)
    content = target.read_bytes()
    assert content.count(MARK + b"\1" + key) == 1
    assert len(content) == shim_binary().stat().st_size
    assert len(key) == KEY_BYTES
    assert new_key() != key


def test_the_shim_as_it_is_built_holds_no_key() -> None:
    assert shim_binary().read_bytes().count(MARK + bytes(1 + KEY_BYTES)) == 1


@pytest.mark.parametrize("content", [b"no place", MARK * 2 + bytes(80)])
def test_a_shim_without_one_place_for_the_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "old").write_bytes(content)
    with pytest.raises(UnavailableError, match="no place"):
        lay_keyed_shim(tmp_path / "old", tmp_path / "new", new_key())
    assert not (tmp_path / "new").exists()
