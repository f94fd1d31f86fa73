"""Globs: what they match, what one says about another, and that no pattern makes them slow."""

from __future__ import annotations

import time

import pytest

from guardcli.policy.globs import Glob, PathGlob, covers, overlaps, path_covers


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("select", "select", True),
        ("select", "selects", False),
        ("drop *", "drop table", True),
        ("drop *", "drop", False),
        ("*", "", True),
        ("*", "a/b", True),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("ab*ab", "ab", False),
        ("a**b", "ab", True),
        ("a?c", "abc", False),
        ("[a]", "a", False),
    ],
)
def test_a_star_stands_for_any_text_and_everything_else_for_itself(pattern: str, text: str, fits: bool) -> None:
    assert Glob(pattern).matches(text) is fits


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("public/*", "public/orders", True),
        ("public/*", "private/orders", False),
        ("public/*", "public/a/b", False),
        ("/etc/*", "/etc/passwd", True),
        ("/etc/*", "/etc/ssh/sshd_config", False),
        ("/etc/**", "/etc/ssh/sshd_config", True),
        ("/etc/**", "/etcetera", False),
        ("**/refs/heads/main", "origin/refs/heads/main", True),
        ("**/refs/heads/main", "origin/refs/heads/maintenance", False),
        ("a/**/c/**/e", "a/b/c/d/e", True),
        ("a/**/c/**/e", "a/c/e", True),
        ("a/**/c/**/e", "a/e/c", False),
        ("**", "", True),
        ("*", "/any/thing", True),
    ],
)
def test_a_star_stays_within_its_part_and_two_stars_are_any_parts(pattern: str, name: str, fits: bool) -> None:
    assert PathGlob(pattern).matches(name.split("/")) is fits


def test_an_empty_part_fits_everything_only_where_that_is_asked_for() -> None:
    assert not PathGlob("public/orders").matches(["", "orders"])
    assert PathGlob("public/orders").matches(["", "orders"], lenient=True)
    assert not PathGlob("public/orders").matches(["", "people"], lenient=True)


@pytest.mark.parametrize(
    ("general", "special", "answer"),
    [
        ("*", "drop *", True),
        ("drop *", "drop table", True),
        ("drop *", "dr*", False),
        ("a*", "a*b", True),
        ("x", "*", False),
    ],
)
def test_one_glob_covers_another(general: str, special: str, answer: bool) -> None:
    assert covers(general, special) is answer


@pytest.mark.parametrize(
    ("general", "special", "answer"),
    [
        ("*", "a/**", True),
        ("**", "a/*/c", True),
        ("a/**", "a/b/**", True),
        ("a/*", "a/**", False),
        ("a/*", "a/b*", True),
        ("**/main", "*/main", True),
        ("*/main", "**/main", False),
    ],
)
def test_one_path_glob_covers_another(general: str, special: str, answer: bool) -> None:
    assert path_covers(general, special) is answer


@pytest.mark.parametrize(
    ("pattern", "given", "answer"),
    [
        ("*/refs/heads/main", "origin/*", True),
        ("*/refs/heads/main", "origin/refs/heads/*", True),
        ("*/refs/heads/main", "origin/refs/tags/*", False),
        ("prod/**", "*/pod/web", True),
        ("prod/*/*", "dev/*", False),
        ("*", "anything/*", True),
        ("", "*", True),
        ("abc", "a*d", False),
    ],
)
def test_a_name_with_a_star_overlaps_a_pattern_that_one_of_its_names_would_fit(
    pattern: str, given: str, answer: bool
) -> None:
    assert overlaps(pattern, given) is answer


def test_names_too_long_to_compare_are_taken_to_overlap() -> None:
    assert overlaps("b" * 3000, "a*" * 3000)


def test_time_grows_with_the_length_and_no_faster() -> None:
    def seconds(length: int) -> float:
        glob, path = Glob("a*" * 40 + "b"), PathGlob("**/a/" * 40 + "b")
        text = "a" * length
        begin = time.process_time()
        for _ in range(5):
            assert not glob.matches(text)
            assert not path.matches(list(text))
        return time.process_time() - begin

    seconds(1000)
    assert seconds(40_000) < 400 * max(seconds(1000), 0.001)
