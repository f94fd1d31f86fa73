"""Transactions over the engine, what their failures mean, and bringing the schema up to date."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, Table, inspect, text
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError

from guardcli.api.store.engines import database_url, locking, open_database, settle
from guardcli.api.store.schema import METADATA
from guardcli.model.errors import ConfigurationError, UnavailableError

__all__ = [
    "SCHEMA_VERSION",
    "copy_line",
    "database_url",
    "insert_rows",
    "now",
    "open_database",
    "prepare",
    "reading",
    "revision",
    "writing",
]

SCHEMA_VERSION = "0014"
"""The newest revision in ``migrations/versions``; a database of any other is migrated or refused."""


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a write transaction: committed at the end, rolled back by any exception.

    Raises UnavailableError where the database cannot be written: full, read-only, locked for too long, away;
    ConfigurationError for a value that it cannot hold.
    """
    try:
        with engine.connect().execution_options(guard_write=True) as connection:
            with connection.begin():
                yield connection
            settle(connection)
    except DataError as error:
        raise _unfit(error) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise UnavailableError(
            f"the database cannot be written: {_said(error)}", hint="free space on its disk, or name another"
        ) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that reads. Raises UnavailableError where it cannot, ConfigurationError for an odd value.

    On PostgreSQL without a transaction around the statements: each sees what is committed by then, in one or not (its
    manual, 13.2.1), and two turns of the wire are saved.
    """
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection
    except DataError as error:
        raise _unfit(error) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise UnavailableError(f"the database cannot be read: {_said(error)}", hint="see the API's log") from error


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert `rows`, one at the least, which all have the same columns: those that they leave out have no default.

    Either database takes them as they are, PostgreSQL by COPY: SQLAlchemy and the driver would spend more on each of
    them than the database does.
    """
    names = list(rows[0])
    values = map(itemgetter(*names), rows)
    if connection.dialect.name == "postgresql":
        _copy(connection, table, names, values)
        return
    wanted = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({wanted})"  # noqa: S608 - names of our own
    connection.exec_driver_sql(statement, list(values))


def _copy(connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Insert by COPY, in the transaction of `connection`; what the driver raises is what SQLAlchemy makes of it."""
    driver: Any = connection.connection.driver_connection
    quoted = ", ".join(f'"{name}"' for name in names)
    lines = "".join(map(copy_line, rows))
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({quoted}) FROM STDIN") as copy:
            copy.write(lines.encode())
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(f"COPY {table.name}", None, error, connection.dialect.loaded_dbapi.Error) from error


def copy_line(values: Iterable[object]) -> str:
    """Return a row as a line of PostgreSQL's COPY (its manual, "Text Format"): text, bytes and numbers.

    What it escapes is escaped in all values together, a zero character between them, which no text of its can hold:
    one in a value makes a value too many, and the server refuses that.
    """
    line = "\0".join([rf"\x{value.hex()}" if isinstance(value, bytes) else str(value) for value in values])
    for one, written in _ESCAPED:
        if one in line:
            line = line.replace(one, written)
    return line.replace("\0", "\t") + "\n"


_ESCAPED = (("\\", r"\\"), ("\n", r"\n"), ("\r", r"\r"), ("\t", r"\t"))


def _unfit(error: DataError) -> ConfigurationError:
    return ConfigurationError(f"the database cannot hold this: {_said(error)}")


def _said(error: Exception) -> str:
    """Return what the database itself said, without the statement, the values and the details it was given."""
    if isinstance(error, DBAPIError):
        return next(iter(str(error.orig).splitlines()), type(error.orig).__name__)
    return str(error) if isinstance(error, sqlite3.Error) else type(error).__name__


def prepare(engine: Engine) -> str:
    """Bring the schema up to date and return what was done: ``created``, ``migrated`` or ``current``.

    A new database gets its tables at once and the newest revision's stamp: Alembic, which takes long to load, is
    needed only where there is something to migrate. A test holds that both ways give the same schema. Raises
    ConfigurationError for a database of a newer guard, or one that is none of guard's, UnavailableError where it
    cannot be written or is no database at all. Of several that prepare the same database at once, one does it.
    """
    with writing(engine) as connection:
        locking(connection, "schema")
        found = revision(connection)
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


def revision(connection: Connection) -> str | None:
    """Return the revision of the database's schema, empty for none, None for a database without a table.

    Raises ConfigurationError for a database of something else.
    """
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
