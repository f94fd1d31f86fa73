"""A private directory for one demo: guard's own state in it, an environment that leads nowhere else, and its end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from guardcli.client.api import ApiClient
from guardcli.model.errors import UnavailableError

START_SECONDS = 15.0
END_SECONDS = 10.0
KEPT = ("PATH", "LANG", "LC_ALL", "TERM", "TZ")
"""What the demo takes over from the caller's environment; the rest could lead to real systems."""
LONGEST_BASE = 40
"""Sockets lie below; a unix socket's path holds 107 bytes."""


class Stage:
    """Where a demo takes place. `env` is the environment of everything that runs in it."""

    def __init__(self, directory: Path) -> None:
        """`directory` is new and private to this demo."""
        self.directory = directory
        self.home = directory / "home"
        self.home.mkdir()
        self.env: dict[str, str] = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env |= {
            "HOME": str(self.home),
            "GUARD_CONFIG_DIR": str(directory / "config"),
            "GUARD_STATE_DIR": str(directory / "state"),
            "GUARD_RUNTIME_DIR": str(directory / "run"),
            "GUARD_POLICY": "pack:default",
            "GUARD_ISOLATE": "off",  # what it shows is looked at from outside
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    @property
    def api_socket(self) -> Path:
        """Where the demo's own API listens; `guard run` finds it there."""
        return self.directory / "run" / "api.sock"

    def guard(self, *arguments: str) -> list[str]:
        """Return the command line of this very installation; nothing is imported from the present directory."""
        return [sys.executable, "-P", "-m", "guardcli", *arguments]

    def run_guard(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of guard to its end."""
        return subprocess.run(
            self.guard(*arguments), env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    @contextmanager
    def api(self) -> Iterator[ApiClient]:
        """Run an API for this demo alone, and give a client of it."""
        (self.directory / "run").mkdir(mode=0o700)
        (self.directory / "state").mkdir(mode=0o700)
        log = self.directory / "state" / "api.log"
        arguments = ["--uds", str(self.api_socket), "--database", str(self.directory / "state" / "guard.db")]
        with child(self.guard("api", "serve", *arguments, "--idle", "120"), self.env, log) as server:
            wait_until(self.api_socket.exists, server, log, "the API")
            client = ApiClient(f"unix://{self.api_socket}")
            try:
                yield client
            finally:
                client.close()


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Make a stage, and remove it with all that is in it."""
    base = tempfile.gettempdir()
    directory = Path(tempfile.mkdtemp(prefix="guard-demo-", dir=base if len(base) <= LONGEST_BASE else "/tmp"))  # noqa: S108
    try:
        directory.chmod(0o711)  # the database's own user passes through
        yield Stage(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def child(
    command: Sequence[str], env: Mapping[str, str], log: Path, user: int | None = None, ends_with: int = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for as long as the block lasts, as `user` where given, its output in `log`."""
    guardian = shutil.which("setpriv")
    if guardian:  # it goes even when this process is killed and can do nothing any more
        command = [guardian, "--pdeathsig", signal.Signals(ends_with).name.removeprefix("SIG"), *command]
    with ExitStack() as ending:
        with log.open("wb") as written, uninterrupted():
            process = subprocess.Popen(
                command,
                env=env,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                extra_groups=None if user is None else [],
            )
            ending.callback(end, process, ends_with)
        yield process


def end(process: subprocess.Popen[bytes], signal_number: int) -> None:
    """End a server, by force where it takes too long."""
    process.send_signal(signal_number)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold INT, TERM and HUP back until the block is left: what is started in it is then known to who ends it."""
    held: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda number, _: held.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        raise KeyboardInterrupt


def wait_until(ready: Callable[[], object], process: subprocess.Popen[bytes], log: Path, what: str) -> None:
    """Return once calling `ready` gives something true. Raises UnavailableError when `process` ends or time is up."""
    end = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            said = log.read_text(errors="replace").strip().splitlines()[-3:]
            raise UnavailableError(f"{what} of the demo did not start", hint=" / ".join(said) or "it said nothing")
        time.sleep(0.02)
