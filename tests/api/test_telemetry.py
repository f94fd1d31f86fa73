"""Each stored event reaches a real OTLP receiver, and one that is away holds nobody up and loses nothing."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from guardcli.api.config import Telemetry
from guardcli.api.jobs import Job, Jobs
from guardcli.api.metrics import Metrics
from guardcli.api.store import Store
from guardcli.api.telemetry import Telling
from guardcli.signing import KeyRing

ME = "local:tester"
ID, OLD = "session-0001", "session-old0"


class Receiver:
    """Takes logs as a collector does, while `status` is 200."""

    def __init__(self) -> None:
        self.records: list[LogRecord] = []
        self.headers: list[str] = []
        self.resource: dict[str, str] = {}
        self.status = 200
        self.refuses = ""
        """The hash of an event that is never taken, whatever comes with it."""
        taken = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                taken.headers.append(f"{self.path} {self.headers['authorization']} {self.headers['content-type']}")
                content, status = gzip.decompress(body), taken.status
                if taken.refuses and taken.refuses.encode() in content:
                    status = 400
                if status == 200:
                    taken.take(content)
                self.send_response(status)
                self.send_header("content-type", "application/x-protobuf")
                self.end_headers()
                self.wfile.write(ExportLogsServiceResponse().SerializeToString())

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def take(self, body: bytes) -> None:
        request = ExportLogsServiceRequest.FromString(body)
        for resource in request.resource_logs:
            self.resource = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            for scope in resource.scope_logs:
                self.records.extend(scope.log_records)

    @property
    def events(self) -> list[LogRecord]:
        """What is no act and no head."""
        return [record for record in self.records if record.event_name not in ("guard.trail", "guard.head")]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


class World:
    def __init__(self, store: Store, receiver: Receiver) -> None:
        self.metrics = Metrics()
        settings = {
            "endpoint": f"http://127.0.0.1:{receiver.server.server_address[1]}/v1/logs",
            "headers": {"authorization": "Bearer collector"},
        }
        self.jobs = Jobs(store, self.metrics, ())
        self.job = Job("telemetry", 0.0, Telling(store, self.metrics, Telemetry.model_validate(settings)))

    def turn(self) -> None:
        self.jobs.attempt(self.job)


@pytest.fixture
def world(store: Store, make, receiver: Receiver) -> World:
    """A collector was set after one session was recorded."""
    store.sessions.open(make.facts(OLD), ME)
    store.events.append(OLD, make.usual(OLD).items, ME)
    world = World(store, receiver)
    world.turn()
    store.sessions.open(make.facts(), ME)
    return world


def shown(record: LogRecord) -> dict[str, object]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in record.attributes}


def test_each_event_goes_out_once_it_is_stored_by_the_names_of_the_conventions(
    store: Store, make, world: World, receiver: Receiver
) -> None:
    chain = make.usual()
    store.events.append(ID, chain.items[:4], ME)
    world.turn()
    store.events.append(ID, chain.items, ME)
    world.turn()
    world.turn()
    assert [shown(record)["guard.hash"] for record in receiver.events] == [event.hash for event in chain.events]
    assert receiver.resource["service.name"] == "guard"
    assert set(receiver.headers) == {"/v1/logs Bearer collector application/x-protobuf"}
    denied = receiver.events[5]
    assert (denied.event_name, denied.severity_text, denied.time_unix_nano) == (
        "guard.judged",
        "WARN",
        1767225600 * 10**9,
    )
    found = shown(denied)
    assert (found["session.id"], found["user.name"], found["host.name"]) == (ID, "agent@test", "here")
    assert (found["process.command_line"], found["guard.verdict"], found["guard.call"]) == ("psql", "deny", 2)
    assert not any("line 1" in str(record) for record in receiver.events)


def test_acts_and_signed_heads_go_out_once_too(
    store: Store, make, world: World, receiver: Receiver, tmp_path: Path
) -> None:
    store.events.append(ID, make.usual().items, ME)
    store.retention.hold(ID, "ann", "a trial")
    made = store.signed.make(KeyRing(tmp_path / "keys").sign)
    assert made is not None
    receiver.status = 503
    world.turn()
    receiver.status = 200
    for _ in range(2):
        world.turn()
    acts = [entry for entry in store.trail.entries() if entry.subject == ID]
    told = [record for record in receiver.records if record.event_name == "guard.trail"]
    assert [shown(record)["guard.hash"] for record in told] == [entry.hash for entry in acts]
    assert (shown(told[-1])["guard.action"], shown(told[-1])["user.name"]) == ("session-held", "ann")
    (head,) = (shown(record) for record in receiver.records if record.event_name == "guard.head")
    assert head["guard.head.digest"] == made.digest == hashlib.sha256(str(head["guard.head.body"]).encode()).hexdigest()
    assert store.outgoing.waiting() == 0


def test_what_was_recorded_before_a_collector_was_set_stays(
    store: Store, make, world: World, receiver: Receiver
) -> None:
    store.events.append(ID, make.usual().items[:1], ME)
    world.turn()
    assert {shown(record)["session.id"] for record in receiver.events} == {ID}


def test_a_collector_that_fails_loses_nothing_and_is_seen(store: Store, make, world: World, receiver: Receiver) -> None:
    receiver.status = 400
    chain = make.usual()
    store.events.append(ID, chain.items, ME)
    world.turn()
    assert receiver.events == []
    (lease,) = store.leases.all()
    assert "does not take events" in lease.error
    text, waiting = world.metrics.text().decode(), 9 + sum(entry.subject == ID for entry in store.trail.entries())
    assert f"guard_telemetry_waiting {waiting}.0" in text
    assert f'guard_telemetry_events_total{{outcome="failed"}} {waiting}.0' in text
    receiver.status = 200
    world.turn()
    assert len(receiver.events) == 9
    assert store.leases.all()[0].error == ""
    assert b"guard_telemetry_waiting 0.0" in world.metrics.text()


def test_an_event_that_is_refused_by_itself_is_passed_over_and_holds_up_nothing(
    store: Store, make, world: World, receiver: Receiver
) -> None:
    chain, other = make.usual(), make.usual("session-0002")
    store.sessions.open(make.facts("session-0002"), ME)
    store.events.append(ID, chain.items, ME)
    store.events.append("session-0002", other.items, ME)
    receiver.refuses = chain.events[4].hash
    world.turn()
    taken = [shown(record)["guard.hash"] for record in receiver.events]
    assert taken == [event.hash for event in (*chain.events[:4], *other.events)]
    assert f"event 4 of session {ID} is refused" in store.leases.all()[0].error
    assert b"guard_telemetry_waiting 5.0" in world.metrics.text()
    for _ in range(2):
        world.turn()
    world.turn()
    found = {shown(record)["guard.hash"] for record in receiver.events}
    assert found == {event.hash for event in (*chain.events, *other.events)} - {receiver.refuses}
    text = world.metrics.text()
    assert b"guard_telemetry_waiting 0.0" in text
    assert b'guard_telemetry_events_total{outcome="passed_over"} 1.0' in text
    assert store.leases.all()[0].error == ""


@pytest.mark.parametrize("status", [400, 401, 503])
def test_a_collector_that_takes_nothing_at_all_loses_nothing(
    store: Store, make, world: World, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    chain = make.usual()
    store.events.append(ID, chain.items, ME)
    for _ in range(4 if status < 500 else 1):
        world.turn()
    receiver.status = 200
    world.turn()
    assert [shown(record)["guard.hash"] for record in receiver.events] == [event.hash for event in chain.events]
    assert b"passed_over" not in world.metrics.text()
