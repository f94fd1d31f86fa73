"""To reach into guard's processes, the tools' and the kernel."""

import ctypes
import fcntl
import os
import pty
import signal
import socket
import subprocess
from pathlib import Path

from attempt import FACTS, attempt, fork_and, libc, shell
from tools import parent, running_git


def no(result):
    return "" if result < 0 else f"answered {result}"


@attempt("ptrace of a process of one's own")
def trace_own():
    with subprocess.Popen(["sleep", "5"]) as process:
        result = libc.ptrace(16, process.pid, 0, 0)
        process.kill()
    return no(result)


@attempt("ptrace of a running tool")
def trace_tool():
    with running_git() as pid:
        return seized(pid)


@attempt("ptrace of the shim")
def trace_shim():
    with running_git() as pid:
        return seized(parent(pid))


def seized(pid):
    result = libc.ptrace(0x4206, pid, 0, 0)
    if result >= 0:  # it is let go again, which only a stopped process can be
        libc.ptrace(0x4207, pid, 0, 0)
        os.waitpid(pid, 0)
        libc.ptrace(17, pid, 0, 0)
    return no(result)


@attempt("the memory of a running tool (/proc/PID/mem)")
def memory_of_the_tool():
    with running_git() as pid, open(f"/proc/{pid}/mem", "rb"):
        return "opened"


@attempt("the memory of the shim (/proc/PID/mem)")
def memory_of_the_shim():
    with running_git() as pid, open(f"/proc/{parent(pid)}/mem", "rb"):
        return "opened"


@attempt("the memory of the shim at its very start")
def memory_at_the_start():
    for _ in range(40):
        pid = os.fork()
        if pid == 0:
            os.execvp("git", ["git", "status"])
        try:
            for _ in range(300):
                try:
                    with open(f"/proc/{pid}/mem", "rb"), open(f"/proc/{pid}/cmdline", "rb") as line:
                        if line.read().startswith(b"git") and "guard" in os.readlink(f"/proc/{pid}/exe"):
                            return "opened"
                except OSError:
                    break
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return ""


@attempt("process_vm_readv of a running tool")
def vm_read():
    class Piece(ctypes.Structure):
        _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))

    with running_git() as pid:
        buffer = ctypes.create_string_buffer(8)
        here, there = Piece(ctypes.addressof(buffer), 8), Piece(0x400000, 8)
        result = libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
        denied = ctypes.get_errno() in (1, 3, 13)
    return "" if result < 0 and denied else f"answered {result}"


@attempt("a descriptor taken out of the shim (pidfd_getfd)")
def take_descriptor():
    with running_git() as pid:
        fd = os.pidfd_open(parent(pid))
        return no(libc.syscall(438, fd, 0, 0))


@attempt("the broker's process seen at all")
def see_the_broker():
    return os.path.exists(f"/proc/{FACTS['api']}") and "guardcli" in Path(f"/proc/{FACTS['api']}/cmdline").read_text()


@attempt("the session's token out of the broker's memory")
def token():
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in (os.getpid(), os.getppid()):
            try:
                if b"guardcli\0run" in (entry / "cmdline").read_bytes():
                    with open(entry / "mem", "rb"):
                        return entry.name
            except OSError:
                continue
    return ""


@attempt("the API ended by a signal")
def kill_the_api():
    os.kill(FACTS["api"], 0)
    return "could"


@attempt("guard's processes ended by a signal", harmless="the session ends with them: nothing runs unjudged")
def kill_guard():
    above = os.getppid()
    os.kill(above, 0)
    return "could" if b"guardcli" in Path(f"/proc/{above}/cmdline").read_bytes() else ""


@attempt("the shim stopped and gone on with later", harmless="the call waits; what runs is what was judged")
def stop_the_shim():
    with running_git() as pid:
        os.kill(parent(pid), signal.SIGSTOP)
        os.kill(parent(pid), signal.SIGCONT)
    return "stopped"


@attempt("characters put into the terminal's input (TIOCSTI)")
def terminal_input():
    return "put" if typed(0x5412) else ""


@attempt("the same with the upper half of the request set")
def terminal_input_high():
    return "put" if typed(0x5412 | 1 << 32) else ""


@attempt("the same by the numbers of another ABI (x32, i386)")
def other_abi():
    status = fork_and(lambda: 0 if libc.syscall(0x40000000 + 39) > 0 else 1)
    return "ran" if status == 0 else ""


def typed(request):
    master, slave = pty.openpty()

    def child():
        os.setsid()
        fcntl.ioctl(slave, 0x540E, 0)
        return 0 if libc.syscall(16, slave, ctypes.c_ulong(request), ctypes.create_string_buffer(b"x")) == 0 else 1

    status = fork_and(child)
    os.close(master)
    os.close(slave)
    return status == 0


@attempt("a user namespace of one's own (unshare)")
def new_user_namespace():
    return "entered" if fork_and(lambda: -libc.unshare(0x10000000)) == 0 else ""


@attempt("a user namespace by clone and clone3")
def cloned():
    pid = libc.syscall(56, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
        return "cloned"
    arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, 0)
    pid = libc.syscall(435, arguments, 88)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
        return "cloned"
    return ""


@attempt("bubblewrap or unshare(1) inside, to have mounts of one's own")
def nested_sandbox():
    return shell("bwrap --bind / / --dev /dev true && echo in") or shell("unshare -rm true && echo in")


@attempt("a namespace entered by a descriptor (setns)")
def enter_namespace():
    return no(libc.setns(os.open("/proc/1/ns/mnt", os.O_RDONLY), 0))


@attempt("chroot and pivot_root")
def new_root():
    return "changed" if fork_and(lambda: -libc.chroot(b"/tmp")) == 0 else ""


@attempt("io_uring, which no filter of system calls sees")
def ring():
    return no(libc.syscall(425, 4, ctypes.create_string_buffer(120)))


@attempt("bpf and perf_event_open")
def programs_in_the_kernel():
    return no(libc.syscall(321, 5, ctypes.create_string_buffer(120), 120)) or no(
        libc.syscall(298, ctypes.create_string_buffer(128), 0, -1, -1, 0)
    )


@attempt("userfaultfd")
def faults():
    return no(libc.syscall(323, 1))


@attempt("a kernel module")
def modules():
    result = libc.syscall(313, -1, b"", 0)
    return "asked about its descriptor" if result < 0 and ctypes.get_errno() != 1 else no(result)


@attempt("the kernel's settings (/proc/sys, /sys)")
def kernel_settings():
    for path in (
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/sys/kernel/uevent_helper",
        "/sys/power/state",
    ):
        try:
            os.close(os.open(path, os.O_WRONLY))  # nothing is written
        except OSError:
            continue
        return f"{path} opened for writing"
    return ""


@attempt("setuid programs (su, sudo, mount)")
def setuid():
    with open("/proc/self/status") as status:
        return "" if "NoNewPrivs:\t1" in status.read() else "privileges can be gained"


@attempt("sockets that know no network namespace (AF_VSOCK, AF_PACKET)")
def odd_sockets():
    for family in (40, 17):
        try:
            socket.socket(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW).close()
        except OSError:
            continue
        return str(family)
    return ""


@attempt("memory shared with the machine (/dev/shm, System V)")
def shared_memory():
    found = os.path.exists(f"/dev/shm/{FACTS['shm']}")
    return found and Path(f"/dev/shm/{FACTS['shm']}").read_text()
