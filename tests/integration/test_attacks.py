"""A hostile agent against a live broker: whatever it sends, the session goes on serving."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

LIBRARY = r'''
import array, json, os, resource, select, socket, struct, subprocess, sys, time, traceback
PLACE = os.path.dirname(os.environ["GUARD_SOCKET"])
HEAD = struct.Struct("<4sHHI")

def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(os.environ["GUARD_SOCKET"])
    s.settimeout(60)
    return s

def frame(kind, body=b"", magic=b"GARD", version=1, length=None):
    return HEAD.pack(magic, version, kind, len(body) if length is None else length) + body

def call(argv, env=(), tool=b"probe", cwd=b"/", opened=0, terminals=0, directory=0, argc=None, envc=None, tail=b""):
    head = struct.pack("<BBBBHHII", opened, terminals, 0, directory, 24, 80,
                       len(argv) if argc is None else argc, len(env) if envc is None else envc)
    return frame(1, head + b"".join(part + b"\0" for part in (tool, cwd, *argv, *env)) + tail)

def send(s, data, fds=()):
    s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])

def answer(s):
    """Return the type of the answer and how many descriptors came; (0, 0) at the end."""
    try:
        data, fds, _, _ = socket.recv_fds(s, 1 << 20, 40)
    except OSError:
        return 0, 0
    for fd in fds: os.close(fd)
    return (HEAD.unpack(data[:12])[2] if data else 0), len(fds)

def one(data, fds=()):
    with connect() as s:
        try: send(s, data, fds)
        except OSError: pass
        s.shutdown(socket.SHUT_WR)
        return answer(s)

def broker():
    above = os.getppid()
    children = open(f"/proc/{above}/task/{above}/children").read().split()
    (found,) = [int(pid) for pid in children if int(pid) != os.getpid()]
    return found

def held():
    return len(os.listdir(f"/proc/{broker()}/fd"))

def settled(most, seconds=60):
    end = time.monotonic() + seconds
    while held() > most and time.monotonic() < end: time.sleep(0.05)
    return held()

def serves():
    try: done = subprocess.run(["probe", "echo", "ok"], capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired: return "probe hangs"
    return "" if (done.returncode, done.stdout) == (0, "ok\n") else f"probe: {done.returncode} {done.stdout}{done.stderr}"

SLACK = 2  # connections to the API come and go
REPORT = {}
def attack(work):
    before = held()
    try: said = work()
    except Exception as error: said = traceback.format_exc() + f"{type(error).__name__}: {error}"
    trouble = serves()
    left = settled(before + SLACK)
    if left > before + SLACK: trouble += f" {left - before} descriptors are left"
    REPORT[work.__name__] = [said, trouble]

def report():
    log = open(os.path.join(PLACE, "broker.log")).read()
    print(json.dumps([REPORT, log]))
'''


def hostile(sandbox, text: str, **keywords: Any) -> dict[str, list]:
    """Run attacks in one session; return what each said, once nothing went wrong after any of them."""
    warm = "serves()\nsubprocess.run(['gate'], stderr=subprocess.DEVNULL)"
    program = f"{LIBRARY}\n{warm}\n{text}\nreport()\n"
    done = sandbox.python(program, options=["--approval-wait", "0"], **keywords)
    assert done.returncode == 0, done.stderr[-3000:]
    found, log = json.loads(done.stdout.splitlines()[-1])
    assert [said for said, _ in found.values() if "Traceback" in str(said)] == []
    assert {name: trouble for name, (_, trouble) in found.items() if trouble} == {}, log[-3000:]
    assert "Traceback" not in log, log[-3000:]
    assert "ERROR" not in log, log[-3000:]
    return {name: said for name, (said, _) in found.items()}


FRAMES = r"""
@attack
def cut_at_every_byte():
    whole = call([b"probe", b"touch", b"ran"])
    return sorted({one(whole[:n])[0] for n in range(0, len(whole))})
@attack
def no_frames():
    return sorted({one(data)[0] for data in (
        b"GET / HTTP/1.1\r\n\r\n", b"\0" * 4096, frame(1, magic=b"DRAG"), frame(1, version=2), frame(99), frame(17, b"x" * 20),
        frame(1, length=(8 << 20) + 1), frame(1, length=0xFFFFFFFF), frame(2, b"x" * 17), frame(2, struct.pack("<II", 0, 0)),
        frame(3, b"\0" * 4), frame(4, b"\0" * 4))})
@attack
def calls_that_lie():
    return sorted({one(data)[0] for data in (
        call([]), call([b"probe"], argc=2), call([b"probe"], argc=0xFFFFFFFF), call([b"probe"], envc=0xFFFFFFFF),
        call([b"probe"], tool=b"../probe"), call([b"probe"], tool=b""), call([b"probe"], cwd=b"relative"),
        call([b"probe", b"a\0b"]), call([b"probe"], tail=b"more"), call([b"probe"], opened=8), call([b"probe"], terminals=2),
        call([b"probe"], opened=7), call([b"probe"], directory=1))})
@attack
def too_many_descriptors():
    null = [os.open("/dev/null", os.O_RDWR)] * 60
    return sorted({one(call([b"probe"]), null[:n])[0] for n in (1, 4, 5, 60)}), one(frame(2), null[:4])[0]
@attack
def descriptors_with_every_byte():
    null, whole = os.open("/dev/null", os.O_RDWR), call([b"probe"])
    with connect() as s:
        try:
            for n in range(len(whole)): send(s, whole[n:n + 1], [null] * 4)
        except OSError: pass
        return answer(s)[0]
@attack
def frames_out_of_turn():
    said = []
    for extra in (call([b"probe"]), frame(3, struct.pack("<HH", 1, 1)), frame(4, struct.pack("<I", 1)), b"junk" * 9,
                  frame(2, struct.pack("<II", 9, 9)), frame(2, struct.pack("<II", 1, 0)), frame(2, struct.pack("<II", 0, 256))):
        with connect() as s:
            send(s, call([b"probe"], tool=b"probe"))
            said.append(answer(s)[0])
            send(s, extra)
            said.append(answer(s)[0])
    return sorted(set(said))
@attack
def frames_after_the_end():
    with connect() as s:
        send(s, call([b"probe"]) + frame(2, struct.pack("<II", 0, 0)) * 50)
        return answer(s)[0]
@attack
def a_tool_that_is_none():
    said = []
    for tool in (b".", b"..", b"nothing", b"guard-shim", b"\xff", b"x" * 5000):
        with connect() as s:
            send(s, call([b"x"], tool=tool))
            said.append(answer(s)[0])
    return said
"""


@pytest.fixture
def sandbox(shared_sandbox):
    """Nothing here looks at what other tests left in the record."""
    return shared_sandbox


def test_no_frame_harms_the_broker(sandbox) -> None:
    said = hostile(sandbox, FRAMES)
    assert said["a_tool_that_is_none"] == [18] * 6
    assert said["cut_at_every_byte"] == [0]
    assert said["no_frames"] == [0]
    assert said["calls_that_lie"] == [0]
    assert said["too_many_descriptors"] == [[0], 0]
    assert said["descriptors_with_every_byte"] == 0
    assert said["frames_out_of_turn"] == [0, 17]
    assert not (sandbox.work / "ran").exists()


DESCRIPTORS = r"""
import pty, signal
null = os.open("/dev/null", os.O_RDWR)
def kinds():
    yield "directory", os.open("/", os.O_RDONLY)
    yield "path", os.open("/", os.O_PATH)
    yield "path of a file", os.open(sys.executable, os.O_PATH)
    yield "read only", os.open(sys.executable, os.O_RDONLY)
    yield "epoll", os.dup((poll := select.epoll()).fileno())
    yield "memfd", os.memfd_create("x")
    yield "eventfd", os.eventfd(0)
    a, b = socket.socketpair(); b.close()
    yield "socket without its other end", a.detach()
    yield "datagram", socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach()
    yield "unconnected", socket.socket(socket.AF_UNIX).detach()
    listening = socket.socket(); listening.bind(("127.0.0.1", 0)); listening.listen()
    yield "listening", listening.detach()
    r, w = os.pipe(); os.close(r)
    yield "pipe without a reader", w
    r, w = os.pipe(); os.close(w)
    yield "reading end", r
    master, slave = pty.openpty(); os.close(master)
    yield "terminal that was hung up", slave
    master, slave = pty.openpty()
    yield "master of a terminal", master
    yield "full", os.open("/dev/full", os.O_WRONLY)
    yield "proc", os.open("/proc/self/mem", os.O_RDWR)
    yield "pidfd", os.pidfd_open(os.getpid())

@attack
def descriptors_of_odd_kinds():
    said = []
    for name, fd in kinds():
        for terminals in (0, 7):
            for as_directory in (0, 1):
                with connect() as s:
                    send(s, call([b"probe"], opened=7, terminals=terminals, directory=as_directory), [fd] * (3 + as_directory))
                    kind, given = answer(s)
                    try: send(s, frame(2, struct.pack("<II", 0, 0)))
                    except OSError: pass  # refused, and the connection closed
                    said.append((name, kind, answer(s)[0]))
        os.close(fd)
    return sorted({kind for _, kind, _ in said})
@attack
def the_connection_as_its_own_output():
    with connect() as s:
        send(s, call([b"probe", b"echo"], opened=6), [s.fileno(), s.fileno()])
        return answer(s)[0]
@attack
def output_that_would_block_whoever_writes_it():
    event = os.eventfd(0)
    written = struct.pack("<Q", (1 << 64) - 2).decode("latin-1")
    p = subprocess.Popen(["probe", sys.executable, "-c", "import os,time\nfor n in range(3): os.write(1, b'\\xfe' + b'\\xff' * 7); time.sleep(0.2)"], stdout=event, stderr=null)
    time.sleep(1.5)
    ok = serves()
    p.kill(); p.wait()
    os.set_blocking(event, False)
    for _ in range(20):
        try: os.read(event, 8)
        except BlockingIOError: pass
        time.sleep(0.05)
    return ok
@attack
def two_calls_that_share_a_long_input():
    r, w = os.pipe()
    calls = [subprocess.Popen(["reads", "-"], stdin=r, stdout=null, stderr=null) for _ in range(2)]
    os.close(r); os.set_blocking(w, False)
    end, sent, oks = time.monotonic() + 8, 0, []
    while time.monotonic() < end and sent < (24 << 20):
        try: sent += os.write(w, b"x" * 65536)
        except BlockingIOError: time.sleep(0.001)
    for _ in range(40):
        try: os.write(w, b"x")
        except BlockingIOError: pass
        time.sleep(0.01)
    ok = serves()
    os.close(w)
    for p in calls: p.kill(); p.wait()
    return ok
@attack
def a_refusal_that_nobody_reads():
    r, w = os.pipe(); os.set_blocking(w, False)
    try:
        while True: os.write(w, b"x" * 4096)
    except BlockingIOError: os.set_blocking(w, True)
    calls = [subprocess.Popen(["shut"], stderr=w) for _ in range(12)]
    time.sleep(1)
    for p in calls: p.kill(); p.wait()
    left = settled(held() - 30, 1)
    globals().update(keep=(r, w))
    return ""
"""


def test_no_descriptor_harms_the_broker(sandbox) -> None:
    sandbox.tool("reads", "#!/bin/sh\ncat >/dev/null\n")
    said = hostile(sandbox, DESCRIPTORS)
    assert said["descriptors_of_odd_kinds"] == [0, 17]
    assert said["the_connection_as_its_own_output"] == 0
    assert said["output_that_would_block_whoever_writes_it"] == ""
    assert said["two_calls_that_share_a_long_input"] == ""


SILENCE = r"""
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
@attack
def connections_that_say_nothing():
    kept, said = [], []
    for _ in range(min(6000, hard - 200)):
        kept.append(connect())
        if len(kept) % 2000 == 0: said.append(serves())
    most = settled(4999)
    for s in kept[-300:]: s.sendall(frame(1, length=1 << 20) + b"x")
    said.append(serves())
    for s in kept: s.close()
    return [most < 5000, *said]
"""


def test_connections_that_say_nothing_stop_no_call(sandbox) -> None:
    said = hostile(sandbox, SILENCE)["connections_that_say_nothing"]
    assert said[0] is True
    assert [one for one in said if one not in (True, "")] == []


def test_a_broker_without_descriptors_serves_again_once_there_are_some(sandbox) -> None:
    program = (
        LIBRARY
        + r"""
limit = resource.prlimit(broker(), resource.RLIMIT_NOFILE)
resource.prlimit(broker(), resource.RLIMIT_NOFILE, (held() + 3, limit[1]))
done = subprocess.run(["probe", "touch", "ran"], capture_output=True, text=True, timeout=600)
print(done.returncode, os.path.exists("ran"))
resource.prlimit(broker(), resource.RLIMIT_NOFILE, limit)
print(serves())
"""
    )
    done = sandbox.python(program)
    assert done.stdout == "69 False\n\n", done.stderr


DOUBLED = r"""
import ctypes, os, sys
libc = ctypes.CDLL(None)
def run(*entries):
    path = os.environ["PATH"].encode()
    every = [b"PATH=" + path, *entries]
    sys.stdout.flush()
    if (pid := os.fork()) == 0:
        which = next(d for d in path.split(b":") if os.path.exists(d + b"/probe")) + b"/probe"
        argv = (ctypes.c_char_p * 4)(b"probe", b"printenv", b"-0", None)
        libc.execve(which, argv, (ctypes.c_char_p * (len(every) + 1))(*every, None))
    os.waitpid(pid, 0)
    print()
run(b"MARK=good", b"MARK=evil")
run(b"MARK", b"MARK=only")
run(b"OTHER=1", b"MARK=only")
"""


def test_a_tool_gets_the_variables_that_were_judged_and_no_second_ones(sandbox) -> None:
    sandbox.tool(
        "probe", "#!/usr/bin/python3 -S\nimport os, sys\nos.write(1, open('/proc/self/environ', 'rb').read())\n"
    )
    found = sandbox.python(DOUBLED).stdout.splitlines()
    marks = [[entry for entry in line.split("\0") if entry.startswith("MARK")] for line in found]
    assert marks == [["MARK=good"], ["MARK=only"], ["MARK=only"]]


def test_a_script_that_names_a_shim_behind_its_first_line_runs_the_tool(sandbox) -> None:
    sandbox.tool("probe", "#!/bin/sh\ncat\n")
    done = sandbox.script(
        "printf '#!%s\\n' $(command -v probe) > script; chmod +x script; echo through | ./script;"
        "printf '#!%s\\n' $(command -v shut) > probe; chmod +x probe; ./probe"
    )
    assert done.stdout == "through\n"
    assert (done.returncode, "Never in a test" in done.stderr) == (77, True)


FORGED = r"""
import shutil
shim = shutil.which("probe")
def shown():
    done = subprocess.run(["ssh", "host", "git-receive-pack 'a.git'"], capture_output=True, text=True, timeout=600)
    return [done.returncode, done.stdout]
with connect() as s:
    send(s, call([b"git", b"--version"], tool=b"git"))
    assert answer(s)[0] in (16, 17)
    print(shown())
"""


def test_a_process_that_says_that_it_is_git_is_none(sandbox) -> None:
    sandbox.tool("ssh", "#!/bin/sh\necho ran\n")
    sandbox.policy.write_text(
        "version: 1\nname: git\nrules:\n"
        "  - {id: git, match: {tool: git}, decision: allow}\n"
        "  - {id: own, match: {tool: ssh, parent: git}, decision: allow}\n"
        "  - {id: ssh, match: {tool: ssh}, unless: {parent: git}, decision: deny}\n"
    )
    assert sandbox.python(LIBRARY + FORGED).stdout == "[77, '']\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_what_git_itself_starts_is_told_from_what_a_hook_starts(sandbox, terminal) -> None:
    test_a_process_that_says_that_it_is_git_is_none(sandbox)
    script = "git clone -q host:a.git b; git init -q c; cd c; "
    script += "printf '#!/bin/sh\\nssh host x; exit 0\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; "
    script += "git -c user.name=a -c user.email=a@b.c commit -q --allow-empty -m x"
    sandbox.tool("ssh", '#!/bin/sh\necho "$*" >> $HOME/ran\n')
    if terminal:
        (sandbox.work / "go").write_text(script)
        script = "script -qec 'sh go' /dev/null"
    sandbox.script(script, stdin=subprocess.DEVNULL)
    (ran,) = (sandbox.root / "ran").read_text().splitlines()
    assert ran.endswith("host git-upload-pack 'a.git'")


def test_a_tool_has_no_descriptor_that_it_would_not_have_without_guard(sandbox) -> None:
    call = "exec 9<&0; probe python3 -S -c 'import os; print(sorted(os.listdir(\"/proc/self/fd\")))'"
    bare = subprocess.run(["sh", "-c", call], env=sandbox.env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert "'9'" in bare.stdout
    assert sandbox.script(call, stdin=subprocess.DEVNULL).stdout == bare.stdout
