"""The shim in every situation that a shell or an agent puts a program into."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest


@pytest.fixture
def sandbox(shared_sandbox):
    """Nothing here looks at what other tests left in the record."""
    return shared_sandbox


def test_exit_statuses_are_the_tools_own(sandbox):
    done = sandbox.script(
        'for i in $(seq 0 255); do probe sh -c "exit $i"; [ $? = $i ] || echo "$i became $?"; done; echo all'
    )
    assert done.stdout == "all\n"


def test_death_by_each_signal_is_the_tools_own(sandbox):
    numbers = [n for n in range(1, 65) if n not in (17, 18, 19, 20, 21, 22, 23, 28, 32, 33)]
    program = f"""
import subprocess
for number in {numbers}:
    done = subprocess.run(["probe", "python3", "-c", f"import os, signal; signal.signal({{number}}, signal.SIG_DFL) if {{number}} not in (9, 19) else 0; os.kill(os.getpid(), {{number}})"])
    if done.returncode != -number: print(number, "became", done.returncode)
print("all")
"""
    assert sandbox.python(program).stdout == "all\n"


def test_stdout_and_stderr_stay_apart(sandbox):
    done = sandbox.script("probe sh -c 'echo out; echo err >&2'")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_joined_stdout_and_stderr_keep_their_order(sandbox):
    done = sandbox.script("probe sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done' 2>&1")
    assert done.stdout == "".join(f"o{i}\ne{i}\n" for i in range(1, 10))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_are_closed_for_the_tool_as_well(sandbox, closed):
    program = "import os\nseen = []\nfor fd in range(3):\n    try: os.fstat(fd); seen.append('o')\n    except OSError: seen.append('c')\nopen('seen', 'w').write(''.join(seen))"
    (sandbox.work / "look.py").write_text(program)
    bare = subprocess.run(
        ["sh", "-c", f"probe python3 -S look.py {closed}"], cwd=sandbox.work, env=sandbox.env, check=True
    )
    assert bare.returncode == 0
    expected = (sandbox.work / "seen").read_text()
    assert sandbox.script(f"probe python3 -S look.py {closed}").returncode == 0
    assert (sandbox.work / "seen").read_text() == expected
    assert "c" in expected


def test_descriptors_of_every_kind_work_in_the_same_call(sandbox):
    program = """
import os, pty, socket, subprocess
def run(stdin, stdout, stderr):
    return subprocess.run(["probe", "sh", "-c", "cat; echo err >&2"], stdin=stdin, stdout=stdout, stderr=stderr).returncode
a, b = socket.socketpair()
a.sendall(b"by socket\\n"); a.shutdown(socket.SHUT_WR)
print(run(b, b, open("errors", "w")), a.recv(100))
open("input", "w").write("by file\\n")
print(run(open("input"), open("output", "w"), subprocess.DEVNULL), open("output").read(), open("errors").read())
print(run(open("input"), open("output", "a"), subprocess.DEVNULL), open("output").read().splitlines())
os.mkfifo("fifo")
reader = os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
print(run(open("input"), open("fifo", "w"), subprocess.DEVNULL), os.read(reader, 100))
master, slave = pty.openpty()
print(run(open("input"), subprocess.DEVNULL, slave), os.read(master, 100))
"""
    done = sandbox.python(program)
    assert done.stdout.splitlines() == [
        "0 b'by socket\\n'",
        "0 by file",
        " err",
        "",
        "0 ['by file', 'by file']",
        "0 b'by file\\n'",
        "0 b'err\\r\\n'",
    ], done.stderr


def test_the_agents_descriptors_stay_blocking(sandbox):
    done = sandbox.script(
        "probe echo x; python3 -c 'import os; print([os.get_blocking(n) for n in (0, 1, 2)])'", stdin=subprocess.PIPE
    )
    assert done.stdout == "x\n[True, True, True]\n"


def test_arguments_and_environment_close_to_the_limit_arrive_whole(sandbox):
    program = """
import os, subprocess, hashlib
room = os.sysconf("SC_ARG_MAX") - sum(len(k) + len(v) + 10 for k, v in os.environ.items()) - 200_000
arguments = ["x" * 100_000 + str(n) for n in range(room // 100_020)]
out = subprocess.run(["probe", "python3", "-c", "import sys, hashlib; print(hashlib.sha256(' '.join(sys.argv[1:]).encode()).hexdigest())", *arguments], capture_output=True, text=True)
print(out.stdout.strip() == hashlib.sha256(" ".join(arguments).encode()).hexdigest(), len(arguments) > 10, out.stderr)
"""
    assert sandbox.python(program).stdout == "True True \n"


def test_arguments_that_are_no_text_arrive_as_they_are(sandbox):
    done = sandbox.script(
        r"""probe printf '%s|' "$(printf '\377\376')" '' 'a b' "$(printf '\n')x" | od -An -c | tr -s ' '"""
    )
    assert done.stdout == " 377 376 | | a b | x |\n"


def test_a_deleted_directory_is_no_obstacle(sandbox):
    done = sandbox.script("mkdir gone && cd gone && rmdir ../gone && probe sh -c 'echo in; exit 3'; echo $?")
    assert done.stdout == "in\n3\n", done.stderr


def test_the_tool_runs_where_the_agent_is_and_with_its_umask_and_limits(sandbox):
    done = sandbox.script("mkdir d && cd d && umask 027 && ulimit -n 77 && probe sh -c 'pwd; umask; ulimit -n'")
    assert done.stdout.split() == [str(sandbox.work / "d"), "0027", "77"]


@pytest.mark.parametrize(
    "command",
    [
        "setsid -w probe echo yes",
        "nohup probe echo yes 2>/dev/null",
        "timeout 20 probe echo yes",
        "echo 1 | xargs -n1 sh -c 'probe echo yes'",
        "probe echo yes & wait",
        "(trap '' INT TERM; probe echo yes)",
        'env -i PATH="$PATH" probe echo yes',
        'env -i "$(command -v probe)" echo yes',
        "exec probe echo yes",
        "(exec -a other probe echo yes) 2>/dev/null || probe echo yes",
        "printf '' | probe echo yes | cat",
        'python3 -c \'import signal, os; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp("probe", ["probe", "echo", "yes"])\'',
    ],
)
def test_it_works_under(sandbox, command):
    done = sandbox.run("bash", "-c", command, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (0, "yes\n"), done.stderr


def test_parallel_calls_by_xargs_all_arrive(sandbox):
    done = sandbox.script("seq 60 | xargs -P 12 -n 1 probe echo | sort -n | tr '\\n' ' '")
    assert done.stdout == "".join(f"{n} " for n in range(1, 61))


def test_nohup_survives_a_hangup(sandbox):
    done = sandbox.script(
        "nohup probe sh -c 'touch begun; until [ -e hung ]; do sleep 0.02; done; echo lived' >out 2>/dev/null &"
        "until [ -e begun ]; do sleep 0.02; done; kill -HUP $!; touch hung; wait $!; echo $?; cat out"
    )
    assert done.stdout == "0\nlived\n"


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "QUIT", "USR1"])
def test_a_signal_to_the_shim_reaches_the_tool(sandbox, name):
    program = f"""
import os, signal, subprocess
tool = '''
import os, signal, sys, time
signal.signal(signal.SIG{name}, lambda *_: (os.write(1, b"got it\\\\n"), sys.exit(9)))
os.write(1, b"ready\\\\n")
time.sleep(30)
'''
p = subprocess.Popen(["probe", "python3", "-S", "-c", tool], stdout=subprocess.PIPE, text=True)
print(p.stdout.readline(), end="", flush=True)
os.kill(p.pid, signal.SIG{name})
print(p.stdout.read(), p.wait())
"""
    assert sandbox.python(program).stdout == "ready\ngot it\n 9\n"


def test_the_tool_dies_with_a_killed_shim(sandbox, wait_for):
    done = sandbox.script(
        "probe sh -c 'echo $$ > pid; exec sleep 60' & P=$!; until [ -s pid ]; do sleep 0.02; done; kill -9 $P; wait $P; echo $?"
    )
    assert done.stdout == "137\n"
    pid = int((sandbox.work / "pid").read_text())
    wait_for(lambda: not Path(f"/proc/{pid}").exists())


def test_stop_and_continue_reach_the_tool(sandbox):
    program = r"""
import os, signal, subprocess, time
def state(pid): return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]
def until(condition):
    end = time.time() + 60
    while not condition():
        if time.time() > end: raise SystemExit("waited in vain")
        time.sleep(0.02)
p = subprocess.Popen(["probe", "sh", "-c", "echo $$ > pid; exec cat"], stdin=subprocess.PIPE, process_group=0)
until(lambda: os.path.exists("pid") and open("pid").read())
tool = int(open("pid").read())
os.kill(p.pid, signal.SIGTSTP)
until(lambda: state(p.pid) == "T" and state(tool) == "T")
os.kill(p.pid, signal.SIGCONT)
until(lambda: state(tool) != "T")
os.kill(tool, signal.SIGSTOP)
until(lambda: state(p.pid) == "T")
os.kill(p.pid, signal.SIGCONT)
p.stdin.close()
print(p.wait())
"""
    assert sandbox.python(program).stdout == "0\n"


def test_a_reader_that_leaves_ends_the_tool_as_without_guard(sandbox):
    done = sandbox.script("probe yes | head -n 2; echo done", timeout=600)
    assert done.stdout == "y\ny\ndone\n"


def test_output_of_a_process_that_the_tool_left_still_arrives(sandbox):
    done = sandbox.script(
        "probe sh -c '(until [ -e left ]; do sleep 0.02; done; echo late) & echo early' >>out; echo left >>out; touch left;"
        "until grep -q late out; do sleep 0.02; done; cat out"
    )
    assert done.stdout == "early\nleft\nlate\n"


def test_without_a_broker_nothing_runs(sandbox):
    from guardcli.broker.shim_binary import shim_binary

    link = sandbox.root / "probe"
    link.symlink_to(shim_binary())
    env = {**sandbox.env, "GUARD_SOCKET": str(sandbox.root / "nobody.sock")}
    done = subprocess.run([str(link), "touch", "ran"], env=env, cwd=sandbox.work, capture_output=True, text=True)
    assert done.returncode == 69
    assert "no broker answers" in done.stderr and "guard run" in done.stderr
    assert not (sandbox.work / "ran").exists()


def test_a_name_that_the_caller_makes_up_changes_nothing(sandbox):
    done = sandbox.run("bash", "-c", "(exec -a probe shut touch ran); echo $?; ls")
    assert done.stdout == "77\n"


def test_a_tool_that_is_not_there_is_said_to_be(sandbox):
    (sandbox.bin / "probe").unlink()
    done = sandbox.script("probe x; echo $?")
    assert done.stdout == "127\n"
    assert "no real program" in done.stderr


def test_a_tool_that_cannot_be_started_is_said_to_be(sandbox):
    sandbox.tool("probe", "#!/nonexistent/interpreter\n")
    done = sandbox.script("probe x; echo $?")
    assert done.stdout == "127\n"
    assert "could not be started" in done.stderr


def test_a_call_recorded_by_its_command_takes_the_shims_place(sandbox):
    done = sandbox.script("quiet sh -c 'echo bob@corp.io; readlink /proc/$$/fd/1; exit 5' > out; echo $?; head -1 out")
    assert done.stdout == "5\nbob@corp.io\n"
    assert (sandbox.work / "out").read_text().splitlines()[1] == str(sandbox.work / "out")


def test_a_tool_frozen_by_its_reader_costs_no_memory_and_goes_on(sandbox):
    program = """
import subprocess, time
p = subprocess.Popen(["probe", "head", "-c", "50000000", "/dev/zero"], stdout=subprocess.PIPE)
time.sleep(1.0)
total = 0
while data := p.stdout.read(1 << 20): total += len(data)
print(total, p.wait())
"""
    started = time.monotonic()
    assert sandbox.python(program).stdout == "50000000 0\n"
    assert time.monotonic() - started < 90


def test_ctrl_c_while_waiting_for_a_person_leaves_nothing(sandbox):
    program = """
import os, signal, subprocess
p = subprocess.Popen(["gate", "touch", "ran"], stderr=subprocess.PIPE, text=True)
p.stderr.readline()
os.kill(p.pid, signal.SIGINT)
print(p.wait())
"""
    assert sandbox.python(program).stdout == f"{-signal.SIGINT}\n"
    assert not (sandbox.work / "ran").exists()
    failed = sandbox.events(type="failed")
    assert "left before" in failed[0]["data"]["reason"]


def test_the_shims_are_left_out_of_the_real_tools_way(sandbox):
    done = sandbox.script("probe sh -c 'command -v probe'; command -v probe")
    inner, outer = done.stdout.split()
    assert inner == outer
    assert outer.startswith(str(sandbox.root / "run"))
    assert not os.path.exists(outer)
