"""What goes out to a collector: an event, an act of the trail or a signed head, as a log record of OpenTelemetry. Pure.

Names of attributes are those of the semantic conventions where these have one (``session.id``, ``user.name``,
``host.name``, ``process.command_line``, ``process.exit.code``, ``db.query.text``), otherwise ``guard.…``. What was
shown does not go out: an ``output`` event has its length and SHA-256.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guardcli.api.store.outgoing import Item, Source
from guardcli.api.store.trail import Action, Entry
from guardcli.client.heads import Head
from guardcli.model.events import Event, EventType, canonical
from guardcli.playback.timeline import sentence

TEXT_MAX = 8192
"""Characters of a text that goes out; collectors refuse what is too large."""

INFO, WARN, ERROR = 9, 13, 17
"""Severity numbers (logs data model, SeverityNumber)."""

BAD = {"deny": WARN, "failed": ERROR, "recovered": WARN, "limited": WARN}
"""Verdicts and events that are not as usual."""

BAD_ACTS = frozenset((Action.APPROVAL_DENIED.value, Action.SESSION_REVOKED.value, Action.RECORDING_DELETED.value))

COPIED = {
    "verdict": "guard.verdict",
    "rule": "guard.rule",
    "tool": "guard.tool",
    "resource": "guard.resource",
    "approval": "guard.approval",
    "reviewer": "guard.reviewer",
    "sha256": "guard.output.sha256",
    "length": "guard.output.bytes",
    "command": "process.command_line",
    "status": "process.exit.code",
    "statement": "db.query.text",
}

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record: its name, when it was in nanoseconds since the epoch (0 for unknown), how bad, what it says."""

    name: str
    time: int
    severity: int
    body: str
    attributes: Mapping[str, Value]


def record_of(source: Source | None, item: Item) -> LogRecord:
    """Return the record of an item; `source` is where an event is from."""
    if isinstance(item, Entry):
        return _of_entry(item)
    if isinstance(item, Head):
        return _of_head(item)
    return _of_event(source or Source("", "", "", ""), item)


def named(source: Source | None, item: Item) -> str:
    """Return what an item is called where it makes trouble."""
    if isinstance(item, Entry):
        return f"act {item.sequence} of the trail"
    if isinstance(item, Head):
        return f"head {item.digest}"
    return f"event {item.sequence} of session {source.session if source else ''}"


def _of_event(source: Source, event: Event) -> LogRecord:
    severity = BAD.get(str(event.data.get("verdict")), BAD.get(event.type.value, INFO))
    values = attributes(source, event)
    return LogRecord(f"guard.{event.type.value}", _nanoseconds(event.time), severity, _plain(sentence(event)), values)


def _of_entry(entry: Entry) -> LogRecord:
    values: dict[str, Value] = {
        "user.name": _plain(entry.actor),
        "guard.action": entry.action,
        "guard.subject": _plain(entry.subject),
        "guard.trail.sequence": entry.sequence,
        "guard.trail.data": _plain(canonical(entry.data).decode()),
        "guard.hash": entry.hash,
    }
    severity = WARN if entry.action in BAD_ACTS else INFO
    said = _plain(f"{entry.actor}: {entry.action} {entry.subject}")
    return LogRecord("guard.trail", _nanoseconds(entry.time), severity, said, values)


def _of_head(head: Head) -> LogRecord:
    """All that it takes to hold the record against it later goes out."""
    form: dict[str, Any] = json.loads(head.body)
    values: dict[str, Value] = {
        "guard.head.number": int(form["number"]),
        "guard.head.digest": head.digest,
        "guard.head.body": head.body,
        "guard.head.signature": head.signature,
    }
    said = f"head {form['number']}: {form['leaves']} sessions have grown, {form['trail']} acts"
    return LogRecord("guard.head", _nanoseconds(str(form["time"])), INFO, said, values)


def attributes(source: Source, event: Event) -> dict[str, Value]:
    """Return what is said of an event, by the names that collectors know."""
    found: dict[str, Value] = {
        "session.id": source.session,
        "user.name": _plain(source.identity),
        "host.name": _plain(_host(source.facts)),
        "guard.owner": _plain(source.owner),
        "guard.sequence": event.sequence,
        "guard.call": event.call,
        "guard.hash": event.hash,
    }
    for name, attribute in COPIED.items():
        value = event.data.get(name)
        if isinstance(value, str) and value:
            found[attribute] = _plain(value)
        elif isinstance(value, int | float):
            found[attribute] = value if abs(value) < 2**63 else str(value)
    if event.type is EventType.MASKED and isinstance(findings := event.data.get("findings"), Mapping):
        found["guard.detectors"] = _plain(", ".join(sorted(map(str, findings))))
    return found


def _host(facts: str) -> str:
    try:
        form: Any = json.loads(facts)
        return str(form["host"])
    except (ValueError, KeyError, TypeError):
        return ""


def _plain(text: str) -> str:
    """Return text that protobuf holds: no lone surrogate."""
    return text[:TEXT_MAX].encode("utf-8", "replace").decode()


def _nanoseconds(time: str) -> int:
    """Return a time since the epoch; 0, which means unknown, where it says none."""
    try:
        return max(0, int(datetime.fromisoformat(time).timestamp() * 1e6) * 1000)
    except (ValueError, OverflowError, OSError):
        return 0
