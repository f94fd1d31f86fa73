"""The compiled shim is part of every installation."""

import os
import struct

import pytest

import guardcli
from guardcli.broker.shim_binary import shim_binary
from guardcli.model.errors import UnavailableError

PT_LOAD, PT_INTERP = 1, 3


def test_the_installed_shim_is_a_program_that_needs_no_library() -> None:
    content = shim_binary().read_bytes()
    assert content.startswith(b"\x7fELF\x02\x01")  # 64 bits, little-endian
    (table,) = struct.unpack_from("<Q", content, 0x20)
    size, count = struct.unpack_from("<HH", content, 0x36)
    kinds = {struct.unpack_from("<I", content, table + size * number)[0] for number in range(count)}
    assert PT_LOAD in kinds
    assert PT_INTERP not in kinds


def test_an_installation_without_the_shim_says_how_to_mend_it(
    tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guardcli, "__file__", os.path.join(tmp_path, "__init__.py"))
    with pytest.raises(UnavailableError, match="pip install"):
        shim_binary()
