"""Opens the database, sets how durable it is, and brings its schema up to date.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit is on the disk before it is acknowledged. A killed
process would be survived with NORMAL as well, but the shipper deletes its spool once everything is acknowledged,
so that an acknowledged event must outlive a power cut too. Batches make the price small: one fsync for up to 500
events.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from guardcli.api.store.schema import METADATA
from guardcli.model.errors import ConfigurationError, UnavailableError

SCHEMA_VERSION = "0001"
"""The newest revision in ``migrations/versions``; a database of any other is migrated or refused."""

BUSY_SECONDS = 30
"""How long a writer waits for another; longer than any transaction here takes, shorter than a client's time-out."""


def database_url(name: str | Path) -> str:
    """Return `name` as a database URL: a URL is taken as it is, a path becomes one of SQLite."""
    text_form = str(name)
    return text_form if "://" in text_form else f"sqlite:///{Path(text_form).absolute()}"


def open_database(url: str) -> Engine:
    """Return an engine for `url`, SQLite's tuned for durability and for many threads.

    Raises ConfigurationError for a URL that is none, UnavailableError where the database cannot be opened.
    """
    try:
        parsed = make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        if sqlite and parsed.database:
            _make_file(Path(parsed.database))
        engine = create_engine(parsed, **_sqlite_options() if sqlite else {"pool_pre_ping": True})
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            f"{url!r} is no usable database: {error}", hint="use a path or sqlite:///PATH"
        ) from error
    if sqlite:
        _tune_sqlite(engine)
    return engine


def _sqlite_options() -> dict[str, Any]:
    return {
        "connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False},
        "pool_size": 8,
        "max_overflow": 40,
        "pool_timeout": BUSY_SECONDS,
    }


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


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a write transaction: committed at the end, rolled back by any exception.

    Raises UnavailableError where the database cannot be written: full, read-only, locked for too long.
    """
    try:
        with engine.connect().execution_options(guard_write=True) as connection, connection.begin():
            yield connection
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise UnavailableError(
            f"the database cannot be written: {_said(error)}", hint="free space on its disk, or name another"
        ) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one consistent state. Raises UnavailableError where it cannot be read."""
    try:
        with engine.connect() as connection:
            yield connection
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise UnavailableError(f"the database cannot be read: {_said(error)}", hint="see the API's log") from error


def _said(error: Exception) -> object:
    """Return what the database itself said, without the statement and the values that it was given."""
    if isinstance(error, DBAPIError):
        return error.orig
    return error if isinstance(error, sqlite3.Error) else type(error).__name__


def prepare(engine: Engine) -> str:
    """Bring the schema up to date and return what was done: ``created``, ``migrated`` or ``current``.

    A new database gets its tables at once and the newest revision's stamp: Alembic, which takes long to load, is
    needed only where there is something to migrate. A test holds that both ways give the same schema. Raises
    ConfigurationError for a database of a newer guard, or one that is none of guard's, UnavailableError where it
    cannot be written or is no database at all.
    """
    with writing(engine) as connection:
        found = _revision(connection)
        if found is None:
            METADATA.create_all(connection)
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": SCHEMA_VERSION})
            return "created"
    if found == SCHEMA_VERSION:
        return "current"
    from guardcli.api.migrations import upgrade

    upgrade(engine, found)
    return "migrated"


def _revision(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise ConfigurationError("this database was not made by guard", hint="name another with --database")
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found or ""


def now() -> float:
    """Return the present, in seconds since the epoch."""
    return time.time()
