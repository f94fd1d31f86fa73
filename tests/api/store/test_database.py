"""The schema comes about in two ways and is the same, on both kinds of database; one of others is refused."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, text

from guardcli.api.migrations import upgrade
from guardcli.api.store.approvals import Reviewer
from guardcli.api.store.database import (
    SCHEMA_VERSION,
    database_url,
    insert_rows,
    open_database,
    prepare,
    reading,
    writing,
)
from guardcli.api.store.schema import BLOCKS, CHUNKS, DISCARDS, METADATA, TOKENS
from guardcli.model.approvals import Vote
from guardcli.model.errors import ConfigurationError, ConflictError, UnavailableError


def described(engine: Engine) -> dict[str, object]:
    """Return every table's columns and indexes, in a form that two databases can be compared by; SQLite's triggers."""
    found = MetaData()
    found.reflect(engine)
    triggers: list[str] = []
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            triggers += connection.execute(text("SELECT sql FROM sqlite_master WHERE type='trigger'")).scalars()
    return {"triggers": triggers} | {
        name: (
            sorted((column.name, str(column.type), column.nullable) for column in table.columns),
            sorted((str(index.name), tuple(column.name for column in index.columns)) for index in table.indexes),
            tuple(column.name for column in table.primary_key),
        )
        for name, table in found.tables.items()
    }


def on_both(_found: object, name: str | None, _kind: str, _reflected: bool, _other: object) -> bool:
    """Tell whether Alembic compares it: the text index of either database is described to SQLAlchemy by none of them.

    `described` compares them.
    """
    return not (str(name).startswith("search_text") or name == "search_by_document")


def test_the_migrations_lead_to_the_same_schema(store, empty: str) -> None:
    made, migrated = store.engine, open_database(empty)
    upgrade(migrated)
    assert described(made) == described(migrated)
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": on_both})
        assert compare_metadata(context, METADATA) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == SCHEMA_VERSION
    assert prepare(migrated) == "current"
    migrated.dispose()


def test_votes_are_moved_into_their_approvals(store, make) -> None:
    asked = [store.approvals.request(make.request(store, digest * 64)).id for digest in "ab"]
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE approvals DROP COLUMN votes"))
        names = "approval TEXT, reviewer TEXT, name TEXT, groups TEXT, grant_seconds FLOAT, verdict TEXT, reason TEXT"
        connection.execute(text(f"CREATE TABLE votes ({names}, time FLOAT)"))
        for reviewer, name, moment in (("token:b", "", 2.0), ("token:a", "ada", 1.0)):
            row = {"id": asked[0], "who": reviewer, "name": name, "time": moment}
            values = """(:id, :who, :name, '["dba"]', 0, 'approve', 'é "x"', :time)"""
            connection.execute(text(f"INSERT INTO votes VALUES {values}"), row)
    make.step(store.engine, "0012")
    votes = (Vote("ada", True, 'é "x"', 1.0), Vote("token:b", True, 'é "x"', 2.0))
    assert [store.approvals.get(id).votes for id in asked] == [votes, ()]
    with pytest.raises(ConflictError, match="voted"):
        store.approvals.decide(asked[0], Reviewer("token:a", "ada", ("dba",)), True)


def test_of_many_who_prepare_a_database_one_does_it(empty: str) -> None:
    engines = [open_database(empty) for _ in range(8)]
    done: list[str] = []
    threads = [threading.Thread(target=lambda one=engine: done.append(prepare(one))) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["created"] + ["current"] * 7
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_newer_guard_is_refused(store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num='9999'"))
    with pytest.raises(ConfigurationError, match="9999"):
        prepare(store.engine)


def test_a_database_of_somebody_else_is_refused(empty: str) -> None:
    engine = open_database(empty)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE songs (title TEXT)"))
    with pytest.raises(ConfigurationError, match="not made by guard"):
        prepare(engine)
    engine.dispose()


def test_numbers_beyond_two_thousand_million_are_held(store, make) -> None:
    store.sessions.open(make.facts(), "local:tester")
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE sessions SET recorded=:size"), {"size": 2**40})
    assert store.sessions.get("session-0001").recorded == 2**40


def test_a_server_that_is_away_is_said_without_its_password(tmp_path: Path) -> None:
    engine = open_database(f"postgresql://app:hunter2@/guard?host={tmp_path}")
    with pytest.raises(UnavailableError) as told:
        prepare(engine)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("url", ["postgresql://app:hunter2@host:port/x", "oracle://app:hunter2@host/x"])
def test_a_wrong_url_is_said_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        open_database(url)
    assert "hunter2" not in str(told.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "guard.db").write_text("a letter\n" * 1000)
    engine = open_database(f"sqlite:///{tmp_path / 'guard.db'}")
    with pytest.raises(UnavailableError, match="not a database"):
        prepare(engine)
    engine.dispose()


@pytest.mark.parametrize("url", ["nonsense://x", "sqlite:/:bad", "://", "mysql://x/y"])
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


def test_rows_are_inserted_as_they_are(store) -> None:
    odd = ["", "\\", "\\N", "\\.", "a\tb", "a\nb\r\n", "\\t\\x41", "é\u2028\x1f", "'\""]
    same = {"object": "o", "start": 0, "length": 1, "digest": "", "key": ""}
    rows = [{"id": str(number), "session": one, **same} for number, one in enumerate(odd)]
    with writing(store.engine) as connection:
        insert_rows(connection, BLOCKS, rows)
        whole = {**dict.fromkeys(("call", "position", "place", "size"), 0), "session": "s", "sequence": 1, "block": ""}
        insert_rows(connection, CHUNKS, [{**whole, "content": b"\\\t\n\0\xff"}])
    with reading(store.engine) as connection:
        found = connection.execute(BLOCKS.select().order_by(BLOCKS.c.id)).all()
        assert [row.session for row in found] == odd
        assert bytes(connection.execute(CHUNKS.select()).one().content) == b"\\\t\n\0\xff"


def test_a_value_that_cannot_be_held_is_the_callers_fault(databases) -> None:
    """PostgreSQL's text has no zero character (its manual, 8.3)."""
    url = databases.new("guard_template")
    engine = open_database(url)
    with pytest.raises(ConfigurationError, match="cannot hold"), reading(engine) as connection:
        connection.execute(TOKENS.select().where(TOKENS.c.name == "\0"))
    with pytest.raises(ConfigurationError, match="cannot hold"), writing(engine) as connection:
        insert_rows(connection, DISCARDS, [{"object": "a\0b", "created": 1.0}])
    engine.dispose()
    databases.drop(url)


def test_connections_that_the_server_closed_meanwhile_are_not_used(databases) -> None:
    """As after its restart: nobody is told of an error, nothing is asked of a connection that is well."""
    url = databases.new()
    engine = open_database(url)
    with engine.connect() as first, engine.connect() as second:
        kept = [one.execute(text("SELECT pg_backend_pid()")).scalar_one() for one in (first, second)]
    with engine.connect() as again:
        assert again.execute(text("SELECT pg_backend_pid()")).scalar_one() in kept
    other = open_database(url)
    with other.connect() as killer:
        for pid in kept:
            killer.execute(text(f"SELECT pg_terminate_backend({pid}, 60000)"))
    for _ in range(3):
        with reading(engine) as connection:
            assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() not in kept
    engine.dispose()
    other.dispose()
    databases.drop(url)
