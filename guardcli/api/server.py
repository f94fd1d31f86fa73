"""Listens, logs, and stops when told to or when idle.

On a unix socket the server takes a lock beside it for as long as it lives, binds under another name and renames:
whoever finds the socket finds a server that accepts, and two never share one path.
"""

from __future__ import annotations

import fcntl
import gc
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn
from sqlalchemy import Engine
from starlette.types import ASGIApp, Receive, Scope, Send

from guardcli.api.ancestry import SessionTrees, start_time
from guardcli.api.archive.opening import segments_of
from guardcli.api.bus import bus_of
from guardcli.api.config import Config
from guardcli.api.notify import Notifier
from guardcli.api.peers import PeerProtocol
from guardcli.api.store import Store
from guardcli.api.store.database import open_database, prepare
from guardcli.api.workers import Workers
from guardcli.model.errors import UnavailableError

log = logging.getLogger("guard.api")

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""Where several workers write what they count; the library looks at it when it is loaded."""

GARBAGE = 100_000
"""Objects more than there were, before cycles among them are looked for: a batch of events makes 30,000, none of them
in a cycle, and looking through them took a tenth of its time."""

LOCK_SECONDS = 10.0
"""How long a new server waits for the one before it to leave the socket."""


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


def serve(config: Config, idle: float = 0.0) -> None:
    """Run the API as `config` says until told to stop or idle for `idle` seconds, 0 for never.

    Raises UnavailableError where it cannot listen or open the database, ConfigurationError for a wrong database.
    """
    listen = config.listen
    uds = listen.uds.absolute() if listen.uds else None
    if uds:
        lock_uds(uds)
    engine = open_database(config.database.reveal(), config.connections)
    log.info("database", extra={"facts": {"schema": prepare(engine)}})
    engine.dispose()
    listener = listen_uds(uds) if uds else listen_tcp(listen.host, listen.port or 0)
    try:
        if listen.workers == 1:
            work(config, listener, engine, idle)
        else:
            _share(config, listener)
    finally:
        if uds:
            uds.unlink(missing_ok=True)
        listener.close()
    log.info("stopped")


def _share(config: Config, listener: socket.socket) -> None:
    """Let several processes serve `listener`, and add up what they count."""
    with tempfile.TemporaryDirectory(prefix="guard-metrics-") as directory:
        os.environ[DIRECTORY] = directory
        try:
            engine_of = partial(open_database, config.database.reveal(), config.connections)
            Workers(
                config.listen.workers, lambda: work(config, listener, engine_of(), 0.0), partial(forget, directory)
            ).run()
        finally:
            del os.environ[DIRECTORY]


def forget(directory: str, pid: int) -> None:
    """Take what a lost worker said of itself while it lived out of the numbers; what it counted stays."""
    for path in Path(directory).glob(f"gauge_live*_{pid}.db"):
        path.unlink(missing_ok=True)


def work(config: Config, listener: socket.socket, engine: Engine, idle: float) -> None:
    """Serve `listener` in this process until told to stop."""
    from guardcli.api.app import create_app  # only here: what it loads must not be loaded before a fork

    store = Store.over(engine, segments_of(config, engine.url))
    trees = SessionTrees((lambda: _processes(store)) if config.listen.workers > 1 else None)
    notifier = Notifier(bus_of(engine))
    _remember(store, trees)
    activity = Activity(create_app(store, trees, notifier, config))
    server = _Server(_config(activity, trees, config), notifier, lambda: _is_idle(activity, store, idle))
    _stop_by_signal(server)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, *gc.get_threshold()[1:])
    server.run(sockets=[listener])
    engine.dispose()


def _config(app: ASGIApp, trees: SessionTrees, config: Config) -> uvicorn.Config:
    def protocol(**arguments: object) -> PeerProtocol:
        return PeerProtocol(trees, **arguments)

    return uvicorn.Config(
        app,
        http=protocol,  # type: ignore[arg-type]
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=config.limits.stop_seconds,
        backlog=1024,
    )


def _processes(store: Store) -> dict[tuple[int, int], str]:
    """Return the processes of every session that is not closed, as other workers registered them."""
    return {process: session.id for session in store.sessions.unclosed() for process in session.processes}


def _remember(store: Store, trees: SessionTrees) -> None:
    """Register again the processes of the sessions that outlived the last server."""
    for session in store.sessions.unclosed():
        alive = [(pid, start) for pid, start in session.processes if start_time(pid) == start]
        trees.register(session.id, alive)


def _is_idle(activity: Activity, store: Store, idle: float) -> bool:
    return bool(idle) and activity.idle_seconds() >= idle and not store.sessions.any_live()


def _stop_by_signal(server: _Server) -> None:
    """Let a signal that comes before uvicorn looks for them stop the server too.

    uvicorn raises them again after a graceful stop; that then ends nothing, and the status is 0.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


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
