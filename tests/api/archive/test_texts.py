"""With events sealed, the database holds no word of what they say; all else goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from guardcli.api.archive.objects import Objects
from guardcli.api.archive.ring import Ring
from guardcli.api.archive.segments import Segments
from guardcli.api.archive.texts import Texts
from guardcli.api.store import Store
from guardcli.api.store.rewrapping import Rewrapping
from guardcli.api.store.search import SearchQuery
from guardcli.api.store.verification import verify
from guardcli.model.errors import UnavailableError

ME = "local:tester"
ID = "session-0001"


@pytest.fixture
def sealing(store: Store, make, tmp_path: Path) -> Iterator[Store]:
    """A store that seals events, over a database in which one session is in clear."""
    store.sessions.open(make.facts("session-open"), ME)
    store.events.append("session-open", make.usual("session-open").items, ME)
    segments = Segments(Objects((tmp_path / "recordings").as_uri()), Ring(tmp_path / "recordings.key"), True)
    found = Store.over(store.engine, segments)
    found.sessions.open(make.facts(), ME)
    found.events.append(ID, make.usual().items, ME)
    yield found


def stored(store: Store) -> str:
    """All that the database holds of the session's events, and what they are found by."""
    with store.engine.connect() as connection:
        rows = [*connection.execute(text("SELECT data FROM events WHERE session=:id"), {"id": ID})]
        rows += connection.execute(text("SELECT body, command FROM search WHERE session=:id"), {"id": ID})
    return "\n".join(str(value) for row in rows for value in row)


def test_no_word_of_an_event_is_in_the_database_and_each_is_read_back(sealing: Store, make) -> None:
    assert not any(word in stored(sealing) for word in ("psql", "line 1", "verdict", "sha256"))
    assert sealing.events.read(ID) == make.usual().events
    assert sealing.events.read("session-open") == make.usual("session-open").events
    assert verify(sealing).faults == []


def test_events_are_found_by_facets_and_not_by_words(sealing: Store) -> None:
    def found(query: SearchQuery) -> set[str]:
        return {one.session for one in sealing.search.find(query)}

    assert found(SearchQuery("psql")) == {"session-open"}
    assert found(SearchQuery("", {"verdict": "deny"})) == {ID, "session-open"}


def test_what_is_sealed_is_sealed_anew_after_a_rotation(sealing: Store, make) -> None:
    ring, work = sealing.stretches.segments.ring, Rewrapping(sealing.engine, sealing.stretches)
    old = ring.current()
    ring.rotate()
    assert work.left() == (11, 0)
    assert sum(step.blocks for step in work.run()) == 11
    assert work.in_use() == {ring.current(): 11}
    ring.retire([old])
    assert sealing.events.read(ID) == make.usual().events
    assert verify(sealing).faults == []


def test_a_byte_that_was_changed_is_found_and_a_key_that_is_away_is_no_fault(sealing: Store, tmp_path: Path) -> None:
    with sealing.engine.begin() as connection:
        changed = (
            "UPDATE events SET data=replace(data, substr(data, 100, 8), 'AAAAAAAA') WHERE session=:id AND sequence=2"
        )
        connection.execute(text(changed), {"id": ID})
    (fault,) = verify(sealing).faults
    assert (fault.session, fault.sequence) == (ID, 2)
    assert "cannot be read" in fault.message
    (tmp_path / "recordings.key").rename(tmp_path / "away")
    with pytest.raises(UnavailableError, match="is not here"):
        verify(sealing)


@pytest.mark.parametrize("stored", ["age:", "age:nope", "age:{name}:!!!", "age:{name}:AAAA"])
def test_what_is_no_sealed_text_is_refused(tmp_path: Path, stored: str) -> None:
    ring = Ring(tmp_path / "keys")
    with pytest.raises((ValueError, UnavailableError)):
        Texts(ring, True).opened(stored.format(name=ring.current()))
