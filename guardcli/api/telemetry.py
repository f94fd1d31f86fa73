"""Sends each stored event to a collector as a log record of OpenTelemetry, over OTLP/HTTP.

Names of attributes are those of the semantic conventions where these have one (``session.id``, ``user.name``,
``host.name``, ``process.command_line``, ``process.exit.code``, ``db.query.text``), otherwise ``guard.…``. What was
shown does not go out: an ``output`` event has its length and SHA-256. A collector that is away holds nobody up: what
waits is kept in the database as it is, counted, and sent when the collector is back, at least once each. An event that
is refused by itself, time and again, by a collector that takes others, is passed over, which is counted and logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from guardcli import __version__
from guardcli.api.config import Telemetry
from guardcli.api.metrics import Metrics
from guardcli.api.store import Store
from guardcli.api.store.outgoing import Source
from guardcli.model.errors import UnavailableError
from guardcli.model.events import Event, EventType
from guardcli.playback.timeline import sentence

if TYPE_CHECKING:
    import requests
    from opentelemetry.sdk._logs import ReadableLogRecord

log = logging.getLogger("guard.api")

SECONDS = 5.0
"""How often it is looked for events that wait."""

TEXT_MAX = 8192
"""Characters of a text that goes out; collectors refuse what is too large."""

TIMEOUT = 10.0

REFUSALS = 3
"""So many times an event is refused before it is passed over."""

REFUSED = frozenset({400, 413, 415, 422})
"""What says that it is the record that is wrong; all else is about the collector, or who asks (OTLP 1.9, Failures)."""

BAD = {"deny": 13, "failed": 17, "recovered": 13, "limited": 13}
"""Severity numbers of what is not as usual: WARN and ERROR (logs data model, SeverityNumber); all else is INFO, 9."""

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


class RefusedError(UnavailableError):
    """The collector is there and does not take this."""


class Collector:
    """One collector; made once for a worker. Raises ConfigurationError for settings that it cannot work with."""

    def __init__(self, settings: Telemetry) -> None:
        import requests
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
        from opentelemetry.sdk.resources import Resource

        session = requests.Session()
        session.hooks["response"].append(self._answered)
        self._resource = Resource({"service.name": "guard", "service.version": __version__})
        self._exporter = OTLPLogExporter(
            endpoint=settings.endpoint,
            headers={name: secret.reveal() for name, secret in settings.headers.items()},
            certificate_file=str(settings.ca_file) if settings.ca_file else None,
            timeout=TIMEOUT,
            compression=Compression.Gzip,
            session=session,
        )
        self._endpoint = settings.endpoint
        self._status = 0

    def send(self, source: Source, events: Sequence[Event]) -> None:
        """Deliver `events`. Raises RefusedError where they are not taken, UnavailableError where nothing is."""
        from opentelemetry.sdk._logs.export import LogRecordExportResult

        self._status = 0
        if self._exporter.export([self._record(source, event) for event in events]) != LogRecordExportResult.SUCCESS:
            kind = RefusedError if self._status in REFUSED else UnavailableError
            raise kind(f"the collector at {self._endpoint} does not take events", hint="see the API's log")

    def _answered(self, response: requests.Response, **_: object) -> None:
        self._status = response.status_code

    def _record(self, source: Source, event: Event) -> ReadableLogRecord:
        from opentelemetry._logs import LogRecord, SeverityNumber
        from opentelemetry.sdk._logs import ReadableLogRecord

        bad = BAD.get(str(event.data.get("verdict")), BAD.get(event.type.value, 9))
        record = LogRecord(
            timestamp=_nanoseconds(event.time),
            severity_number=SeverityNumber(bad),
            severity_text={9: "INFO", 13: "WARN", 17: "ERROR"}[bad],
            body=_plain(sentence(event)),
            attributes=attributes(source, event),
            event_name=f"guard.{event.type.value}",
        )
        return ReadableLogRecord(record, self._resource)


def attributes(source: Source, event: Event) -> dict[str, str | int | float | bool]:
    """Return what is said of an event, by the names that collectors know."""
    found: dict[str, str | int | float | bool] = {
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
    """Return an event's time since the epoch; 0, which means unknown, where it says none."""
    try:
        return max(0, int(datetime.fromisoformat(time).timestamp() * 1e6) * 1000)
    except (ValueError, OverflowError, OSError):
        return 0


class Telling:
    """The job that sends what waits."""

    def __init__(self, store: Store, metrics: Metrics, settings: Telemetry) -> None:
        self._store = store
        self._metrics = metrics
        self._settings = settings
        self._collector: Collector | None = None
        self._refused: dict[tuple[str, int], int] = {}
        self._faults: list[str] = []

    def __call__(self) -> str:
        """Send all that waits, and count it. Raises UnavailableError where the collector does not take it."""
        if not any(lease.name == "telemetry" and lease.ran for lease in self._store.leases.all()):
            self._store.outgoing.begin()
            return "events go out from now on"
        self._faults = []
        try:
            self._store.outgoing.run(self._send)
        finally:
            self._metrics.telemetry_waiting.set(self._store.outgoing.waiting())
        if self._faults:
            raise UnavailableError("; ".join(self._faults[:5]), hint="see the collector's log")
        return ""

    def _send(self, source: Source, events: Sequence[Event]) -> int:
        """Send `events`; return with how many of the first that is done: taken, or passed over."""
        if self._collector is None:
            self._collector = Collector(self._settings)
        collector, done = self._collector, 0
        try:
            done = _taken(collector, source, events)
            self._metrics.telemetry.labels("sent").inc(done)
            if done < len(events) and self._is_passed_over(collector, source, events[done:]):
                self._metrics.telemetry.labels("passed_over").inc()
                done += 1
        except UnavailableError:
            self._metrics.telemetry.labels("failed").inc(len(events))
            raise
        self._metrics.telemetry.labels("failed").inc(len(events) - done)
        return done

    def _is_passed_over(self, collector: Collector, source: Source, events: Sequence[Event]) -> bool:
        """Tell whether the first of `events`, which was refused, is to be refused no more.

        That takes a collector that takes the next one: one that refuses everything is not set up right.
        """
        event = events[0]
        place = (source.session, event.sequence)
        count = self._refused[place] = self._refused.get(place, 0) + 1
        said = f"the collector does not take events: event {event.sequence} of session {source.session} is refused"
        if count >= REFUSALS and len(events) > 1 and _taken(collector, source, events[1:2]):
            del self._refused[place]
            log.error("event passed over", extra={"facts": {"session": source.session, "event": event.sequence}})
            self._faults.append(f"{said}, and passed over")
            return True
        self._faults.append(said)
        return False


def _taken(collector: Collector, source: Source, events: Sequence[Event]) -> int:
    """Send `events`, in halves where they are refused; return how many come before the first that is refused."""
    try:
        collector.send(source, events)
        return len(events)
    except RefusedError:
        if len(events) == 1:
            return 0
    half = len(events) // 2
    done = _taken(collector, source, events[:half])
    return done if done < half else half + _taken(collector, source, events[half:])
