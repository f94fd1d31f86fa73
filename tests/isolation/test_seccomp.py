"""The filter of system calls, loaded into a process: what it refuses and what it lets through."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from guardcli.isolation.seccomp import make_filter

LOADER = r"""
import ctypes, errno, json, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
class Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))
code = os.read(int(sys.argv[1]), 1 << 20)
buffer = ctypes.create_string_buffer(code, len(code))
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, ctypes.byref(Filter(len(code) // 8, ctypes.addressof(buffer))), 0, 0) == 0, ctypes.get_errno()
def answer(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *arguments)
    return errno.errorcode.get(ctypes.get_errno(), "ok") if result < 0 else "ok"
import socket
def family(number):
    try: socket.socket(number, socket.SOCK_STREAM).close()
    except OSError as error: return errno.errorcode[error.errno]
    return "ok"
high = ctypes.c_ulong(0x5412 | 1 << 40)
print(json.dumps({
    "ptrace": answer(101, 0, 0, 0, 0), "keyctl": answer(250, 0, -3, 0), "mount": answer(165, 0, 0, 0, 0, 0),
    "unshare": answer(272, 0x10000000), "unshare nothing": answer(272, 0), "io_uring": answer(425, 1, 0),
    "bpf": answer(321, 0, 0, 0), "userfaultfd": answer(323, 1), "clone3": answer(435, 0, 0),
    "clone newuser": answer(56, 0x10000000 | 17, 0, 0, 0, 0), "tiocsti": answer(16, 0, ctypes.c_ulong(0x5412), 0),
    "tiocsti high": answer(16, 0, high, 0), "tiocgwinsz": answer(16, 99, ctypes.c_ulong(0x5413), 0),
    "a filter": answer(317, 1, 0, 0), "a filter by prctl": answer(157, 22, 2, 0, 0, 0), "strict": answer(317, 0, 0, 0),
    "high filter": answer(157, ctypes.c_ulong(22 | 1 << 40), 2, 0, 0, 0), "a name": answer(157, 15, b"x", 0, 0, 0),
    "unix": family(1), "inet": family(2), "vsock": family(40), "alg": family(38), "getpid": answer(39),
    "thread": (__import__("threading").Thread(target=list).start(), "ok")[1],
}))
"""

REFUSED = {
    **dict.fromkeys(("ptrace", "keyctl", "mount", "unshare", "unshare nothing", "io_uring", "bpf"), "EPERM"),
    **dict.fromkeys(("userfaultfd", "clone newuser", "tiocsti", "tiocsti high"), "EPERM"),
    "clone3": "ENOSYS",
    **dict.fromkeys(("a filter", "a filter by prctl", "strict", "high filter"), "EINVAL"),
    "a name": "ok",
    "vsock": "EAFNOSUPPORT",
    "alg": "EAFNOSUPPORT",
    "tiocgwinsz": "EBADF",
    **dict.fromkeys(("unix", "inet", "getpid", "thread"), "ok"),
}


def run(text: str) -> subprocess.CompletedProcess[str]:
    fd = make_filter()
    try:
        return subprocess.run([sys.executable, "-c", text, str(fd)], pass_fds=[fd], capture_output=True, text=True)
    finally:
        os.close(fd)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86_64")
def test_what_reaches_out_is_refused_and_the_rest_works() -> None:
    done = run(LOADER)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == REFUSED


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86_64")
def test_a_call_by_the_number_of_another_abi_ends_the_process() -> None:
    done = run(LOADER.partition("print(json")[0] + "answer(0x40000000 + 39)\nprint('went on')")
    assert (done.returncode, done.stdout) == (-31, "")
