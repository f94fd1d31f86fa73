"""An agent that wants out, tried in each mode. `GUARD_TEST_WRITE_TABLE=1` writes what came of it into the threat model.

The sandboxes differ in their network alone. So in the second and third one, what can have to do with a network is tried, and
all the rest in the first; as a user of its own, what has to do with users; `GUARD_TEST_ALL_ATTACKS=1` tries everything everywhere (`scripts/soak/run attacks`).
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from attacks.outcomes import MODES, OPEN_INSIDE, OWN_USER, on_the_page, outcome, write

if TYPE_CHECKING:
    from attacks.conftest import Target
    from attacks.own_user import OwnUser

OUTLIVES = "a process that outlives the session"
LEFT = "anything left in the home, but for the project"
OF_A_NETWORK = re.compile(
    r"network|loopback|host|metadata|DNS|socket|client|server|own request|broker|session|API|namespace", re.IGNORECASE
)
WHOLE = ("off", "isolated")
OF_A_USER = re.compile(
    r"guard's|shim|another user|identity|absolute path|git's own exec|/proc/PID/exe|signal|spool|priority|abstract"
)
EVERYTHING = bool(os.environ.get("GUARD_TEST_ALL_ATTACKS") or os.environ.get("GUARD_TEST_WRITE_TABLE"))
RESULTS: dict[str, dict[str, list[str]]] = {}

pytestmark = pytest.mark.xdist_group("attacks")


class Machines(NamedTuple):
    """What is attacked: as the user who started guard, and as another one."""

    target: Target
    own_user: OwnUser


@pytest.fixture(scope="module")
def machines(target: Target, own_user: OwnUser) -> Machines:
    return Machines(target, own_user)


def wanted_in(mode: str) -> list[str]:
    """Return the attempts to make in `mode`, none for all of them."""
    if EVERYTHING or mode in WHOLE:
        return []
    of_it = OF_A_USER if MODES[mode][0] == OWN_USER else OF_A_NETWORK
    return [words for words in on_the_page()[mode] if of_it.search(words) or words == OUTLIVES]


def tried(machines: Machines, mode: str) -> dict[str, list[str]]:
    """Return what came of every attempt in `mode`, with what is left of it on the machine afterwards."""
    target = machines.target
    if mode not in RESULTS:
        before = target.home_files()
        isolate, network = MODES[mode]
        if isolate == OWN_USER:
            found, project = machines.own_user.attack(*wanted_in(mode)), machines.own_user.project
        else:
            found, project = target.attack(isolate, *wanted_in(mode), network=network), target.project
        time.sleep(2.5)  # a process that outlives the session would have written by now
        outlived = project / "outlived"
        found[OUTLIVES][0] = "it wrote a file" if outlived.exists() else ""
        outlived.unlink(missing_ok=True)
        after = target.home_files()
        changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        found[LEFT] = [", ".join(changed), "", ""]
        for name in changed:
            path = target.home / name
            path.write_bytes(before[name]) if name in before else path.unlink(missing_ok=True)
        RESULTS[mode] = found
    return RESULTS[mode]


@pytest.mark.parametrize("mode", OPEN_INSIDE)
def test_inside_nothing_is_open_but_what_is_listed_with_its_reason(machines, mode: str) -> None:
    opened = {words: result[0] for words, result in tried(machines, mode).items() if outcome(result) == "open"}
    assert {words: gained for words, gained in opened.items() if words not in OPEN_INSIDE[mode]} == {}


def test_the_attempts_are_many_and_work_where_nothing_stops_them(machines) -> None:
    found = tried(machines, "off")
    assert len(found) >= 80
    opened = [words for words, result in found.items() if outcome(result) == "open"]
    assert len(opened) >= 40, opened


def test_the_page_says_what_came_of_every_attempt(machines) -> None:
    results = {mode: tried(machines, mode) for mode in MODES}
    if os.environ.get("GUARD_TEST_WRITE_TABLE"):
        write(results)
    page = on_the_page()
    for mode, found in results.items():
        wanted = wanted_in(mode)
        assert found.keys() == ({*wanted, LEFT} if wanted else page[mode].keys())
        worse = {
            words: result[0]
            for words, result in found.items()
            if outcome(result) == "open" and page[mode][words] != "open"
        }
        assert worse == {}, mode
