"""Refspecs: what they say, and what an unqualified name may mean on the remote."""

from __future__ import annotations

import pytest

from guardcli.inspectors.git.refspecs import Refspec, candidates, from_words, mapped, parse_refspec


@pytest.mark.parametrize(
    ("text", "refspec"),
    [
        ("main", Refspec("main", None)),
        ("@", Refspec("HEAD", None)),
        ("+main", Refspec("main", None, force=True)),
        ("a:b", Refspec("a", "b")),
        ("+a:b", Refspec("a", "b", force=True)),
        (":b", Refspec("", "b")),
        (":", Refspec("", "")),
        ("+:", Refspec("", "", force=True)),
    ],
)
def test_a_refspec_is_read(text: str, refspec: Refspec) -> None:
    assert parse_refspec(text) == refspec
    assert refspec.deletes is (text == ":b")
    assert refspec.matching is (text in (":", "+:"))


def test_words_become_refspecs() -> None:
    assert from_words(["tag", "v1", "a", "^refs/heads/x"], delete=False) == [
        Refspec("refs/tags/v1", "refs/tags/v1"),
        Refspec("a", None),
    ]
    assert from_words(["tag", "v1", "a", ":b"], delete=True) == [
        Refspec("", "refs/tags/v1"),
        Refspec("", "a"),
        Refspec("", "b"),
    ]


@pytest.mark.parametrize(
    ("name", "refs"),
    [
        ("refs/heads/x", ("refs/heads/x",)),
        ("x", ("refs/heads/x", "refs/tags/x")),
        ("heads/x", ("refs/heads/x", "refs/heads/heads/x")),
        ("tags/x", ("refs/tags/x", "refs/heads/tags/x")),
    ],
)
def test_a_name_may_mean_a_branch_or_a_tag(name: str, refs: tuple[str, ...]) -> None:
    assert candidates(name) == refs


@pytest.mark.parametrize(
    ("text", "ref", "destination"),
    [
        ("refs/heads/*:refs/for/*", "refs/heads/a/b", "refs/for/a/b"),
        ("refs/heads/*:refs/for/*", "refs/tags/a", None),
        ("refs/heads/a*z:refs/x/*", "refs/heads/abz", "refs/x/b"),
        ("refs/heads/aa*a:refs/x/*", "refs/heads/aa", None),
        ("refs/heads/a:refs/heads/b", "refs/heads/a", "refs/heads/b"),
        ("refs/heads/a:refs/heads/b", "refs/heads/c", None),
        ("refs/heads/*", "refs/heads/a", "refs/heads/a"),
    ],
)
def test_a_pattern_maps_refs(text: str, ref: str, destination: str | None) -> None:
    assert mapped(parse_refspec(text), ref) == destination
