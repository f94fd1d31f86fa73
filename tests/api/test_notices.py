"""People are told of what waits: signed, at least once, again after a failure, and never at the cost of a request."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from guardcli.api.config import Channel, Config
from guardcli.api.metrics import Metrics
from guardcli.api.notices import Teller, signature
from guardcli.api.notify import Notifier
from guardcli.api.store import Store
from guardcli.api.store import notices as module
from guardcli.api.store.notices import ATTEMPTS, pause
from guardcli.model.approvals import ApprovalState


class Receiver:
    """What a webhook's owner runs: answers with `statuses` one after the other, then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.url = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.statuses.pop(0) if found.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def config(receiver: Receiver, **changes: object) -> Config:
    hook = {"name": "hook", "kind": "webhook", "url": receiver.url, "secret": "hunter2", **changes}
    return Config.model_validate({"public_url": "https://guard.example/", "channels": [hook]})


def teller(store: Store, settings: Config) -> Teller:
    return Teller(store, Notifier(), Metrics(), settings)


def asked(store: Store, make, channel: str = "hook", digest: str = "a" * 64) -> str:
    facts = {"tool": "psql", "command": "psql -c x", "justification": "ticket 7", "groups": ["dba"]}
    return store.approvals.request(make.request(store, facts=facts, digest=digest, channels=(channel,))).id


def test_a_webhook_is_signed_and_says_what_waits(store: Store, make, receiver: Receiver) -> None:
    id = asked(store, make)
    (notice,) = store.notices.take(10)
    assert list(store.notices.take(10)) == [], "nobody else takes it meanwhile"
    teller(store, config(receiver)).tell(notice)
    ((headers, body),) = receiver.got
    moment, mac = (part.partition("=")[2] for part in headers["x-guard-signature"].split(","))
    wanted = hmac.new(b"hunter2", moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(mac, wanted) and abs(time.time() - int(moment)) < 60
    said = json.loads(body)
    assert (said["link"], said["approval"]["justification"]) == (f"https://guard.example/approvals/{id}", "ticket 7")
    assert headers["idempotency-key"] == notice.id
    (status,) = store.notices.status()
    assert (status.sent, status.waiting, status.failed) == (1, 0, 0)


def test_what_fails_is_told_again_under_the_same_id(
    store: Store, make, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(store, make)
    receiver.statuses = [500, 429]
    at = [time.time()]
    monkeypatch.setattr(module, "now", lambda: at[0])
    one = teller(store, config(receiver))
    for attempt in range(1, 4):
        (notice,) = store.notices.take(10)
        one.tell(notice)
        at[0] += pause(attempt) + 0.1
    assert len({headers["idempotency-key"] for headers, _ in receiver.got}) == 1
    (status,) = store.notices.status()
    assert (status.sent, status.error, len(receiver.got)) == (1, "it answered 429" if status.error else "", 3)


def test_a_channel_that_never_works_is_given_up_and_seen(
    store: Store, make, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(store, make)
    at = [time.time()]
    monkeypatch.setattr(module, "now", lambda: at[0])
    one = teller(store, config(receiver, url="http://127.0.0.1:9/none"))
    for attempt in range(1, ATTEMPTS + 1):
        for notice in store.notices.take(10):
            one.tell(notice)
        at[0] += pause(attempt) + 0.1
    assert list(store.notices.take(10)) == []
    (status,) = store.notices.status()
    assert (status.failed, status.error) == (1, "ConnectionError")
    assert "hunter2" not in str(status) and "127.0.0.1" not in str(status)


REFUSALS = [(404, 1), (301, 1), (410, 1)]


@pytest.mark.parametrize(("status", "failed"), REFUSALS)
def test_a_clear_no_is_not_asked_again(store: Store, make, receiver: Receiver, status: int, failed: int) -> None:
    asked(store, make)
    receiver.statuses = [status]
    (notice,) = store.notices.take(10)
    teller(store, config(receiver)).tell(notice)
    assert store.notices.status()[0].failed == failed


def test_what_was_decided_meanwhile_is_told_no_more(store: Store, make, receiver: Receiver) -> None:
    id = asked(store, make)
    store.approvals.decide(id, "bob", True, "")
    (notice,) = store.notices.take(10)
    teller(store, config(receiver)).tell(notice)
    assert receiver.got == []


def test_a_channel_that_is_configured_no_more_is_a_failure(store: Store, make, receiver: Receiver) -> None:
    asked(store, make, "gone")
    (notice,) = store.notices.take(10)
    teller(store, config(receiver)).tell(notice)
    assert store.notices.status()[0].failed == 1


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_apprise_carries_it_to_its_own_services(store: Store, make, receiver: Receiver) -> None:
    id = asked(store, make, "chat")
    place = receiver.url.replace("http://", "json://")
    settings = Config.model_validate({"channels": [{"name": "chat", "url": place}]})
    (notice,) = store.notices.take(10)
    teller(store, settings).tell(notice)
    ((_, body),) = receiver.got
    said = json.loads(body)
    assert f"guard approvals show {id}" in said["message"] and "psql -c x" in said["message"]
    assert "agent@test asks for psql" in said["title"]


def test_a_request_does_not_wait_for_a_channel(store: Store, make) -> None:
    began = time.monotonic()
    assert store.approvals.get(asked(store, make)).state is ApprovalState.PENDING
    assert time.monotonic() - began < 60


def test_who_is_told_is_chosen_by_group() -> None:
    channel = Channel.model_validate({"name": "x", "url": "json://y", "groups": ["dba"]})
    assert channel.wants(["dba"], []) and channel.wants([], ["dba", "x"])
    assert not channel.wants([], []) and not channel.wants(["security"], [])
    assert Channel.model_validate({"name": "x", "url": "json://y"}).wants([], [])


WRONG = [
    {"name": "x", "kind": "webhook", "url": "https://x"},
    {"name": "x", "kind": "webhook", "url": "ftp://x", "secret": "s"},
    {"name": "X y", "url": "json://x"},
    {"name": "x"},
]


@pytest.mark.parametrize("form", WRONG)
def test_a_channel_that_makes_no_sense_is_refused(form: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"secret|address|name|url"):
        Channel.model_validate(form)


def test_a_signature_is_of_time_and_body() -> None:
    assert signature("s", 1, b"x") != signature("s", 2, b"x") != signature("s", 2, b"y")
