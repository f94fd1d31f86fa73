"""Several workers behave as one server: they share waiting, numbers and processes; one that is lost comes back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from guardcli.api.workers import SHORT_LIVES
from guardcli.client.policies import PolicyApi
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import DeniedError


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def running(shared_empty: str, tmp_path_factory: pytest.TempPathFactory, make) -> Iterator[object]:
    directory = tmp_path_factory.mktemp("many")
    server = make.Server(directory, "--uds", str(directory / "api.sock"), "--workers", "3")
    server.database = shared_empty
    server.start()
    yield server
    server.stop()


@pytest.fixture
def many(running) -> object:
    """A server of three workers, started again where the test before has ended it."""
    if running.process.poll() is not None:
        running.stop()
        running.start()
    return running


def test_a_decision_wakes_whoever_waits_at_another_worker(many, make) -> None:
    client = many.client()
    own = client.with_token(client.create_session(make.facts()))

    def act(number: int) -> None:
        ids = [own.request_approval("session-0001", f"{number}{which:063x}").id for which in range(12)]
        answers: list[ApprovalState] = []

        def wait(id: str) -> None:
            mine = many.client()
            answers.append(mine.wait_approval(id, 60).state)
            mine.close()

        waiters = [threading.Thread(target=wait, args=(id,)) for id in ids]
        for waiter in waiters:
            waiter.start()
        time.sleep(1.0)
        for id in ids:
            client.decide_approval(id, True)
        for waiter in waiters:
            waiter.join()
        assert answers == [ApprovalState.APPROVED] * len(ids)

    assert make.woken(act), "found by looking again"
    own.close()
    client.close()


def test_a_policy_that_is_published_reaches_whoever_waits_at_another_worker(many, make) -> None:
    client = many.client()
    nonce = "0" * 32

    def act(number: int) -> None:
        known = {"nonce": nonce, "group": "agents"}
        before = client.transport.call("GET", "/v1/policy", query=known)["answer"]["serial"]
        answers: list[int] = []

        def wait() -> None:
            mine = many.client()
            query = {**known, "serial": before, "wait": 60}
            answers.append(mine.transport.call("GET", "/v1/policy", query=query, wait=60)["answer"]["version"])
            mine.close()

        waiters = [threading.Thread(target=wait) for _ in range(9)]
        for waiter in waiters:
            waiter.start()
        time.sleep(1.0)
        text = f"version: 1\nname: a{number}\nrules: [{{id: all-ask, match: {{tool: psql}}, decision: approve}}]\n"
        version = PolicyApi(client).publish("a.yaml", {"a.yaml": text}, "agents")["published"]["version"]
        for waiter in waiters:
            waiter.join()
        assert answers == [version] * len(waiters)

    assert make.woken(act), "found by looking again"
    client.close()


def test_a_session_registered_at_one_worker_is_inside_for_all(many, make) -> None:
    client = many.client()
    script = 'read go; exec "$@"'
    asking = (
        "import sys; from guardcli.client.api import ApiClient\n"
        "for _ in range(20):\n"
        "    client = ApiClient(sys.argv[1])\n"
        "    try: list(client.sessions()); print('did it')\n"
        "    except Exception as error: print(type(error).__name__)\n"
        "    client.close()"
    )
    command = ["sh", "-c", script, "sh", sys.executable, "-c", asking, many.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as agent:
        client.create_session(make.facts("session-inside"), [agent.pid])
        said, _ = agent.communicate("go\n")
    assert said.split() == [DeniedError.__name__] * 20
    client.close()


def test_a_worker_that_is_killed_comes_back_and_all_numbers_are_added(many, make) -> None:
    parent = many.process.pid
    make.wait_until(lambda: len(children(parent)) == 3)
    before, answered = children(parent), answers_of_health(many)
    os.kill(before[0], signal.SIGKILL)
    make.wait_until(lambda: len(set(children(parent)) - set(before)) == 1)
    for _ in range(10):
        client = many.client()
        client.health()
        client.close()
    assert answers_of_health(many) == answered + 10
    assert many.stop() == 0


def answers_of_health(server) -> int:
    """Return how often all workers together say that they have told how they do."""
    client = server.client()
    text = client._transport._send("GET", "/metrics", None, None, 10, stream=False).data.decode()
    client.close()
    return sum(map(int, re.findall(r'^guard_http_requests_total\{.*route="/v1/health".*\} (\d+)', text, re.M)))


def test_workers_end_with_their_parent(many, make) -> None:
    parent = many.process.pid
    make.wait_until(lambda: len(children(parent)) == 3)
    workers = children(parent)
    os.kill(parent, signal.SIGKILL)
    make.wait_until(lambda: not any(Path(f"/proc/{pid}/stat").exists() for pid in workers))


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.2, 0.6])
def test_a_stop_at_any_moment_of_the_start_is_heeded(tmp_path: Path, make, pause: float) -> None:
    server = make.Server(tmp_path, "--uds", str(tmp_path / "api.sock"), "--workers", "2")
    server.start()
    time.sleep(pause)
    assert server.stop() in (0, -signal.SIGTERM)


def test_workers_that_never_stay_alive_end_the_server() -> None:
    script = (
        "import os, sys; from guardcli.api.workers import Workers; from guardcli.model.errors import UnavailableError\n"
        "def work(): os.write(1, b'x'); raise RuntimeError('no')\n"
        "try: Workers(2, work).run()\n"
        "except UnavailableError: sys.exit(69)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert done.returncode == 69
    assert SHORT_LIVES <= len(done.stdout) <= SHORT_LIVES + 2
