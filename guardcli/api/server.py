"""Listens, logs, and stops when told to or when idle.

On a unix socket the server takes a lock beside it for as long as it lives, binds under another name and renames:
whoever finds the socket finds a server that accepts, and two never share one path.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from guardcli.api.ancestry import SessionTrees, start_time
from guardcli.api.app import create_app
from guardcli.api.notify import Notifier
from guardcli.api.peers import PeerProtocol
from guardcli.api.store import Store
from guardcli.api.store.database import open_database, prepare
from guardcli.model.errors import UnavailableError

log = logging.getLogger("guard.api")

LOCK_SECONDS = 10.0
"""How long a new server waits for the one before it to leave the socket."""

GRACE_SECONDS = 5
"""How long requests that run may take to end once the server was told to stop."""


class Activity:
    """Notes when requests come, so that an idle server knows; sits around the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._running = 0
        self._last = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note its beginning and its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1
            self._last = time.monotonic()

    def idle_seconds(self) -> float:
        """Return for how long no request has run."""
        return 0.0 if self._running else time.monotonic() - self._last


class _Server(uvicorn.Server):
    """uvicorn's server that lets go of long polls when it stops, and stops when it is idle."""

    def __init__(self, config: uvicorn.Config, notifier: Notifier, idle: Callable[[], bool]) -> None:
        super().__init__(config)
        self._notifier = notifier
        self._idle = idle

    async def on_tick(self, counter: int) -> bool:
        """Tell, ten times a second, whether to stop."""
        if counter % 10 == 0 and self._idle():
            log.info("idle, stopping")
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: wake who waits, finish what runs."""
        self._notifier.close()
        await super().shutdown(sockets)


def serve(database: str, *, uds: Path | None, host: str, port: int, idle: float) -> None:
    """Run the API on `uds`, or on TCP at `host` and `port`, until told to stop or idle for `idle` seconds, 0 for never.

    Raises UnavailableError where it cannot listen or open the database, ConfigurationError for a wrong database.
    """
    if uds:
        lock_uds(uds)
    engine = open_database(database)
    log.info("database", extra={"facts": {"schema": prepare(engine)}})
    store = Store.over(engine)
    listener = listen_uds(uds) if uds else listen_tcp(host, port)
    try:
        trees, notifier = SessionTrees(), Notifier()
        _remember(store, trees)
        activity = Activity(create_app(store, trees, notifier))
        server = _Server(_config(activity, trees), notifier, lambda: _is_idle(activity, store, idle))
        _ignore_once_stopped()
        server.run(sockets=[listener])
        engine.dispose()
    finally:
        if uds:
            uds.unlink(missing_ok=True)
        listener.close()
    log.info("stopped")


def _config(app: ASGIApp, trees: SessionTrees) -> uvicorn.Config:
    def protocol(**arguments: object) -> PeerProtocol:
        return PeerProtocol(trees, **arguments)

    return uvicorn.Config(
        app,
        http=protocol,  # type: ignore[arg-type]
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=1024,
    )


def _remember(store: Store, trees: SessionTrees) -> None:
    """Register again the processes of the sessions that outlived the last server."""
    for session in store.sessions.unclosed():
        alive = [(pid, start) for pid, start in session.processes if start_time(pid) == start]
        trees.register(session.id, alive)


def _is_idle(activity: Activity, store: Store, idle: float) -> bool:
    return bool(idle) and activity.idle_seconds() >= idle and not store.sessions.any_live()


def _ignore_once_stopped() -> None:
    """Let the signals that uvicorn raises again after a graceful stop end nothing: the status is 0."""

    def ignore(_number: int, _frame: FrameType | None) -> None:
        return

    signal.signal(signal.SIGTERM, ignore)
    signal.signal(signal.SIGINT, ignore)


def listen_uds(path: Path) -> socket.socket:
    """Return a listening socket at `path`, reachable by its owner only. Raises UnavailableError."""
    try:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made = path.with_name(f".{os.getpid()}")
        made.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            listener.bind(str(made))
        finally:
            os.umask(before)
        listener.listen(1024)
        made.rename(path)
    except OSError as error:
        raise UnavailableError(f"cannot listen on {path}: {error}", hint="choose another path with --uds") from error
    return listener


def lock_uds(path: Path) -> None:
    """Take the lock beside the socket `path` for the life of this process.

    Raises UnavailableError where another server has had it for `LOCK_SECONDS`.
    """
    try:
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnavailableError(f"cannot listen on {path}: {error.strerror}", hint="choose another path") from error
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                os.close(descriptor)
                raise UnavailableError(f"another API serves at {path}", hint="stop it, or choose another") from None
            time.sleep(0.02)


def listen_tcp(host: str, port: int) -> socket.socket:
    """Return a listening socket at `host` and `port`. Raises UnavailableError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        raise UnavailableError(f"cannot listen on {host}:{port}: {error.strerror}", hint="choose another") from error
    log.info("listening", extra={"facts": {"host": host, "port": listener.getsockname()[1]}})
    return listener


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, what happened, and the facts that came with it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of `record`."""
        form: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            form["trace"] = self.formatException(record.exc_info)
        return json.dumps(form, default=str)


def log_to_stderr() -> None:
    """Send the API's log, and uvicorn's warnings, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    log.setLevel(logging.INFO)
