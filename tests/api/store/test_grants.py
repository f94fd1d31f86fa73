"""Quorums of several groups, grants, windows and withdrawal: what a yes is good for, and what ends it."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from guardcli.api.store import Store
from guardcli.api.store import approvals as module
from guardcli.api.store.approvals import Reviewer
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import ConflictError, DeniedError, PendingError
from guardcli.model.windows import Window

ANN = Reviewer("corp:1", "ann", ("dba",))
BOB = Reviewer("corp:2", "bob", ("security",))
BOTH = Reviewer("corp:3", "cem", ("dba", "security"))
NOBODY = Reviewer("corp:4", "dan", ("sales",))
ROOT = Reviewer("token:root", "root", (), all_groups=True)

QUORUMS = [
    ({"groups": ["dba"]}, 1, [ANN], True),
    ({"groups": ["dba", "security"]}, 1, [BOB], True),
    ({"groups": ["dba"]}, 2, [ANN, BOTH], True),
    ({"groups": ["dba"]}, 2, [ANN], False),
    ({"all_of": ["dba", "security"]}, 0, [ANN, BOB], True),
    ({"all_of": ["dba", "security"]}, 0, [BOTH, ANN], True),
    ({"all_of": ["dba", "security"]}, 0, [BOTH], False),
    ({"all_of": ["dba", "security"]}, 0, [ANN], False),
    ({"all_of": ["dba", "security"]}, 3, [ANN, BOB], False),
    ({"all_of": ["dba", "security"]}, 3, [ANN, BOB, BOTH], True),
    ({"all_of": ["dba", "security"]}, 0, [ROOT], False),
    ({"all_of": ["dba", "security"]}, 0, [ROOT, ANN], True),
    ({}, 1, [NOBODY], True),
]


@pytest.mark.parametrize(("facts", "quorum", "reviewers", "enough"), QUORUMS)
def test_it_takes_the_people_that_the_policy_names(
    store: Store, make, facts: dict[str, object], quorum: int, reviewers: list[Reviewer], enough: bool
) -> None:
    id = store.approvals.request(make.request(store, facts=facts, quorum=quorum)).id
    for place, reviewer in enumerate(reviewers):
        found = store.approvals.decide(id, reviewer, True, f"reason {place}")
    assert (found.state is ApprovalState.APPROVED) == enough
    assert [(vote.reviewer, vote.approve, vote.reason) for vote in found.votes] == [
        (reviewer.name, True, f"reason {place}") for place, reviewer in enumerate(reviewers)
    ]


def test_the_yes_of_one_who_was_not_asked_is_refused(store: Store, make) -> None:
    id = store.approvals.request(make.request(store, facts={"groups": ["dba"]})).id
    with pytest.raises(DeniedError, match="dba"):
        store.approvals.decide(id, NOBODY, True)
    assert store.approvals.get(id).votes == ()


def test_one_person_under_two_names_is_one_person(store: Store, make) -> None:
    id = store.approvals.request(make.request(store, quorum=2)).id
    store.approvals.decide(id, ANN, True)
    with pytest.raises(ConflictError, match="already"):
        store.approvals.decide(id, Reviewer(ANN.id, "ann by another name", ANN.groups), True)


OTHER_TERMS = [{"groups": ["dba"]}, {"all_of": ["dba"]}, {"windows": [Window(days=frozenset({1})).as_json()]}]


@pytest.mark.parametrize("terms", OTHER_TERMS)
def test_other_terms_ask_anew(store: Store, make, terms: dict[str, object]) -> None:
    first = store.approvals.request(make.request(store, facts={}))
    assert store.approvals.request(make.request(store, facts=terms)).id != first.id
    assert store.approvals.request(make.request(store, facts=terms)).id != first.id
    assert len(store.approvals.find()) == 2


GRANTED = {"grant": 600.0, "grant_scope": ["rule:writes", "resource:orders"], "groups": ["dba"], "tool": "psql"}


def digest(number: int) -> str:
    return f"{number:064x}"


def test_a_grant_says_yes_to_the_same_and_to_nothing_else(store: Store, make) -> None:
    first = store.approvals.request(make.request(store, facts=GRANTED))
    store.approvals.decide(first.id, ANN, True, "go on", grant=300.0)
    (grant,) = store.grants.all()
    again = store.approvals.request(make.request(store, facts=GRANTED, digest=digest(1)))
    assert (again.state, again.granted, again.reviewer) == (ApprovalState.APPROVED, grant.id, "ann")
    assert again.expires <= grant.expires
    assert store.approvals.consume(again.id, digest(1), "session-0001").state is ApprovalState.CONSUMED
    others = [
        {"facts": {**GRANTED, "grant_scope": ["rule:writes", "resource:people"]}},
        {"facts": {**GRANTED, "grant_scope": ["rule:writes"]}},
        {"facts": {**GRANTED, "groups": ["security"]}},
        {"facts": {**GRANTED, "all_of": ["security"]}},
        {"facts": {**GRANTED, "tool": "kubectl"}},
        {"facts": {**GRANTED, "windows": [Window(days=frozenset({1})).as_json()]}},
        {"facts": {"tool": "psql"}},
        {"requester": "other@test"},
        {"owner": "token:other"},
        {"quorum": 2},
    ]
    for number, change in enumerate(others):
        asked = store.approvals.request(
            make.request(store, **{"facts": GRANTED, "digest": digest(9 + number), **change})
        )
        assert asked.state is ApprovalState.PENDING, change
    acts = [entry.action for entry in store.trail.entries(again.id)]
    assert acts == ["approval-requested", "approval-approved", "approval-consumed"]
    assert list(store.trail.faults()) == []


def test_a_grant_ends_with_its_time(store: Store, make, monkeypatch: pytest.MonkeyPatch) -> None:
    first = store.approvals.request(make.request(store, facts=GRANTED))
    store.approvals.decide(first.id, ANN, True, grant=300.0)
    monkeypatch.setattr(module, "now", lambda: time.time() + 301)
    asked = store.approvals.request(make.request(store, facts=GRANTED, digest=digest(1)))
    assert asked.state is ApprovalState.PENDING


def test_a_grant_is_ended_by_hand(store: Store, make) -> None:
    first = store.approvals.request(make.request(store, facts=GRANTED))
    store.approvals.decide(first.id, ANN, True, grant=300.0)
    (grant,) = store.grants.all()
    store.grants.revoke(grant.id, "corp:2", "enough")
    asked = store.approvals.request(make.request(store, facts=GRANTED, digest=digest(1)))
    assert asked.state is ApprovalState.PENDING
    with pytest.raises(ConflictError):
        store.grants.revoke(grant.id, "corp:2")
    assert [entry.action for entry in store.trail.entries(grant.id)] == ["grant-given", "grant-revoked"]


@pytest.mark.parametrize("facts", [{}, {"grant": 600.0}, {"grant_scope": ["rule:x"]}, {**GRANTED, "grant": 10.0}])
def test_no_grant_is_longer_than_the_policy_allows(store: Store, make, facts: dict[str, object]) -> None:
    id = store.approvals.request(make.request(store, facts=facts)).id
    with pytest.raises(ConflictError, match="grant"):
        store.approvals.decide(id, BOTH, True, grant=11.0)
    assert store.approvals.get(id).state is ApprovalState.PENDING


def test_all_whose_yes_counts_must_grant_and_the_shortest_holds(store: Store, make) -> None:
    facts = {**GRANTED, "groups": []}
    for number, (first, second, given) in enumerate(((300.0, 100.0, 100.0), (300.0, 0.0, 0.0))):
        scope = {**facts, "grant_scope": [f"rule:{number}"]}
        id = store.approvals.request(make.request(store, facts=scope, quorum=2, digest=digest(number))).id
        store.approvals.decide(id, ANN, True, grant=first)
        store.approvals.decide(id, BOB, True, grant=second)
        assert [round(grant.expires - grant.created) for grant in store.grants.all()][: 1 if given else 0] == (
            [given] if given else []
        )
    assert len(store.grants.all()) == 1


def test_what_is_approved_runs_in_its_window_only(store: Store, make) -> None:
    today = datetime.now(UTC).date()
    closed = Window(start=today + timedelta(days=1)).as_json()
    opened = Window(start=date(2020, 1, 1), end=today + timedelta(days=1)).as_json()
    for number, (windows, runs) in enumerate((([closed], False), ([opened], True), ([opened, closed], False))):
        request = make.request(store, facts={"windows": windows}, digest=digest(number))
        id = store.approvals.request(request).id
        assert store.approvals.decide(id, ANN, True).state is ApprovalState.APPROVED
        if runs:
            assert store.approvals.consume(id, digest(number), "session-0001").state is ApprovalState.CONSUMED
        else:
            with pytest.raises(PendingError, match="only be used"):
                store.approvals.consume(id, digest(number), "session-0001")
            assert store.approvals.get(id).state is ApprovalState.APPROVED


def test_a_yes_is_taken_back_until_it_was_used(store: Store, make) -> None:
    id = store.approvals.request(make.request(store)).id
    with pytest.raises(ConflictError, match="pending"):
        store.approvals.withdraw(id, ANN)
    store.approvals.decide(id, ANN, True)
    taken = store.approvals.withdraw(id, BOB, "wrong database")
    assert (taken.state, taken.reviewer, taken.reason) == (ApprovalState.CANCELLED, "bob", "wrong database")
    with pytest.raises(ConflictError, match="cancelled"):
        store.approvals.consume(id, "a" * 64, "session-0001")
    used = store.approvals.request(make.request(store)).id
    store.approvals.decide(used, ANN, True)
    store.approvals.consume(used, "a" * 64, "session-0001")
    with pytest.raises(ConflictError, match="consumed"):
        store.approvals.withdraw(used, BOB)


def test_what_changed_is_found_by_when(store: Store, make) -> None:
    ids = [store.approvals.request(make.request(store, digest=digest(number))).id for number in range(3)]
    moment = time.time()
    time.sleep(0.01)
    store.approvals.decide(ids[1], ANN, True)
    assert [approval.id for _, approval in store.approvals.changed_since(moment)] == [ids[1]]
