"""An agent that wants out, tried in each mode. `GUARD_TEST_WRITE_TABLE=1` writes what came of it into the threat model."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from outcomes import MODES, OPEN_INSIDE, on_the_page, outcome, write

RESULTS: dict[str, dict[str, list[str]]] = {}

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("attacks")]


def tried(target, mode: str) -> dict[str, list[str]]:
    """Return what came of every attempt in `mode`, with what is left of it on the machine afterwards."""
    if mode not in RESULTS:
        before = target.home_files()
        isolate, network = MODES[mode]
        found = target.attack(isolate, network=network)
        time.sleep(2.5)  # a process that outlives the session would have written by now
        outlived = target.project / "outlived"
        found["a process that outlives the session"][0] = "it wrote a file" if outlived.exists() else ""
        outlived.unlink(missing_ok=True)
        after = target.home_files()
        changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        found["anything left in the home, but for the project"] = [", ".join(changed), "", ""]
        for name in changed:
            path = target.home / name
            path.write_bytes(before[name]) if name in before else path.unlink(missing_ok=True)
        RESULTS[mode] = found
    return RESULTS[mode]


@pytest.mark.parametrize("mode", OPEN_INSIDE)
def test_inside_nothing_is_open_but_what_is_listed_with_its_reason(target, mode: str) -> None:
    opened = {words: result[0] for words, result in tried(target, mode).items() if outcome(result) == "open"}
    assert {words: gained for words, gained in opened.items() if words not in OPEN_INSIDE[mode]} == {}


def test_the_attempts_are_many_and_work_where_nothing_stops_them(target) -> None:
    found = tried(target, "off")
    assert len(found) >= 80
    opened = [words for words, result in found.items() if outcome(result) == "open"]
    assert len(opened) >= 40, opened


def test_the_page_says_what_came_of_every_attempt(target) -> None:
    results = {mode: tried(target, mode) for mode in MODES}
    if os.environ.get("GUARD_TEST_WRITE_TABLE"):
        write(results)
    page = on_the_page()
    for mode, found in results.items():
        assert page[mode].keys() == found.keys()
        worse = {
            words: result[0]
            for words, result in found.items()
            if outcome(result) == "open" and page[mode][words] != "open"
        }
        assert worse == {}, mode
