"""The real psql reads the start file and the service file that the environment names, and no other."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

START_FILES = (".psqlrc", ".psqlrc-15", ".psqlrc-15.18")


def copy(text: str) -> int:
    """Return a descriptor of a file without a name, as guard hands it to a tool."""
    fd = os.memfd_create("copy")
    os.write(fd, text.encode())
    return fd


def run(home: Path, *arguments: str, given: dict[str, int | str], program: str) -> str:
    """Run psql with variables that are texts, or descriptors of which the variable gets the path."""
    fds = [value for value in given.values() if isinstance(value, int)]
    values = {name: value if isinstance(value, str) else f"/proc/self/fd/{value}" for name, value in given.items()}
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **values}
    answer = subprocess.run(
        [program, "-Atq", *arguments], env=environment, pass_fds=fds, capture_output=True, text=True, check=True
    )
    return answer.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in START_FILES:
        (tmp_path / name).write_text(f"\\echo {name}\n")
    (tmp_path / ".pg_service.conf").write_text("[here]\nhost=/nowhere\n")
    return tmp_path


def test_a_start_file_in_the_environment_stands_for_all_others(postgres, home: Path) -> None:
    psql, where = (
        postgres.command[0],
        ("-h", str(postgres.directory), "-U", "admin", "-d", "postgres", "-c", "select 1"),
    )
    given = copy("\\echo given")
    try:
        assert run(home, *where, given={"PSQLRC": given}, program=psql) == "given\n1\n"
    finally:
        os.close(given)
    assert run(home, *where, given={"PSQLRC": "/dev/null"}, program=psql) == "1\n"
    assert run(home, *where, given={}, program=psql).startswith(".psqlrc-15")


def test_a_service_file_in_the_environment_goes_before_the_users_own(postgres, home: Path) -> None:
    given = copy(f"[here]\nhost={postgres.directory}\nuser=admin\ndbname=postgres\n")
    try:
        answer = run(
            home, "-X", "-c", "select 1", "service=here", given={"PGSERVICEFILE": given}, program=postgres.command[0]
        )
    finally:
        os.close(given)
    assert answer == "1\n"
