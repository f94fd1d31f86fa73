"""Files that an agent names are opened as files, never as something of whoever opens them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guardcli.broker.opening import open_regular


def test_a_file_is_opened_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        with os.fdopen(open_regular(str(tmp_path / name))) as file:
            assert file.read() == "content"


@pytest.mark.parametrize("way", ["/proc/self/fd/{}", "/dev/fd/{}", "/proc/thread-self/fd/{}", "{link}"])
def test_a_descriptor_of_ones_own_is_not_opened(tmp_path: Path, way: str) -> None:
    (tmp_path / "file").write_text("content")
    with (tmp_path / "file").open() as file:
        (tmp_path / "link").symlink_to(f"/dev/fd/{file.fileno()}")
        with pytest.raises(OSError, match="descriptor"):
            open_regular(way.format(file.fileno(), link=tmp_path / "link"))


@pytest.mark.parametrize(
    "path", ["/proc/self/environ", "/proc/self/cgroup", "/dev/null", "/dev/stdin", "/", "/nowhere"]
)
def test_what_is_no_file_of_a_disk_is_not_opened(path: str) -> None:
    with pytest.raises(OSError):
        open_regular(path)


def test_a_fifo_does_not_hold_it_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="regular"):
        open_regular(str(tmp_path / "fifo"))


def test_a_name_with_a_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="null"):
        open_regular("a\0b")
