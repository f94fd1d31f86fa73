"""Versions and orders: who is judged by which, and that nothing that was written past the API is given out."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from guardcli.api.store import Store
from guardcli.api.store.database import writing
from guardcli.api.store.policies import PRIORITY, Wish
from guardcli.model.errors import ConflictError, NotFoundError, UnavailableError
from guardcli.policy.bundles import opened, packed
from guardcli.signing import KeyRing


def bundle(name: str = "team") -> bytes:
    rule = "rules: [{id: reads, match: {tool: psql, effects: [read]}, decision: allow}]"
    return packed("a.yaml", {"a.yaml": f"version: 1\nname: {name}\n{rule}\n"})


class Centre:
    def __init__(self, store: Store, place: Path) -> None:
        self.store = store
        self.ring = KeyRing(place)

    def publish(self, group: str, name: str = "team", priority: int | None = None) -> int:
        content = bundle(name)
        wish = Wish("token:root", group, priority)
        return self.store.policies.publish(self.ring, content, opened(content), wish, "why")[0].version

    def assign(self, version: int, group: str, priority: int | None = None) -> None:
        self.store.policies.assign(self.ring, version, Wish("token:root", group, priority))

    def version(self, *groups: str) -> int:
        order = self.store.policies.chosen(self.ring.public(), groups)[1]
        return order.version if order else 0


@pytest.fixture
def centre(store: Store, tmp_path: Path) -> Centre:
    return Centre(store, tmp_path / "keys")


def test_a_group_is_judged_by_what_was_decided_last(centre: Centre) -> None:
    assert centre.version("agents") == 0
    assert [centre.publish("agents"), centre.publish("agents", "other")] == [1, 2]
    assert (centre.version("agents"), centre.version("others"), centre.version()) == (2, 0, 0)
    centre.store.policies.roll_back(centre.ring, 1, Wish("token:root", "agents"))
    assert centre.version("x", "agents") == 1
    centre.store.policies.withdraw(centre.ring, Wish("token:root", "agents"))
    assert centre.version("agents") == 0
    serials = [one.serial for one in centre.store.policies.orders(centre.ring.public())]
    assert serials == [1, 2, 3, 4]
    assert centre.store.policies.chosen(centre.ring.public(), ())[0] == 4


def test_every_act_is_in_the_trail(centre: Centre) -> None:
    centre.publish("agents")
    centre.publish("agents")
    centre.store.policies.roll_back(centre.ring, 1, Wish("corp:ann", "agents"))
    entries = centre.store.trail.entries()
    assert [(one.action, one.actor, one.subject, one.data["before"]) for one in entries] == [
        ("policy-published", "token:root", "1", 0),
        ("policy-published", "token:root", "2", 1),
        ("policy-rolled-back", "corp:ann", "1", 2),
    ]
    assert not list(centre.store.trail.faults())


def test_of_two_groups_the_one_with_the_higher_priority_goes_first_and_everybody_last(centre: Centre) -> None:
    centre.publish("*")
    centre.publish("agents")
    centre.publish("careful", priority=PRIORITY + 1)
    assert centre.version("agents", "careful") == centre.version("careful") == 3
    assert (centre.version("agents"), centre.version("nobody"), centre.version()) == (2, 1, 1)


@pytest.mark.parametrize("priority", [None, PRIORITY])
def test_what_would_be_ambiguous_is_refused(centre: Centre, priority: int | None) -> None:
    centre.publish("agents")
    with pytest.raises(ConflictError, match="goes first"):
        centre.publish("careful", priority=priority)
    with pytest.raises(ConflictError):
        centre.assign(1, "careful", priority)
    assert [centre.version("careful"), len(centre.store.policies.versions(centre.ring.public()))] == [0, 1]
    centre.publish("agents")
    assert centre.version("agents") == 2, "a group keeps its own"


def test_what_is_not_there_is_said(centre: Centre) -> None:
    for act in (centre.store.policies.assign, centre.store.policies.roll_back):
        with pytest.raises(NotFoundError):
            act(centre.ring, 9, Wish("x", "agents"))
    with pytest.raises(NotFoundError):
        centre.store.policies.withdraw(centre.ring, Wish("x", "agents"))
    centre.publish("agents")
    centre.publish("agents")
    for version, group in ((1, "others"), (2, "agents")):
        with pytest.raises(ConflictError):
            centre.store.policies.roll_back(centre.ring, version, Wish("x", group))


TAMPERED = [
    r"""UPDATE policy_orders SET statement = replace(statement, '"version"\:2', '"version"\:1') WHERE serial = 2""",
    "UPDATE policy_orders SET statement = (SELECT statement FROM policy_orders WHERE serial = 1),"
    " signature = (SELECT signature FROM policy_orders WHERE serial = 1) WHERE serial = 2",
    "INSERT INTO policy_orders SELECT 3, statement, signature FROM policy_orders WHERE serial = 1",
    "UPDATE policy_orders SET signature = '{}' WHERE serial = 1",
    "UPDATE policy_orders SET statement = 'x' WHERE serial = 1",
]


@pytest.mark.parametrize("statement", TAMPERED)
def test_an_order_that_was_written_past_the_api_is_not_given_out(centre: Centre, statement: str) -> None:
    centre.publish("agents")
    centre.publish("agents", "stricter")
    with writing(centre.store.engine) as connection:
        connection.execute(text(statement))
    with pytest.raises(UnavailableError, match="policy_orders is not what this API has signed"):
        centre.version("agents")


@pytest.mark.parametrize("column", ["statement", "body"])
def test_a_version_that_was_changed_past_the_api_is_not_given_out(centre: Centre, column: str) -> None:
    centre.publish("agents")
    centre.publish("agents", "laxer")
    with writing(centre.store.engine) as connection:
        source = f"(SELECT {column} FROM policies WHERE version = 2)"
        connection.execute(text(f"UPDATE policies SET {column} = {source} WHERE version = 1"))
    with pytest.raises(UnavailableError, match="row 1 of policies"):
        centre.store.policies.get(centre.ring.public(), 1)


def test_what_was_signed_before_a_rotation_is_still_given_out(centre: Centre) -> None:
    centre.publish("agents")
    centre.ring.rotate(1.0)
    assert centre.publish("agents") == 2
    assert centre.version("agents") == 2
    assert centre.store.policies.get(centre.ring.public(), 1).published.version == 1
    with pytest.raises(UnavailableError):
        Centre(centre.store, centre.ring._directory.with_name("others")).version("agents")


def test_of_many_who_publish_at_once_each_gets_a_version(centre: Centre) -> None:
    threads = [threading.Thread(target=centre.publish, args=("agents",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = centre.ring.public()
    assert [one.version for one in centre.store.policies.versions(keys)] == list(range(1, 9))
    assert [one.serial for one in centre.store.policies.orders(keys)] == list(range(1, 9))
    assert centre.version("agents") == centre.store.policies.orders(keys)[-1].version


def test_after_the_keys_were_replaced_everything_is_signed_again_as_it_stands(centre: Centre, tmp_path: Path) -> None:
    centre.publish("agents")
    centre.publish("agents", "second")
    replaced = Centre(centre.store, tmp_path / "replaced")
    with pytest.raises(UnavailableError, match="sign-again"):
        replaced.publish("agents")
    assert centre.store.policies.sign_again(replaced.ring, "local:root") == 4
    assert replaced.version("agents") == 2 and replaced.publish("agents") == 3
    assert centre.store.trail.latest()[1].action == "policies-signed-again"
    assert not list(centre.store.trail.faults())
    with pytest.raises(UnavailableError):
        centre.version("agents")
    with writing(centre.store.engine) as connection:
        connection.execute(
            text("UPDATE policies SET body = (SELECT body FROM policies WHERE version = 2) WHERE version = 1")
        )
    with pytest.raises(UnavailableError, match="row 1 of policies"):
        centre.store.policies.sign_again(replaced.ring, "local:root")
