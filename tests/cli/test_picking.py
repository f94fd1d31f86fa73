"""Things are named by the beginning of their id, and only by that."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from guardcli.cli.picking import pick
from guardcli.model.errors import ConflictError, NotFoundError


@dataclass
class Thing:
    id: str


THINGS = [Thing("abc1"), Thing("abc2"), Thing("xyz9")]


def whole(id: str) -> Thing:
    for thing in THINGS:
        if thing.id == id:
            return thing
    raise NotFoundError(id)


def picked(id: str) -> str:
    return pick(id, whole=whole, candidates=lambda: THINGS, what="thing", where="things list").id


@pytest.mark.parametrize(("id", "found"), [("abc1", "abc1"), ("x", "xyz9"), ("xyz9", "xyz9")])
def test_one_that_begins_so_is_found(id: str, found: str) -> None:
    assert picked(id) == found


@pytest.mark.parametrize("id", ["", "q", "abc12", "../x", "x/../y", "a b", "ab?wait=1", "é", "\x1b[2J", "%2e"])
def test_none_is_said(id: str) -> None:
    with pytest.raises(NotFoundError) as raised:
        picked(id)
    assert "\x1b" not in str(raised.value)


def test_more_than_one_is_refused() -> None:
    with pytest.raises(ConflictError, match="abc1, abc2"):
        picked("abc")
