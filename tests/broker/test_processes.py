"""Who started whom: git is the parent only of what git itself has started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guardcli.broker.processes import (
    NO_PROGRAM,
    SHIM,
    GitPrograms,
    Launches,
    begun,
    identity_of,
    parent_pid,
    program_of,
    started_by_git,
)


def test_parents_and_programs_are_the_kernels() -> None:
    assert parent_pid(os.getpid()) == os.getppid()
    assert program_of(os.getpid()) == identity_of(sys.executable)
    assert (parent_pid(0), program_of(0)) == (0, NO_PROGRAM)


def test_a_name_with_parentheses_and_spaces_does_not_mislead(tmp_path: Path) -> None:
    odd = tmp_path / "a) 1 ("
    shutil.copy(os.path.realpath("/bin/sleep"), odd)
    with subprocess.Popen([str(odd), "60"]) as process:
        assert parent_pid(process.pid) == os.getpid()
        process.kill()


@contextmanager
def chain(*programs: Path) -> Iterator[list[int]]:
    """Run programs that start one another; yield their pids, outermost first. Each is a copy of Python."""
    code = (
        "import os, subprocess, sys\n"
        "print(os.getpid(), flush=True)\n"
        "if sys.argv[1:]: subprocess.run([sys.argv[1], '-S', '-c', os.environ['CODE'], *sys.argv[2:]])\n"
        "else: sys.stdin.read()\n"
    )
    first, *rest = map(str, programs)
    env = {**os.environ, "CODE": code, "PYTHONHOME": sys.base_prefix}
    with subprocess.Popen(
        [first, "-S", "-c", code, *rest], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
    ) as process:
        assert process.stdout is not None
        yield [int(process.stdout.readline()) for _ in programs]
        process.communicate()


@pytest.fixture(name="programs")
def programs_fixture(tmp_path: Path) -> dict[str, Path]:
    """Programs that lie where git, its helpers, the shim and something else would."""
    found = {name: tmp_path / name / name for name in ("git", "other", "shim")}
    found["helper"] = tmp_path / "core" / "git-helper"
    for path in found.values():
        path.parent.mkdir(exist_ok=True)
        shutil.copy(os.path.realpath(sys.executable), path)
    return found


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (("git",), True),
        (("git", "helper"), True),
        (("shim", "git"), True),
        (("shim", "git", "helper"), True),
        ((), False),
        (("other",), False),
        (("git", "other"), False),
        (("other", "git"), False),
        (("shim",), False),
        (("git", "shim"), False),
        (("git", "shim", "git"), False),
    ],
)
def test_only_what_git_itself_started_is_gits(programs, between, expected) -> None:
    git = GitPrograms(lambda: "", lambda: {identity_of(str(programs[name])) for name in ("git", "helper")})
    with chain(programs["shim"], *(programs[name] for name in between), programs["other"]) as pids:
        assert started_by_git(pids[-1], {pids[0]: "git"}, git) is expected
        assert started_by_git(pids[-1], {}, git) is False


def test_without_git_nothing_is_git() -> None:
    assert identity_of("/usr/bin/git") not in GitPrograms(lambda: "")
    assert NO_PROGRAM not in GitPrograms(lambda: "", lambda: {NO_PROGRAM})


def test_git_and_what_lies_in_its_exec_path_are_git() -> None:
    real = shutil.which("git")
    assert real is not None
    git = GitPrograms(lambda: real)
    core = subprocess.run([real, "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    assert identity_of(real) in git
    assert identity_of(f"{core}/git-remote-https") in git
    assert identity_of("/bin/sh") not in git


def test_an_interpreter_of_gits_own_script_is_told_by_its_command_line(tmp_path: Path) -> None:
    git = GitPrograms(lambda: str(shutil.which("git")))
    assert identity_of("/bin/sh") not in git  # it has looked where git's scripts lie
    core = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    own = f"{core}/git-submodule"
    for words, expected in (([own], True), (["/tmp/git-submodule"], False), ([f"{core}/../x"], False), ([], False)):
        command = {"args": ["sh", *words, "-"], "executable": "/bin/cat"}  # which then waits for its standard input
        with subprocess.Popen(stdin=subprocess.PIPE, stdout=-3, stderr=-3, **command) as process:
            while not Path(f"/proc/{process.pid}/cmdline").read_bytes():
                time.sleep(0.001)  # it is becoming that program just now
            assert git.runs_own_script(process.pid) is expected
            process.kill()


def test_a_process_that_took_the_shims_place_is_known_as_long_as_it_is_the_same_one() -> None:
    known, program = Launches(), (7, 7)
    with subprocess.Popen(["sleep", "60"]) as process:
        known.begin(process.pid, program, monitored=False)
        assert known.program_of(process.pid) == SHIM
        known.become(process.pid, program)
        known.end(process.pid)
        assert begun(process.pid) > 0 and known.program_of(process.pid) == program
        assert known.program_of(os.getpid()) == NO_PROGRAM
        process.kill()
    assert (begun(process.pid), known.program_of(process.pid)) == (0, NO_PROGRAM)
    known.become(os.getpid(), NO_PROGRAM)
    assert known.program_of(os.getpid()) == NO_PROGRAM
