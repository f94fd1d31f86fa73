"""The client says in guard's own errors what goes wrong, and reaches what it should."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from guardcli.client.api import ApiClient
from guardcli.model.errors import (
    ConfigurationError,
    ConflictError,
    DeniedError,
    GuardError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
)
from guardcli.model.events import EventType, chained
from guardcli.model.secrets import Secret


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers with what the test has put in line, and keeps what it was asked."""

    line: list[tuple[int, bytes]]
    asked: list[tuple[str, str | None, bytes]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        self.asked.append((self.path, self.headers.get("authorization"), self.rfile.read(length)))
        status, body = self.line.pop(0)
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        if status == 302:
            self.send_header("location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[tuple[str, type[Answers]]]:
    Handler = type("Handler", (Answers,), {"line": [], "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Handler
        server.shutdown()
        thread.join()


def failure(code: str) -> bytes:
    return json.dumps({"code": code, "error": "what", "hint": "why"}).encode()


FAILURES = [
    (404, failure("notfound"), NotFoundError),
    (403, failure("denied"), DeniedError),
    (409, failure("conflict"), ConflictError),
    (401, failure("unauthorized"), UnauthorizedError),
    (503, failure("unavailable"), UnavailableError),
    (422, failure("configuration"), ConfigurationError),
    (500, failure("internal"), UnavailableError),
    (413, failure("http"), GuardError),
    (502, b"<html>bad gateway</html>", UnavailableError),
    (404, b"<html>nothing here</html>", GuardError),
    (302, b"", GuardError),
    (200, b"<html>a portal</html>", UnavailableError),
    (403, b"[1]", GuardError),
]


@pytest.mark.parametrize(("status", "body", "kind"), FAILURES)
def test_each_failure_becomes_its_error(web, status: int, body: bytes, kind: type[GuardError]) -> None:
    url, handler = web
    handler.line.append((status, body))
    client = ApiClient(url)
    with pytest.raises(GuardError) as raised:
        client.health()
    client.close()
    assert type(raised.value) is kind


def test_a_connection_that_breaks_is_tried_once_more(web) -> None:
    url, handler = web
    client = ApiClient(url)
    handler.line += [(0, b""), (200, b'{"status": "ok"}')]
    assert client.health()["status"] == "ok"
    handler.line += [(0, b""), (0, b"")]
    with pytest.raises(UnavailableError):
        client.health()
    client.close()


def test_the_token_is_sent_and_never_shown(web) -> None:
    url, handler = web
    client = ApiClient(url, Secret("abc"))
    handler.line += [(200, b"{}"), (200, b"{}"), (403, failure("denied"))]
    client.health()
    client.with_token(Secret("def")).health()
    with pytest.raises(DeniedError) as raised:
        client.health()
    assert [asked[1] for asked in handler.asked] == ["Bearer abc", "Bearer def", "Bearer abc"]
    assert "abc" not in repr(vars(client)) + str(raised.value)
    client.close()


def test_a_proxy_of_the_environment_is_not_asked_for_a_socket(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with pytest.raises(UnavailableError, match="cannot be reached"):
        ApiClient(f"unix://{tmp_path}/api.sock").health()


@pytest.mark.parametrize("url", ["", "ftp://x", "guard.example", "http://", "/run/api.sock"])
def test_an_address_that_is_none_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="GUARD_API"):
        ApiClient(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1", "unix:///nonexistent/api.sock"])
def test_an_api_that_is_away_says_what_to_do(url: str) -> None:
    with pytest.raises(UnavailableError) as raised:
        ApiClient(url).health()
    assert raised.value.exit_status == 69
    assert raised.value.hint


def test_bytes_that_are_no_text_are_shown_and_events_are_sent_as_they_are(web) -> None:
    url, handler = web
    client = ApiClient(url)
    handler.line += [(201, b'{"id": "x", "token": "t"}'), (200, b'{"acknowledged": 1}')]
    client.create_session({"id": "x", "identity": "é", "command": ["a\udcff"], "cwd": "/\udc80", "started": 1.0})
    event = chained("x", 0, "t", EventType.JUDGED, 1, {"command": "\udcff"}, "0" * 64)
    assert client.append_events("x", [(event, b"\xff\x00")]) == 1
    client.close()
    session = json.loads(handler.asked[0][2])["session"]
    assert (session["command"], session["cwd"], session["identity"]) == (["a\\xff"], "/\\x80", "é")
    sent = json.loads(handler.asked[1][2])["events"][0]
    assert sent["event"]["data"] == {"command": "\udcff"}
    assert sent["content"] == "/wA="


@pytest.mark.parametrize("started", [1000.0, "1970-01-01T00:16:40.000000Z", "1970-01-01T01:16:40+01:00"])
def test_the_beginning_of_a_session_is_understood_in_both_forms(web, started: object) -> None:
    url, handler = web
    client = ApiClient(url)
    handler.line.append((201, b'{"id": "x", "token": "t"}'))
    client.create_session({"id": "x", "identity": "me", "started": started})
    client.close()
    assert json.loads(handler.asked[0][2])["session"]["started"] == 1000.0
