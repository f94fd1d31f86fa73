"""What is kept of a login is its owner's alone, one token for each API."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from guardcli.cli.logins import NAME, keep_login, stored_login
from guardcli.model.errors import ConfigurationError
from guardcli.model.secrets import Secret


def test_each_api_has_its_own(tmp_path: Path) -> None:
    keep_login(tmp_path, "https://a", Secret("one"))
    keep_login(tmp_path, "https://b", Secret("two"))
    keep_login(tmp_path, "https://a", None)
    assert stored_login(tmp_path, "https://a").reveal() == ""
    assert stored_login(tmp_path, "https://b").reveal() == "two"
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("content", ["{", "\udcff"])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigurationError):
        stored_login(tmp_path, "https://a")


@pytest.mark.parametrize("content", ["[]", '{"https://a": 5}', '{"https://a": {"token": 5}}'])
def test_another_shape_is_no_login(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    assert not stored_login(tmp_path, "https://a")
