"""Files that only their owner can read are lent; all others are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guardcli.credentials.file import File
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError


def kept(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("text", "field", "user", "password"),
    [
        ("hunter2", "", "", "hunter2"),
        ("hunter2\n", "", "", "hunter2"),
        (" spaces stay \r\n", "", "", " spaces stay "),
        ('{"username": "ann", "password": "pw"}', "", "ann", "pw"),
        ('{"user": "ann", "secret": "pw"}', "#secret", "ann", "pw"),
        ("{not json", "", "", "{not json"),
        ('{"password": 7}', "", "", '{"password": 7}'),
    ],
)
def test_a_password_or_json(tmp_path: Path, text: str, field: str, user: str, password: str) -> None:
    found = File().lend(f"{kept(tmp_path / 'pw', text)}{field}", Purpose()).credential
    assert found.password is not None
    assert (found.user, found.password.reveal()) == (user, password)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604])
def test_a_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(UnavailableError, match="chmod 600") as raised:
        File().lend(str(kept(tmp_path / "pw", "hunter2", mode)), Purpose())
    assert "hunter2" not in str(raised.value)


def test_what_is_no_file_or_holds_no_credential_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    for reference in (
        str(tmp_path / "missing"),
        str(tmp_path),
        str(tmp_path / "fifo"),
        "relative",
        str(kept(tmp_path / "empty", "\n")),
        str(kept(tmp_path / "nul", "a\0b")),
        str(kept(tmp_path / "long", "x" * 70_000)),
        f"{kept(tmp_path / 'pw', 'x')}#field",
    ):
        with pytest.raises(UnavailableError):
            File().lend(reference, Purpose())


def test_home_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    kept(tmp_path / "pw", "x")
    assert File().lend("~/pw", Purpose()).credential.password is not None
