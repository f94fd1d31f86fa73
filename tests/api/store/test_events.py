"""Events come in in order, whole, and once."""

from __future__ import annotations

import dataclasses
import random

import pytest

from guardcli.api.store import Store
from guardcli.api.store.appended import Appended
from guardcli.api.store.events import COUNTERS_MAX
from guardcli.model.errors import ConflictError, NotFoundError
from guardcli.model.events import Event, EventType, chained

ME = "local:tester"


@pytest.fixture
def chain(store: Store, make):
    store.sessions.open(make.facts(), ME)
    return make.usual()


def test_what_was_appended_is_read_back_the_same(store: Store, chain) -> None:
    assert store.events.append(chain.session, chain.items, ME) == len(chain.items)
    assert store.events.read(chain.session) == chain.events
    assert b"".join(store.stretches.recording(chain.session)) == b"".join(item.content or b"" for item in chain.items)


@pytest.mark.parametrize("seed", range(20))
def test_batches_sent_again_and_overlapping_are_stored_once(store: Store, chain, seed: int) -> None:
    pick = random.Random(seed)
    known = 0
    while known < len(chain.items):
        start = pick.randint(0, known)
        end = pick.randint(start, len(chain.items))
        known = store.events.append(chain.session, chain.items[start:end], ME)
    assert store.events.read(chain.session) == chain.events
    assert store.sessions.get(chain.session).recorded == chain.recorded
    assert store.sessions.get(chain.session).counts == {"calls": 2, "allow": 1, "deny": 1}


def test_an_empty_batch_is_a_sign_of_life(store: Store, chain) -> None:
    before = store.sessions.get(chain.session).seen
    assert store.events.append(chain.session, [], ME) == 0
    assert store.sessions.get(chain.session).seen > before


def test_a_gap_is_refused_and_nothing_of_the_batch_is_kept(store: Store, chain) -> None:
    with pytest.raises(ConflictError, match="event 0: missing"):
        store.events.append(chain.session, chain.items[1:], ME)
    assert store.sessions.get(chain.session).events == 0


def test_a_batch_for_a_session_that_is_not_there_is_refused(store: Store, make) -> None:
    with pytest.raises(NotFoundError):
        store.events.append("session-none", make.usual("session-none").items, ME)


def test_an_event_with_other_content_than_the_stored_one_is_refused(store: Store, chain, make) -> None:
    store.events.append(chain.session, chain.items[:3], ME)
    other = make.Chain()
    other.add(EventType.OPENED, {"identity": "somebody else"})
    with pytest.raises(ConflictError, match="event 0 is stored already with another hash"):
        store.events.append(chain.session, other.items, ME)


def changed(item: Appended, **changes: object) -> Appended:
    return Appended(dataclasses.replace(item.event, **changes), item.content)  # type: ignore[arg-type]


def rehashed(event: Event, data: dict[str, object]) -> Event:
    return chained(event.session, event.sequence, event.time, event.type, event.call, data, event.previous)


WRONG = {
    "another session's": lambda item: changed(item, session="session-0002"),
    "other data": lambda item: changed(item, data={**item.event.data, "more": 1}),
    "another time": lambda item: changed(item, time="2027-01-01T00:00:00.000000Z"),
    "another predecessor": lambda item: changed(item, previous="f" * 64),
    "another hash": lambda item: changed(item, hash="f" * 64),
    "no content": lambda item: Appended(item.event),
    "cut content": lambda item: Appended(item.event, item.content[:-1]),
    "changed content": lambda item: Appended(item.event, b"{" + item.content[1:][::-1]),
    "another offset": lambda item: Appended(rehashed(item.event, {**item.event.data, "offset": 7}), item.content),
    "another length": lambda item: Appended(rehashed(item.event, {**item.event.data, "length": 7}), item.content),
    "no digest": lambda item: Appended(rehashed(item.event, {"offset": 0, "length": 4}), item.content),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_output_event_that_does_not_hold_is_refused(store: Store, chain, name: str) -> None:
    store.events.append(chain.session, chain.items[:1], ME)
    with pytest.raises(ConflictError):
        store.events.append(chain.session, [WRONG[name](chain.items[1])], ME)
    assert store.events.append(chain.session, chain.items[1:2], ME) == 2


def test_only_an_output_event_brings_content(store: Store, chain) -> None:
    with pytest.raises(ConflictError, match="only an output event"):
        store.events.append(chain.session, [Appended(chain.items[0].event, b"x")], ME)


def test_nothing_follows_the_end_of_a_session(store: Store, chain) -> None:
    store.events.append(chain.session, chain.items, ME)
    late = chain.add(EventType.FAILED, {"reason": "late"})
    with pytest.raises(ConflictError, match="closed"):
        store.events.append(chain.session, [late], ME)


def test_events_are_read_by_type_and_by_call(store: Store, chain) -> None:
    store.events.append(chain.session, chain.items, ME)
    judged = store.events.read(chain.session, type=EventType.JUDGED)
    assert [event.call for event in judged] == [1, 2]
    assert {event.call for event in store.events.read(chain.session, call=2)} == {2}
    assert store.events.read(chain.session, start=3, limit=2) == chain.events[3:5]


def test_odd_text_survives(store: Store, make) -> None:
    store.sessions.open(make.facts("session-odd0"), ME)
    chain = make.Chain("session-odd0")
    chain.add(EventType.JUDGED, {"command": "\udcff\x00\u2028 é 😀", "number": 0.1, "big": 2**60, "none": None})
    store.events.append(chain.session, chain.items, ME)
    assert store.events.read(chain.session) == chain.events


def test_calls_are_counted_by_the_resource_that_they_reached_up_to_a_bound(store: Store, make) -> None:
    store.sessions.open(make.facts("session-resources"), ME)
    chain = make.Chain("session-resources")
    for name in ("orders-db", "orders-db", "", 7, *(f"made-up-{number}" for number in range(100))):
        chain.add(EventType.JUDGED, {"verdict": "allow", "resource": name}, 1)
    store.events.append(chain.session, chain.items, ME)
    counts = store.sessions.get(chain.session).counts
    assert (counts["calls"], counts["allow"], counts["resource:orders-db"]) == (104, 104, 2)
    assert len(counts) == COUNTERS_MAX
