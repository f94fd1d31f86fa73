"""Tools that guard does not know are described by a policy's patterns, or not at all."""

from __future__ import annotations

import time

import pytest

from guardcli.inspectors.generic import MAX_TEXT, GenericInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation
from guardcli.model.tools import ToolPattern

PATTERNS = (
    ToolPattern(r"^(plan|show|validate)\b", frozenset({Effect.READ}), "look"),
    ToolPattern(r"^apply\b.*-auto-approve", frozenset({Effect.WRITE, Effect.DELETE}), "apply unseen"),
    ToolPattern(r"^apply\b", frozenset({Effect.WRITE}), "apply"),
    ToolPattern(r"^fmt\b", frozenset({Effect.UNKNOWN}), "fmt"),
)


def inspect(*arguments: str, patterns: tuple[ToolPattern, ...] = PATTERNS) -> Operation:
    inspector = GenericInspector("terraform", patterns)
    (operation,) = inspector.inspect(Invocation("terraform", ("terraform", *arguments)), NoFacts()).operations
    return operation


@pytest.mark.parametrize(
    ("arguments", "action", "effects"),
    [
        (("plan", "-out", "x"), "look", {Effect.READ}),
        (("apply",), "apply", {Effect.WRITE}),
        (("apply", "-auto-approve"), "apply unseen", {Effect.WRITE, Effect.DELETE}),
    ],
)
def test_the_first_pattern_that_matches_describes_the_call(
    arguments: tuple[str, ...], action: str, effects: set[Effect]
) -> None:
    operation = inspect(*arguments)
    assert (operation.action, set(operation.effects), operation.complete) == (action, effects, True)


@pytest.mark.parametrize(
    "arguments",
    [("destroy",), (), ("-chdir=x", "plan"), ("fmt",), ("plan\n",), ("plan destroy",), ("'plan'",), ("planner",)],
)
def test_what_no_pattern_describes_is_conceded(arguments: tuple[str, ...]) -> None:
    assert not inspect(*arguments).complete


def test_an_argument_with_a_space_does_not_pass_for_two() -> None:
    pattern = (ToolPattern("^plan -x$", frozenset({Effect.READ}), "plan"),)
    assert inspect("plan", "-x", patterns=pattern).complete
    assert not inspect("plan -x", patterns=pattern).complete


def test_a_tool_without_patterns_is_conceded() -> None:
    assert not inspect("plan", patterns=()).complete


@pytest.mark.parametrize("match", ["(", "(?=a)", r"(a)\1", "a{99999}"])
def test_a_pattern_that_is_not_valid_concedes_every_call(match: str) -> None:
    broken = (ToolPattern("^x$", frozenset({Effect.READ}), "x"), ToolPattern(match, frozenset({Effect.READ}), "y"))
    operation = inspect("x", patterns=broken)
    assert not operation.complete
    assert "not valid" in operation.reason


def test_time_grows_with_the_length_and_not_with_the_pattern() -> None:
    pattern = (ToolPattern("^(a+)+$", frozenset({Effect.READ}), "x"),)

    def seconds(length: int) -> float:
        start = time.perf_counter()
        assert not inspect("a" * length + "b", patterns=pattern).complete
        return time.perf_counter() - start

    seconds(10)
    assert min(seconds(200_000) for _ in range(3)) < 200 * max(seconds(20_000) for _ in range(3))
    assert not inspect("a" * (MAX_TEXT + 1), patterns=pattern).complete


def test_arguments_that_are_not_unicode_are_matched_all_the_same() -> None:
    assert inspect("plan", "\udcff").complete
    assert not inspect("\udcff", "plan").complete
