"""A timeline says something of every event, whatever is in it."""

from __future__ import annotations

import pytest

from guardcli.model.events import GENESIS, EventType, chained, end_of
from guardcli.playback.timeline import colour, sentence

ODD = [
    {},
    {"operations": [{"effects": 3, "targets": 4}, None, 5]},
    {"operations": {"effects": ["read"]}, "verdict": [], "command": 7, "rule": {}},
    {"seconds": 10**400, "status": 0, "streams": [1], "signal": {}},
    {"findings": {"x": [1]}, "places": {"x": 7}, "reason": None},
    {"findings": [1], "places": [2], "state": {}},
]


@pytest.mark.parametrize("type", EventType)
@pytest.mark.parametrize("data", ODD, ids=lambda data: str(data)[:40])
def test_odd_data_is_told_as_well_as_can_be(type: EventType, data: dict[str, object]) -> None:

    event = chained("session-0001", 0, "2026-01-01T00:00:00Z", type, 1, data, GENESIS)
    assert isinstance(sentence(event), str) and isinstance(colour(event), str)


def test_how_long_a_call_took_is_told() -> None:
    event = chained("s", 0, "t", EventType.ENDED, 1, {"status": 0, "seconds": 1.5}, GENESIS)
    assert sentence(event) == "status 0 after 1.500 s"
    statement = {"tags": ["SET", "UPDATE 1"], "rows": 0, "bytes": 10, "seconds": 1.5}
    assert sentence(chained("s", 0, "t", EventType.ENDED, 1, statement, GENESIS)) == "SET; UPDATE 1 after 1.500 s"
    read = {"verdict": "allow", "command": "SELECT 1", "ended": {"tags": ["SELECT 1"], "seconds": 1.5}}
    event = chained("s", 0, "t", EventType.JUDGED, 1, read, GENESIS)
    assert sentence(event) == "allow  SELECT 1  ended SELECT 1 after 1.500 s" and end_of(event) == read["ended"]
    refused = {"tags": [], "error": "42501 not here", "seconds": 1.5}
    assert sentence(chained("s", 0, "t", EventType.ENDED, 1, refused, GENESIS)) == "42501 not here after 1.500 s"
