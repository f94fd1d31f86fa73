"""The server's side of what kubectl upgrades to: WebSocket (v5.channel.k8s.io), and SPDY/3.1 plain or within one.

Blocking, a thread a connection, for the small API of `cluster`. Commands of an exec run on this very machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pty
import shutil
import socket
import struct
import subprocess
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock, Thread

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSING = 0, 1, 2, 3, 4, 255
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def exactly(read: Callable[[int], bytes], count: int) -> bytes:
    """Return `count` bytes. Raises EOFError."""
    parts = b""
    while len(parts) < count:
        data = read(count - len(parts))
        if not data:
            raise EOFError
        parts += data
    return parts


class WebSocket:
    """A connection behind its handshake. `read` and `write` move plain bytes."""

    def __init__(self, read: Callable[[int], bytes], write: Callable[[bytes], object]) -> None:
        self._read = read
        self._write = write
        self._lock = Lock()

    def receive(self) -> bytes | None:
        """Return the next message, None at the end."""
        message = b""
        while True:
            try:
                first, second = exactly(self._read, 2)
                length = second & 127
                if length > 125:
                    length = int.from_bytes(exactly(self._read, 2 if length == 126 else 8), "big")
                assert second & 128, "a client's frame is masked"
                key = exactly(self._read, 4)
                data = exactly(self._read, length)
            except (EOFError, OSError):
                return None
            payload = bytes(byte ^ key[index % 4] for index, byte in enumerate(data))
            if first & 15 == 8:
                self.send(payload, 8)
                return None
            if first & 15 == 9:
                self.send(payload, 10)
            elif first & 15 < 8:
                message += payload
                if first & 128:
                    return message

    def send(self, payload: bytes, opcode: int = 2) -> None:
        """Send a message in one frame."""
        length = len(payload)
        size = bytes([length]) if length < 126 else struct.pack(">BH", 126, length)
        if length >= 1 << 16:
            size = struct.pack(">BQ", 127, length)
        with self._lock, suppress(OSError):
            self._write(bytes([128 | opcode]) + size + payload)


def accept_key(key: str) -> str:
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


@dataclass
class Process:
    """A command that runs, its terminal where it has one. `send` is given a channel and bytes."""

    command: list[str]
    terminal: bool
    cwd: str
    send: Callable[[int, bytes], None]
    sizes: list[dict[str, int]] = field(default_factory=list)

    def start(self) -> None:
        if self.terminal:
            self._master, slave = pty.openpty()
            self.child = subprocess.Popen(self.command, stdin=slave, stdout=slave, stderr=slave, cwd=self.cwd)
            os.close(slave)
            self._readers = [Thread(target=self._read, args=(STDOUT, self._master))]
        else:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            self.child = subprocess.Popen(self.command, cwd=self.cwd, **pipes)
            assert self.child.stdout and self.child.stderr
            outputs = ((STDOUT, self.child.stdout.fileno()), (STDERR, self.child.stderr.fileno()))
            self._readers = [Thread(target=self._read, args=one) for one in outputs]
        for reader in self._readers:
            reader.start()

    def _read(self, channel: int, fd: int) -> None:
        while True:
            try:
                data = os.read(fd, 32768)
            except OSError:
                return
            if not data:
                return
            self.send(channel, data)

    def write(self, data: bytes) -> None:
        with suppress(OSError, ValueError):
            if self.terminal:
                os.write(self._master, data)
            elif self.child.stdin:
                self.child.stdin.write(data)
                self.child.stdin.flush()

    def close_stdin(self) -> None:
        if not self.terminal and self.child.stdin:
            with suppress(OSError):
                self.child.stdin.close()

    def finish(self) -> bytes:
        """Wait for the end; return the Status that says how it ended."""
        status = self.child.wait()
        for reader in self._readers:
            reader.join(60)
        if self.terminal:
            os.close(self._master)
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        if status == 0:
            return json.dumps({"metadata": {}, "status": "Success"}).encode()
        causes = [{"reason": "ExitCode", "message": str(status)}]
        details = {"causes": causes}
        words = f"command terminated with non-zero exit code: exit status {status}"
        form = {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "message": words, "details": details}
        return json.dumps(form).encode()

    def end(self) -> None:
        self.child.kill()


def serve_channels(socket: WebSocket, query: dict[str, list[str]], cwd: str) -> None:
    """Serve an exec or an attach by v5.channel.k8s.io."""
    process = Process(
        query.get("command", ["cat"]),
        query.get("tty") == ["true"],
        cwd,
        lambda channel, data: socket.send(bytes([channel]) + data),
    )
    process.start()

    def receive() -> None:
        while (message := socket.receive()) is not None:
            if message[:1] == bytes([STDIN]):
                process.write(message[1:])
            elif message[:1] == bytes([RESIZE]):
                process.sizes.append(json.loads(message[1:]))
            elif message == bytes([CLOSING, STDIN]):
                process.close_stdin()
        process.end()

    if query.get("stdin") != ["true"]:
        process.close_stdin()
    receiver = Thread(target=receive)
    receiver.start()
    socket.send(bytes([ERROR]) + process.finish())
    socket.send(struct.pack(">H", 1000), 8)
    receiver.join(60)


# -- SPDY/3.1, as far as kubectl uses it (the SPDY protocol, draft 3.1) --


@cache
def dictionary() -> bytes:
    """Return the protocol's dictionary for header blocks, which kubectl's own program has in it."""
    program = Path(os.path.realpath(shutil.which("kubectl") or "")).read_bytes()
    start = program.index(b"\x00\x00\x00\x07options\x00\x00\x00\x04head")
    found = program[start : start + 1423]
    assert zlib.adler32(found) == 0xE3C6A7C2
    return found


class Spdy:
    """A connection. `opened` is told of each stream with its headers, `received` of data and whether it was the last."""

    def __init__(self, read: Callable[[int], bytes], write: Callable[[bytes], object]) -> None:
        self._read = read
        self._write = write
        self._lock = Lock()
        self._in = zlib.decompressobj(zdict=dictionary())
        self._out = zlib.compressobj(zdict=dictionary())

    def run(self, opened: Callable[[int, dict[str, str]], None], received: Callable[[int, bytes, bool], None]) -> None:
        while True:
            try:
                head = exactly(self._read, 8)
                first, second = struct.unpack(">II", head)
                body = exactly(self._read, second & 0xFFFFFF)
            except (EOFError, OSError):
                return
            last = bool(second >> 24 & 1)
            if not first >> 31:
                received(first, body, last)
            elif first & 0xFFFF == 1:
                stream = struct.unpack(">I", body[:4])[0]
                opened(stream, self._headers(body[10:]))
            elif first & 0xFFFF == 6:
                self._send(head + body)
            elif first & 0xFFFF == 7:
                return

    def _headers(self, block: bytes) -> dict[str, str]:
        data = self._in.decompress(block)
        parts, place = [], 4
        while place < len(data):
            length = struct.unpack_from(">I", data, place)[0]
            parts.append(data[place + 4 : place + 4 + length].decode())
            place += 4 + length
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def reply(self, stream: int) -> None:
        with self._lock:
            block = self._out.compress(struct.pack(">I", 0)) + self._out.flush(zlib.Z_SYNC_FLUSH)
            body = struct.pack(">I", stream) + block
            self._write(struct.pack(">II", 0x80030002, len(body)) + body)

    def data(self, stream: int, data: bytes, last: bool = False) -> None:
        self._send(struct.pack(">II", stream, (last << 24) | len(data)) + data)

    def _send(self, data: bytes) -> None:
        with self._lock, suppress(OSError):
            self._write(data)


def serve_spdy_exec(spdy: Spdy, query: dict[str, list[str]], cwd: str) -> None:
    """Serve an exec by v4.channel.k8s.io over SPDY."""
    names = {"stdin": STDIN, "stdout": STDOUT, "stderr": STDERR, "error": ERROR, "resize": RESIZE}
    wanted = 1 + sum(query.get(name) == ["true"] for name in ("stdin", "stdout", "stderr"))
    wanted += query.get("tty") == ["true"]
    streams: dict[int, int] = {}
    running: list[Process] = []

    def finish(process: Process) -> None:
        status = process.finish()
        for channel in (STDOUT, STDERR):
            if channel in streams:
                spdy.data(streams[channel], b"", last=True)
        spdy.data(streams[ERROR], status, last=True)

    def opened(stream: int, headers: dict[str, str]) -> None:
        streams[names[headers["streamtype"]]] = stream
        spdy.reply(stream)
        if len(streams) == wanted:
            process = Process(
                query["command"],
                query.get("tty") == ["true"],
                cwd,
                lambda channel, data: spdy.data(streams[channel], data),
            )
            process.start()
            running.append(process)
            if STDIN not in streams:
                process.close_stdin()
            Thread(target=finish, args=(process,)).start()

    def received(stream: int, data: bytes, last: bool) -> None:
        if running and stream == streams.get(STDIN):
            running[0].write(data)
            if last:
                running[0].close_stdin()

    spdy.run(opened, received)
    for process in running:
        process.end()


def serve_forward(spdy: Spdy, ports: dict[int, int]) -> None:
    """Serve a port-forward; `ports` says which port of this machine stands for which of the pod."""
    joined: dict[int, socket.socket] = {}

    def pump(stream: int, connection: socket.socket) -> None:
        with suppress(OSError):
            while data := connection.recv(32768):
                spdy.data(stream, data)
        spdy.data(stream, b"", last=True)

    def opened(stream: int, headers: dict[str, str]) -> None:
        spdy.reply(stream)
        if headers["streamtype"] == "data":
            connection = socket.create_connection(("127.0.0.1", ports[int(headers["port"])]))
            joined[stream] = connection
            Thread(target=pump, args=(stream, connection)).start()
        else:
            spdy.data(stream, b"", last=True)

    def received(stream: int, data: bytes, last: bool) -> None:
        if stream in joined:
            with suppress(OSError):
                joined[stream].sendall(data)
                if last:
                    joined[stream].shutdown(socket.SHUT_WR)

    spdy.run(opened, received)
    for connection in joined.values():
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def tunnelled(websocket: WebSocket) -> Spdy:
    """Return SPDY within a WebSocket (SPDY/3.1+portforward.k8s.io): its bytes are the messages, however cut."""
    rest = b""

    def read(count: int) -> bytes:
        nonlocal rest
        while not rest:
            message = websocket.receive()
            if message is None:
                return b""
            rest = message
        taken, rest = rest[:count], rest[count:]
        return taken

    return Spdy(read, websocket.send)
