"""Where real tools are found: by name, link, hard link, content, and in git's exec path."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from guardcli.isolation.standins import find_stand_ins, is_elf


@pytest.fixture(name="places")
def places_fixture(tmp_path: Path) -> Path:
    """A tool of the machine at six places, and what only looks like one."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    shutil.copy("/bin/true", first / "tool")
    os.link(first / "tool", second / "other-name")
    shutil.copy(first / "tool", second / "copy")
    (second / "link").symlink_to(first / "tool")
    shutil.copy("/bin/false", second / "stranger")
    (second / "tool.txt").write_text("tool")
    return tmp_path


def found(places: Path, *tools: str) -> tuple[set[str], dict[str, str]]:
    all_found = find_stand_ins(tools, f"{places / 'first'}:{places / 'second'}")
    here = {os.path.relpath(path, places) for path in all_found.paths if path.startswith(str(places))}
    return here, dict(all_found.tools)


def test_every_name_of_the_same_program_is_covered_and_nothing_else(places) -> None:
    paths, names = found(places, "tool")
    assert paths == {"first/tool", "second/other-name", "second/copy"}
    assert {name for name, tool in names.items() if tool == "tool"} >= {"tool", "other-name", "copy", "link"}
    assert "stranger" not in names


def test_a_link_with_the_tools_name_covers_what_it_leads_to(places) -> None:
    hidden = places / "elsewhere" / "tool-1.2"
    hidden.parent.mkdir()
    shutil.copy("/bin/false", hidden)
    (places / "second" / "named").symlink_to(hidden)
    paths, names = found(places, "named")
    assert "elsewhere/tool-1.2" in paths
    assert names["tool-1.2"] == "named"


def test_a_script_that_several_names_lead_to_is_left_as_it_is(places) -> None:
    wrapper = places / "wrapper"
    wrapper.write_text("#!/bin/sh\n")
    wrapper.chmod(0o755)
    for name in ("psql", "pg_dump"):
        (places / "first" / name).symlink_to(wrapper)
    (places / "second" / "script").write_text("#!/bin/sh\n")
    (places / "second" / "script").chmod(0o755)
    assert "wrapper" not in found(places, "psql")[0]
    assert "second/script" in found(places, "script")[0]


def test_git_is_covered_in_its_exec_path_with_what_speaks_to_remotes() -> None:
    core = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    all_found = find_stand_ins(["git"], "/usr/bin:/bin")
    assert os.path.realpath(f"{core}/git") in all_found.paths
    assert os.path.realpath(f"{core}/git-remote-https") in all_found.paths
    assert all_found.tools["git-remote-https"] == all_found.tools["git-upload-pack"] == "git"
    assert find_stand_ins(["psql"], "/usr/bin").programs == {}


def test_programs_of_the_machine_are_told_from_scripts(places) -> None:
    assert is_elf("/bin/true")
    assert not is_elf(str(places / "second" / "tool.txt"))
    assert not is_elf(str(places / "nothing"))
