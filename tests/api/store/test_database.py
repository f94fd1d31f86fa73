"""The schema comes about in two ways and is the same; a database of others is refused."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from guardcli.api.migrations import upgrade
from guardcli.api.store.database import SCHEMA_VERSION, database_url, open_database, prepare, reading, writing
from guardcli.api.store.schema import METADATA
from guardcli.model.errors import ConfigurationError, UnavailableError


def tables(path: Path) -> set[tuple[str, str]]:
    """Return the columns and indexes of every table, in a form that two databases can be compared by."""
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        found = {(name, str(sorted(connection.execute(f"PRAGMA table_info({name})")))) for name in names}
        indexes = connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type='index'")
        result = found | {(name, table) for name, table in indexes}
    connection.close()
    return result


def test_the_migrations_lead_to_the_same_schema(tmp_path: Path) -> None:
    made, migrated = (open_database(f"sqlite:///{tmp_path / name}") for name in ("made.db", "migrated.db"))
    assert prepare(made) == "created"
    upgrade(migrated)
    assert tables(tmp_path / "made.db") == tables(tmp_path / "migrated.db")
    with migrated.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == SCHEMA_VERSION
    assert prepare(migrated) == "current"
    made.dispose()
    migrated.dispose()


def test_a_database_of_a_newer_guard_is_refused(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'guard.db'}")
    prepare(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num='9999'"))
    with pytest.raises(ConfigurationError, match="9999"):
        prepare(engine)
    engine.dispose()


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE songs (title TEXT)"))
    with pytest.raises(ConfigurationError, match="not made by guard"):
        prepare(engine)
    engine.dispose()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "guard.db").write_text("a letter\n" * 1000)
    engine = open_database(f"sqlite:///{tmp_path / 'guard.db'}")
    with pytest.raises(UnavailableError, match="not a database"):
        prepare(engine)
    engine.dispose()


@pytest.mark.parametrize("url", ["nonsense://x", "sqlite:/:bad", "://"])
def test_a_wrong_url_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_database(url)


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="No such file"):
        open_database(database_url(tmp_path / "none" / "guard.db"))


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    engine = open_database(database_url(tmp_path / "guard.db"))
    prepare(engine)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM tokens"))
        for path in tmp_path.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    engine.dispose()


def test_a_commit_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    engine = open_database(database_url(tmp_path / "guard.db"))
    with reading(engine) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    engine.dispose()


def test_a_read_only_database_says_so_on_writing(tmp_path: Path) -> None:
    engine = open_database(database_url(tmp_path / "guard.db"))
    prepare(engine)
    with reading(engine) as connection:
        connection.execute(text("PRAGMA query_only=ON"))
        connection.commit()
    with pytest.raises(UnavailableError, match="cannot be written"), writing(engine) as connection:
        connection.execute(text("DELETE FROM tokens"))
    engine.dispose()
