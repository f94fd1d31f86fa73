"""The real server: who is at the other end, long polls, idleness, stopping, and dying at the wrong moment."""

from __future__ import annotations

import os
import random
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from guardcli.client.api import ApiClient
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import DeniedError, UnauthorizedError, UnavailableError
from guardcli.model.secrets import Secret

DIGEST = "a" * 64


CHILD = """
import sys
from guardcli.client.api import ApiClient
from guardcli.model.errors import GuardError
from guardcli.model.secrets import Secret
token = Secret(sys.argv[3]) if len(sys.argv) > 3 else None
client = ApiClient(sys.argv[1], token)
for act in (lambda: client.decide_approval(sys.argv[2], True, "mine"), lambda: list(client.sessions()),
            lambda: client.list_approvals(), lambda: client.verify()):
    try:
        act()
        print("did it")
    except GuardError as error:
        print(type(error).__name__)
"""


def ask_from(prefix: list[str], server, approval: str, token: str = "", **environment: str) -> list[str]:
    command = [*prefix, sys.executable, "-c", CHILD, server.url, approval, *([token] if token else [])]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    return done.stdout.split()


@pytest.fixture
def asked(server, client: ApiClient, make) -> Iterator[tuple[ApiClient, str, str]]:
    """A session that this very process is registered for, and an approval that it waits for."""
    id = f"session-{random.randrange(10**9):09}"
    token = client.create_session(make.facts(id), pids=())
    own = client.with_token(token)
    approval = own.request_approval(id, os.urandom(32).hex(), command="psql -c x").id
    yield own, id, approval
    own.close()


def test_a_process_outside_decides(server, client: ApiClient, asked) -> None:
    assert ask_from([], server, asked[2]) == ["did", "it"] * 4
    assert client.approval(asked[2]).state is ApprovalState.APPROVED


WAYS_IN = {
    "a child": [],
    "a grandchild": ["sh", "-c", '"$@"; true', "sh"],
    "in a session of its own": ["setsid", "-w"],
    "with signals ignored": ["nohup"],
    "by another program": ["timeout", "30"],
    "without any environment": ["env", "-i", f"PATH={os.environ['PATH']}"],
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_a_process_inside_neither_decides_nor_lists(server, client: ApiClient, asked, way: str) -> None:
    own, id, approval = asked
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as front:
        own.add_processes(id, [front.pid])
    script = 'read go; exec "$@"'
    command = ["sh", "-c", script, "sh", *WAYS_IN[way], sys.executable, "-c", CHILD, server.url, approval]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as agent:
        own.add_processes(id, [agent.pid])
        said, _ = agent.communicate("go\n")
    assert said.split() == ["DeniedError"] * 4
    assert client.approval(approval).state is ApprovalState.PENDING


def test_an_approvers_token_does_not_help_inside(server, client: ApiClient, asked) -> None:
    own, id, approval = asked
    issued = server.token("admin", os.urandom(4).hex())
    command = ["sh", "-c", 'read go; exec "$@"', "sh", sys.executable, "-c", CHILD, server.url, approval, issued]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as agent:
        own.add_processes(id, [agent.pid])
        said, _ = agent.communicate("go\n")
    assert said.split() == ["DeniedError"] * 4
    assert ask_from([], server, approval, issued) == ["did", "it"] * 4


def test_the_mark_in_the_environment_is_enough_to_be_inside(server, asked) -> None:
    assert ask_from([], server, asked[2], GUARD_SESSION=asked[1]) == ["DeniedError"] * 4


def test_the_sessions_own_token_works_from_inside(server, client: ApiClient, make) -> None:
    script = (
        "import sys; from guardcli.client.api import ApiClient; from guardcli.model.secrets import Secret\n"
        "own = ApiClient(sys.argv[1], Secret(sys.stdin.readline().strip()))\n"
        "print(own.append_events(sys.argv[2], [])); print(own.request_approval(sys.argv[2], 'a' * 64).state.value)"
    )
    command = [sys.executable, "-c", script, server.url, "session-inner"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as broker:
        token = client.create_session(make.facts("session-inner"), [broker.pid])
        said, _ = broker.communicate(token.reveal() + "\n")
    assert said.split() == ["0", "pending"]


def test_from_inside_nobody_outside_is_declared_inside(server, client: ApiClient, asked) -> None:
    """Otherwise an agent could shut its reviewer out."""
    own, id, approval = asked
    script = (
        "import sys, time; from guardcli.client.api import ApiClient; from guardcli.model.secrets import Secret\n"
        "sys.stdin.readline(); base = ApiClient(sys.argv[1]); outside = [int(sys.argv[2])]\n"
        "facts = {'id': 'session-' + sys.argv[2], 'identity': 'x', 'started': time.time()}\n"
        "base.with_token(base.create_session(facts, outside)).add_processes(facts['id'], outside); print('said')"
    )
    command = [sys.executable, "-c", script, server.url, str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as agent:
        own.add_processes(id, [agent.pid])
        said, _ = agent.communicate("go\n")
    assert said.strip() == "said"
    fresh = server.client()
    assert fresh.decide_approval(approval, True).state is ApprovalState.APPROVED
    fresh.close()


def test_registered_processes_are_remembered_across_a_restart(tmp_path: Path, make) -> None:
    server = make.Server(tmp_path)
    server.start()
    client = server.client()
    command = ["sh", "-c", 'read go; exec "$@"', "sh", sys.executable, "-c", CHILD, server.url]
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as front:
        token = client.create_session(make.facts(), [front.pid])
        approval = client.with_token(token).request_approval("session-0001", DIGEST).id
        with subprocess.Popen([*command, approval], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as agent:
            client.with_token(token).add_processes("session-0001", [agent.pid])
            assert server.stop() == 0
            server.start()
            said, _ = agent.communicate("go\n")
    assert said.split() == ["DeniedError"] * 4
    assert server.stop() == 0


def test_a_peer_that_is_gone_before_it_was_looked_at_is_inside(server, client: ApiClient, asked) -> None:
    """A child connects, hands its end to this process and ends: whoever uses it then is not who connected."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                os.kill(server.process.pid, signal.SIGSTOP)
                connection.connect(str(server.socket))
                socket.send_fds(theirs, [b"x"], [connection.fileno()])
        finally:
            os._exit(0)
    _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    os.waitpid(child, 0)
    os.kill(server.process.pid, signal.SIGCONT)
    with socket.socket(fileno=descriptors[0]) as connection:
        connection.sendall(b"GET /v1/sessions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert b" 403 " in connection.recv(4096).split(b"\r\n")[0]
    ours.close()
    theirs.close()


def test_the_socket_is_the_owners_alone(server) -> None:
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_another_user_is_not_answered(server) -> None:
    server.socket.chmod(0o666)
    for directory in (server.directory, *server.directory.parents[:3]):
        directory.chmod(directory.stat().st_mode | 0o011)
    script = (
        "import os, socket, sys; os.setgid(65534); os.setuid(65534); s = socket.socket(socket.AF_UNIX)\n"
        "s.connect(sys.argv[1])\n"
        "try: s.sendall(b'GET /v1/health HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n'); print(s.recv(100))\n"
        "except OSError: print(b'')"
    )
    done = subprocess.run([sys.executable, "-c", script, str(server.socket)], capture_output=True, text=True)
    assert done.stdout.strip() == "b''", done.stderr


def test_a_waiting_agent_hears_of_the_answer_at_once(client: ApiClient, asked, make) -> None:
    own, id, _ = asked

    def act(number: int) -> None:
        approval = own.request_approval(id, f"{number:064x}").id
        answers = []
        waiters = [threading.Thread(target=lambda: answers.append(own.wait_approval(approval, 30))) for _ in range(20)]
        for waiter in waiters:
            waiter.start()
        time.sleep(0.3)
        assert answers == []
        client.decide_approval(approval, False, "because")
        for waiter in waiters:
            waiter.join()
        assert {(answer.state, answer.reason) for answer in answers} == {(ApprovalState.DENIED, "because")}

    assert make.woken(act), "found by looking again"


def test_waiting_ends_with_the_approvals_own_end(asked, make) -> None:
    own, id, _ = asked

    def act(number: int) -> None:
        approval = own.request_approval(id, f"{number:064x}", expires=0.3)
        assert own.wait_approval(approval.id, 30).state is ApprovalState.EXPIRED

    assert make.woken(act)


def test_waiting_without_an_answer_is_still_pending(asked) -> None:
    own, _, approval = asked
    assert own.wait_approval(approval, 0.1).state is ApprovalState.PENDING
    assert own.wait_approval(approval, 0).state is ApprovalState.PENDING


def test_a_live_tail_sees_events_as_they_come(client: ApiClient, make) -> None:
    id = "session-tail"
    own = client.with_token(client.create_session(make.facts(id)))
    chain = make.usual(id)
    seen: list[int] = []
    tail = threading.Thread(target=lambda: seen.extend(event.sequence for event in client.events(id, follow=True)))
    tail.start()
    for item in chain.items:
        own.append_events(id, [(item.event, item.content)])
    tail.join(60)
    assert seen == list(range(len(chain.items)))


def test_a_recording_comes_back_whole_and_by_call(client: ApiClient, make) -> None:
    id = "session-cast"
    own = client.with_token(client.create_session(make.facts(id)))
    chain = make.usual(id)
    own.append_events(id, [(item.event, item.content) for item in chain.items])
    contents = [item.content for item in chain.items if item.content]
    assert list(client.recording(id)) == contents
    second = list(client.recording(id, 2))
    assert second == [contents[0], b'[0.0, "o", "line 2\\r\\n"]\n', '[1.0, "o", "é\\r\\n"]\n'.encode()]
    assert list(client.recording(id, 3)) == contents[:1]
    whole = b"".join(contents)
    for start in range(len(whole) + 2):
        assert b"".join(client.recording_from(id, start)) == whole[start:]


def test_on_tcp_a_token_is_always_needed(tmp_path: Path, make) -> None:
    server = make.Server(tmp_path, "--host", "127.0.0.1", "--port", "0")
    server.start()
    try:
        port = int((tmp_path / "api.log").read_text().split('"port": ')[1].split("}")[0])
        url = f"http://127.0.0.1:{port}"
        assert ApiClient(url).health()["status"] == "ok"
        with pytest.raises(UnauthorizedError):
            list(ApiClient(url).sessions())
        tokens = {}
        for role in ("agent", "approver"):
            tokens[role] = server.token(role, role)
        agent, approver = (ApiClient(url, Secret(tokens[role])) for role in ("agent", "approver"))
        own = agent.with_token(agent.create_session(make.facts()))
        approval = own.request_approval("session-0001", DIGEST).id
        with pytest.raises(DeniedError):
            agent.decide_approval(approval, True)
        assert approver.decide_approval(approval, True).reviewer == "approver"
        assert own.consume_approval(approval, DIGEST).state is ApprovalState.CONSUMED
    finally:
        assert server.stop() == 0


def test_an_idle_server_stops_and_a_live_session_keeps_it(tmp_path: Path, make) -> None:
    server = make.Server(tmp_path, "--uds", str(tmp_path / "api.sock"), "--idle", "3")
    server.start()
    own = server.client().with_token(server.client().create_session(make.facts()))
    time.sleep(4)
    assert server.process.poll() is None
    own.append_events("session-0001", [(item.event, item.content) for item in make.usual().items])
    assert server.process.wait(60) == 0
    assert not server.socket.exists()
    server.stop()


def test_a_stop_lets_go_of_those_who_wait(tmp_path: Path, make) -> None:
    server = make.Server(tmp_path)
    server.start()
    client = server.client()
    own = client.with_token(client.create_session(make.facts()))
    seen: list[bool] = []
    waiting = threading.Thread(target=lambda: seen.append(own.events_page("session-0001", wait=60).closed))
    waiting.start()
    time.sleep(0.5)
    assert server.stop() == 0
    waiting.join(60)
    assert seen == [False], "answered, not cut off"


def test_two_servers_never_share_a_socket(tmp_path: Path, make) -> None:
    first, second = make.Server(tmp_path), make.Server(tmp_path)
    first.start()
    starting = threading.Thread(target=second.start)
    starting.start()
    time.sleep(0.8)
    health = first.client().health()
    assert health["status"] == "ok"
    assert first.stop() == 0
    starting.join(60)
    make.wait_until(lambda: second.socket.exists())
    assert second.client().health()["status"] == "ok"
    assert second.stop() == 0


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path, make) -> None:
    """Killed at random moments while events stream in; what was acknowledged is there, and the chain holds."""
    server = make.Server(tmp_path)
    server.start()
    token = server.client().create_session(make.facts())
    chain = make.Chain()
    for number in range(600):
        chain.output(b"%d\n" % number * 200, 1)
    stop = threading.Event()
    acknowledged = 0

    def send() -> None:
        nonlocal acknowledged
        own = ApiClient(server.url, token, timeout=5.0)
        while acknowledged < len(chain.items) and not stop.is_set():
            batch = [(item.event, item.content) for item in chain.items[acknowledged : acknowledged + 5]]
            try:
                acknowledged = own.append_events(chain.session, batch)
            except UnavailableError:
                time.sleep(0.02)

    sender = threading.Thread(target=send)
    sender.start()
    pick = random.Random(7)
    try:
        for _ in range(5):
            time.sleep(pick.uniform(0.02, 0.15))
            server.stop(signal.SIGKILL)
            before = acknowledged
            server.start()
            assert server.client().session(chain.session).events >= before
        sender.join(600)
    finally:
        stop.set()
        sender.join(10)
    assert acknowledged == len(chain.items)
    report = server.client().verify()
    assert (report.whole, report.events) == (True, len(chain.items))
    assert b"".join(server.client().recording(chain.session)) == b"".join(item.content for item in chain.items)
    assert server.stop() == 0


def test_a_disk_that_is_full_acknowledges_nothing_and_goes_on_when_there_is_room(tmp_path: Path, make) -> None:
    """The limit on the size of files stands in for the full disk: the kernel refuses the write all the same."""
    server = make.Server(tmp_path)
    server.start()
    client = server.client()
    own = client.with_token(client.create_session(make.facts()))
    chain = make.Chain()
    for _ in range(40):
        chain.output(os.urandom(20_000), 1)
    batch = [(item.event, item.content) for item in chain.items]
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (300_000, limits[1]))
    acknowledged = 0
    with pytest.raises(UnavailableError, match="cannot be written"):
        while acknowledged < len(batch):
            acknowledged = own.append_events(chain.session, batch[acknowledged : acknowledged + 2])
    assert 0 < acknowledged < len(batch)
    assert client.session(chain.session).events == acknowledged
    with pytest.raises(UnavailableError):
        own.request_approval(chain.session, DIGEST, justification="x" * 60_000)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
    assert own.append_events(chain.session, batch[acknowledged:]) == len(batch)
    assert client.verify().whole
    assert server.stop() == 0
