"""A statement is found where psql would find it, or where it came over the wire, and nowhere else."""

from __future__ import annotations

import pytest

from guardcli.playback.commands import Asked, asked


@pytest.mark.parametrize(
    ("command", "statement"),
    [
        ("psql -c 'SELECT 1'", "SELECT 1"),
        ("/usr/bin/psql -d x --command 'SELECT 2' y", "SELECT 2"),
        ("psql --command='SELECT 3'", "SELECT 3"),
        ("psql -f file.sql", ""),
        ("psql -c", ""),
    ],
)
def test_the_statement_of_a_command(command: str, statement: str) -> None:
    assert asked("psql", command) == Asked(command, statement)


@pytest.mark.parametrize("text", ["UPDATE a SET b = 'c'", "SELECT 'it''s' -- isn't", "", "-- psql\nDELETE FROM a"])
def test_what_came_over_the_wire_is_a_statement(text: str) -> None:
    assert asked("psql", text) == Asked("", text)


@pytest.mark.parametrize("command", ["git -c a=b status", "ssh host psql -c 'SELECT 1'", "sh -c 'not closed"])
def test_another_tools_command_holds_none(command: str) -> None:
    assert asked(command.split()[0], command) == Asked(command, "")
