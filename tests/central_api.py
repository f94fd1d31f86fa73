"""A central API on the loopback with a token for each role, and somebody in the middle who may change what it says."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import warm

from guardcli.api.config import Config
from guardcli.api.keys import key_ring
from guardcli.api.permissions import Role
from guardcli.api.store import Store
from guardcli.api.store.database import open_database, prepare
from guardcli.client.api import ApiClient
from guardcli.client.policies import PolicyApi
from guardcli.model.secrets import Secret
from guardcli.signing import KeyRing

STRICT = """\
version: 1
name: {name}
tools:
  probe:
    patterns:
      - {{match: "w.*", effects: [write], action: change}}
      - {{match: ".*", effects: [read], action: look}}
rules:
  - {{id: probe-{name}, match: {{tool: probe}}, decision: {decision}}}
{unknown}{more}"""

UNKNOWN = "  - {id: unknown-too, match: {tool: probe, complete: false}, decision: allow}\n"


def policy(name: str, decision: str, more: str = "") -> str:
    """Return a policy that decides alike about every call of ``probe``: ``probe w…`` writes, all others read."""
    unknown = UNKNOWN if decision == "allow" else ""
    return STRICT.format(name=name, decision=decision, more=more, unknown=unknown)


class CentralApi:
    """`start` and `stop` as often as a test likes; the port stays the same."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = f"sqlite:///{directory / 'guard.db'}"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        engine = open_database(self.database)
        prepare(engine)
        self.store = Store.over(engine)
        self.keys: KeyRing = key_ring(Config(), engine)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = self.directory / "api.log"
        with open(log, "wb") as file:
            command = ["api", "serve", "--port", str(self.port), "--database", self.database]
            self.process = warm.Guard(command, stderr=file)
        end = time.monotonic() + 60
        while '"listening"' not in (found := log.read_text()):
            assert self.process.poll() is None and time.monotonic() < end, found
            time.sleep(0.02)
        lines = [json.loads(line) for line in found.splitlines()]
        self.port = next(line["port"] for line in lines if line["event"] == "listening")

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def token(self, name: str, role: Role, *groups: str) -> Secret:
        return self.store.tokens.issue(name, role, groups)[1]

    def client(self, token: Secret, url: str = "") -> ApiClient:
        return ApiClient(url or self.url, token)

    def admin(self) -> PolicyApi:
        if not hasattr(self, "_admin"):
            self._admin = self.token("root", Role.ADMIN)
        return PolicyApi(self.client(self._admin))

    def publish(self, group: str, text: str, priority: int | None = None) -> int:
        found = self.admin().publish("a.yaml", {"a.yaml": text}, group, priority=priority)
        return int(found["published"]["version"])


@contextmanager
def central_api(directory: Path) -> Iterator[CentralApi]:
    api = CentralApi(directory)
    api.start()
    try:
        yield api
    finally:
        api.stop()
        api.store.engine.dispose()


Change = Callable[[str, Any], Any]
"""Gets the path and the JSON of an answer, and returns what is said instead; None cuts the connection."""


class Middle:
    """Passes requests on to `target` and answers as `change` would have it. `answers` are all that were true."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.change: Change = lambda path, form: form
        self.answers: list[Any] = []
        middle = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name: self.headers[name] for name in ("authorization", "content-type") if self.headers[name]}
                answer = requests.request(
                    self.command, middle.target + self.path, data=body, headers=headers, timeout=90
                )
                content = answer.content
                if answer.ok and content:
                    form = answer.json()
                    middle.answers.append(form)
                    changed = middle.change(self.path, form)
                    if changed is None:
                        self.close_connection = True
                        return
                    content = json.dumps(changed).encode()
                self.send_response(answer.status_code)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = _pass

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def in_the_middle(target: str) -> Iterator[Middle]:
    middle = Middle(target)
    try:
        yield middle
    finally:
        middle.close()
