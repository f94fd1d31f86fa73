"""The state machine of approvals, one step at a time; `test_store_races` has what happens at once."""

from __future__ import annotations

import time

import pytest

from guardcli.api.store import Store
from guardcli.api.store import approvals as module
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import ConflictError, DeniedError, NotFoundError


def test_the_same_bytes_of_the_same_requester_join(store: Store, make) -> None:
    first = store.approvals.request(make.request(store))
    assert store.approvals.request(make.request(store, session="session-0002")).id == first.id
    store.approvals.decide(first.id, "bob", True, "")
    assert store.approvals.request(make.request(store)).id == first.id


OTHERS = [
    {"digest": "b" * 64},
    {"requester": "other@test"},
    {"owner": "token:other"},
    {"quorum": 2},
    {"facts": {"groups": ["dba"]}},
]


@pytest.mark.parametrize("change", OTHERS)
@pytest.mark.parametrize("approved", [False, True])
def test_other_bytes_requesters_and_terms_do_not_join(
    store: Store, make, change: dict[str, object], approved: bool
) -> None:
    first = store.approvals.request(make.request(store))
    if approved:
        store.approvals.decide(first.id, "bob", True, "")
    assert store.approvals.request(make.request(store, **change)).id != first.id


def test_a_denial_is_delivered_once_and_then_asked_anew(store: Store, make) -> None:
    first = store.approvals.request(make.request(store))
    store.approvals.decide(first.id, "bob", False, "not today")
    again = store.approvals.request(make.request(store))
    assert (again.id, again.state, again.reason, again.reviewer) == (first.id, ApprovalState.DENIED, "not today", "bob")
    anew = store.approvals.request(make.request(store))
    assert anew.id != first.id and anew.state is ApprovalState.PENDING


def test_a_denial_that_was_seen_is_not_delivered_again(store: Store, make) -> None:
    first = store.approvals.request(make.request(store))
    store.approvals.decide(first.id, "bob", False, "")
    store.approvals.delivered(first.id)
    assert store.approvals.request(make.request(store)).id != first.id


def test_a_consumed_yes_does_not_count_again(store: Store, make) -> None:
    first = store.approvals.request(make.request(store))
    store.approvals.decide(first.id, "bob", True, "")
    assert store.approvals.consume(first.id, "a" * 64, "session-0001").state is ApprovalState.CONSUMED
    with pytest.raises(ConflictError, match="consumed"):
        store.approvals.consume(first.id, "a" * 64, "session-0001")
    assert store.approvals.request(make.request(store)).id != first.id


def test_a_yes_is_not_for_other_bytes(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store))
    store.approvals.decide(approval.id, "bob", True, "")
    with pytest.raises(DeniedError, match="something else"):
        store.approvals.consume(approval.id, "b" * 64, "session-0001")
    assert store.approvals.get(approval.id).state is ApprovalState.APPROVED


@pytest.mark.parametrize("state", ["pending", "denied", "cancelled", "expired"])
def test_only_an_approved_one_can_be_consumed(store: Store, make, state: str) -> None:
    lifetime = 0.01 if state == "expired" else 600.0
    approval = store.approvals.request(make.request(store, lifetime=lifetime))
    if state == "denied":
        store.approvals.decide(approval.id, "bob", False, "")
    if state == "cancelled":
        store.approvals.cancel(approval.id, "agent@test")
    if state == "expired":
        time.sleep(0.02)
    with pytest.raises(ConflictError, match=state):
        store.approvals.consume(approval.id, "a" * 64, "session-0001")


def test_a_quorum_counts_distinct_reviewers(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store, quorum=2))
    assert store.approvals.decide(approval.id, "bob", True, "").state is ApprovalState.PENDING
    with pytest.raises(ConflictError, match="already"):
        store.approvals.decide(approval.id, "bob", True, "")
    assert store.approvals.decide(approval.id, "eve", True, "").state is ApprovalState.APPROVED


def test_one_no_ends_it_whatever_the_quorum(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store, quorum=3))
    store.approvals.decide(approval.id, "bob", True, "")
    assert store.approvals.decide(approval.id, "bob", False, "on second thought").state is ApprovalState.DENIED
    with pytest.raises(ConflictError, match="denied"):
        store.approvals.decide(approval.id, "eve", True, "")


def test_a_yes_holds_for_the_lifetime_counted_anew(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store, lifetime=100.0))
    time.sleep(0.02)
    decided = store.approvals.decide(approval.id, "bob", True, "")
    assert decided.expires > approval.expires
    assert decided.expires == pytest.approx(decided.decided + 100.0)


def test_time_is_no_consent(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store, lifetime=0.01))
    time.sleep(0.02)
    assert store.approvals.get(approval.id).state is ApprovalState.EXPIRED
    with pytest.raises(ConflictError, match="expired"):
        store.approvals.decide(approval.id, "bob", True, "")
    assert store.approvals.request(make.request(store)).id != approval.id
    assert store.approvals.find(ApprovalState.EXPIRED)[0].id == approval.id


def test_a_yes_that_nobody_used_in_time_is_over(store: Store, make, monkeypatch: pytest.MonkeyPatch) -> None:
    approval = store.approvals.request(make.request(store))
    store.approvals.decide(approval.id, "bob", True, "")
    monkeypatch.setattr(module, "now", lambda: time.time() + 601.0)
    with pytest.raises(ConflictError, match="expired"):
        store.approvals.consume(approval.id, "a" * 64, "session-0001")


def test_the_sweeper_writes_the_end_down_once(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store, lifetime=0.01))
    time.sleep(0.02)
    assert store.approvals.sweep() == [approval.id]
    assert store.approvals.sweep() == []
    assert [entry.action for entry in store.trail.entries(approval.id)] == ["approval-requested", "approval-expired"]


def test_what_is_not_there_cannot_be_decided(store: Store) -> None:
    for act in (store.approvals.get, store.approvals.parties):
        with pytest.raises(NotFoundError):
            act("none")
    with pytest.raises(NotFoundError):
        store.approvals.decide("none", "bob", True, "")


def test_a_flood_of_requests_is_refused_for_its_requester_alone(
    store: Store, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PENDING", 3)
    ids = [store.approvals.request(make.request(store, digest=f"{number:064x}")).id for number in range(3)]
    with pytest.raises(ConflictError, match="wait already"):
        store.approvals.request(make.request(store))
    assert store.approvals.request(make.request(store, digest=f"{0:064x}")).id == ids[0], "joining is no new one"
    assert store.approvals.request(make.request(store, requester="other@test")).state is ApprovalState.PENDING
    store.approvals.decide(ids[0], "bob", False, "")
    assert store.approvals.request(make.request(store)).state is ApprovalState.PENDING


ACTS = {
    "decide": lambda approvals, id, may: approvals.decide(id, "bob", True, may=may),
    "cancel": lambda approvals, id, may: approvals.cancel(id, "agent@test", may),
    "withdraw": lambda approvals, id, may: approvals.withdraw(id, module.Reviewer("bob", "bob"), "", may),
    "consume": lambda approvals, id, may: approvals.consume(id, "a" * 64, "session-0001", may),
}


@pytest.mark.parametrize("act", ACTS)
def test_who_may_not_changes_nothing_and_is_told_nothing_else(store: Store, make, act: str) -> None:
    """Asked with the approval as it stands and whose it is, before anything else is looked at."""
    store.sessions.open(make.facts(), "local:tester", sponsor="corp:sue")
    approval = store.approvals.request(make.request(store, lifetime=0.001))
    time.sleep(0.002)
    asked = []

    def may(seen: Approval, parties: module.Parties) -> None:
        asked.append((seen.id, seen.state, parties))
        raise DeniedError("not you")

    with pytest.raises(DeniedError, match="not you"):
        ACTS[act](store.approvals, approval.id, may)
    assert asked == [(approval.id, ApprovalState.EXPIRED, module.Parties("local:tester", "corp:sue"))]
    assert [entry.action for entry in store.trail.entries(approval.id)] == ["approval-requested"]
