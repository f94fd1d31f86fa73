"""To prepare what the shim inherits: limits, filters, descriptors from before. Also ways into the kernel besides."""

import ctypes
import glob
import os
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

from attempt import FACTS, attempt, fork_and, libc
from tools import is_git, parent, running_git


@attempt("a filter of one's own that asks the agent what the shim's system calls answer (seccomp notification)")
def listening_filter():
    code = ctypes.create_string_buffer(b"\6\0\0\0\0\0\xff\x7f", 8)
    program = ctypes.create_string_buffer(b"".join((b"\1\0\0\0\0\0\0\0", ctypes.addressof(code).to_bytes(8, "little"))))

    def child():
        libc.prctl(38, 1, 0, 0, 0)
        return 0 if libc.syscall(317, 1, 8, program) >= 0 else 1

    return "a descriptor of notifications" if fork_and(child) == 0 else ""


def limited(kind, *values):
    """Return what a denied call says under a limit."""
    for value in values:

        def limit(value=value):
            resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))

        done = subprocess.run(["git", "version"], preexec_fn=limit, capture_output=True, text=True)
        if is_git(done.stdout):
            return f"ran with {value}"
    return ""


@attempt("a denied call with next to no descriptors (RLIMIT_NOFILE)")
def few_descriptors():
    return limited(resource.RLIMIT_NOFILE, *range(3, 10))


@attempt("a denied call with next to no memory, no file size, no time (RLIMIT_AS, FSIZE, CPU, STACK)")
def few_resources():
    return (
        limited(resource.RLIMIT_AS, 1 << 20, 1 << 22)
        or limited(resource.RLIMIT_FSIZE, 0)
        or limited(resource.RLIMIT_STACK, 1 << 13, 1 << 17)
    )


@attempt("a core dump of the shim (prlimit, then a signal)")
def dumped_shim():
    before = set(os.listdir("."))
    with running_git() as pid:
        shim = parent(pid)
        resource.prlimit(shim, resource.RLIMIT_CORE, (1 << 24, resource.prlimit(shim, resource.RLIMIT_CORE)[1]))
        os.kill(shim, signal.SIGSEGV)
        time.sleep(0.3)
    found = [name for name in set(os.listdir(".")) - before if "core" in name]
    return found and str(found)


@attempt("the limits of guard's processes changed (prlimit)", harmless="what it cannot open or start it does not run")
def limits_of_guard():
    above = os.getppid()
    if b"guardcli" not in Path(f"/proc/{above}/cmdline").read_bytes():
        return ""
    resource.prlimit(above, resource.RLIMIT_CORE, resource.prlimit(above, resource.RLIMIT_CORE))
    return "could"


@attempt("the memory of the shim by a descriptor from before it was the shim (/proc/PID/mem)")
def memory_from_before():
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(ready, 1)
        os.execvp("git", ["git", "cat-file", "--batch"])
    memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    directory = os.open(f"/proc/{pid}", os.O_RDONLY)
    os.write(go, b"x")
    time.sleep(0.4)
    try:
        found = [os.pread(memory, 64, address) for address in (0x400000, 0x401000)]
        found += [os.read(os.open("environ", os.O_RDONLY, dir_fd=directory), 8)]
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        for fd in (memory, directory, ready, go):
            os.close(fd)
    return str(found) if any(found) else ""


@attempt("a signal to the API by a descriptor of its process (pidfd)")
def signal_by_descriptor():
    signal.pidfd_send_signal(os.pidfd_open(FACTS["api"]), 0)
    return "could"


@attempt("mounts by the new calls (open_tree, fsopen, mount_setattr)")
def new_mounts():
    tree = libc.syscall(428, -100, b"/tmp", 1)
    made = libc.syscall(430, b"tmpfs", 0)
    return "made" if max(tree, made) >= 0 else ""


@attempt("sockets of other kinds (AF_ALG, AF_KEY, AF_XDP, AF_TIPC, AF_BLUETOOTH, AF_NFC)")
def other_sockets():
    for family, kind in ((38, 5), (15, 3), (44, 3), (30, 1), (31, 3), (39, 1)):
        try:
            socket.socket(family, kind).close()
        except OSError:
            continue
        return f"family {family}"
    return ""


@attempt("an interpreter for git's files registered (binfmt_misc)")
def interpreter():
    os.close(os.open("/proc/sys/fs/binfmt_misc/register", os.O_WRONLY))
    return "opened for writing"


@attempt("cgroups: a limit lifted, a process frozen or moved")
def groups():
    for pattern in ("*", "*/*"):
        for name in ("cgroup.procs", "cgroup.freeze", "memory.max", "tasks"):
            for path in glob.glob(f"/sys/fs/cgroup/{pattern}/{name}"):
                try:
                    os.close(os.open(path, os.O_WRONLY))  # nothing is written
                except OSError:
                    continue
                return f"{path} opened for writing"
    return ""


@attempt("devices of the machine (/dev/mem, /dev/port, /dev/kmsg)")
def devices():
    for path in ("/dev/mem", "/dev/port", "/dev/kmsg"):
        try:
            os.close(os.open(path, os.O_RDWR))
        except OSError:
            continue
        return path
    return ""


@attempt("a device made (mknod)")
def made_device():
    path = Path(FACTS["project"]) / "disk"
    try:
        os.mknod(path, 0o60600, os.makedev(7, 0))
        return "made"
    finally:
        path.unlink(missing_ok=True)


@attempt("real-time priority, to keep guard's processes waiting (sched_setscheduler)")
def priority():
    return "real-time" if fork_and(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))) == 0 else ""


@attempt("another user's identity (setuid, setgroups)")
def another_identity():
    def change():
        os.setgroups([4242])
        os.setuid(4242)

    return "changed" if fork_and(change) == 0 else ""


@attempt("messages of the kernel and addresses of its memory (syslog, kallsyms)")
def kernel_addresses():
    if libc.syscall(103, 10, 0, 0) >= 0:
        return "the kernel's log"
    with open("/proc/kallsyms") as names:
        line = names.readline()
    return line if int(line.split()[0], 16) else ""
