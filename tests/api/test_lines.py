"""Batches as a spool holds them mean what the same events mean as JSON, whoever wrote them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.api.bodies import MAX_BATCH, NewEvent
from guardcli.api.lines import read_lines
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import GENESIS, Event, EventType, canonical, chained, first_fault

SESSION = "session-0001"
TIME = "2026-01-01T00:00:00.000000Z"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def event(data: dict[str, object], sequence: int = 0, type_: EventType = EventType.ENDED) -> Event:
    return chained(SESSION, sequence, TIME, type_, 3, data, GENESIS)


def intact(made: Event) -> bool:
    return first_fault([made], SESSION, made.sequence, made.previous) == ""


@given(st.dictionaries(st.text(), values, max_size=5))
def test_whatever_an_event_holds_it_comes_in_as_it_was_written(data: dict[str, object]) -> None:
    made = event(data)
    (item,) = read_lines(made.line())
    assert item.event == made
    assert intact(item.event)
    assert item.text in ("", canonical(made.data).decode())


@pytest.mark.parametrize(
    "data",
    [
        {"seconds": 0.000321, "rows": 1, "tags": ["SELECT 1"]},
        {"seconds": 8.5e-05, "n": [1e16, 1e-7, "\0"]},
        {"command": "SELECT ARRAY[8.5e-05,1e16]", "seconds": 0.00012, "n": [-0.0, 5e-324, 0.1, 100000.0, 7e-09]},
        {"command": "SELECT 'ü€𝄞\u2028\x7f\\' /", "b": {"z": 1, "a": [True, None, -1.5]}},
        {},
    ],
)
def test_an_usual_event_is_read_the_quick_way(data: dict[str, object]) -> None:
    (item,) = read_lines(event(data).line())
    assert item.text == canonical(data).decode()


@pytest.mark.parametrize("data", [{"s": 8.5e-05, "n": 2**70}, {"n": 2**70}, {"command": "\udcff"}])
def test_what_two_libraries_write_differently_goes_the_way_of_the_json_route(data: dict[str, object]) -> None:
    (item,) = read_lines(event(data).line())
    assert (item.event.data, item.text) == (data, "")
    assert intact(item.event)


def spaced(line: bytes) -> bytes:
    return json.dumps(json.loads(line)).encode() + b"\n"


def forged(text: bytes) -> bytes:
    """A line whose hash is right over bytes that Python would not write so."""
    tail = b'"previous":"%b","sequence":0,"session":"%b","time":"%b","type":"ended"}' % (
        GENESIS.encode(),
        SESSION.encode(),
        TIME.encode(),
    )
    digest = hashlib.sha256(b'{"call":3,"data":%b,%b' % (text, tail)).hexdigest()
    return b'{"call":3,"data":%b,"hash":"%b",%b\n' % (text, digest.encode(), tail)


@pytest.mark.parametrize(
    "text",
    [
        *(b'{"n":1e16}', b'{"n":1.0e5}', b'{"n":0.00008}', b'{"n":[8.5e-5]}', b'{"n":1e-5,"o":1e-07}', b'{"n":-0}'),
        *(b'{"b":1,"a":2}', b'{"a":1,"a":1}', b'{ "a":1}', b'{"a":"\\u0041"}'),
    ],
)
def test_a_hash_over_bytes_that_are_not_canonical_is_never_taken_on_trust(text: bytes) -> None:
    (item,) = read_lines(forged(text))
    assert item.text == ""
    assert not intact(item.event)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "white space": spaced,
    "another time": lambda line: line.replace(b"2026", b"2027"),
    "another number": lambda line: line.replace(b'"rows":1', b'"rows":2'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_line_that_was_changed_is_held_against_its_hash_later(change: str) -> None:
    line = CHANGES[change](event({"rows": 1}).line())
    (item,) = read_lines(line)
    assert item.text == ""
    assert item.event == NewEvent.model_validate({"event": json.loads(line)}).appended().event
    assert intact(item.event) == (change == "white space")


def test_the_bytes_of_an_output_event_follow_its_line() -> None:
    content = b'[0.1, "o", "one"]\n{"call":1}\n\n'
    output = event({"offset": 0, "length": len(content), "sha256": "0" * 64}, 0, EventType.OUTPUT)
    after = event({"rows": 1}, 1)
    items = read_lines(output.line() + content + after.line())
    assert [(item.event, item.content) for item in items] == [(output, content), (after, None)]


OUTPUT = event({"offset": 0, "length": 5, "sha256": ""}, 0, EventType.OUTPUT).line()
BAD = {
    "no JSON": b"nonsense\n",
    "half a line": event({}).line()[:-1],
    "no event": b"{}\n",
    "a list": b"[]\n",
    "another type": event({}).line().replace(b'"ended"', b'"begun"'),
    "a part too many": event({}).line().replace(b'"call"', b'"also":1,"call"'),
    "deep": b'{"call":' + b"[" * 100_000 + b"\n",
    "no UTF-8": b'{"\xff":1}\n',
    "output without bytes": OUTPUT,
    "output with too few": OUTPUT + b"1234",
    "output without a length": event({"offset": 0}, 0, EventType.OUTPUT).line(),
    "output of a negative length": event({"offset": 0, "length": -1}, 0, EventType.OUTPUT).line(),
    "too many": event({}).line() * (MAX_BATCH + 1),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_batch_is_refused_with_its_place(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"line \d|event \d|more than"):
        read_lines(BAD[name])


def test_nothing_is_a_sign_of_life() -> None:
    assert read_lines(b"") == []
