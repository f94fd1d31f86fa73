"""What Prometheus is told: counts and durations, no name, no id and nothing that was recorded.

With several workers each writes its numbers into files of one directory (`PROMETHEUS_MULTIPROC_DIR`, set by the server
before the library is loaded), and whichever worker is asked adds them up.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self.requests = Counter(
            "guard_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "guard_http_request_seconds", "How long they took.", ("method", "route"), registry=registry, buckets=SECONDS
        )
        self.waiting = Gauge(
            "guard_waiting", "Long polls and streams open.", registry=registry, multiprocess_mode="livesum"
        )
        self.events = Counter("guard_events_ingested", "Events taken in, those sent again not.", registry=registry)
        self.approvals = Counter("guard_approvals", "Steps of approvals.", ("step",), registry=registry)
        self.refused = Counter("guard_logins_refused", "Tokens that were refused.", ("reason",), registry=registry)
        self.notifications = Counter(
            "guard_notifications", "Notifications by channel and outcome.", ("channel", "outcome"), registry=registry
        )
        self.telemetry = Counter(
            "guard_telemetry_events",
            "Events sent to the collector of logs, by outcome.",
            ("outcome",),
            registry=registry,
        )
        self.telemetry_waiting = Gauge(
            "guard_telemetry_waiting",
            "Events that wait for the collector of logs.",
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.jobs = Counter(
            "guard_jobs", "What the API does by itself, by outcome.", ("job", "outcome"), registry=registry
        )
        self.bus = Gauge(
            "guard_bus_connected", "Workers that hear the others.", registry=registry, multiprocess_mode="livesum"
        )

    def text(self) -> bytes:
        """Return all numbers in Prometheus' text format, those of other workers added."""
        if DIRECTORY not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
