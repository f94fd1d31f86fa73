"""A session hears of a change at once, of what does not hold it is told once, and an outage is noted."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from central_api import CentralApi, Middle, central_api, in_the_middle, policy

from guardcli.api.permissions import Role
from guardcli.broker.contact import Contact
from guardcli.broker.ruling import Machine, Ruling
from guardcli.broker.watch import Watch
from guardcli.client.central import Centre, Trust
from guardcli.model.errors import ConfigurationError, GuardError, UnavailableError
from guardcli.policy import load_policy
from guardcli.signing import ForgedError


@dataclass
class Watched:
    """A watch over what a middle lets through, and what it told."""

    watch: Watch
    contact: Contact
    told: queue.Queue[Ruling | GuardError] = field(default_factory=queue.Queue)

    def next(self) -> Ruling | GuardError:
        return self.told.get(timeout=600)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentralApi]:
    with central_api(tmp_path_factory.mktemp("central")) as found:
        yield found


@pytest.fixture
def middle(api: CentralApi) -> Iterator[Middle]:
    with in_the_middle(api.url) as found:
        yield found


@pytest.fixture
def watched(api: CentralApi, middle: Middle, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    group = request.node.name[:60].replace("[", "-").replace("]", "")
    priorities = iter(range(len(api.admin().history()["orders"]) + 1, 10**6))
    token = api.token(group, Role.AGENT, group)
    api.publish(group, policy("first", "allow"), next(priorities))
    trust = Trust(tmp_path, middle.url)
    trust.learn(api.keys.public())
    centre = Centre(api.client(token, middle.url), token, trust, tmp_path)
    machine = Machine(load_policy("pack:default"), chosen=False)
    contact = Contact()
    found = Watched(Watch(centre, machine, machine.under(centre.ask()), contact), contact)
    found.group = group  # type: ignore[attr-defined]
    found.watch.start(found.told.put)
    yield found
    found.watch.stop()
    api.publish("*", policy("end", "deny"))  # ends the poll that is under way


def test_a_change_is_told_at_once(api: CentralApi, watched: Any) -> None:
    for name in ("second", "third"):
        api.publish(watched.group, policy(name, "deny"))
        found = watched.next()
        assert isinstance(found, Ruling) and found.policy.name == name and found.is_central
    api.admin().assign(found.assigned.version - 1, watched.group, rollback=False)
    assert watched.next().policy.name == "second"
    api.admin().withdraw(watched.group)
    found = watched.next()
    assert isinstance(found, Ruling) and found.policy.name != "second"


def test_what_concerns_others_is_not_told(api: CentralApi, watched: Any) -> None:
    api.publish("others", policy("others", "deny"), 10**5)
    api.publish(watched.group, policy("mine", "deny"))
    assert watched.next().policy.name == "mine"


def test_what_does_not_hold_changes_nothing_and_is_told_once(api: CentralApi, middle: Middle, watched: Any) -> None:
    def laxer(path: str, form: Any) -> Any:
        if form["bundle"]:
            form["bundle"]["content"] = form["bundle"]["content"].replace("deny", "allow")
        return form

    middle.change = laxer
    api.publish(watched.group, policy("second", "deny"))
    assert isinstance(watched.next(), ForgedError)
    answered = len(middle.answers)
    while len(middle.answers) < answered + 2:
        assert watched.told.empty()
        time.sleep(0.01)
    middle.change = lambda path, form: form
    found = watched.next()
    assert isinstance(found, Ruling) and found.policy.name == "second"


def test_an_api_that_repeats_itself_is_one_that_is_away(api: CentralApi, middle: Middle, watched: Any) -> None:
    old = dict(middle.answers[0])
    middle.change = lambda path, form: old
    api.publish(watched.group, policy("second", "deny"))
    found = watched.next()
    assert isinstance(found, ForgedError) and "another question" in str(found)
    assert watched.contact._failing is not None


def test_an_outage_is_noted_and_told_and_ends(api: CentralApi, middle: Middle, watched: Any) -> None:
    middle.change = lambda path, form: None
    api.publish(watched.group, policy("second", "deny"))
    assert isinstance(watched.next(), UnavailableError)
    assert watched.contact._failing is not None
    answered = len(middle.answers)
    while len(middle.answers) < answered + 2:
        assert watched.told.empty(), "an outage is told once"
        time.sleep(0.01)
    middle.change = lambda path, form: form
    assert watched.next().policy.name == "second"
    assert watched.contact._failing is None


def test_a_bundle_that_this_guard_cannot_read_leaves_the_one_before(api: CentralApi, watched: Any) -> None:
    """The API loads what is published, so this takes one that is newer than this machine's guard."""
    from guardcli.api.store.policies import Wish
    from guardcli.policy.bundles import packed

    content = packed("a.yaml", {"a.yaml": "version: 1\nname: a\nfuture: true\n"})
    wish = Wish("token:root", watched.group)
    api.store.policies.publish(api.keys, content, load_policy("pack:default"), wish, "")
    api.publish("*", policy("wakes", "deny"))
    found = watched.next()
    assert isinstance(found, ConfigurationError) and "future" in str(found)
