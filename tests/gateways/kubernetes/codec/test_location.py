from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.gateways.kubernetes.codec.location import Location, LocationError, read_location


@pytest.mark.parametrize(
    ("target", "segments", "query"),
    [
        ("/", (), ()),
        ("/version", ("version",), ()),
        ("/api/v1/pods", ("api", "v1", "pods"), ()),
        ("/api/v1/pods/", ("api", "v1", "pods"), ()),
        ("/apis/apps/v1?timeout=32s", ("apis", "apps", "v1"), (("timeout", "32s"),)),
        ("/a/system:node%3Aone", ("a", "system:node:one"), ()),
        ("/a/b%20c", ("a", "b c"), ()),
        (
            "/a?command=sh&command=-c&command=a+b%26c",
            ("a",),
            (("command", "sh"), ("command", "-c"), ("command", "a b&c")),
        ),
        ("/a?watch", ("a",), (("watch", ""),)),
        ("/a?&&x=1", ("a",), (("x", "1"),)),
        ("/a?fieldSelector=metadata.name%3Dweb-1", ("a",), (("fieldSelector", "metadata.name=web-1"),)),
    ],
)
def test_a_target_is_read(target: str, segments: tuple[str, ...], query: tuple[tuple[str, str], ...]) -> None:
    found = read_location(target)
    assert (found.segments, found.query) == (segments, query)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "*",
        "api/v1/pods",
        "http://elsewhere/api/v1/pods",
        "https://127.0.0.1/api/v1/pods",
        "//elsewhere/api",
        "/api//v1/pods",
        "/api/v1/namespaces/a/../b",
        "/api/v1/namespaces/a/./b",
        "/api/v1/namespaces/a/..",
        "/api/v1/namespaces/a/%2e%2e/b",
        "/api/v1/namespaces/a/%2E./b",
        "/api/v1/namespaces/a%2Fb/pods",
        "/api/v1/namespaces/a%5cb/pods",
        "/api/v1/namespaces/a\\b",
        "/api/v1/pods/a%00",
        "/api/v1/pods/a%0d%0aHost:x",
        "/api/v1/pods/%252e%252e",
        "/api/v1/pods/a%zz",
        "/api/v1/pods/a%2",
        "/api/v1/pods/%ff",
        "/api/v1/pods;a=b/c",
        "/api/v1/pods#fragment",
        "/api/v1/pods?a=1;watch=1",
        "/api/v1/pods?a=%zz",
        "/api/v1/pöds",
        "/api/v1/po ds",
        "/api/v1/pods\t",
    ],
)
def test_a_target_that_two_readers_could_take_for_two_things_is_refused(target: str) -> None:
    with pytest.raises(LocationError):
        read_location(target)


STEPS = st.text(
    st.characters(exclude_characters="/\\%;", min_codepoint=33, exclude_categories=["Cs", "Cc"]), min_size=1
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.lists(STEPS, min_size=1, max_size=5),
    st.lists(st.tuples(WORDS.filter(bool), WORDS), max_size=4),
)
def test_what_is_written_anew_reads_the_same(segments: list[str], query: list[tuple[str, str]]) -> None:
    if any(one in (".", "..") for one in segments) or any("\x7f" in one for one in segments):
        return
    location = Location(tuple(segments), tuple(query))
    assert read_location(location.target()) == location
    assert read_location(location.target("/k8s/c-1")).segments == ("k8s", "c-1", *segments)
