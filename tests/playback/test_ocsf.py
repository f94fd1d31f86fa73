"""Every event becomes a record with all that OCSF 1.3.0 requires of its class API Activity (schema.ocsf.io)."""

from __future__ import annotations

from typing import Any

import pytest

from guardcli.model.events import GENESIS, Event, EventType, chained
from guardcli.playback.ocsf import act_record, head_record, record

REQUIRED = {
    "activity_id": int,
    "category_uid": int,
    "class_uid": int,
    "severity_id": int,
    "type_uid": int,
    "time": int,
    "metadata": dict,
    "actor": dict,
    "api": dict,
    "src_endpoint": dict,
}
INSIDE = {"metadata": {"version": str, "product": dict}, "api": {"operation": str}}
ACTIVITIES, SEVERITIES, STATUSES = {0, 1, 2, 3, 4, 99}, {0, 1, 2, 3, 4, 5, 6, 99}, {0, 1, 2, 99}

DATA = [
    {},
    {"tool": "psql", "verdict": "allow", "operations": [{"effects": ["read"], "targets": ["table:/t"]}]},
    {"tool": 7, "verdict": [], "operations": [None, 1, {"effects": 3, "targets": [None]}]},
    {"seconds": 10**400, "status": 0, "streams": [1], "signal": {}},
    {"tool": "", "operations": {"effects": ["read"]}, "findings": 1},
]


def event(type: EventType, data: dict[str, object], time: str = "2026-03-01T03:12:30.250000Z") -> Event:
    return chained("session-0001", 4, time, type, 2, data, GENESIS)


def is_of_the_class(found: dict[str, Any]) -> None:
    """Assert that a record has all that OCSF requires."""
    for name, kind in REQUIRED.items():
        assert isinstance(found[name], kind) and found[name] != {}, name
    for place, names in INSIDE.items():
        for name, kind in names.items():
            assert isinstance(found[place][name], kind) and found[place][name], name
    assert found["metadata"]["product"]["name"] and found["metadata"]["product"]["vendor_name"]
    assert (found["category_uid"], found["class_uid"]) == (6, 6003)
    assert found["type_uid"] == 600300 + found["activity_id"] and found["activity_id"] in ACTIVITIES
    assert found["severity_id"] in SEVERITIES and found["status_id"] in STATUSES


@pytest.mark.parametrize("type", EventType)
@pytest.mark.parametrize("data", DATA, ids=str)
@pytest.mark.parametrize("host", ["h", ""])
def test_a_record_has_all_that_its_class_requires(type: EventType, data: dict[str, object], host: str) -> None:
    found = record(event(type, data), "agent", host, "1.0")
    is_of_the_class(found)
    assert found["time"] == 1772334750250
    assert found["unmapped"]["data"] == data and found["unmapped"]["hash"]


JUDGED = [
    (["read"], "allow", 2, 1, 1),
    (["read", "write"], "approve", 3, 2, 99),
    (["delete", "read"], "deny", 4, 3, 2),
    (["define"], "deny", 3, 3, 2),
    (["read", "execute"], "allow", 99, 1, 1),
    (["unknown"], "deny", 99, 3, 2),
    ([], "odd", 99, 3, 0),
]


@pytest.mark.parametrize(("effects", "verdict", "activity", "severity", "status"), JUDGED)
def test_a_judgement_says_what_it_was(
    effects: list[str], verdict: str, activity: int, severity: int, status: int
) -> None:
    data = {
        "tool": "psql",
        "verdict": verdict,
        "operations": [{"effects": effects, "targets": ["table:s/t", "host:h"]}],
    }
    found = record(event(EventType.JUDGED, data), "agent", "h", "1.0")
    assert (found["activity_id"], found["severity_id"], found["status_id"]) == (activity, severity, status)
    assert found["resources"] == [{"type": "table", "name": "s/t"}, {"type": "host", "name": "h"}]
    assert found["api"]["operation"] == "psql"


@pytest.mark.parametrize("time", ["", "soon", "2026-99-01"])
def test_an_event_without_a_time_is_refused(time: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        record(event(EventType.JUDGED, {}, time), "agent", "h", "1.0")


@pytest.mark.parametrize(
    ("action", "activity", "type"),
    [
        ("session-opened", 1, "session"),
        ("approval-requested", 1, "approval"),
        ("approval-denied", 3, "approval"),
        ("token-revoked", 3, "token"),
        ("recording-deleted", 4, "recording"),
        ("policies-signed-again", 3, "policies-signed"),
        ("logged-in", 99, "logged"),
    ],
)
def test_an_act_of_the_trail_is_a_record_of_the_class_too(action: str, activity: int, type: str) -> None:
    entry = {"sequence": 7, "time": "2026-03-01T03:12:30.250000Z", "actor": "", "action": action, "subject": "s"}
    found = act_record({**entry, "data": {"a": 1}, "previous": "p", "hash": "h"}, "1.0")
    is_of_the_class(found)
    assert (found["activity_id"], found["resources"], found["metadata"]["uid"]) == (
        activity,
        [{"type": type, "name": "s"}],
        "trail/7",
    )
    assert found["unmapped"] == {"data": {"a": 1}, "sequence": 7, "previous": "p", "hash": "h"}


def test_a_signed_head_is_a_record_of_the_class_too_and_holds_what_was_signed() -> None:
    body = '{"leaves":2,"number":3,"time":"2026-03-01T03:12:30.250000Z","trail":9}'
    found = head_record(3, body, "{}", "1.0")
    is_of_the_class(found)
    assert found["unmapped"]["body"] == body and found["message"] == "head 3: 2 sessions have grown, 9 acts"
