"""A hundred at once, on either database: one outcome, always, and a trail that tells it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from guardcli.api.permissions import Role
from guardcli.api.store import Store
from guardcli.api.store.approvals import Reviewer
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import GuardError

RACERS = 100


def race(act: Callable[[int], str]) -> Counter[str]:
    """Run `act` in many threads at once; count what each came to."""
    results: list[str] = []
    start = threading.Barrier(RACERS)

    def run(number: int) -> None:
        start.wait()
        try:
            results.append(act(number))
        except GuardError as error:
            results.append(type(error).__name__)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(results)


def reviewer(number: int, *groups: str) -> Reviewer:
    return Reviewer(f"corp:{number}", f"reviewer-{number}", groups)


def ends(store: Store, id: str) -> list[str]:
    """Return the steps of an approval that end its waiting, as the trail has them."""
    over = ("approved", "denied", "expired", "cancelled")
    steps = [entry.action.removeprefix("approval-") for entry in store.trail.entries(id)]
    return [step for step in steps if step in over]


@pytest.mark.parametrize("lifetime", [0.02, 0.1, 0.3])
def test_approving_and_expiring(store: Store, make, lifetime: float) -> None:
    id = store.approvals.request(make.request(store, lifetime=lifetime)).id

    def act(number: int) -> str:
        if number % 2:
            return "swept" if id in store.approvals.sweep() else "not over"
        return store.approvals.decide(id, reviewer(number), True).state.value

    race(act)
    time.sleep(lifetime)
    store.approvals.sweep()
    assert len(ends(store, id)) in (1, 2)
    assert Counter(ends(store, id)).most_common(1)[0][1] == 1
    assert ends(store, id) in (["approved"], ["expired"], ["approved", "expired"])
    assert list(store.trail.faults()) == []


def test_two_groups_for_the_last_vote(store: Store, make) -> None:
    facts = {"all_of": ["dba", "security"]}
    id = store.approvals.request(make.request(store, facts=facts, quorum=0)).id
    results = race(
        lambda number: store.approvals.decide(id, reviewer(number, ("dba", "security")[number % 2]), True).state.value
    )
    assert results["approved"] == 1
    assert ends(store, id) == ["approved"]
    groups = [entry.data["groups"] for entry in store.trail.entries(id) if entry.action == "approval-voted"]
    assert ["dba"] in groups and ["security"] in groups
    assert results["pending"] == len(groups) - 1


def test_of_many_who_consume_one_wins(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store))
    store.approvals.decide(approval.id, "bob", True, "")
    results = race(lambda number: store.approvals.consume(approval.id, "a" * 64, f"session-{number:04}").state.value)
    assert results == {"consumed": 1, "ConflictError": RACERS - 1}


def test_of_many_who_ask_for_the_same_all_get_one(store: Store, make) -> None:
    results = race(lambda number: store.approvals.request(make.request(store)).id)
    assert len(results) == 1


def test_of_many_yes_and_no_the_outcome_is_one(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store))
    race(lambda number: store.approvals.decide(approval.id, f"reviewer-{number}", number % 2 == 0, "").state.value)
    steps = [entry.action for entry in store.trail.entries(approval.id)]
    assert len([step for step in steps if step in ("approval-approved", "approval-denied")]) == 1
    assert store.approvals.get(approval.id).state.value == steps[-1].removeprefix("approval-")
    assert list(store.trail.faults()) == []


def test_two_for_the_last_vote_give_one_approval(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store, quorum=RACERS // 2))
    race(lambda number: store.approvals.decide(approval.id, f"reviewer-{number}", True, "").state.value)
    steps = Counter(entry.action for entry in store.trail.entries(approval.id))
    assert steps["approval-approved"] == 1
    assert steps["approval-voted"] == RACERS // 2


def test_cancelling_and_approving_at_once_give_one_outcome(store: Store, make) -> None:
    approval = store.approvals.request(make.request(store))

    def act(number: int) -> str:
        if number % 2:
            return store.approvals.cancel(approval.id, "agent@test").state.value
        return store.approvals.decide(approval.id, f"reviewer-{number}", True, "").state.value

    results = race(act)
    assert results["ConflictError"] == RACERS - 1


def test_consuming_and_withdrawing(store: Store, make) -> None:
    id = store.approvals.request(make.request(store)).id
    store.approvals.decide(id, reviewer(0), True)

    def act(number: int) -> str:
        if number % 2:
            return store.approvals.withdraw(id, reviewer(number)).state.value
        return store.approvals.consume(id, "a" * 64, "session-0001").state.value

    results = race(act)
    assert results["consumed"] + results["cancelled"] == 1
    assert results["ConflictError"] == RACERS - 1
    assert store.approvals.get(id).state.value in results


def test_consuming_while_the_session_is_ended(store: Store, make) -> None:
    """Whatever was used was used before the end; nothing is after."""
    store.sessions.open(make.facts(), "local:tester")
    ids = []
    for number in range(RACERS - 1):
        ids.append(store.approvals.request(make.request(store, digest=f"{number:064x}")).id)
        store.approvals.decide(ids[-1], reviewer(0), True)

    def act(number: int) -> str:
        if number == RACERS - 1:
            store.sessions.revoke("session-0001", "admin")
            return "ended"
        return store.approvals.consume(ids[number], f"{number:064x}", "session-0001").state.value

    results = race(act)
    assert results["ended"] == 1 and results["consumed"] + results["DeniedError"] == RACERS - 1
    acts = [entry.action for entry in store.trail.entries()]
    assert "approval-consumed" not in acts[acts.index("session-revoked") :]
    assert acts.count("approval-consumed") == results["consumed"]


def test_asking_under_a_grant_while_it_is_ended(store: Store, make) -> None:
    facts = {"grant": 600.0, "grant_scope": ["rule:x"]}
    first = store.approvals.request(make.request(store, facts=facts))
    store.approvals.decide(first.id, reviewer(0), True, grant=300.0)
    (grant,) = store.grants.all()

    def act(number: int) -> str:
        if number == RACERS - 1:
            return "ended" if store.grants.revoke(grant.id, "corp:2").revoked else ""
        request = make.request(store, facts=facts, digest=f"{number:064x}", requester=first.requester)
        return store.approvals.request(request).state.value

    race(act)
    acts = [(entry.action, entry.data.get("grant")) for entry in store.trail.entries()]
    end = acts.index(("grant-revoked", None))
    assert ("approval-approved", grant.id) not in acts[end:]
    assert store.approvals.request(make.request(store, facts=facts, digest="e" * 64)).state is ApprovalState.PENDING


def test_uploading_the_same_chunks(store: Store, make) -> None:
    chain = make.usual()
    store.sessions.open(make.facts(), "local:tester")
    results = race(lambda _: str(store.events.append(chain.session, chain.items[:5], "x")))
    assert results == {"5": RACERS}
    assert [event.sequence for event in store.events.read(chain.session)] == list(range(5))
    assert store.sessions.get(chain.session).recorded == len(b"".join(store.stretches.recording(chain.session)))


def test_uploading_one_after_the_other_in_any_order(store: Store, make) -> None:
    chain = make.usual()
    store.sessions.open(make.facts(), "local:tester")
    race(lambda number: str(store.events.append(chain.session, chain.items[number % 9 : number % 9 + 1], "x")))
    for item in chain.items:
        store.events.append(chain.session, [item], "x")
    assert store.events.read(chain.session) == chain.events


def test_opening_the_same_session(store: Store, make) -> None:
    results = race(lambda number: "opened" if store.sessions.open(make.facts(), f"token:{number}") else "")
    assert results == {"opened": 1, "ConflictError": RACERS - 1}


def test_issuing_a_token_of_one_name_and_revoking_one(store: Store) -> None:
    results = race(lambda _: store.tokens.issue("bob", Role.AGENT)[0].name)
    assert results == {"bob": 1, "ConflictError": RACERS - 1}
    (token,) = store.tokens.all()
    assert race(lambda _: store.tokens.revoke(token.id) or "revoked") == {"revoked": 1, "ConflictError": RACERS - 1}


def test_taking_notices(store: Store, make) -> None:
    store.approvals.request(make.request(store, channels=tuple(f"channel-{number}" for number in range(50))))
    taken: list[str] = []
    race(lambda _: str(taken.extend(notice.id for notice in store.notices.take(3))))
    assert len(taken) == len(set(taken))
    while more := store.notices.take(10):
        taken.extend(notice.id for notice in more)
    assert len(set(taken)) == 50
