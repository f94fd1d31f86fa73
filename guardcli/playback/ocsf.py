"""Events in the form of OCSF 1.3.0, the Open Cybersecurity Schema Framework: class 6003, *API Activity*. Pure.

Source: schema.ocsf.io. Each event is one record; what the schema has no place for, the whole of the event's data and
its place in the chain, lies in ``unmapped``. The acts of the API's trail and its signed heads are records of that
class too. A record says what was asked of a tool: only ``judged`` events have
one of the schema's own activities; the others are *Other*, with guard's word for them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from guardcli.model.events import Event, EventType
from guardcli.playback.timeline import sentence

VERSION = "1.3.0"
CATEGORY, CLASS = 6, 6003
CREATE, READ, UPDATE, DELETE, OTHER = 1, 2, 3, 4, 99

ACTIVITIES = (("delete", DELETE), ("write", UPDATE), ("define", UPDATE), ("read", READ))
"""The first effect that a call has says its activity, unless it has one that the schema knows no activity for."""

_ACTS = {
    **dict.fromkeys(("-opened", "-requested", "-given", "-issued", "-published"), CREATE),
    **dict.fromkeys(("-deleted", "-retired"), DELETE),
    **dict.fromkeys(("logged-in", "logged-out"), OTHER),
    "": UPDATE,
}
"""What the end of an act's name says of its activity; the first that fits."""

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
    said = _common(_activity(event), _outcome(event), event.time, product_version)
    said["metadata"] |= {
        "uid": f"{event.session}/{event.sequence}",
        "correlation_uid": event.session,
        "event_code": event.type.value,
    }
    return {
        **said,
        "message": sentence(event),
        "actor": {"user": {"name": identity or "unknown"}, "session": {"uid": event.session}},
        "api": {"operation": str(event.data.get("tool") or event.type.value), "request": {"uid": _call(event)}},
        "src_endpoint": {"hostname": host} if host else {"name": "unknown"},
        "resources": [{"type": kind, "name": name} for kind, name in _resources(event)],
        "unmapped": {"data": event.data, "call": event.call, "previous": event.previous, "hash": event.hash},
    }


def act_record(entry: Mapping[str, Any], product_version: str) -> dict[str, Any]:
    """Return the record of an act of the API's trail, as `Entry.as_json` gives it. Raises ValueError."""
    action = str(entry["action"])
    activity = next((number for end, number in _ACTS.items() if action.endswith(end)), OTHER)
    said = _common((activity, action), (INFORMATIONAL, 1, "Success"), str(entry["time"]), product_version)
    said["metadata"] |= {"uid": f"trail/{entry['sequence']}", "event_code": action}
    return {
        **said,
        "message": f"{entry['actor']}: {action} {entry['subject']}",
        "actor": {"user": {"name": str(entry["actor"]) or "unknown"}},
        "api": {"operation": action},
        "src_endpoint": {"name": "unknown"},
        "resources": [{"type": action.rpartition("-")[0] or action, "name": str(entry["subject"])}],
        "unmapped": {name: entry[name] for name in ("data", "sequence", "previous", "hash")},
    }


def head_record(number: int, body: str, signature: str, product_version: str) -> dict[str, Any]:
    """Return the record of a signed head, with all that the record can be held against later. Raises ValueError."""
    form = json.loads(body)
    said = _common((OTHER, "signed"), (INFORMATIONAL, 1, "Success"), str(form["time"]), product_version)
    said["metadata"] |= {"uid": f"head/{number}", "event_code": "head-signed"}
    digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        **said,
        "message": f"head {number}: {form['leaves']} sessions have grown, {form['trail']} acts",
        "actor": {"application_name": "guard api"},
        "api": {"operation": "head-signed"},
        "src_endpoint": {"name": "unknown"},
        "resources": [{"type": "head", "name": str(number)}],
        "unmapped": {"body": body, "signature": signature, "digest": digest},
    }


def _common(
    activity: tuple[int, str], outcome: tuple[int, int, str], time: str, product_version: str
) -> dict[str, Any]:
    """Return what every record has: number and name of its activity, severity and status with its name, its time."""
    severity, status, status_name = outcome
    return {
        "activity_id": activity[0],
        "activity_name": activity[1],
        "category_uid": CATEGORY,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "type_uid": CLASS * 100 + activity[0],
        "severity_id": severity,
        "status_id": status,
        "status": status_name,
        "time": (_time(time) - _EPOCH) // timedelta(milliseconds=1),
        "metadata": {
            "version": VERSION,
            "original_time": time,
            "product": {"name": "guard", "vendor_name": "guard", "version": product_version},
        },
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
