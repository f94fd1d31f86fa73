"""A real program as a descriptor: run, not read."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from guardcli.isolation.programs import SCRIPT_NUMBER, Programs, behind_wrapper


def test_a_program_of_the_machine_can_be_run_and_not_read() -> None:
    program = Programs().open("/bin/echo", "echo")
    assert program.number == 0
    assert stat.S_IMODE(os.fstat(program.fd).st_mode) == 0o111
    with pytest.raises(OSError):
        os.read(program.fd, 1)
    run = "import os, sys; os.execve(int(sys.argv[1]), ['echo', 'ran'], {})"
    done = subprocess.run([sys.executable, "-c", run, str(program.fd)], pass_fds=[program.fd], capture_output=True)
    assert done.stdout == b"ran\n"


def test_a_script_is_handed_over_to_be_read(tmp_path: Path) -> None:
    script = tmp_path / "tool"
    script.write_text("#!/bin/sh\necho ran\n")
    script.chmod(0o755)
    program = Programs().open(str(script), "tool")
    assert program.number == SCRIPT_NUMBER
    assert os.pread(program.fd, 9, 0) == b"#!/bin/sh"


def test_each_program_is_copied_once_and_again_when_it_changes(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_bytes(Path("/bin/true").read_bytes())
    programs = Programs()
    first = programs.open(str(tool), "tool")
    assert programs.open(str(tool), "tool") is first
    tool.write_bytes(Path("/bin/false").read_bytes())
    os.utime(tool, (1, 1))
    assert programs.open(str(tool), "tool").identity != first.identity


def test_debians_wrapper_is_passed_by_for_the_newest_program(tmp_path: Path) -> None:
    wrapper = "/usr/share/postgresql-common/pg_wrapper"
    found = behind_wrapper(wrapper, "psql")
    newest = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/psql"), key=lambda path: int(path.parts[4].partition(".")[0])
    )
    assert found == (str(newest[-1]) if newest else wrapper)
    assert behind_wrapper("/usr/bin/psql", "psql") == "/usr/bin/psql"
    assert behind_wrapper(wrapper, "no-such-tool") == wrapper
