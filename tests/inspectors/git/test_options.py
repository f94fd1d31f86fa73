"""How git's options are read: abbreviations, combined letters, values, and where options end."""

from __future__ import annotations

import pytest

from guardcli.inspectors.git.options import Option, Spec, Value, every_option, parse, spec_of

SPEC = Spec(
    long={
        "force": ("force", Value.NONE),
        "force-with-lease": ("force-with-lease", Value.ATTACHED),
        "message": ("message", Value.NEEDED),
        "mirror": ("mirror", Value.NONE),
        "no-verify": ("no-verify", Value.NONE),
        "hard": ("hard", Value.NONE),
    },
    short={
        "f": ("force", Value.NONE),
        "m": ("message", Value.NEEDED),
        "S": ("sign", Value.ATTACHED),
        "n": ("number", Value.NONE),
    },
)

READ = [
    (["-f"], [("force", None)], []),
    (["--force"], [("force", None)], []),
    (["--force-with"], [("force-with-lease", None)], []),
    (["--force-with-lease=main"], [("force-with-lease", "main")], []),
    (["--force-with-lease", "main"], [("force-with-lease", None)], ["main"]),
    (["--har"], [("hard", None)], []),
    (["--message", "--force"], [("message", "--force")], []),
    (["--mess=--force"], [("message", "--force")], []),
    (["-m", "-f"], [("message", "-f")], []),
    (["-mf"], [("message", "f")], []),
    (["-fm", "x"], [("force", None), ("message", "x")], []),
    (["-nfm", "x"], [("number", None), ("force", None), ("message", "x")], []),
    (["-Sf"], [("sign", "f")], []),
    (["-S", "f"], [("sign", None)], ["f"]),
    (["word", "-f"], [("force", None)], ["word"]),
    (["--", "-f"], [], ["-f"]),
    (["--end-of-options", "--force"], [], ["--force"]),
    (["-", "-f"], [("force", None)], ["-"]),
    (["-m", "--", "-f"], [("message", "--"), ("force", None)], []),
]


@pytest.mark.parametrize(("arguments", "options", "words"), READ, ids=[" ".join(case[0]) for case in READ])
def test_options_and_words_are_told_apart(
    arguments: list[str], options: list[tuple[str, str | None]], words: list[str]
) -> None:
    parsed = parse(SPEC, arguments)
    assert [(option.name, option.value) for option in parsed.options] == options
    assert list(parsed.words) == words
    assert not parsed.problems


@pytest.mark.parametrize(
    "arguments", [["--nothing"], ["--m", "x"], ["-q"], ["-fq"], ["--message"], ["-m"], ["--=x"], ["--no-nothing"]]
)
def test_what_cannot_be_read_is_a_problem(arguments: list[str]) -> None:
    assert parse(SPEC, arguments).problems


def test_an_ambiguous_beginning_counts_as_everything_that_it_may_be() -> None:
    parsed = parse(SPEC, ["--forc"])
    assert parsed.given("force")
    assert parsed.given("force-with-lease")
    assert parsed.problems


def test_an_option_can_be_taken_back_but_was_given() -> None:
    parsed = parse(SPEC, ["--force", "--no-force"])
    assert parsed.given("force")
    assert not parsed.on("force")
    assert parse(SPEC, ["--no-force", "-f"]).on("force")
    assert parse(SPEC, ["--verify"]).options == (Option("no-verify", None, negated=True),)


def test_words_can_end_the_options() -> None:
    parsed = parse(SPEC, ["-f", "word", "--hard", "--"], stops=True)
    assert parsed.words == ("word", "--hard", "--")
    assert not parsed.given("hard")


def test_counts_are_read_only_where_a_command_has_them() -> None:
    assert not parse(SPEC, ["-25"], digits=True).problems
    assert parse(SPEC, ["-25"]).problems


def test_the_place_of_the_dashes_is_kept() -> None:
    assert parse(SPEC, ["a", "--", "b"]).before_dashes == 1
    assert parse(SPEC, ["a", "--", "b"]).paths == ("b",)
    assert parse(SPEC, ["a", "b"]).before_dashes is None


@pytest.mark.parametrize(
    ("arguments", "hard"),
    [
        (["--message", "--hard"], True),
        (["-m", "--hard"], True),
        (["--message", "--", "--hard"], True),
        (["-m", "x", "--", "--hard"], False),
        (["word", "hard"], False),
    ],
)
def test_every_reading_has_the_options_that_one_reading_takes_for_values(arguments: list[str], hard: bool) -> None:
    options = every_option(SPEC, arguments, parse(SPEC, arguments))
    assert any(option.name == "hard" for option in options) is hard


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [
        ("push", "force", Value.NONE),
        ("push", "receive-pack", Value.NEEDED),
        ("push", "force-with-lease", Value.ATTACHED),
        ("log", "output", Value.NEEDED),
        ("log", "merges", Value.NONE),
        ("log", "diff-merges", Value.NEEDED),
        ("log", "basic-regexp", Value.NONE),
        ("rev-list", "disk-usage", Value.ATTACHED),
        ("rev-list", "max-count", Value.NEEDED),
        ("worktree remove", "force", Value.NONE),
        ("clone", "template", Value.NEEDED),
        ("grep", "open-files-in-pager", Value.ATTACHED),
        ("rebase", "exec", Value.NEEDED),
    ],
)
def test_the_tables_of_git_know_what_matters(command: str, option: str, value: Value) -> None:
    spec = spec_of(command)
    assert spec is not None
    assert spec.long[option] == (option, value)


def test_a_command_without_a_table_has_none() -> None:
    assert spec_of("no-such-command") is None
