"""Processes of guard's own that the agent, running as the same user, cannot read; signals on their way to the agent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import ctypes, os, subprocess, sys
from guardcli.broker.agent import keep_memory_private
if os.geteuid() == 0: os.setgid(54321); os.setuid(54321)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # setuid(2) has made it unreadable; most programs are not, and begin so
def readable(pid):
    found = []
    for name in ("mem", "environ", "maps"):
        try: open(f"/proc/{pid}/{name}", "rb").close(); found.append(name)
        except OSError: pass
    return found
ours, theirs = os.pipe()
go, said = os.pipe()
keeper = os.fork()
if keeper == 0:
    if sys.argv[1] == "private": keep_memory_private()
    os.write(theirs, b"x")
    os.read(go, 1)
    os._exit(0)
os.read(ours, 1)
print(readable(keeper))
os.write(said, b"x")
os.waitpid(keeper, 0)
keep_memory_private()
child = subprocess.Popen(["sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE)
child.stdout.readline()
print(readable(child.pid))
child.kill()
child.wait()
"""


def test_memory_that_is_private_is_read_by_no_process_of_the_same_user_and_programs_started_are_as_ever() -> None:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    for how, expected in (("plain", "['mem', 'environ', 'maps']\n"), ("private", "[]\n")):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, timeout=600, env=env, cwd="/"
        )
        assert done.stdout == expected + "['mem', 'environ', 'maps']\n", done.stdout + done.stderr


SUPERVISED = """
import os, signal, socket, sys, threading, time
from guardcli.broker import agent
from guardcli.broker.agent import Supervisor
agent.ENTER_SECONDS = 1000.0
broker, control = socket.socketpair()
supervisor = Supervisor(control)
def interrupt():
    while not os.path.exists("begun"): time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)
    while sys.argv[1:]: time.sleep(0.3); os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.3); broker.send(b"i")
threading.Thread(target=interrupt, daemon=True).start()
print(os.waitstatus_to_exitcode(supervisor.run(["sh", "sandbox"], os.environ, enters=True)))
"""


def test_a_signal_that_comes_before_the_agent_is_inside_reaches_the_agent_and_not_the_sandbox(tmp_path: Path) -> None:
    (tmp_path / "sandbox").write_text("sh first; exit $?")
    (tmp_path / "first").write_text("sh agent; exit $?")
    (tmp_path / "agent").write_text("trap 'echo heard; exit 3' TERM; touch begun; while :; do sleep 0.05; done")
    command = [sys.executable, "-c", SUPERVISED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert done.stdout == "heard\n3\n", done.stderr


def test_a_second_signal_ends_what_hangs_before_the_agent_is_inside(tmp_path: Path) -> None:
    (tmp_path / "sandbox").write_text("trap '' TERM; touch begun; while :; do sleep 0.05; done")
    command = [sys.executable, "-c", SUPERVISED, "again"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert done.stdout == "-9\n", done.stderr
