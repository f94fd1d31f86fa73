"""What events are found by is written with them, goes with them, and is made for those of before there was an index."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from api.store.searching import CASES, ME, QUERY, cast, filled, found
from sqlalchemy import column, delete, inspect, select, text
from sqlalchemy import table as plain_table

from guardcli.api import migrations
from guardcli.api.store import Store
from guardcli.api.store.database import open_database, writing
from guardcli.api.store.indexing import place
from guardcli.api.store.schema import CHUNKS, EVENTS, SEARCH, SESSIONS
from guardcli.api.store.search import SearchQuery
from guardcli.model.errors import ConflictError
from guardcli.model.events import EventType


@pytest.mark.parametrize("size", [1, 3])
def test_the_batches_that_events_come_in_make_no_difference(searched: Store, make, size: int) -> None:
    chain = filled(searched, make)
    for start in range(0, len(chain.items), size):
        searched.events.append(chain.session, chain.items[start : start + size], ME)
        searched.events.append(chain.session, chain.items[: start + size], ME)
    for asked, sequences in CASES:
        assert found(searched, **asked) == sequences, asked


def test_a_refused_batch_leaves_nothing_to_find(searched: Store, make) -> None:
    chain = filled(searched, make)
    searched.events.append(chain.session, chain.items[:1], ME)
    with pytest.raises(ConflictError):
        searched.events.append(chain.session, [*chain.items[1:4], chain.items[7]], ME)
    assert found(searched, "orders") == []


ODD_TIMES = [
    "",
    "never",
    "9999-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00+23:59",
    "2026-01-01",
    "1969-12-31T00:00:00Z",
]


@pytest.mark.parametrize("time", ODD_TIMES)
def test_an_event_with_an_odd_time_is_still_found(searched: Store, make, time: str) -> None:
    searched.sessions.open(make.facts(), ME)
    chain = make.Chain()
    chain.add_at(time, EventType.JUDGED, QUERY, 1)
    searched.events.append(chain.session, chain.items, ME)
    assert found(searched, "orders") == [0]


ODD = {
    "none": {},
    "numbers for lists": {"operations": [{"effects": 3, "targets": 4}], "parameters": 5, "findings": 6, "command": 7},
    "wrong types": {"tool": 7, "verdict": [1], "rule": {"a": 1}, "operations": {"x": 1}, "command": None},
    "wrong parts": {
        "operations": [1, None, {"effects": "read", "targets": [None, 1, {}, [], "", ":", "host:", "ref:/"]}]
    },
    "zero and surrogate": {"command": "a\0b \udcff needle", "tool": "p\0\udcff", "rule": "\udcff"},
    "long": {"command": "needle " + "x" * 300_000, "rule": "r" * 5000, "tool": "t" * 5000},
    "quotes": {"command": "needle ' \" \\ & | ! :* ( )", "operations": [{"targets": ["table:'\\&|!:*()/\""]}]},
    "findings": {"findings": [1], "reviewer": 7},
    "wide and many": {
        "command": "needle",
        "operations": [{"targets": ["host:\udcff", *["table:t/u"] * 3000], "n": 2**70}],
    },
    "controls": {"command": "\x1b]0;title\x07needle\x1b[2J\x9b31m\x00"},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_data_never_stops_an_append(searched: Store, make, name: str) -> None:
    for type in (EventType.JUDGED, EventType.MASKED, EventType.DECIDED, EventType.OPENED):
        session = f"session-{type.value}"
        searched.sessions.open(make.facts(session), ME)
        chain = make.Chain(session)
        chain.add(type, ODD[name], 1)
        chain.output(b'torn\n[1, "o", "\\u0000\\ud800 said"]\n[1,"o"', 1)
        assert searched.events.append(session, chain.items, ME) == 2
        assert found(searched, "said", session=session) == [1]
        if type is EventType.JUDGED and "needle" in str(ODD[name]):
            assert found(searched, "needle", session=session) == [0]


def test_what_output_says_is_never_taken_for_a_facet(searched: Store, make, chain) -> None:
    """An agent may print the very words that stand for a facet."""
    with searched.engine.connect() as connection:
        facets = connection.execute(select(SEARCH.c.facets).where(SEARCH.c.sequence == 8)).scalar_one()
    searched.sessions.open(make.facts("session-evil"), ME)
    evil = make.Chain("session-evil")
    evil.output(cast(facets + " =" + " =".join(facets.split())), 1)
    searched.events.append(evil.session, evil.items, ME)
    assert found(searched, verdict="deny") == [8]


def test_a_row_that_goes_takes_its_words_along(searched: Store, chain) -> None:
    with writing(searched.engine) as connection:
        connection.execute(delete(SEARCH).where(SEARCH.c.sequence == 1))
        if connection.dialect.name == "sqlite":
            connection.execute(text("INSERT INTO search_text(search_text, rank) VALUES ('integrity-check', 1)"))
    assert found(searched, "orders") == []
    assert found(searched, "1111") == [3]


def test_words_are_written_once_after_a_trigger_wrote_them(searched: Store, chain, make) -> None:
    if searched.engine.dialect.name != "sqlite":
        return
    with writing(searched.engine) as connection:
        connection.execute(
            text(
                "CREATE TRIGGER search_added AFTER INSERT ON search BEGIN"
                " INSERT INTO search_text(rowid, facets, body) VALUES (new.id, new.facets, new.body); END"
            )
        )
    make.step(searched.engine, "0014")
    added = chain.add(EventType.JUDGED, {"command": "zebra", "verdict": "allow"}, 9)
    searched.events.append(chain.session, chain.items[-1:], ME)
    assert found(searched, "zebra") == [added.event.sequence]
    with writing(searched.engine) as connection:
        connection.execute(text("INSERT INTO search_text(search_text, rank) VALUES ('integrity-check', 1)"))


def test_what_was_recorded_before_there_was_an_index_is_indexed(searched: Store, make, before_schema: str) -> None:
    for number in range(3):
        chain = filled(searched, make, f"session-000{number}", identity=f"agent{number}")
        for _ in range(100 * number):
            chain.add(EventType.JUDGED, QUERY, random.Random(number).randint(1, 9))
        searched.events.append(chain.session, chain.items, ME)
    old = open_database(before_schema)
    with old.connect().execution_options(guard_write=True) as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
    copy(searched, old)
    migrations.upgrade(old)
    migrated = Store.over(old, searched.stretches.segments)
    for asked, _ in CASES:
        query = SearchQuery(asked.get("words", ""), {k: v for k, v in asked.items() if k != "words"}, limit=500)
        told, expected = ({(one.session, one.sequence) for one in at.search.find(query)} for at in (migrated, searched))
        assert told == expected, asked
    old.dispose()


def test_lexemes_of_before_there_were_spans_are_made_anew(searched: Store, chain, make) -> None:
    if searched.engine.dialect.name != "postgresql":
        return
    with writing(searched.engine) as connection:
        connection.execute(
            text(
                "UPDATE search SET document = array_to_tsvector("
                "ARRAY(SELECT regexp_replace(lexeme, '^[0-9a-f]+\\.?', '')"
                " FROM unnest(tsvector_to_array(document)) AS lexeme))"
            )
        )
    assert found(searched, "orders") == []
    for bring_up_to_date in (lambda: make.step(searched.engine, "0011"), lambda: migrations.upgrade(searched.engine)):
        bring_up_to_date()
        for asked, sequences in CASES:
            assert found(searched, **asked) == sequences, asked


def copy(searched: Store, engine) -> None:
    with searched.engine.connect() as source, writing(engine) as target:
        for table in (SESSIONS, EVENTS, CHUNKS):
            known = {one["name"] for one in inspect(target).get_columns(table.name)}
            rows = [{n: v for n, v in row._mapping.items() if n in known} for row in source.execute(select(table))]
            if table is CHUNKS:
                for row in rows:
                    row["content"] = searched.stretches.content(row["session"], row["sequence"])
            if rows:
                target.execute(plain_table(table.name, *map(column, known)).insert(), rows)


@pytest.mark.parametrize("seconds", [0.0, 1e9, 4e9, 1e18])
def test_a_place_in_the_order_is_a_number_of_64_bits(seconds: float) -> None:
    assert 0 <= place(seconds) < 2**63
