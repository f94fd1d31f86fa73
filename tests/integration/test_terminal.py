"""A person's terminal: the tool gets one of its own, and every key, size and stop reaches it."""

from __future__ import annotations

import sys
import termios

import pexpect
import pytest


@pytest.fixture
def sandbox(shared_sandbox):
    """Nothing here looks at what other tests left in the record."""
    return shared_sandbox


@pytest.fixture
def terminal(sandbox):
    """Start an interactive bash under guard on a PTY, as a person would."""
    started = []

    def start(*agent: str) -> pexpect.spawn:
        (sandbox.root / "inputrc").write_text("set enable-bracketed-paste off\n")
        env = {**sandbox.env, "PS1": "READY> ", "TERM": "xterm", "INPUTRC": str(sandbox.root / "inputrc")}
        command = ["-m", "guardcli", "run", "--", *(agent or ("bash", "--norc", "--noprofile", "-i"))]
        child = pexpect.spawn(sys.executable, command, env=env, cwd=str(sandbox.work), timeout=600, dimensions=(31, 97))
        child.delaybeforesend = None
        started.append(child)
        if not agent:
            child.expect_exact("READY> ")
        return child

    yield start
    for child in started:
        child.close(force=True)


def command(child: pexpect.spawn, text: str) -> str:
    """Type a command and return what it printed."""
    child.sendline(text)
    child.expect_exact(text)
    child.expect_exact("READY> ")
    return child.before.decode().replace("\r\n", "\n").strip()


def test_the_tool_sees_a_terminal_of_the_same_size(terminal):
    child = terminal()
    assert command(child, "probe sh -c 'test -t 0 && test -t 1 && test -t 2 && stty size'") == "31 97"


def test_output_is_masked_and_lines_are_not_doubled(terminal):
    child = terminal()
    child.sendline("probe echo bob@corp.io")
    child.expect_exact("probe echo bob@corp.io\r\n")
    child.expect_exact("READY> ")
    assert child.before.decode() == "[EMAIL]\r\n"


def test_keys_reach_the_tool_and_echo_once(terminal):
    child = terminal()
    child.sendline("probe sh -c 'echo be\"\"gun; read line; echo got=$line'")
    child.expect_exact("begun\r\n")
    child.sendline("typed")
    child.expect_exact("READY> ")
    assert child.before.decode() == "typed\r\ngot=typed\r\n"


def test_a_prompt_without_a_newline_appears(terminal):
    child = terminal()
    child.sendline("probe sh -c 'printf \"Password: \"; read x; echo'")
    child.expect_exact("Password: ")
    child.sendline("secret")
    child.expect_exact("READY> ")


def test_ctrl_c_ends_the_tool_and_not_the_agent(terminal):
    child = terminal()
    child.sendline(
        "probe sh -c 'echo begun; exec sleep 60'"
    )  # a shell may hold a Ctrl-C back until its own child has ended
    child.expect_exact("begun\r\n")
    child.sendcontrol("c")
    child.expect_exact("READY> ")
    assert command(child, "echo status $?") == "status 130"


def test_ctrl_z_and_fg(terminal):
    child = terminal()
    child.sendline("probe sh -c 'echo begun; read x; echo got=$x'")
    child.expect_exact("begun\r\n")
    child.sendcontrol("z")
    child.expect_exact("Stopped")
    child.expect_exact("READY> ")
    assert "typed in the shell" in command(child, "echo typed in the shell")
    child.sendline("fg")
    child.expect_exact("probe sh")
    child.expect_exact("\r\n")
    child.sendline("again")
    child.expect_exact("got=again")
    child.expect_exact("READY> ")


def test_a_new_size_reaches_the_tool(terminal):
    child = terminal()
    child.sendline(
        "probe python3 -S -c \"import signal,os,time; signal.signal(signal.SIGWINCH, lambda *a: print('size', *os.get_terminal_size(), flush=True)); print('be'+'gun', flush=True); [time.sleep(0.1) for _ in range(600)]\""
    )
    child.expect_exact("begun")
    child.setwinsize(44, 111)
    child.expect_exact("size 111 44")
    child.sendcontrol("c")
    child.expect_exact("READY> ")


def test_the_terminal_is_as_it_was_afterwards(terminal):
    child = terminal()
    before = command(child, "stty -a | sha256sum")
    command(child, "probe true")
    command(child, "probe sh -c 'kill -9 $$'")
    child.sendline("probe sh -c 'echo begun; sleep 60' & sleep 0.5; kill -9 $!; wait")
    child.expect_exact("READY> ")
    assert before in command(child, "stty -a | sha256sum")


def test_a_full_screen_program_works(terminal):
    child = terminal()
    child.sendline("seq 500 > lines; probe less lines")
    child.expect_exact("\r\n30")
    child.send("G")
    child.expect_exact("500")
    child.send("q")
    child.expect_exact("READY> ")


def test_a_pipeline_with_the_terminal_on_one_side_only(terminal):
    child = terminal()
    assert command(child, "echo in | probe cat | tr a-z A-Z") == "IN"
    assert command(child, "echo in | probe cat") == "in"
    assert command(child, "probe sh -c 'echo out; echo err >&2' | cat").splitlines() in (["out", "err"], ["err", "out"])


def test_a_tool_in_the_background_leaves_the_keys_alone(terminal):
    child = terminal()
    child.sendline("probe sh -c 'until [ -e mine ]; do sleep 0.02; done; echo from behind' &")
    child.expect_exact("READY> ")
    assert "still mine" in command(child, "echo still mine")
    child.sendline("touch mine")
    child.expect_exact("from behind")


def test_the_agents_own_end_is_reported(terminal):
    child = terminal("sh", "-c", "exit 41")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 41


def test_a_hangup_ends_everything(terminal, sandbox, wait_for):
    child = terminal()
    child.sendline("probe sh -c 'echo $$ > pid; echo begun; sleep 60'")
    child.expect_exact("begun\r\n")
    pid = int((sandbox.work / "pid").read_text())
    child.close(force=False)
    from pathlib import Path

    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    wait_for(lambda: sandbox.sessions()[0]["state"] == "closed")


def test_raw_mode_is_left_when_the_broker_is_killed(terminal, sandbox):
    child = terminal()
    child.sendline("probe sh -c 'echo begun; sleep 60'")
    child.expect_exact("begun\r\n")
    assert not termios.tcgetattr(child.fileno())[3] & termios.ICANON
    import os
    import signal
    from pathlib import Path

    front = child.pid
    children = Path(f"/proc/{front}/task/{front}/children").read_text().split()
    broker = next(int(p) for p in children if b"guardcli" in Path(f"/proc/{p}/cmdline").read_bytes())
    os.kill(broker, signal.SIGKILL)
    child.expect_exact("the broker of this session was lost")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 69
