"""Tells the other workers on the same database what changed: topics, nothing of what is kept.

On PostgreSQL that is LISTEN and NOTIFY (its manual, chapter "NOTIFY"), on a connection each, after the commit: a
notification inside the transaction would make commits wait for each other. On SQLite it is a directory of datagram
sockets beside the database, one for each process that serves it. Neither promises delivery (a worker may be killed
between commit and word, a connection break): after a break everybody is woken, and whoever waits looks again now and
then anyhow.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Engine, make_url

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger("guard.api")

EVERYTHING = "*"
"""The topic that stands for all of them."""

CHANNEL = "guard"

PAYLOAD = 7000
"""Bytes of one message; PostgreSQL takes less than 8000 (its manual, NOTIFY)."""

BACKLOG = 4096
"""More topics than that for one that does not keep up are told as `EVERYTHING`."""

KEEPALIVE = {"connect_timeout": 5, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""So that a peer that vanished without a word is noticed within a minute (libpq, 34.1.2)."""

PAUSE_SECONDS = 0.02
"""Between two messages of one worker: a rush of changes is told together, a change by itself at once."""

RETRY_SECONDS = 0.01
RECONNECT_SECONDS = (0.1, 5.0)

Heard = Callable[[tuple[str, ...]], None]


class Bus(Protocol):
    """Bound to a running loop; all methods are called on it."""

    async def start(self, heard: Heard) -> None:
        """Begin to listen; `heard` gets the topics that others publish."""
        ...

    def publish(self, topics: Iterable[str]) -> None:
        """Tell the others; never waits, never raises."""
        ...

    def connected(self) -> bool:
        """Tell whether others can be heard just now."""
        ...

    async def close(self) -> None:
        """Stop listening."""
        ...


def bus_of(engine: Engine) -> Bus:
    """Return the bus that fits the database of `engine`."""
    url = engine.url
    if url.get_backend_name() == "postgresql":
        arguments, options = engine.dialect.create_connect_args(make_url(url))
        for name, value in KEEPALIVE.items():
            options.setdefault(name, value)
        return PostgresBus(tuple(arguments), dict(options))
    return SocketBus(Path(f"{url.database}-bus"))


def messages(topics: Iterable[str], origin: str) -> Iterator[bytes]:
    """Give the messages, none longer than `PAYLOAD`, that name `topics` as coming from `origin`."""
    part: list[str] = []
    size = 0
    for topic in topics:
        if size + len(topic) > PAYLOAD // 2:
            yield json.dumps([origin, *part]).encode()
            part, size = [], 0
        part.append(topic)
        size += len(topic) + 4
    if part:
        yield json.dumps([origin, *part]).encode()


def parsed(message: bytes | str, origin: str) -> tuple[str, ...]:
    """Return the topics of a message; none for one of our own, `EVERYTHING` for one that cannot be read."""
    try:
        sender, *topics = json.loads(message)
    except ValueError:
        return (EVERYTHING,)
    return () if sender == origin else tuple(str(topic) for topic in topics)


class SocketBus:
    """Datagrams between the processes that serve one SQLite database; `directory` is its owner's alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._backlog: dict[str, set[str]] = {}
        self._retry: asyncio.TimerHandle | None = None
        self._heard: Heard = lambda topics: None
        self._socket: socket.socket | None = None
        self._place = -1

    async def start(self, heard: Heard) -> None:
        """Bind a socket of one's own in the directory. Where that fails, nobody is heard, and it is logged."""
        self._heard = heard
        try:
            self._directory.mkdir(mode=0o700, exist_ok=True)
            self._place = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self._socket.bind(self._path(self._name))
        except OSError as error:
            log.warning("no bus", extra={"facts": {"error": str(error)}})
            await self.close()
            return
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    def _path(self, name: str) -> str:
        """Return a path that fits the 107 bytes of a socket's address, however long the directory's is."""
        return f"/proc/self/fd/{self._place}/{name}"

    def connected(self) -> bool:
        """Tell whether the socket is bound."""
        return self._socket is not None

    def _receive(self) -> None:
        while self._socket is not None:
            try:
                message = self._socket.recv(65536)
            except OSError:
                return
            if topics := parsed(message, self._name):
                self._heard(topics)

    def publish(self, topics: Iterable[str]) -> None:
        """Send to every other socket; what one cannot take now is kept for it, within bounds."""
        if self._socket is None:
            return
        told = set(topics)
        for name in self._others():
            waiting = self._backlog.setdefault(name, set())
            waiting |= told
            if len(waiting) > BACKLOG:
                self._backlog[name] = {EVERYTHING}
        self._flush()

    def _others(self) -> list[str]:
        try:
            return [name for name in os.listdir(self._place) if name != self._name]
        except OSError:
            return []

    def _flush(self) -> None:
        self._retry = None
        for name in list(self._backlog):
            if self._sent(name, self._backlog[name]):
                del self._backlog[name]
        if self._backlog:
            self._retry = asyncio.get_running_loop().call_later(RETRY_SECONDS, self._flush)

    def _sent(self, name: str, topics: set[str]) -> bool:
        """Send `topics`, taking out of them what is sent; tell whether nothing is left to be sent."""
        for message in messages(sorted(topics), self._name):
            try:
                assert_open(self._socket).sendto(message, self._path(name))
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.ENOBUFS):
                    return False
                self._forget(name)
                return True
            topics.difference_update(parsed(message, ""))
        return True

    def _forget(self, name: str) -> None:
        """Remove the socket of a process that is gone."""
        try:
            os.unlink(name, dir_fd=self._place)
        except OSError:
            return

    async def close(self) -> None:
        """Remove the own socket."""
        if self._retry is not None:
            self._retry.cancel()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            self._forget(self._name)
        if self._place >= 0:
            os.close(self._place)
            self._place = -1


def assert_open(found: socket.socket | None) -> socket.socket:
    """Return the socket. Raises OSError where it was closed meanwhile."""
    if found is None:
        raise OSError(errno.EBADF, "closed")
    return found


class PostgresBus:
    """LISTEN on one connection, NOTIFY on another, both made again when they break."""

    def __init__(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        self._arguments = arguments
        self._options = options
        self._origin = secrets.token_hex(8)
        self._waiting: set[str] = set()
        self._something = asyncio.Event()
        self._listening = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, heard: Heard) -> None:
        """Connect, in the background."""
        self._tasks = [
            asyncio.create_task(self._forever(lambda link: self._listen(link, heard))),
            asyncio.create_task(self._forever(self._speak)),
        ]

    def connected(self) -> bool:
        """Tell whether LISTEN is in force."""
        return self._listening

    def publish(self, topics: Iterable[str]) -> None:
        """Keep the topics for the next message, within bounds."""
        self._waiting.update(topics)
        if len(self._waiting) > BACKLOG:
            self._waiting = {EVERYTHING}
        self._something.set()

    async def _forever(self, use: Callable[[psycopg.AsyncConnection[Any]], Awaitable[None]]) -> None:
        import psycopg  # an API on SQLite starts without it

        pause, longest = RECONNECT_SECONDS
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    *self._arguments, **self._options, autocommit=True
                ) as link:
                    pause = RECONNECT_SECONDS[0]
                    await use(link)
            except (psycopg.Error, OSError) as error:
                log.warning("the bus broke", extra={"facts": {"error": str(error).partition("\n")[0]}})
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def _listen(self, link: psycopg.AsyncConnection[Any], heard: Heard) -> None:
        await link.execute(f"LISTEN {CHANNEL}")
        self._listening = True
        heard((EVERYTHING,))
        try:
            async for notice in link.notifies():
                if topics := parsed(notice.payload, self._origin):
                    heard(topics)
        finally:
            self._listening = False

    async def _speak(self, link: psycopg.AsyncConnection[Any]) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            told, self._waiting = self._waiting, set()
            try:
                for message in messages(sorted(told), self._origin):
                    await link.execute("SELECT pg_notify(%s, %s)", (CHANNEL, message.decode()))
            except BaseException:
                self.publish(told)
                raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def close(self) -> None:
        """End both connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
