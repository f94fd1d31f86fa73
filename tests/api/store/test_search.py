"""Events are found by what they say and what they did, newest first, on both kinds of database."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import column, delete, inspect, select, text
from sqlalchemy import table as plain_table

from guardcli.api import migrations
from guardcli.api.store import Store, fulltext
from guardcli.api.store.database import open_database, prepare, writing
from guardcli.api.store.indexing import place
from guardcli.api.store.schema import CHUNKS, EVENTS, METADATA, SEARCH, SESSIONS
from guardcli.api.store.search import SearchQuery, excerpt
from guardcli.model.errors import ConfigurationError, ConflictError
from guardcli.model.events import EventType

ME = "local:tester"

QUERY = {
    "tool": "psql",
    "command": "SELECT name, card FROM sales.orders WHERE note = 'über Müller'",
    "verdict": "allow",
    "rule": "reads-pass",
    "resource": "orders-db",
    "parameters": ["Zürich", None],
    "operations": [{"tool": "psql", "action": "select", "effects": ["read"], "targets": ["table:sales/orders"]}],
}
POD = {
    "tool": "kubectl",
    "command": "kubectl delete pod web-1 -n production",
    "verdict": "approve",
    "rule": "Pack/Deletes",
    "operations": [
        {"tool": "kubectl", "action": "delete", "effects": ["delete"], "targets": ["object:production/pod/web-1"]}
    ],
}
PUSH = {
    "tool": "git",
    "command": "git push origin main",
    "verdict": "deny",
    "rule": "no-push",
    "operations": [{"tool": "git", "effects": ["write"], "targets": ["ref:origin/refs/heads/main"]}],
}
SSH = {
    "tool": "ssh",
    "command": "ssh deploy@db7.internal uptime",
    "verdict": "allow",
    "rule": "hosts",
    "operations": [{"tool": "ssh", "effects": ["execute"], "targets": ["host:deploy@db7.internal:2222"]}],
}


def cast(*texts: str) -> bytes:
    return b"".join(json.dumps([1.0, "o", one]).encode() + b"\n" for one in texts)


def filled(store: Store, make, session: str = "session-0001", owner: str = ME, **facts: object):
    store.sessions.open(make.facts(session, **facts), owner)
    chain = make.Chain(session)
    chain.add(EventType.OPENED, make.facts(session, **facts))
    chain.add(EventType.JUDGED, QUERY, 1)
    chain.add(EventType.STARTED, {"program": "postgres gateway"}, 1)
    chain.output(cast("name | card\r\n", "Ann | \x1b[31m****1111\x1b[0m\r\n"), 1)
    chain.add(EventType.MASKED, {"findings": {"credit_card": 3}, "stream": "stdout"}, 1)
    chain.add(EventType.JUDGED, POD, 2)
    chain.add(EventType.ASKED, {"approval": "a1", "state": "pending"}, 2)
    decided = {"approval": "a1", "state": "consumed", "reviewer": "alice", "reason": "window is open"}
    chain.add(EventType.DECIDED, decided, 2)
    chain.add(EventType.JUDGED, PUSH, 3)
    chain.add(EventType.JUDGED, SSH, 4)
    return chain


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for the whole module, on each backend in turn."""
    place = tmp_path_factory.mktemp("search")
    url = f"sqlite:///{place}/guard.db" if request.param == "sqlite" else request.getfixturevalue("databases").new()
    engine = open_database(url)
    prepare(engine)
    yield Store.over(engine, make.segments(place))
    engine.dispose()
    if request.param == "postgresql":
        request.getfixturevalue("databases").drop(url)


@pytest.fixture
def backend(kept: Store) -> str:
    return kept.engine.dialect.name


@pytest.fixture
def store(kept: Store) -> Iterator[Store]:
    """That store, with nothing in it."""
    yield kept
    with writing(kept.engine) as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))


@pytest.fixture
def chain(store: Store, make):
    chain = filled(store, make)
    store.events.append(chain.session, chain.items, ME)
    return chain


def found(store: Store, words: str = "", **facets: str) -> list[int]:
    return sorted(one.sequence for one in store.search.find(SearchQuery(words, facets, limit=500)))


CASES: list[tuple[dict[str, str], list[int]]] = [
    ({"words": "orders"}, [1]),
    ({"words": "ORDERS sales"}, [1]),
    ({"words": "orders pod"}, []),
    ({"words": "order"}, []),
    ({"words": "ord*"}, [1]),
    ({"words": "über müller"}, [1]),
    ({"words": "uber"}, []),
    ({"words": "zürich"}, [1]),
    ({"words": "ann 1111"}, [3]),
    ({"words": "31m"}, []),
    ({"words": "credit_card"}, [4]),
    ({"words": "window"}, [7]),
    ({"tool": "psql"}, [1, 3, 4]),
    ({"tool": "PSQL"}, [1, 3, 4]),
    ({"tool": "psq"}, []),
    ({"type": "judged"}, [1, 5, 8, 9]),
    ({"type": "judged", "tool": "psql"}, [1]),
    ({"effect": "delete"}, [5, 6, 7]),
    ({"verdict": "deny"}, [8]),
    ({"rule": "pack/deletes"}, [5, 6, 7]),
    ({"resource": "orders-db"}, [1, 3, 4]),
    ({"table": "orders"}, [1, 3, 4]),
    ({"table": "sales.orders"}, [1, 3, 4]),
    ({"table": "sales/orders"}, [1, 3, 4]),
    ({"table": "sales"}, []),
    ({"target": "table:sales/orders"}, [1, 3, 4]),
    ({"target": "sales"}, [1, 3, 4]),
    ({"namespace": "production"}, [5, 6, 7]),
    ({"namespace": "pod"}, []),
    ({"target": "web-1"}, [5, 6, 7]),
    ({"host": "db7.internal"}, [9]),
    ({"host": "deploy@db7.internal:2222"}, [9]),
    ({"host": "deploy"}, []),
    ({"ref": "main"}, [8]),
    ({"ref": "refs/heads/main"}, [8]),
    ({"ref": "origin/refs/heads/main"}, [8]),
    ({"ref": "heads"}, []),
    ({"approver": "alice"}, [7]),
    ({"approver": "bob"}, []),
    ({"detector": "credit_card"}, [4]),
    ({"detector": "credit_card", "table": "orders", "effect": "read"}, [4]),
    ({"detector": "credit_card", "effect": "delete"}, []),
    ({"identity": "agent@test"}, [0, 1, 3, 4, 5, 6, 7, 8, 9]),
    ({"identity": "agent"}, []),
    ({"session": "session-0001", "verdict": "deny"}, [8]),
    ({"session": "session-0002"}, []),
    ({"words": "orders", "verdict": "allow"}, [1]),
    ({"words": "orders", "verdict": "deny"}, []),
]


def test_an_event_is_found_by_what_it_is(store: Store, chain) -> None:
    assert [(asked, found(store, **asked)) for asked, _ in CASES] == CASES


@pytest.mark.parametrize("size", [1, 3])
def test_the_batches_that_events_come_in_make_no_difference(store: Store, make, size: int) -> None:
    chain = filled(store, make)
    for start in range(0, len(chain.items), size):
        store.events.append(chain.session, chain.items[start : start + size], ME)
        store.events.append(chain.session, chain.items[: start + size], ME)
    for asked, sequences in CASES:
        assert found(store, **asked) == sequences, asked


def test_a_hit_says_what_its_call_was(store: Store, chain) -> None:
    (hit,) = store.search.find(SearchQuery(facets={"detector": "credit_card"}))
    assert (hit.session, hit.sequence, hit.call, hit.type) == (chain.session, 4, 1, "masked")
    assert (hit.verdict, hit.rule, hit.command) == ("allow", "reads-pass", QUERY["command"])
    assert hit.time == chain.events[4].time and hit.identity == "agent@test"
    assert hit.excerpt == "credit_card ×3 on stdout"
    (hit,) = store.search.find(SearchQuery("1111"))
    assert hit.excerpt == "name | card Ann | ****1111"


def test_a_refused_batch_leaves_nothing_to_find(store: Store, make) -> None:
    chain = filled(store, make)
    store.events.append(chain.session, chain.items[:1], ME)
    with pytest.raises(ConflictError):
        store.events.append(chain.session, [*chain.items[1:4], chain.items[7]], ME)
    assert found(store, "orders") == []


def test_pages_follow_each_other_without_a_gap(store: Store, make) -> None:
    for number in range(3):
        chain = filled(store, make, f"session-000{number}")
        store.events.append(chain.session, chain.items, ME)
    for words, facets in (("", {}), ("orders", {}), ("", {"tool": "psql"})):
        whole = store.search.find(SearchQuery(words, facets, limit=500))
        assert [one.id for one in whole] == sorted((one.id for one in whole), reverse=True)
        paged, after = [], 0
        while page := store.search.find(SearchQuery(words, facets, after=after, limit=2)):
            paged += page
            after = page[-1].id
        assert paged == whole


def test_a_stretch_of_time_is_found(store: Store, make) -> None:
    store.sessions.open(make.facts(), ME)
    chain = make.Chain()
    for minute in range(10):
        chain.add_at(f"2026-03-01T03:{minute:02}:30.000000Z", EventType.JUDGED, QUERY, minute + 1)
    store.events.append(chain.session, chain.items, ME)
    noon = 1772334000.0  # 2026-03-01T03:00:00Z
    query = SearchQuery("orders", {"tool": "psql"}, since=noon + 180, until=noon + 300)
    assert [one.time[14:16] for one in store.search.find(query)] == ["04", "03"]
    assert store.search.find(SearchQuery(since=noon + 3600)) == []
    assert len(store.search.find(SearchQuery(until=noon + 30))) == 0
    assert len(store.search.find(SearchQuery(until=noon + 30.001))) == 1


ODD_TIMES = [
    "",
    "never",
    "9999-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00+23:59",
    "2026-01-01",
    "1969-12-31T00:00:00Z",
]


@pytest.mark.parametrize("time", ODD_TIMES)
def test_an_event_with_an_odd_time_is_still_found(store: Store, make, time: str) -> None:
    store.sessions.open(make.facts(), ME)
    chain = make.Chain()
    chain.add_at(time, EventType.JUDGED, QUERY, 1)
    store.events.append(chain.session, chain.items, ME)
    assert found(store, "orders") == [0]


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
def test_odd_data_never_stops_an_append(store: Store, make, name: str) -> None:
    for type in (EventType.JUDGED, EventType.MASKED, EventType.DECIDED, EventType.OPENED):
        session = f"session-{type.value}"
        store.sessions.open(make.facts(session), ME)
        chain = make.Chain(session)
        chain.add(type, ODD[name], 1)
        chain.output(b'torn\n[1, "o", "\\u0000\\ud800 said"]\n[1,"o"', 1)
        assert store.events.append(session, chain.items, ME) == 2
        assert found(store, "said", session=session) == [1]
        if type is EventType.JUDGED and "needle" in str(ODD[name]):
            assert found(store, "needle", session=session) == [0]


QUESTIONS = [
    '"',
    "'",
    "a'b",
    'x" OR "y',
    "NEAR(a b)",
    "a AND b",
    "col : x",
    "a & b",
    "a | b",
    "!a",
    "\\",
    "^a",
    "-a",
]


def test_no_question_is_a_language(store: Store, chain) -> None:
    """What means something to FTS5 or to tsquery is text here."""
    for words in QUESTIONS:
        if any(character.isalnum() for character in words):
            assert found(store, words) == [], words
        else:
            with pytest.raises(ConfigurationError, match="no word"):
                found(store, words)
        assert found(store, rule=words) == [], words


def test_too_many_words_are_refused(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="20 words"):
        found(store, "a " * 21)


def test_what_output_says_is_never_taken_for_a_facet(store: Store, make, chain) -> None:
    """An agent may print the very words that stand for a facet."""
    with store.engine.connect() as connection:
        facets = connection.execute(select(SEARCH.c.facets).where(SEARCH.c.sequence == 8)).scalar_one()
    store.sessions.open(make.facts("session-evil"), ME)
    evil = make.Chain("session-evil")
    evil.output(cast(facets + " =" + " =".join(facets.split())), 1)
    store.events.append(evil.session, evil.items, ME)
    assert found(store, verdict="deny") == [8]


def test_rights_bound_what_is_found(store: Store, make) -> None:
    for session, owner in (("session-mine", "token:me"), ("session-more", "token:me"), ("session-them", "token:them")):
        chain = filled(store, make, session, owner)
        store.events.append(session, chain.items, owner)

    def sessions(**rights: str) -> set[str]:
        by_words = {one.session for one in store.search.find(SearchQuery("orders", **rights))}
        by_time = {one.session for one in store.search.find(SearchQuery(**rights, limit=500))}
        assert by_words == by_time
        return by_words

    assert sessions() == {"session-mine", "session-more", "session-them"}
    assert sessions(owner="token:me") == {"session-mine", "session-more"}
    assert sessions(session="session-them") == {"session-them"}
    assert sessions(owner="token:none") == set()


def test_a_row_that_goes_takes_its_words_along(store: Store, chain) -> None:
    with writing(store.engine) as connection:
        connection.execute(delete(SEARCH).where(SEARCH.c.sequence == 1))
        if connection.dialect.name == "sqlite":
            connection.execute(text("INSERT INTO search_text(search_text, rank) VALUES ('integrity-check', 1)"))
    assert found(store, "orders") == []
    assert found(store, "1111") == [3]


def test_words_are_written_once_after_a_trigger_wrote_them(store: Store, chain, make) -> None:
    if store.engine.dialect.name != "sqlite":
        return
    with writing(store.engine) as connection:
        connection.execute(
            text(
                "CREATE TRIGGER search_added AFTER INSERT ON search BEGIN"
                " INSERT INTO search_text(rowid, facets, body) VALUES (new.id, new.facets, new.body); END"
            )
        )
    make.step(store.engine, "0014")
    added = chain.add(EventType.JUDGED, {"command": "zebra", "verdict": "allow"}, 9)
    store.events.append(chain.session, chain.items[-1:], ME)
    assert found(store, "zebra") == [added.event.sequence]
    with writing(store.engine) as connection:
        connection.execute(text("INSERT INTO search_text(search_text, rank) VALUES ('integrity-check', 1)"))


def test_what_was_recorded_before_there_was_an_index_is_indexed(store: Store, make, empty: str) -> None:
    for number in range(3):
        chain = filled(store, make, f"session-000{number}", identity=f"agent{number}")
        for _ in range(100 * number):
            chain.add(EventType.JUDGED, QUERY, random.Random(number).randint(1, 9))
        store.events.append(chain.session, chain.items, ME)
    old = open_database(empty)
    with old.connect().execution_options(guard_write=True) as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
    copy(store, old)
    migrations.upgrade(old)
    migrated = Store.over(old, store.stretches.segments)
    for asked, _ in CASES:
        query = SearchQuery(asked.get("words", ""), {k: v for k, v in asked.items() if k != "words"}, limit=500)
        told, expected = ({(one.session, one.sequence) for one in at.search.find(query)} for at in (migrated, store))
        assert told == expected, asked
    old.dispose()


def test_lexemes_of_before_there_were_spans_are_made_anew(store: Store, chain, make) -> None:
    if store.engine.dialect.name != "postgresql":
        return
    with writing(store.engine) as connection:
        connection.execute(
            text(
                "UPDATE search SET document = array_to_tsvector("
                "ARRAY(SELECT regexp_replace(lexeme, '^[0-9a-f]+\\.?', '')"
                " FROM unnest(tsvector_to_array(document)) AS lexeme))"
            )
        )
    assert found(store, "orders") == []
    for bring_up_to_date in (lambda: make.step(store.engine, "0011"), lambda: migrations.upgrade(store.engine)):
        bring_up_to_date()
        for asked, sequences in CASES:
            assert found(store, **asked) == sequences, asked


def test_what_is_rare_or_common_or_of_long_ago_is_found_newest_first(
    store: Store, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a year of spans, with more rows in the last than are looked at one by one."""
    monkeypatch.setattr(fulltext, "WALKED", 50)
    store.sessions.open(make.facts(), ME)
    chain = make.Chain()
    for number in range(400):
        old = number < 30
        moment = datetime(2025, 1, 1, tzinfo=UTC) + (timedelta(days=12 * number) if old else timedelta(days=390))
        said = {"command": f"legacy n{number}" if old else f"present n{number}", "tool": "psql", "verdict": "allow"}
        chain.add_at((moment + timedelta(seconds=number)).isoformat(), EventType.JUDGED, said, number + 1)
    store.events.append(chain.session, chain.items, ME)

    def newest(words: str, limit: int, after: int = 0, **facets: str) -> list[int]:
        return [one.sequence for one in store.search.find(SearchQuery(words, facets, after=after, limit=limit))]

    assert newest("legacy", 5) == [29, 28, 27, 26, 25]
    assert newest("legacy", 100) == list(range(29, -1, -1))
    assert newest("n3 legacy", 5) == [3]
    assert newest("n3*", 500, verdict="allow") == [*range(399, 299, -1), *range(39, 29, -1), 3]
    assert newest("N3* PRES*", 80) == list(range(399, 319, -1))
    assert newest("n2* leg*", 80) == [*range(29, 19, -1), 2]
    assert newest("resent*", 5) == newest("n3* leg*", 5, verdict="deny") == []
    assert newest("present legacy", 5) == newest("n3", 5, verdict="deny") == []
    assert newest("", 500, tool="psql") == list(range(399, -1, -1))
    page = store.search.find(SearchQuery("legacy", limit=7))
    assert newest("legacy", 3, page[-1].id) == [22, 21, 20]


def test_a_question_that_takes_too_long_is_ended_and_says_what_to_do(
    store: Store, chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulltext, "SECONDS", 0.3)
    forever = {
        "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n",
        "postgresql": "SELECT pg_sleep(60)",
    }
    with pytest.raises(ConfigurationError, match="shorter time"), fulltext.asking(store.engine) as connection:
        connection.execute(text(forever[store.engine.dialect.name]))
    monkeypatch.undo()
    assert found(store, "orders") == [1]


def copy(store: Store, engine) -> None:
    with store.engine.connect() as source, writing(engine) as target:
        for table in (SESSIONS, EVENTS, CHUNKS):
            known = {one["name"] for one in inspect(target).get_columns(table.name)}
            rows = [{n: v for n, v in row._mapping.items() if n in known} for row in source.execute(select(table))]
            if table is CHUNKS:
                for row in rows:
                    row["content"] = store.stretches.content(row["session"], row["sequence"])
            if rows:
                target.execute(plain_table(table.name, *map(column, known)).insert(), rows)


EXCERPTS = [
    ("", [], ""),
    ("short", ["none"], "short"),
    ("a\r\n\tb", [], "a b"),
    ("x " * 200 + "needle" + " y" * 200, ["needle"], "needle"),
    ("İ" * 300 + "needle", ["needle"], "İ"),
]


@pytest.mark.parametrize(("body", "wanted", "part"), EXCERPTS)
def test_an_excerpt_is_short_and_holds_the_word(body: str, wanted: list[str], part: str) -> None:
    shown = excerpt(body, wanted)
    assert part in shown and len(shown) <= 162


@pytest.mark.parametrize("seconds", [0.0, 1e9, 4e9, 1e18])
def test_a_place_in_the_order_is_a_number_of_64_bits(seconds: float) -> None:
    assert 0 <= place(seconds) < 2**63
