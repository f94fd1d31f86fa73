"""Events in the form of OCSF 1.3.0, the Open Cybersecurity Schema Framework: class 6003, *API Activity*. Pure.

Source: schema.ocsf.io. Each event is one record; what the schema has no place for, the whole of the event's data and
its place in the chain, lies in ``unmapped``. A record says what was asked of a tool: only ``judged`` events have
one of the schema's own activities; the others are *Other*, with guard's word for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from guardcli.model.events import Event, EventType
from guardcli.playback.timeline import sentence

VERSION = "1.3.0"
CATEGORY, CLASS = 6, 6003
READ, UPDATE, DELETE, OTHER = 2, 3, 4, 99

ACTIVITIES = (("delete", DELETE), ("write", UPDATE), ("define", UPDATE), ("read", READ))
"""The first effect that a call has says its activity, unless it has one that the schema knows no activity for."""

INFORMATIONAL, LOW, MEDIUM = 1, 2, 3

SEVERITIES = {EventType.MASKED: LOW, EventType.LIMITED: MEDIUM, EventType.FAILED: MEDIUM, EventType.RECOVERED: MEDIUM}

_VERDICTS = {
    "allow": (INFORMATIONAL, 1, "Success"),
    "approve": (LOW, 99, "Approval needed"),
    "deny": (MEDIUM, 2, "Failure"),
}
"""Severity, and the status with its name."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record(event: Event, identity: str, host: str, product_version: str) -> dict[str, Any]:
    """Return the record of `event`, which happened in a session of `identity` on `host`.

    Raises ValueError for an event whose time is none.
    """
    activity, name = _activity(event)
    severity, status, status_name = _outcome(event)
    return {
        "activity_id": activity,
        "activity_name": name,
        "category_uid": CATEGORY,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "type_uid": CLASS * 100 + activity,
        "severity_id": severity,
        "status_id": status,
        "status": status_name,
        "time": (_time(event.time) - _EPOCH) // timedelta(milliseconds=1),
        "message": sentence(event),
        "metadata": {
            "version": VERSION,
            "uid": f"{event.session}/{event.sequence}",
            "correlation_uid": event.session,
            "event_code": event.type.value,
            "original_time": event.time,
            "product": {"name": "guard", "vendor_name": "guard", "version": product_version},
        },
        "actor": {"user": {"name": identity or "unknown"}, "session": {"uid": event.session}},
        "api": {"operation": str(event.data.get("tool") or event.type.value), "request": {"uid": _call(event)}},
        "src_endpoint": {"hostname": host} if host else {"name": "unknown"},
        "resources": [{"type": kind, "name": name} for kind, name in _resources(event)],
        "unmapped": {"data": event.data, "call": event.call, "previous": event.previous, "hash": event.hash},
    }


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _call(event: Event) -> str:
    return f"{event.session}/call/{event.call}"


def _activity(event: Event) -> tuple[int, str]:
    if event.type is not EventType.JUDGED:
        return OTHER, event.type.value
    effects = {str(effect) for one in _operations(event.data) for effect in _list(one.get("effects"))}
    names = {READ: "Read", UPDATE: "Update", DELETE: "Delete"}
    if effects and effects <= {effect for effect, _ in ACTIVITIES}:
        activity = next(number for effect, number in ACTIVITIES if effect in effects)
        return activity, names[activity]
    return OTHER, ", ".join(sorted(effects)) or "unknown"


def _outcome(event: Event) -> tuple[int, int, str]:
    if event.type is EventType.JUDGED:
        return _VERDICTS.get(str(event.data.get("verdict")), (MEDIUM, 0, "Unknown"))
    return SEVERITIES.get(event.type, INFORMATIONAL), 0, "Unknown"


def _resources(event: Event) -> list[tuple[str, str]]:
    targets = (str(target) for one in _operations(event.data) for target in _list(one.get("targets")))
    found = (target.partition(":") for target in dict.fromkeys(targets))
    return [(kind, name) for kind, _, name in found]


def _operations(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in _list(data.get("operations")) if isinstance(one, Mapping)]


def _list(found: object) -> Sequence[Any]:
    return found if isinstance(found, list) else ()
