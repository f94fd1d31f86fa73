"""The compiled shim is part of every installation."""

import os

import pytest

import guardcli
from guardcli.broker.shim_binary import shim_binary
from guardcli.model.errors import UnavailableError


def test_the_installed_shim_is_a_program_that_needs_no_library() -> None:
    content = shim_binary().read_bytes()
    assert content.startswith(b"\x7fELF")
    assert b"ld-linux" not in content


def test_an_installation_without_the_shim_says_how_to_mend_it(
    tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guardcli, "__file__", os.path.join(tmp_path, "__init__.py"))
    with pytest.raises(UnavailableError, match="pip install"):
        shim_binary()
