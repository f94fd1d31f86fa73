"""A small Kubernetes API that keeps objects, watches, streams logs, runs commands and remembers every request.

On the loopback, gone with its test; with TLS and a login where one is asked for.
"""

from __future__ import annotations

import gzip
import json
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integration.streams import Spdy, WebSocket, accept_key, serve_channels, serve_forward, serve_spdy_exec, tunnelled
from kubernetes_api import TABLE, Request, SmallApi

OTHER = "other"
"""First step of the path under which the second context's cluster is reached."""
PATIENCE = 60.0


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
    """Objects by their path in the API. `go` lets a log or a watch that is followed come to its end.

    `token` is asked for where there is one, `peers` are the subjects of the certificates that were shown. `news` are
    events that a watch tells of, `ports` those of a port-forward, `cwd` where commands run, and `compress` sends gzip.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    go: Event = field(default_factory=Event)
    token: str = ""
    peers: list[str] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    news: Queue[dict[str, Any]] = field(default_factory=Queue)
    ports: dict[int, int] = field(default_factory=dict)
    cwd: str = "/"
    compress: bool = False
    url: str = ""

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
        if rest and rest[0].endswith("reviews"):
            kind = TABLE[f"{version}/{rest[0]}"].kind
            return 201, {"kind": kind, "apiVersion": version, "metadata": {}, "status": {"allowed": True}}
        if not rest or f"{version}/{rest[0]}" not in TABLE or len(rest) > 3:
            return _status(403, "Forbidden", "not here")
        if len(rest) == 3:
            return self._below(method, path.rpartition("/")[0], rest[2], body)
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

    def _below(self, method: str, path: str, subresource: str, body: bytes) -> tuple[int, Any]:
        """Answer for a subresource of the object at `path`."""
        if path not in self.objects:
            return _status(404, "NotFound", "it is not there")
        if subresource == "eviction":
            self.objects.pop(path)
            return 201, {"kind": "Status", "apiVersion": "v1", "status": "Success"}
        if subresource == "scale":
            metadata = self.objects[path]["metadata"]
            form = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": {"replicas": 2}}
            return 200, form
        if method in ("PATCH", "PUT"):
            self.objects[path] = _merged(self.objects[path], json.loads(body))
        return 200, self.objects[path]

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
            query = parse_qs(urlsplit(self.path).query)
            cluster.requests.append(Request(self.command, path, {}, body))
            cluster.seen.append({name.lower(): value for name, value in self.headers.items()})
            if not self.known():
                self.give(*_status(401, "Unauthorized", "who is this"))
            elif path.endswith("/log"):
                self.follow()
            elif self.headers.get("Upgrade"):
                self.upgrade(path, query)
            elif query.get("watch") in (["true"], ["1"]):
                self.watch(path)
            else:
                self.give(*cluster.answer(self.command, self.path, body))

        def known(self) -> bool:
            if isinstance(self.connection, ssl.SSLSocket) and (shown := self.connection.getpeercert()):
                cluster.peers.append(str(shown["subject"]))
                return True
            return not cluster.token or self.headers.get("Authorization") == f"Bearer {cluster.token}"

        def give(self, status: int, form: Any) -> None:
            content = json.dumps(form).encode()
            fields = {}
            if cluster.compress:
                content, fields = gzip.compress(content), {"Content-Encoding": "gzip"}
            self.head(status, "application/json", {"Content-Length": str(len(content)), **fields})
            self.wfile.write(content)

        def chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        def watch(self, path: str) -> None:
            self.head(200, "application/json", {"Transfer-Encoding": "chunked"})
            with suppress(OSError):
                while not cluster.go.is_set():
                    with suppress(Empty):
                        self.chunk(json.dumps(cluster.news.get(timeout=0.02)).encode() + b"\n")
                self.chunk(b"")

        def upgrade(self, path: str, query: dict[str, list[str]]) -> None:
            protocol = self.headers["Upgrade"].lower()
            offers = [one.strip() for one in self.headers.get("Sec-WebSocket-Protocol", "").split(",")]
            fields = {"Connection": "Upgrade", "Upgrade": self.headers["Upgrade"]}
            if protocol == "websocket":
                accept = accept_key(self.headers["Sec-WebSocket-Key"])
                fields |= {"Sec-WebSocket-Accept": accept, "Sec-WebSocket-Protocol": offers[0]}
            else:
                fields["X-Stream-Protocol-Version"] = "v4.channel.k8s.io"
            self.send_response(101)
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.flush()
            self.close_connection = True
            read, write = self.rfile.read1, self.wfile.write
            with suppress(OSError):
                if protocol != "websocket":
                    serve_forward(Spdy(read, write), cluster.ports) if path.endswith(
                        "portforward"
                    ) else serve_spdy_exec(Spdy(read, write), query, cluster.cwd)
                elif path.endswith("portforward"):
                    serve_forward(tunnelled(WebSocket(read, write)), cluster.ports)
                else:
                    serve_channels(WebSocket(read, write), query, cluster.cwd)

        def follow(self) -> None:
            self.head(200, "text/plain", {"Transfer-Encoding": "chunked"})
            with suppress(OSError):
                for line in (b"first from ann@corp.io\n", b"last\n"):
                    self.chunk(line)
                    cluster.go.wait(PATIENCE)
                self.chunk(b"")

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


class _Server(ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has left."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def kubernetes(home: Path, tls: ssl.SSLContext | None = None) -> Iterator[Cluster]:
    """Run the API, with a configuration for kubectl in `home`."""
    cluster = Cluster()
    server = _Server(("127.0.0.1", 0), _handler(cluster))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    cluster.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text(json.dumps(_configuration(cluster.url)))
    try:
        yield cluster
    finally:
        cluster.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
