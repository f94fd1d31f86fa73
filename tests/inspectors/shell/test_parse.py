"""Long and intricate texts are tried before they are read; others are read at once."""

from __future__ import annotations

import pytest

from guardcli.inspectors.shell.parse import SURE_BYTES, SURE_SIGNS, parse
from guardcli.inspectors.shell.scope import NotUnderstoodError
from guardcli.model.facts import FactUnavailable


def never(text: bytes) -> bool:
    raise AssertionError("nothing was to be tried")


@pytest.mark.parametrize("text", ["ls", "a" * SURE_BYTES, ";".join(["ls"] * SURE_SIGNS), "cd /srv && ls | wc -l"])
def test_what_is_short_and_plain_is_read_at_once(text: str) -> None:
    assert parse(text.encode(), never).type == "program"


@pytest.mark.parametrize("text", ["a" * (SURE_BYTES + 1), ";".join(["ls"] * (SURE_SIGNS + 2)), "! " * 20 + "ls"])
def test_what_is_long_or_intricate_is_tried_first(text: str) -> None:
    tried = []
    assert parse(text.encode(), lambda source: not tried.append(source)).type == "program"
    assert tried == [text.encode()]


def test_what_cannot_be_tried_or_takes_too_long_is_not_read() -> None:
    def nowhere(text: bytes) -> bool:
        raise FactUnavailable("there is no place for it")

    with pytest.raises(NotUnderstoodError, match="there is no place for it"):
        parse(b"a" * 1000, nowhere)
    with pytest.raises(NotUnderstoodError, match="too intricate"):
        parse(b"a" * 1000, lambda text: False)
    with pytest.raises(NotUnderstoodError, match="not complete"):
        parse(b"ls (", never)
