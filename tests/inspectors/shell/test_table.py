"""The table of known commands: well formed, without a name twice, and read as its notation says."""

from __future__ import annotations

from importlib.resources import files

import pytest

from guardcli.inspectors.shell.table import commands, judge_command, judge_verb, verbs
from guardcli.inspectors.shell.words import DYNAMIC, Word, literal
from guardcli.model.effects import Effect

KINDS = {"read", "deny", "allow", "always"}
READ = {Effect.READ}


def rows(name: str) -> list[list[str]]:
    text = (files("guardcli.inspectors.shell") / "data" / name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def test_every_row_of_commands_is_whole_and_names_its_source() -> None:
    seen: set[str] = set()
    for row in rows("commands.tsv"):
        assert len(row) == 6, row
        names, kind, _effects, _options, operands, source = row
        assert kind in KINDS, row
        assert operands in ("any", "plus", "known", "noassign") or operands[:3] in ("max", "min"), row
        assert source, row
        for name in names.split(","):
            assert name not in seen, name
            seen.add(name)
    assert len(seen) == len(commands()) > 300


def test_every_row_of_sub_commands_is_whole() -> None:
    for row in rows("verbs.tsv"):
        assert len(row) == 4, row
        assert all(row), row
    assert set(verbs()) & {"systemctl", "docker", "ip", "git"}


def test_no_command_stands_in_both_tables() -> None:
    assert not set(commands()) & set(verbs())


def test_what_only_reads_has_no_way_to_start_a_program_without_conceding() -> None:
    for name, rule in commands().items():
        for option, meaning in rule.options.items():
            if meaning.effects and Effect.EXECUTE in meaning.effects:
                assert Effect.UNKNOWN in meaning.effects, (name, option)


def words(text: str) -> list[Word]:
    return [DYNAMIC if word == "$x" else literal(word) for word in text.split()]


@pytest.mark.parametrize(
    ("name", "arguments", "effects"),
    [
        ("sort", "-k 2 f", READ),
        ("sort", "-k2 -n f", READ),
        ("sort", "-o f f", {Effect.WRITE, Effect.FILE}),
        ("sort", "-nof f", {Effect.WRITE, Effect.FILE}),
        ("sort", "-k o f", READ),
        ("sort", "-- -o f", READ),
        ("sort", "--outp=f f", {Effect.WRITE, Effect.FILE}),
        ("sort", "$x", {Effect.UNKNOWN}),
        ("sort", "-- $x", READ),
        ("ls", "$x", READ),
        ("uniq", "a", READ),
        ("uniq", "a b", {Effect.WRITE, Effect.FILE}),
        ("date", "+%F", READ),
        ("date", "0101", {Effect.WRITE, Effect.PRIVILEGE}),
        ("crontab", "-l", READ),
        ("crontab", "-l -r", {Effect.DELETE}),
        ("crontab", "", {Effect.WRITE, Effect.EXECUTE, Effect.UNKNOWN}),
        ("nginx", "-t -c /etc/nginx/a.conf", READ),
        ("nginx", "-t -c /tmp/a.conf", {Effect.EXECUTE, Effect.UNKNOWN}),
        ("rm", "--anything", {Effect.DELETE, Effect.FILE}),
    ],
)
def test_a_call_is_read_as_its_row_says(name: str, arguments: str, effects: set[Effect]) -> None:
    found = judge_command(commands()[name], words(arguments)).effects
    assert (Effect.UNKNOWN in found) if effects == {Effect.UNKNOWN} else (found == effects)


@pytest.mark.parametrize(
    ("name", "arguments", "effects", "verb"),
    [
        ("systemctl", "status x", READ, "status"),
        ("systemctl", "", READ, ""),
        ("systemctl", "--no-pager -l status x", READ, "status"),
        ("systemctl", "-n 5 status x", READ, "status"),
        ("systemctl", "-n stop status", READ, "status"),
        ("systemctl", "stop x", {Effect.DELETE}, "stop"),
        ("ip", "addr", READ, "addr"),
        ("ip", "addr show eth0", READ, "addr show"),
        ("ip", "addr del x", {Effect.NETWORK, Effect.DEFINE}, "addr del"),
        ("git", "branch", READ, "branch"),
        ("docker", "compose ps", READ, "compose ps"),
    ],
)
def test_a_sub_command_is_found_behind_options(name: str, arguments: str, effects: set[Effect], verb: str) -> None:
    found = judge_verb(verbs()[name], words(arguments))
    assert (found.effects, found.verb) == (effects, verb)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("systemctl", "$x"), ("systemctl", "frobnicate"), ("git", "branch x"), ("ip", "addr frob"), ("docker", "-H x ps")],
)
def test_a_sub_command_that_is_not_known_is_conceded(name: str, arguments: str) -> None:
    assert Effect.UNKNOWN in judge_verb(verbs()[name], words(arguments)).effects
