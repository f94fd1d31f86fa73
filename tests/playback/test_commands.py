"""A statement is found where psql would find it, and nowhere else."""

from __future__ import annotations

import pytest

from guardcli.playback.commands import statement_of


@pytest.mark.parametrize(
    ("command", "statement"),
    [
        ("psql -c 'SELECT 1'", "SELECT 1"),
        ("/usr/bin/psql -d x --command 'SELECT 2' y", "SELECT 2"),
        ("psql --command='SELECT 3'", "SELECT 3"),
        ("psql -f file.sql", ""),
        ("psql -c", ""),
        ("git -c a=b status", ""),
        ("psql -c 'not closed", ""),
        ("", ""),
    ],
)
def test_the_statement_of_a_command(command: str, statement: str) -> None:
    assert statement_of(command) == statement
