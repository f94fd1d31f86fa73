"""Opens the engine of a database: SQLite for one machine, PostgreSQL (psycopg 3) for more; nothing else cares which.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit is on the disk before it is acknowledged. A killed
process would be survived with NORMAL as well, but the shipper deletes its spool once everything is acknowledged,
so that an acknowledged event must outlive a power cut too. Batches make the price small: one fsync for up to 500
events. PostgreSQL is asked for ``synchronous_commit=on`` for the same reason, whatever its own default.

Both give a write one outcome: SQLite by taking the one write lock first (``BEGIN IMMEDIATE``), PostgreSQL by row locks
(``SELECT … FOR UPDATE``) and, where there is no row yet, by advisory locks (`locking`).
"""

from __future__ import annotations

import hashlib
import os
import select
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, SQLAlchemyError

from guardcli.model.errors import ConfigurationError, UnavailableError

BUSY_SECONDS = 30
"""How long a writer waits for another; longer than any transaction here takes, shorter than a client's time-out."""

CONNECT_SECONDS = 5
"""How long PostgreSQL may take to accept a connection."""

POOL = 8
"""Connections of one worker that are kept; more are made for a rush."""

CONNECTIONS = 48
"""All of them, at the most. PostgreSQL's ``max_connections`` must allow for so many a worker."""

SETTINGS = f"-c synchronous_commit=on -c lock_timeout={BUSY_SECONDS}s -c idle_in_transaction_session_timeout=60s"


def database_url(name: str | Path) -> str:
    """Return `name` as a database URL: a URL is taken as it is, a path becomes one of SQLite."""
    text_form = str(name)
    return text_form if "://" in text_form else f"sqlite:///{Path(text_form).absolute()}"


def open_database(url: str, connections: int = CONNECTIONS) -> Engine:
    """Return an engine for `url` with at most so many `connections`, set for durability and for
    many threads; it connects when first used.

    Raises ConfigurationError for a URL that is none, UnavailableError where SQLite's file cannot be made.
    """
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise ConfigurationError("that is no database", hint="use a path, sqlite:///PATH or postgresql://…") from None
    try:
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            return _sqlite(parsed, connections)
        if backend == "postgresql":
            return _postgresql(parsed, connections)
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        shown = parsed.render_as_string(hide_password=True)
        raise ConfigurationError(f"{shown} is no usable database: {error}") from error
    raise ConfigurationError(
        f"{parsed.drivername!r} is no kind of database that guard keeps its record in",
        hint="use a path, sqlite:///PATH or postgresql://…",
    )


def _sqlite(url: URL, connections: int) -> Engine:
    if url.database:
        _make_file(Path(url.database))
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=min(POOL, connections),
        max_overflow=max(0, connections - POOL),
        pool_timeout=BUSY_SECONDS,
    )
    _tune_sqlite(engine)
    return engine


def _postgresql(url: URL, connections: int) -> Engine:
    options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "guard"}
    if "options" not in url.query:
        options["options"] = SETTINGS
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args=options,
        pool_size=min(POOL, connections),
        max_overflow=max(0, connections - POOL),
        pool_timeout=BUSY_SECONDS,
    )
    _look_before_use(engine)
    return engine


def _look_before_use(engine: Engine) -> None:
    """Let no connection be used that the server has closed: one on which it said something unasked is tried first.

    A try of each connection each time, as SQLAlchemy's pool can do, would be a statement more for every transaction.
    """

    @event.listens_for(engine, "checkout")
    def look(connection: Any, _record: object, _proxy: object) -> None:
        try:
            poll = select.poll()
            poll.register(connection.fileno(), select.POLLIN)
            if poll.poll(0):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise InvalidatePoolError from None


def _make_file(path: Path) -> None:
    """Create the database file readable by its owner only; SQLite gives its WAL the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC | os.O_RDWR, 0o600))
    except OSError as error:
        raise UnavailableError(
            f"cannot open the database {path}: {error.strerror}", hint="free space or correct its permissions"
        ) from error


def _tune_sqlite(engine: Engine) -> None:
    """Let SQLAlchemy, not the driver, begin transactions, and make every write transaction take its lock first."""

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("guard_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN DEFERRED")


def locking(connection: Connection, *names: str) -> None:
    """Let one transaction at a time go on with what `names` say together, until it ends.

    For what has no row to lock yet. SQLite's write transactions exclude each other anyhow.
    """
    if connection.dialect.name != "postgresql":
        return
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


LATER = "guard_flush"
"""What a connection is marked with while something that it committed may not be on the disk yet."""

FLUSH_LATER = func.set_config("synchronous_commit", "off", True)
"""Selected along with what is locked, it is `SET LOCAL`, without a statement of its own."""


FLUSH = "SELECT pg_logical_emit_message(true, 'guard', '')"


def flush_later(connection: Connection) -> bool:
    """Tell whether this transaction should select `FLUSH_LATER` with the lock that all wait for, and note that it does.

    That way it gives its locks free before it is on the disk; `settle` then waits for that. Whoever appends to the
    trail holds its head until the end of the transaction. With the disk's answer in that time, there would be one such
    act for each turn of the disk; this way all that wait for the disk do so together. Nothing is acknowledged before,
    and whoever sees what was committed and builds on it comes later in PostgreSQL's log, which is flushed in order:
    what is lost is never anything but the end of it.
    """
    is_possible = connection.dialect.name == "postgresql"
    if is_possible:
        connection.info[LATER] = True
    return is_possible


def settle(connection: Connection) -> None:
    """Wait until all that was committed is on the disk, where `flush_later` left that open."""
    if connection.info.pop(LATER, False):
        driver: Any = connection.connection.driver_connection
        failure = connection.dialect.loaded_dbapi.Error
        try:
            driver.autocommit = True
            try:
                driver.execute(FLUSH)
            finally:
                driver.autocommit = False
        except failure as error:
            raise DBAPIError.instance(FLUSH, None, error, failure) from error
