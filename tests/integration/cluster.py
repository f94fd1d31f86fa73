"""A small Kubernetes API that keeps objects, streams logs and remembers every request; on loopback, gone with its test."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))
from kubernetes_api import TABLE, Request, SmallApi

OTHER = "other"
"""First step of the path under which the second context's cluster is reached."""
PATIENCE = 20.0


def _status(code: int, reason: str, message: str) -> tuple[int, dict[str, Any]]:
    form = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message}
    return code, {**form, "code": code}


def _merged(old: Any, new: Any) -> Any:
    """Return `old` after a merge patch (RFC 7386)."""
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    kept = {key: value for key, value in old.items() if key not in new}
    return {**kept, **{key: _merged(old.get(key), value) for key, value in new.items() if value is not None}}


@dataclass
class Cluster(SmallApi):
    """Objects by their path in the API. `go` lets a log that is followed come to its end."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    go: Event = field(default_factory=Event)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        """Remember a request and answer it; what is created, patched and deleted stays so."""
        path = urlsplit(target).path.strip("/").removeprefix(f"{OTHER}/")
        if method == "GET" and (form := self.about(path)) is not None:
            return 200, form
        steps = path.split("/")
        version = "/".join(steps[1:2] if steps[0] == "api" else steps[1:3])
        rest = steps[2:] if steps[0] == "api" else steps[3:]
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            rest = rest[2:]
        if not rest or f"{version}/{rest[0]}" not in TABLE or len(rest) > 2:
            return _status(403, "Forbidden", "not here")
        if len(rest) == 1:
            return self._collection(method, path, TABLE[f"{version}/{rest[0]}"].kind, version, body)
        return self._item(method, path, body)

    def _collection(self, method: str, path: str, kind: str, version: str, body: bytes) -> tuple[int, Any]:
        if method == "GET":
            found = [form for place, form in self.objects.items() if place.rpartition("/")[0] == path]
            return 200, {"apiVersion": version, "kind": f"{kind}List", "metadata": {}, "items": found}
        if method != "POST":
            return _status(405, "MethodNotAllowed", "not here")
        form = json.loads(body)
        place = f"{path}/{form['metadata']['name']}"
        if place in self.objects:
            return _status(409, "AlreadyExists", "it is there already")
        self.objects[place] = form
        return 201, form

    def _item(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path not in self.objects:
            return _status(404, "NotFound", "it is not there")
        if method == "DELETE":
            return 200, self.objects.pop(path)
        if method in ("PATCH", "PUT"):
            self.objects[path] = _merged(self.objects[path], json.loads(body))
        return 200, self.objects[path]

    def put(self, resource: str, kind: str, name: str, **parts: Any) -> None:
        """Have an object in the namespace ``default`` from the beginning."""
        metadata = {"name": name, "namespace": "default", "uid": name, "resourceVersion": "1"}
        form = {"apiVersion": "v1", "kind": kind, "metadata": metadata, **parts}
        self.objects[f"api/v1/namespaces/default/{resource}/{name}"] = form

    @property
    def changes(self) -> list[str]:
        """Method and path of every request that changes something or enters a container."""
        entering = ("/exec", "/attach", "/portforward")
        seen = [request for request in self.requests if request.changes or request.path.endswith(entering)]
        return [f"{request.method} {request.path}" for request in seen]


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path.strip("/")
            cluster.requests.append(Request(self.command, path, {}, body))
            if path.endswith("/log"):
                self.follow()
                return
            status, form = cluster.answer(self.command, self.path, body)
            content = json.dumps(form).encode()
            self.head(status, "application/json", {"Content-Length": str(len(content))})
            self.wfile.write(content)

        def follow(self) -> None:
            self.head(200, "text/plain", {"Transfer-Encoding": "chunked"})
            for line in (b"first from ann@corp.io\n", b"last\n"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
                cluster.go.wait(PATIENCE)
            self.wfile.write(b"0\r\n\r\n")

        def head(self, status: int, kind: str, fields: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, **fields}.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _configuration(url: str) -> dict[str, Any]:
    names = {"small": url, OTHER: f"{url}/{OTHER}"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "small",
        "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in names],
        "clusters": [{"name": name, "cluster": {"server": server}} for name, server in names.items()],
        "users": [{"name": "me", "user": {}}],
    }


@contextmanager
def kubernetes(home: Path) -> Iterator[Cluster]:
    """Run the API, with a configuration for kubectl in `home`."""
    cluster = Cluster()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cluster))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text(json.dumps(_configuration(f"http://127.0.0.1:{server.server_port}")))
    try:
        yield cluster
    finally:
        cluster.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
