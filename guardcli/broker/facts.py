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
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from guardcli.broker.git_objects import ObjectScan, changed_files
from guardcli.broker.opening import Files, GitProcess, HostFiles
from guardcli.model.facts import FactUnavailable, Found

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

SCAN_LIMIT = 1 << 30
"""Bytes of objects that are looked through for secrets in one answer."""
SCAN_SECONDS = 20.0
"""Time for looking through them: a push of so much takes longer itself."""
INDEX_LIMIT = 64 << 20
"""Bytes of the listing of an index: about 400,000 files."""

_CHUNK = 1 << 16
_QUIET: Mapping[str, str] = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
_NO_INDEX: Mapping[str, str] = {**_QUIET, "GIT_INDEX_FILE": "/proc/none"}
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
_OFF = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.commitGraph=false")
"""No program of the repository's, and no cache of it that could tell another history than the objects do."""

Answer = TypeVar("Answer")


class Bounds(NamedTuple):
    """How many bytes git may print in one answer, and how many seconds it may take."""

    size: int
    seconds: float


class CallFacts:
    """What can be known around one call. One per call, used from one thread at a time.

    `env` is the call's environment, `stdin_fd` its standard input (None where there is nothing to read),
    `git_program` the real git (None where there is none), `cancel_fd` becomes readable when the call is gone.
    `files` are those that the call sees. `find_secrets` finds credentials in bytes; without it, what would be
    published is unknown. `try_shell` tries a text for a shell; without it, an intricate one is not read.
    """

    def __init__(
        self,
        cwd: str,
        env: Mapping[str, str],
        *,
        stdin_fd: int | None = None,
        git_program: str | int | None = None,
        cancel_fd: int | None = None,
        files: Files | None = None,
        find_secrets: Callable[[bytes], frozenset[Found]] | None = None,
        try_shell: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._cwd = cwd
        self._env = {
            name: value
            for name, value in env.items()
            if name not in _PROGRAMS and not name.startswith(("GIT_TRACE", "GIT_TEST_"))
        }
        self._stdin_fd = stdin_fd
        self._git_program = git_program
        self._seen = HostFiles() if files is None else files
        self._cancel_fd = cancel_fd
        self._find_secrets = find_secrets
        self._try_shell = try_shell
        self._answers: dict[tuple[str, ...], object] = {}
        self._inputs: dict[str, str] = {}
        self._asked_git: dict[str, Callable[[], bytes]] = {}
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

    def still_so(self) -> bool:
        """Say whether git answers now as it did when it was asked; False as well where it cannot be asked any more."""
        try:
            return all(hashlib.sha256(ask()).hexdigest() == self._inputs[name] for name, ask in self._asked_git.items())
        except FactUnavailable:
            return False

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

    def git(self, cwd: str, arguments: Sequence[str], *, index: bool = True) -> bytes:
        """Return what ``git ARGUMENTS`` prints at `cwd`. Only for commands that read. Raises FactUnavailable."""
        env = _QUIET if index else _NO_INDEX
        return self._remembered(("git", str(index), cwd, *arguments), lambda: self._run_git(cwd, arguments, _OFF, env))

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        """Return the credentials in `content`. Raises FactUnavailable where nothing looks for any."""
        if self._find_secrets is None:
            raise FactUnavailable("nothing looks for secrets")
        return self._find_secrets(content)

    def git_secrets(self, cwd: str, options: Sequence[str], names: Sequence[str]) -> Mapping[str, frozenset[Found]]:
        """Return the credentials in the objects that `names` name, only of those with any. Raises FactUnavailable.

        An object that is not there holds nothing. Contents are looked through as they come and not kept.
        """
        return self._remembered(
            ("git-secrets", cwd, *options, "--", *names), lambda: self._scan_objects(cwd, options, names)
        )

    def try_shell(self, text: bytes) -> bool:
        """Say whether the shell's grammar reads `text` without a fault and in time. Raises FactUnavailable."""
        if self._try_shell is None:
            raise FactUnavailable("there is nothing to try it with")
        return self._try_shell(text)

    def git_changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> Mapping[str, str]:
        """Return the tracked files that are not as the index knows them: name from the top to absolute path, empty
        for what is no regular file any more. Raises FactUnavailable.

        Git itself would run the repository's filters to know for sure, and they would run outside of the agent's walls.
        """
        return self._remembered(
            ("git-changed", cwd, *options, "--", *pathspecs), lambda: self._changed(cwd, options, pathspecs)
        )

    def _scan_objects(self, cwd: str, options: Sequence[str], names: Sequence[str]) -> Mapping[str, frozenset[Found]]:
        safe = [name for name in names if "\n" not in name and "\0" not in name]
        scan = ObjectScan(safe, self.find_secrets)
        with tempfile.TemporaryFile() as asked:
            asked.write(b"".join(os.fsencode(name) + b"\n" for name in safe))
            asked.seek(0)
            bounds = Bounds(SCAN_LIMIT, SCAN_SECONDS)
            self._stream_git(cwd, (*_OFF, *options, "cat-file", "--batch"), scan.feed, bounds, asked.fileno())
        return scan.finish()

    def _changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> Mapping[str, str]:
        top = os.fsdecode(self.git(cwd, (*options, "rev-parse", "--show-toplevel")).removesuffix(b"\n"))
        whole = () if pathspecs else ("--no-literal-pathspecs",)
        listing = bytearray()
        words = ("ls-files", "-z", "--stage", "--debug", "--full-name", "--", *(pathspecs or (":/",)))
        arguments = (*_OFF, *options, *whole, *words)
        self._stream_git(cwd, arguments, listing.extend, Bounds(INDEX_LIMIT, GIT_SECONDS))
        return changed_files(bytes(listing), top, self._seen.lstat)

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

    def _note(self, name: str, content: bytes | bytearray) -> None:
        self._inputs[name] = hashlib.sha256(content).hexdigest()

    def _read_file(self, path: str) -> bytes:
        try:
            fd = self._seen.open_regular(path)
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
            names.extend(self._seen.names_in(path, DIRECTORY_LIMIT + 1))
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

    def _run_git(
        self, cwd: str, arguments: Sequence[str], overrides: Sequence[str] = (), env: Mapping[str, str] = _QUIET
    ) -> bytes:
        words = (*overrides, *arguments)

        def ask() -> bytes:
            output = bytearray()
            self._stream_git(cwd, words, output.extend, Bounds(GIT_OUTPUT_LIMIT, GIT_SECONDS), env=env)
            return bytes(output)

        output = ask()
        name = "git:" + "\0".join((cwd, *arguments))
        self._note(name, output)
        self._asked_git[name] = ask
        return output

    def _stream_git(
        self,
        cwd: str,
        arguments: Sequence[str],
        sink: Callable[[bytes], object],
        bounds: Bounds,
        stdin: int = subprocess.DEVNULL,
        env: Mapping[str, str] = _QUIET,
    ) -> None:
        """Run git and give `sink` what it prints, chunk by chunk. Raises FactUnavailable where it fails."""
        if self._git_program is None:
            raise FactUnavailable("no git was found to ask")
        try:
            command = ("git", "--no-pager", *arguments)
            process = self._seen.start_git(self._git_program, cwd or "/", command, {**self._env, **env}, stdin)
        except (OSError, ValueError) as error:
            raise FactUnavailable(f"git cannot be asked: {_words(error)}") from None
        with process:
            try:
                complaint = _collect(process, sink, bounds)
                status = process.wait(GIT_SECONDS)
            except subprocess.TimeoutExpired:
                raise FactUnavailable(f"git took longer than {GIT_SECONDS:g} seconds") from None
            finally:
                process.kill()
        if status:
            words = complaint.decode("utf-8", "replace").strip().partition("\n")[0]
            asked = " ".join(arguments[len(_OFF) :] if arguments[: len(_OFF)] == _OFF else arguments)
            raise FactUnavailable(f"git {asked[:500]} ended with {status}: {words[:200]}")


def _collect(process: GitProcess, sink: Callable[[bytes], object], bounds: Bounds) -> bytes:
    """Give `sink` what `process` prints on stdout until it ends; return the beginning of its stderr."""
    complaint = bytearray()
    size = 0
    deadline = time.monotonic() + bounds.seconds
    pipes = {pipe.fileno() for pipe in (process.stdout, process.stderr) if pipe is not None}
    output = process.stdout.fileno() if process.stdout is not None else -1
    poll = select.poll()
    for fd in pipes:
        poll.register(fd, select.POLLIN)
    while pipes:
        left = deadline - time.monotonic()
        ready = poll.poll(left * 1000) if left > 0 else []
        if not ready:
            raise FactUnavailable(f"git took longer than {bounds.seconds:g} seconds")
        for fd, _ in ready:
            chunk = os.read(fd, _CHUNK)
            if not chunk:
                poll.unregister(fd)
                pipes.remove(fd)
            elif fd == output:
                size += len(chunk)
                if size > bounds.size:
                    raise FactUnavailable(f"git printed more than {bounds.size} bytes")
                sink(chunk)
            elif len(complaint) < _CHUNK:
                complaint += chunk
    return bytes(complaint)


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
