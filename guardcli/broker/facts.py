"""The broker's answers to what inspectors ask about the world around one call: bounded and remembered.

Every answer is given once and kept, so that the same question cannot be answered differently later: `inputs`
binds an approval to what was read, `files` and `stdin_bytes` are the very bytes that the tool is handed. A
refusal is remembered as well. Nothing here blocks for ever: files are opened without waiting and must be
regular, git has a time limit, and reading standard input ends when `cancel_fd` becomes readable.

Git is asked with the environment of the call, since that decides what the real call would see, less what could
make a read-only question run a program.
"""

from __future__ import annotations

import hashlib
import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from guardcli.broker.opening import open_regular
from guardcli.model.facts import FactUnavailable

FILE_LIMIT = 4 << 20
"""Bytes of one file: the largest manifest or script that is still worth judging."""
FILES_LIMIT = 64 << 20
"""Bytes of all files of one call, since each is kept until the call has ended."""
STDIN_LIMIT = 8 << 20
"""Bytes of standard input: larger streams are data, not statements."""
DIRECTORY_LIMIT = 1000
"""Names in one directory."""
GIT_OUTPUT_LIMIT = 4 << 20
"""Bytes that git may print in one answer."""
GIT_SECONDS = 5.0
"""Time that git may take for one answer."""

_CHUNK = 1 << 16
_QUIET: Mapping[str, str] = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "LC_ALL": "C",
}
_PROGRAMS = frozenset(
    [
        "GIT_ASKPASS",
        "GIT_EDITOR",
        "GIT_EXEC_PATH",
        "GIT_EXTERNAL_DIFF",
        "GIT_PROXY_COMMAND",
        "GIT_SEQUENCE_EDITOR",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "SSH_ASKPASS",
        "LD_PRELOAD",
        "LD_AUDIT",
        "LD_LIBRARY_PATH",
    ]
)
_OFF = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")

Answer = TypeVar("Answer")


class CallFacts:
    """What can be known around one call. One per call, used from one thread at a time.

    `env` is the call's environment, `stdin_fd` its standard input (None where there is nothing to read),
    `git_program` the real git (None where there is none), `cancel_fd` becomes readable when the call is gone.
    """

    def __init__(
        self,
        cwd: str,
        env: Mapping[str, str],
        *,
        stdin_fd: int | None = None,
        git_program: str | None = None,
        cancel_fd: int | None = None,
    ) -> None:
        self._cwd = cwd
        self._env = {
            name: value
            for name, value in env.items()
            if name not in _PROGRAMS and not name.startswith(("GIT_TRACE", "GIT_TEST_"))
        }
        self._stdin_fd = stdin_fd
        self._git_program = git_program
        self._cancel_fd = cancel_fd
        self._answers: dict[tuple[str, ...], object] = {}
        self._inputs: dict[str, str] = {}
        self._files: dict[str, bytes] = {}
        self._files_size = 0
        self._stdin = bytearray()
        self._stdin_ended = False

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Name and SHA-256 in hex of everything that was read, for `approval_digest`."""
        return tuple(sorted(self._inputs.items()))

    @property
    def files(self) -> Mapping[str, bytes]:
        """Every file that was read, by the path it was asked for: what a sealed copy is made of."""
        return self._files

    @property
    def stdin_bytes(self) -> bytes | None:
        """The whole of standard input, or None where it was not asked for or not read to its end."""
        return bytes(self._stdin) if self._stdin_ended else None

    @property
    def stdin_prefix(self) -> bytes:
        """All bytes taken from standard input so far; the tool must be given them before the rest."""
        return bytes(self._stdin)

    def read_file(self, path: str) -> bytes:
        """Return the content of the regular file at `path`; symbolic links are followed. Raises FactUnavailable."""
        return self._remembered(("file", path), lambda: self._read_file(path))

    def list_directory(self, path: str) -> Sequence[str]:
        """Return the sorted names in the directory at `path`. Raises FactUnavailable, also over the bound."""
        return self._remembered(("directory", path), lambda: self._list_directory(path))

    def stdin(self) -> bytes:
        """Read standard input to its end and return it. Blocks; raises FactUnavailable over the bound or cancelled."""
        return self._remembered(("stdin",), self._read_stdin)

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
        """Return git's effective configuration: key to values, last one wins. Section and variable are lower case.

        Raises FactUnavailable.
        """
        return self._remembered(
            ("git-config", cwd, *options),
            lambda: _parse_config(self._run_git(cwd, (*options, "config", "--list", "-z", "--includes"))),
        )

    def git(self, cwd: str, arguments: Sequence[str]) -> bytes:
        """Return what ``git ARGUMENTS`` prints at `cwd`. Only for commands that read. Raises FactUnavailable."""
        return self._remembered(("git", cwd, *arguments), lambda: self._run_git(cwd, arguments, _OFF))

    def _remembered(self, question: tuple[str, ...], answer: Callable[[], Answer]) -> Answer:
        if question not in self._answers:
            try:
                self._answers[question] = answer()
            except FactUnavailable as refusal:
                self._answers[question] = refusal
        known = self._answers[question]
        if isinstance(known, FactUnavailable):
            raise FactUnavailable(str(known))
        return known  # type: ignore[return-value]  # the question fixes the type of its answer

    def _note(self, name: str, content: bytes) -> None:
        self._inputs[name] = hashlib.sha256(content).hexdigest()

    def _read_file(self, path: str) -> bytes:
        try:
            fd = open_regular(path)
        except (OSError, ValueError) as error:
            raise FactUnavailable(f"{path} cannot be read: {_words(error)}") from None
        try:
            content = _read_bounded(fd, FILE_LIMIT, path)
        except OSError as error:
            raise FactUnavailable(f"{path} cannot be read: {_words(error)}") from None
        finally:
            os.close(fd)
        self._files_size += len(content)
        if self._files_size > FILES_LIMIT:
            raise FactUnavailable(f"the files of this call are larger than {FILES_LIMIT} bytes together")
        self._note(f"file:{path}", content)
        self._files[path] = content
        return content

    def _list_directory(self, path: str) -> Sequence[str]:
        names: list[str] = []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    names.append(entry.name)
                    if len(names) > DIRECTORY_LIMIT:
                        raise FactUnavailable(f"{path} holds more than {DIRECTORY_LIMIT} names")
        except (OSError, ValueError) as error:
            raise FactUnavailable(f"{path} cannot be listed: {_words(error)}") from None
        names.sort()
        self._note(f"directory:{path}", "\0".join(names).encode("utf-8", "surrogateescape"))
        return tuple(names)

    def _read_stdin(self) -> bytes:
        if self._stdin_fd is None:
            raise FactUnavailable("there is no standard input to read")
        poll = select.poll()
        poll.register(self._stdin_fd, select.POLLIN)
        if self._cancel_fd is not None:
            poll.register(self._cancel_fd, select.POLLIN)
        while len(self._stdin) <= STDIN_LIMIT:
            try:
                ready = dict(poll.poll())
                if self._cancel_fd in ready:
                    raise FactUnavailable("the call was gone before its standard input ended")
                chunk = os.read(self._stdin_fd, min(_CHUNK, STDIN_LIMIT + 1 - len(self._stdin)))
            except BlockingIOError:
                continue
            except OSError as error:
                raise FactUnavailable(f"standard input cannot be read: {_words(error)}") from None
            if not chunk:
                self._stdin_ended = True
                content = bytes(self._stdin)
                self._note("stdin", content)
                return content
            self._stdin += chunk
        raise FactUnavailable(f"standard input is longer than {STDIN_LIMIT} bytes")

    def _run_git(self, cwd: str, arguments: Sequence[str], overrides: Sequence[str] = ()) -> bytes:
        if self._git_program is None:
            raise FactUnavailable("no git was found to ask")
        try:
            process = subprocess.Popen(
                ("git", "--no-pager", *overrides, *arguments),
                executable=self._git_program,
                cwd=cwd or "/",
                env={**self._env, **_QUIET},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except (OSError, ValueError) as error:
            raise FactUnavailable(f"git cannot be asked: {_words(error)}") from None
        with process:
            try:
                output, complaint = _collect(process, time.monotonic() + GIT_SECONDS)
                status = process.wait(GIT_SECONDS)
            except subprocess.TimeoutExpired:
                raise FactUnavailable(f"git took longer than {GIT_SECONDS:g} seconds") from None
            finally:
                process.kill()
        if status:
            words = complaint.decode("utf-8", "replace").strip().partition("\n")[0]
            raise FactUnavailable(f"git {' '.join(arguments)} ended with {status}: {words[:200]}")
        self._note("git:" + "\0".join((cwd, *arguments)), output)
        return output


def _collect(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
    """Return what `process` prints on stdout and the beginning of its stderr, until both are closed."""
    output, complaint = bytearray(), bytearray()
    pipes = ((process.stdout, output), (process.stderr, complaint))
    sinks = {pipe.fileno(): sink for pipe, sink in pipes if pipe is not None}
    poll = select.poll()
    for fd in sinks:
        poll.register(fd, select.POLLIN)
    while sinks:
        left = deadline - time.monotonic()
        ready = poll.poll(left * 1000) if left > 0 else []
        if not ready:
            raise FactUnavailable(f"git took longer than {GIT_SECONDS:g} seconds")
        for fd, _ in ready:
            chunk = os.read(fd, _CHUNK)
            if not chunk:
                poll.unregister(fd)
                del sinks[fd]
            elif sinks[fd] is output or len(complaint) < _CHUNK:
                sinks[fd] += chunk
        if len(output) > GIT_OUTPUT_LIMIT:
            raise FactUnavailable(f"git printed more than {GIT_OUTPUT_LIMIT} bytes")
    return bytes(output), bytes(complaint)


def _read_bounded(fd: int, limit: int, name: str) -> bytes:
    """Return all that `fd` holds; a file that grows while it is read cannot pass the bound either."""
    content = bytearray()
    while chunk := os.read(fd, min(_CHUNK, limit + 1 - len(content))):
        content += chunk
        if len(content) > limit:
            raise FactUnavailable(f"{name} is larger than {limit} bytes")
    return bytes(content)


def _parse_config(listing: bytes) -> Mapping[str, tuple[str, ...]]:
    """Parse ``git config --list -z``: ``key LF value NUL``; a key without a value stands for true."""
    values: dict[str, list[str]] = {}
    for entry in listing.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            key, separator, value = entry.partition("\n")
            values.setdefault(key, []).append(value if separator else "true")
    return {key: tuple(found) for key, found in values.items()}


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
