"""A statement is found where psql would find it, or where it came over the wire, and nowhere else."""

from __future__ import annotations

import pytest

from guardcli.playback.commands import Asked, agent, asked, resources


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


def test_a_session_is_known_by_its_agent_and_by_the_resources_that_it_reached() -> None:
    assert agent(["/usr/local/bin/claude", "-p", "tidy /up"]) == "claude -p tidy /up"
    assert (agent([]), agent(["/"])) == ("", "/")
    assert resources({"calls": 9, "resource:b": 1, "resource:a": 1, "resource:c": 7}) == "c, a, b"
    assert resources({"calls": 9}) == ""
