"""To speak to the broker in the shim's place."""

import array
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

from attempt import FACTS, attempt, libc

HEAD = struct.Struct("<4sHHI")


def frame(kind, body=b"", version=1, length=None):
    return HEAD.pack(b"GARD", version, kind, len(body) if length is None else length) + body


def call(argv, tool=b"git", env=()):
    head = struct.pack("<BBBBHHII", 0, 0, 0, 0, 24, 80, len(argv), len(env))
    return frame(1, head + b"".join(part + b"\0" for part in (tool, b"/", *argv, *env)))


def connect(path=None):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(path or os.environ["GUARD_SOCKET"])
    return connection


def answer(connection):
    """Return the answer's type and the descriptors that came."""
    try:
        data, fds, _, _ = socket.recv_fds(connection, 1 << 20, 40)
    except OSError:
        return 0, []
    return (HEAD.unpack(data[:12])[2] if len(data) >= 12 else 0), fds


def said(*parts):
    with connect() as connection:
        for part in parts:
            connection.sendall(part)
        return answer(connection)


@attempt("an allowed call made by a program that speaks as the shim does, to have git's descriptor")
def forged_call():
    kind, _ = said(call([b"git", b"status"]))
    return "answered" if kind in (16, 17) else ""


@attempt("the same with a guessed key")
def forged_key():
    for key in (bytes(32), b"\xff" * 32, os.urandom(32)):
        kind, _ = said(frame(5, key), call([b"git", b"status"]))
        if kind in (16, 17):
            return "answered"
    return ""


@attempt("the same with a key of another length")
def odd_key():
    for size in (0, 1, 31, 33, 4096):
        kind, _ = said(frame(5, bytes(size)), call([b"git", b"status"]))
        if kind in (16, 17):
            return "answered"
    return ""


@attempt("the shim run on a connection that another process made and reads")
def inherited_connection():
    connection = connect()
    os.set_inheritable(connection.fileno(), True)
    subprocess.run(["git", "status"], close_fds=False, capture_output=True)
    connection.sendall(call([b"git", b"status"]))
    kind, _ = answer(connection)
    return "answered" if kind in (16, 17) else ""


def answering(*answers):
    """Return a filter of system calls: (number, second argument or None, errno) each; an errno of 0 answers 0."""
    code = [(0x20, 0, 0, 0)]
    for number, argument, error in answers:
        if argument is None:
            code += [(0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | error)]
        else:
            code += [(0x15, 0, 4, number), (0x20, 0, 0, 24), (0x15, 0, 1, argument), (0x06, 0, 0, 0x50000 | error)]
            code += [(0x20, 0, 0, 0)]
    code.append((0x06, 0, 0, 0x7FFF0000))
    return b"".join(struct.pack("<HBBI", *one) for one in code)


def filtered(code):
    """Put a filter of one's own over this process and what it starts."""
    program = ctypes.create_string_buffer(code, len(code))
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(program)), 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "no filter")


@attempt("the shim under a filter of one's own (seccomp), so that it speaks on a connection of the agent's")
def filtered_shim():
    with connect() as connection:
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(connection.fileno(), 0)
                # socket and connect answer 0, descriptor 0 seems closed, and what comes is left for the agent to read
                filtered(answering((41, None, 0), (42, None, 0), (72, 1, 9), (47, None, 4)))
                os.execv(
                    "/usr/bin/git" if os.path.exists("/run/guard/broker.sock") else shutil.which("git"),
                    ["git", "status"],
                )
            finally:
                os._exit(99)
        try:
            kind, fds = answer(connection)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return f"answered, with {len(fds)} descriptors" if kind in (16, 17) else ""


@attempt("a broker of one's own, by GUARD_SOCKET, to have the shim's key")
def own_broker():
    path = str(Path(tempfile.mkdtemp()) / "s")
    return heard(path, {"GUARD_SOCKET": path})


@attempt("a broker of one's own, at the place of the real one")
def replaced_broker():
    path = os.environ["GUARD_SOCKET"]
    os.rename(path, path + ".old")
    try:
        return heard(path, {})
    finally:
        os.rename(path + ".old", path)


def heard(path, env):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        listener.settimeout(3)
        with subprocess.Popen(["/usr/bin/git", "status"], env={**os.environ, **env}, stdout=-1, stderr=-1) as shim:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                return ""
            finally:
                shim.terminate()
            data = connection.recv(1 << 16)
    return "key" if data[6:8] == b"\5\0" else "a call, and no key" if data else ""


@attempt("a frame that is too large")
def oversized():
    kind, _ = said(frame(1, length=0xFFFFFFFF))
    return kind


@attempt("frames of nonsense, cut short, out of turn")
def nonsense():
    with connect() as connection:
        connection.sendall(frame(1, length=100))
        connection.shutdown(socket.SHUT_WR)
        cut_short, _ = answer(connection)
    return max(cut_short, *(said(part)[0] for part in (b"\0" * 4096, frame(99), frame(17, b"x" * 20), frame(2))))


@attempt("an answer recorded and sent again", harmless="what the agent sends is a call, and is judged as one")
def replayed():
    whole = call([b"git", b"status"])
    kinds = {said(whole)[0] for _ in range(2)}
    return "answered" if kinds & {16, 17} else ""


@attempt("another session's socket borrowed")
def other_session():
    with connect(FACTS["other_socket"]) as connection:
        connection.sendall(call([b"git", b"version"]))
        kind, _ = answer(connection)
    return kind


@attempt("a descriptor of the broker's own given back to it as a file")
def descriptor_game():
    with connect() as connection:
        body = call([b"git", b"status"])
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection.fileno()] * 4))]
        connection.sendmsg([body], rights)
        return "answered" if answer(connection)[0] in (16, 17) else ""


@attempt("a tool named by a path (../psql)")
def odd_tools():
    return max(said(call([b"x"], tool=tool))[0] for tool in (b"../psql", b"", b"/usr/bin/psql")) in (16, 17)
