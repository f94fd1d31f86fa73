"""Events are found by what they say and what they did, newest first, on both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from api.store.searching import CASES, ME, QUERY, filled, found
from sqlalchemy import text

from guardcli.api.store import Store, fulltext
from guardcli.api.store.search import SearchQuery, excerpt
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import EventType


def test_an_event_is_found_by_what_it_is(searched: Store, chain) -> None:
    assert [(asked, found(searched, **asked)) for asked, _ in CASES] == CASES


def test_a_hit_says_what_its_call_was(searched: Store, chain) -> None:
    (hit,) = searched.search.find(SearchQuery(facets={"detector": "credit_card"}))
    assert (hit.session, hit.sequence, hit.call, hit.type) == (chain.session, 4, 1, "masked")
    assert (hit.verdict, hit.rule, hit.command) == ("allow", "reads-pass", QUERY["command"])
    assert hit.time == chain.events[4].time and hit.identity == "agent@test"
    assert hit.excerpt == "credit_card ×3 on stdout"
    (hit,) = searched.search.find(SearchQuery("1111"))
    assert hit.excerpt == "name | card Ann | ****1111"


def test_pages_follow_each_other_without_a_gap(searched: Store, make) -> None:
    for number in range(3):
        chain = filled(searched, make, f"session-000{number}")
        searched.events.append(chain.session, chain.items, ME)
    for words, facets in (("", {}), ("orders", {}), ("", {"tool": "psql"})):
        whole = searched.search.find(SearchQuery(words, facets, limit=500))
        assert [one.id for one in whole] == sorted((one.id for one in whole), reverse=True)
        paged, after = [], 0
        while page := searched.search.find(SearchQuery(words, facets, after=after, limit=2)):
            paged += page
            after = page[-1].id
        assert paged == whole


def test_a_stretch_of_time_is_found(searched: Store, make) -> None:
    searched.sessions.open(make.facts(), ME)
    chain = make.Chain()
    for minute in range(10):
        chain.add_at(f"2026-03-01T03:{minute:02}:30.000000Z", EventType.JUDGED, QUERY, minute + 1)
    searched.events.append(chain.session, chain.items, ME)
    noon = 1772334000.0  # 2026-03-01T03:00:00Z
    query = SearchQuery("orders", {"tool": "psql"}, since=noon + 180, until=noon + 300)
    assert [one.time[14:16] for one in searched.search.find(query)] == ["04", "03"]
    assert searched.search.find(SearchQuery(since=noon + 3600)) == []
    assert len(searched.search.find(SearchQuery(until=noon + 30))) == 0
    assert len(searched.search.find(SearchQuery(until=noon + 30.001))) == 1


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


def test_no_question_is_a_language(searched: Store, chain) -> None:
    """What means something to FTS5 or to tsquery is text here."""
    for words in QUESTIONS:
        if any(character.isalnum() for character in words):
            assert found(searched, words) == [], words
        else:
            with pytest.raises(ConfigurationError, match="no word"):
                found(searched, words)
        assert found(searched, rule=words) == [], words


def test_too_many_words_are_refused(searched: Store) -> None:
    with pytest.raises(ConfigurationError, match="20 words"):
        found(searched, "a " * 21)


def test_rights_bound_what_is_found(searched: Store, make) -> None:
    for session, owner in (("session-mine", "token:me"), ("session-more", "token:me"), ("session-them", "token:them")):
        chain = filled(searched, make, session, owner)
        searched.events.append(session, chain.items, owner)

    def sessions(**rights: str) -> set[str]:
        by_words = {one.session for one in searched.search.find(SearchQuery("orders", **rights))}
        by_time = {one.session for one in searched.search.find(SearchQuery(**rights, limit=500))}
        assert by_words == by_time
        return by_words

    assert sessions() == {"session-mine", "session-more", "session-them"}
    assert sessions(owner="token:me") == {"session-mine", "session-more"}
    assert sessions(session="session-them") == {"session-them"}
    assert sessions(owner="token:none") == set()


def test_what_is_rare_or_common_or_of_long_ago_is_found_newest_first(
    searched: Store, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a year of spans, with more rows in the last than are looked at one by one."""
    monkeypatch.setattr(fulltext, "WALKED", 50)
    searched.sessions.open(make.facts(), ME)
    chain = make.Chain()
    for number in range(400):
        old = number < 30
        moment = datetime(2025, 1, 1, tzinfo=UTC) + (timedelta(days=12 * number) if old else timedelta(days=390))
        said = {"command": f"legacy n{number}" if old else f"present n{number}", "tool": "psql", "verdict": "allow"}
        chain.add_at((moment + timedelta(seconds=number)).isoformat(), EventType.JUDGED, said, number + 1)
    searched.events.append(chain.session, chain.items, ME)

    def newest(words: str, limit: int, after: int = 0, **facets: str) -> list[int]:
        return [one.sequence for one in searched.search.find(SearchQuery(words, facets, after=after, limit=limit))]

    assert newest("legacy", 5) == [29, 28, 27, 26, 25]
    assert newest("legacy", 100) == list(range(29, -1, -1))
    assert newest("n3 legacy", 5) == [3]
    assert newest("n3*", 500, verdict="allow") == [*range(399, 299, -1), *range(39, 29, -1), 3]
    assert newest("N3* PRES*", 80) == list(range(399, 319, -1))
    assert newest("n2* leg*", 80) == [*range(29, 19, -1), 2]
    assert newest("resent*", 5) == newest("n3* leg*", 5, verdict="deny") == []
    assert newest("present legacy", 5) == newest("n3", 5, verdict="deny") == []
    assert newest("", 500, tool="psql") == list(range(399, -1, -1))
    page = searched.search.find(SearchQuery("legacy", limit=7))
    assert newest("legacy", 3, page[-1].id) == [22, 21, 20]


def test_a_question_that_takes_too_long_is_ended_and_says_what_to_do(
    searched: Store, chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulltext, "SECONDS", 0.3)
    forever = {
        "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n",
        "postgresql": "SELECT pg_sleep(60)",
    }
    with pytest.raises(ConfigurationError, match="shorter time"), fulltext.asking(searched.engine) as connection:
        connection.execute(text(forever[searched.engine.dialect.name]))
    monkeypatch.undo()
    assert found(searched, "orders") == [1]


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
