"""Files as an isolated agent sees them: below its root, links included, and nothing that acts when opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from guardcli.isolation.inside import AgentFiles


@pytest.fixture(name="files")
def files_fixture(tmp_path: Path) -> Iterator[AgentFiles]:
    """The directory of the test as somebody's root."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("the agent's own")
    (tmp_path / "absolute").symlink_to("/etc/passwd")
    (tmp_path / "upwards").symlink_to("../../../../../../etc/passwd")
    (tmp_path / "magic").symlink_to("/proc/self/fd/0")
    os.mkfifo(tmp_path / "pipe")
    root = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    made = AgentFiles(root, os.open("/proc/self/ns/mnt", os.O_RDONLY), Path("/nonexistent"))
    yield made
    made.close()


@pytest.mark.parametrize("path", ["/etc/passwd", "/absolute", "/upwards", "/../../etc/passwd", "etc/passwd"])
def test_every_path_leads_to_the_agents_own_file(files, path) -> None:
    fd = files.open_regular(path)
    try:
        assert os.read(fd, 100) == b"the agent's own"
    finally:
        os.close(fd)


@pytest.mark.parametrize("path", ["/pipe", "/etc", "/magic", "/nothing", "/usr/bin/env", "/"])
def test_what_is_no_file_of_the_agents_is_refused_without_waiting(files, path) -> None:
    with pytest.raises(OSError):
        files.open_regular(path)


def test_a_path_with_a_nul_is_refused(files) -> None:
    with pytest.raises(ValueError):
        files.open_regular("/etc\0/passwd")


def test_directories_are_listed_up_to_a_bound_and_links_looked_at_themselves(files) -> None:
    assert sorted(files.names_in("/", 100)) == ["absolute", "etc", "magic", "pipe", "upwards"]
    assert len(files.names_in("/", 2)) == 2
    assert stat.S_ISLNK(files.lstat("/absolute").st_mode)


def test_files_of_proc_are_refused() -> None:
    made = AgentFiles(os.open("/", os.O_PATH), os.open("/proc/self/ns/mnt", os.O_RDONLY), Path("/nonexistent"))
    try:
        for path in ("/proc/version", "/proc/1/environ"):
            with pytest.raises(OSError):
                made.open_regular(path)
    finally:
        made.close()
