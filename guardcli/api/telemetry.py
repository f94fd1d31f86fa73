"""Sends what is recorded to a collector as logs of OpenTelemetry, over OTLP/HTTP; `logrecords` has their form.

A collector that is away holds nobody up: what waits is kept in the database as it is, counted, and sent when the
collector is back, at least once each. What is refused by itself, time and again, by a collector that takes others, is
passed over, which is counted and logged.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from guardcli import __version__
from guardcli.api.config import Telemetry
from guardcli.api.logrecords import ERROR, INFO, WARN, LogRecord, named, record_of
from guardcli.api.metrics import Metrics
from guardcli.api.store import Store
from guardcli.api.store.outgoing import Item, Source
from guardcli.model.errors import UnavailableError

if TYPE_CHECKING:
    import requests
    from opentelemetry.sdk._logs import ReadableLogRecord

log = logging.getLogger("guard.api")

SECONDS = 5.0
"""How often it is looked for events that wait."""

TIMEOUT = 10.0

REFUSALS = 3
"""So many times an event is refused before it is passed over."""

REFUSED = frozenset({400, 413, 415, 422})
"""What says that it is the record that is wrong; all else is about the collector, or who asks (OTLP 1.9, Failures)."""


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

    def send(self, records: Sequence[LogRecord]) -> None:
        """Deliver `records`. Raises RefusedError where they are not taken, UnavailableError where nothing is."""
        from opentelemetry.sdk._logs.export import LogRecordExportResult

        self._status = 0
        if self._exporter.export([self._sdk(record) for record in records]) != LogRecordExportResult.SUCCESS:
            kind = RefusedError if self._status in REFUSED else UnavailableError
            raise kind(f"the collector at {self._endpoint} does not take events", hint="see the API's log")

    def _answered(self, response: requests.Response, **_: object) -> None:
        self._status = response.status_code

    def _sdk(self, record: LogRecord) -> ReadableLogRecord:
        from opentelemetry._logs import LogRecord as Sdk
        from opentelemetry._logs import SeverityNumber
        from opentelemetry.sdk._logs import ReadableLogRecord

        made = Sdk(
            timestamp=record.time,
            severity_number=SeverityNumber(record.severity),
            severity_text={INFO: "INFO", WARN: "WARN", ERROR: "ERROR"}[record.severity],
            body=record.body,
            attributes=record.attributes,
            event_name=record.name,
        )
        return ReadableLogRecord(made, self._resource)


class Telling:
    """The job that sends what waits."""

    def __init__(self, store: Store, metrics: Metrics, settings: Telemetry) -> None:
        self._store = store
        self._metrics = metrics
        self._settings = settings
        self._collector: Collector | None = None
        self._refused: dict[str, int] = {}
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

    def _send(self, source: Source | None, items: Sequence[Item]) -> int:
        """Send `items`; return with how many of the first that is done: taken, or passed over."""
        if self._collector is None:
            self._collector = Collector(self._settings)
        collector, records, done = self._collector, [record_of(source, item) for item in items], 0
        try:
            done = _taken(collector, records)
            self._metrics.telemetry.labels("sent").inc(done)
            if done < len(records) and self._is_passed_over(collector, named(source, items[done]), records[done:]):
                self._metrics.telemetry.labels("passed_over").inc()
                done += 1
        except UnavailableError:
            self._metrics.telemetry.labels("failed").inc(len(records))
            raise
        self._metrics.telemetry.labels("failed").inc(len(records) - done)
        return done

    def _is_passed_over(self, collector: Collector, name: str, records: Sequence[LogRecord]) -> bool:
        """Tell whether the first of `records`, which was refused and is `name`, is to be refused no more.

        That takes a collector that takes the next one: one that refuses everything is not set up right.
        """
        count = self._refused[name] = self._refused.get(name, 0) + 1
        said = f"the collector does not take events: {name} is refused"
        if count >= REFUSALS and len(records) > 1 and _taken(collector, records[1:2]):
            del self._refused[name]
            log.error("event passed over", extra={"facts": {"event": name}})
            self._faults.append(f"{said}, and passed over")
            return True
        self._faults.append(said)
        return False


def _taken(collector: Collector, records: Sequence[LogRecord]) -> int:
    """Send `records`, in halves where they are refused; return how many come before the first that is refused."""
    try:
        collector.send(records)
        return len(records)
    except RefusedError:
        if len(records) == 1:
            return 0
    half = len(records) // 2
    done = _taken(collector, records[:half])
    return done if done < half else half + _taken(collector, records[half:])
