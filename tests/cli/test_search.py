"""`guard sessions search`, on a real API: answers the questions people have, and acts on no terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from inside import guard

from guardcli.client.api import ApiClient
from guardcli.client.embedded import embedded_pid, ensure_embedded
from guardcli.model.events import GENESIS, EventType, chained

EVIL = "select card from orders \x1b]0;owned\x07\u202e"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    place = tmp_path_factory.mktemp("house")
    for name in ("state", "runtime", "config"):
        (place / name).mkdir(mode=0o700)
    client = ApiClient(ensure_embedded(place / "runtime", place / "state" / "guard.db", place / "state"))
    own = client.with_token(
        client.create_session({"id": "session-0001", "identity": "agent@x", "started": time.time()})
    )
    judged = {"tool": "psql", "command": EVIL, "verdict": "allow", "rule": "reads"}
    steps = [
        (
            "03:11:00",
            EventType.JUDGED,
            1,
            {**judged, "operations": [{"effects": ["read"], "targets": ["table:/orders"]}]},
        ),
        ("03:12:30", EventType.MASKED, 1, {"findings": {"credit_card": 2}, "stream": "stdout"}),
        ("03:13:00", EventType.JUDGED, 2, {"tool": "git", "command": "git push", "verdict": "deny", "rule": "no"}),
    ]
    last = GENESIS
    for number, (at, type, call, data) in enumerate(steps):
        event = chained("session-0001", number, f"2026-03-01T{at}.000000Z", type, call, data, last)
        own.append_events("session-0001", [(event, None)])
        last = event.hash
    settings = {f"GUARD_{name}_DIR": str(place / name.lower()) for name in ("STATE", "RUNTIME", "CONFIG")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return guard("sessions", "search", *arguments, env={**os.environ, **settings})

    yield run
    pid = embedded_pid(place / "runtime")
    own.close()
    client.close()
    assert pid is not None
    os.kill(pid, signal.SIGTERM)


def sequences(told: subprocess.CompletedProcess[str]) -> list[int]:
    return [json.loads(line)["sequence"] for line in told.stdout.splitlines()]


QUESTIONS = [
    (["--since", "2026-03-01T03:12Z", "--until", "2026-03-01T03:13Z"], [1]),
    (["--detector", "credit_card"], [1]),
    (["--detector", "iban"], []),
    (["--table", "orders", "--effect", "read"], [1, 0]),
    (["--verdict", "deny", "--session", "session-0"], [2]),
    (["select", "card"], [0]),
    (["card*", "--limit", "1"], [1]),
    (["--limit", "2"], [2, 1]),
    (["--session", "last", "--tool", "git"], [2]),
]


@pytest.mark.parametrize(("asked", "found"), QUESTIONS, ids=str)
def test_a_question_is_answered(search: Run, asked: list[str], found: list[int]) -> None:
    told = search("--json", *asked)
    assert sequences(told) == found, told.stderr
    assert told.returncode == (0 if found else 1)


def test_what_is_shown_acts_on_no_terminal(search: Run) -> None:
    told = search("card")
    assert "select card from orders \\x1b]0;owned\\x07\\u202e" in told.stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(told.stdout)
    assert "2026-03-01 03:11:00Z" in told.stdout and "rule reads" in told.stdout
    assert "credit_card ×2" in search("--detector", "credit_card").stdout
    assert search("nowhere").stdout == "nothing was found\n"


WRONG = [["***"], ["--since", "soon"], ["--since", "1h", "--until", "2h"], ["--session", "none"], ["--effect", "x"]]


@pytest.mark.parametrize("asked", WRONG, ids=str)
def test_a_wrong_question_is_said(search: Run, asked: list[str]) -> None:
    told = search(*asked)
    assert told.returncode != 0 and told.stdout == ""
    assert told.stderr and "Traceback" not in told.stderr
