"""What every test may rely on: no setting of the user's reaches it, and no process of its outlives the run."""

from __future__ import annotations

import fcntl
import gc
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Collection, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import warm
from hypothesis import settings

MARK = "TEST_RUN_OF_GUARD"
"""Inherited by whatever the tests start, so that what is left of it can be told from everything else."""

PATTERNS = "GUARD_TEST_PATTERNS"
"""Where the patterns that masking has compiled are kept for the whole run: to compile them takes seconds."""

ROOT = Path(__file__).parent.parent

GRACE = 60.0
"""Seconds that processes have to end by themselves after the last test."""

LEFT = pytest.StashKey[list[tuple[int, str]]]()


SLOW = ("api", "attacks", "cli", "integration", "test_install.py", "tui")
"""Tests here start processes and wait for them."""

CLUSTERS = "GUARD_TEST_CLUSTERS"
"""Where the one empty PostgreSQL cluster lies that all others of the run are copies of."""

MANY = 20
"""Expressions that take long enough to compile for the result to be kept."""


def pytest_configure(config: pytest.Config) -> None:
    """Hide the user's own settings, and mark the run: the controller chooses the mark, its workers inherit it.

    What begins with ``GUARD_TEST_`` is said to the tests themselves: how long they may take, for one.
    """
    for name in [name for name in os.environ if name.startswith("GUARD_") and not name.startswith("GUARD_TEST_")]:
        del os.environ[name]
    heed_signals()
    for name in ("COLUMNS", "LINES"):  # readline tells the controller's children 80 × 24, whatever terminal a test has
        os.environ.pop(name, None)
    if not hasattr(config, "workerinput"):
        os.environ[MARK] = uuid.uuid4().hex
        compile_what_changed()
        os.environ[PATTERNS] = patterns = tempfile.mkdtemp(prefix="guard-test-patterns-")
        os.environ[CLUSTERS] = clusters = tempfile.mkdtemp(prefix="guard-test-clusters-")
        os.chmod(clusters, 0o755)
        for directory in (patterns, clusters):
            config.add_cleanup(partial(shutil.rmtree, directory, ignore_errors=True))
    share_patterns(Path(os.environ[PATTERNS]))
    home = tempfile.mkdtemp(prefix="guard-test-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ["GUARD_CONFIG_DIR"] = os.path.join(home, "config")
    os.environ["GUARD_STATE_DIR"] = state = os.path.join(home, "state")
    os.mkdir(state, 0o700)
    os.symlink(os.environ[PATTERNS], os.path.join(state, "cache"))
    os.environ["GUARD_RUNTIME_DIR"] = os.path.join(home, "run")
    os.environ["GUARD_ISOLATE"] = "off"  # tests of isolation ask for it
    examples = int(os.environ.get("GUARD_TEST_EXAMPLES", "60"))
    settings.register_profile("guard", max_examples=examples, deadline=None)
    settings.load_profile("guard")


def heed_signals() -> None:
    """Let what the tests start have no signal ignored, as whoever started the run in the background may have set it."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # ignored here all the same, and as by default in other programs


def share_patterns(directory: Path) -> None:
    """Let maskers that are given no cache have the run's: of workers that want the same patterns one compiles them."""
    from guardcli.masking import engine  # only now: what it loads has just been compiled
    from guardcli.masking.cache import PatternCache
    from guardcli.masking.scanner import digest

    cache, made = PatternCache(directory), engine._scanner

    def shared(expressions: list[bytes], once: Collection[int], tails: Sequence[int], load: Any, store: Any) -> Any:
        if load is not None or store is not None or len(expressions) < MANY:
            return made(expressions, once, tails, load, store)
        name = digest(expressions, once, tails)
        with open(directory / f"{name}.lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return made(expressions, once, tails, cache.load, cache.store)

    engine._scanner = shared


def compile_what_changed() -> None:
    """Compile the shim and masking's library again where a source is newer: what is tested is what lies here."""
    made = [ROOT / "guardcli" / "_shim" / "guard-shim", ROOT / "guardcli" / "_native" / "libguard_mask.so"]
    masking = ROOT / "guardcli" / "masking"
    read = ("compiled/automata.py", "forms/names.py", "forms/tails.py", "tables/headings.py")
    sources = [path for room in ("shims", "native") for path in (ROOT / room).iterdir()]
    newest = max(path.stat().st_mtime for path in [*sources, ROOT / "setup.py", *(masking / name for name in read)])
    if not all(path.is_file() and path.stat().st_mtime >= newest for path in made):
        subprocess.run([sys.executable, "setup.py", "-q", "build_native", "--inplace"], cwd=ROOT, check=True)


def leftovers(mark: str) -> Iterator[tuple[int, str]]:
    """Yield the number and command line of every process with this run's mark, but for this one and those above it."""
    own = {os.getpid(), *ancestors(os.getpid())}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in own:
            continue
        try:
            environment = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in environment.split(b"\0"):
            yield int(entry.name), command


def ancestors(pid: int) -> Iterator[int]:
    """Yield the processes above `pid`."""
    while pid > 1:
        stat = Path(f"/proc/{pid}/stat").read_text()
        pid = int(stat.rpartition(")")[2].split()[1])
        yield pid


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in what is gathered, now or later: a worker keeps a million objects until it ends."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every worker begin with its share of what takes long: none of it is left to run alone at the end."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        items[:] = dealt(items, workers)


def dealt(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return `items`, of which each worker gets a stretch of the same length, with whole modules of `SLOW` first."""
    slow = [item for item in items if room(item) in SLOW]
    modules = [list(module) for _, module in itertools.groupby(slow, lambda item: item.path)]
    shares = [list(itertools.chain(*modules[number::workers])) for number in range(workers)]
    quick = (item for item in items if room(item) not in SLOW)
    for share in shares:
        share += itertools.islice(quick, max(0, len(items) // workers - len(share)))
    return [*itertools.chain(*shares), *quick]


def room(item: pytest.Item) -> str:
    """Return the directory or file below ``tests`` that a test is in."""
    return item.path.relative_to(ROOT / "tests").parts[0]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run where a process is left, name it, and end it by its number."""
    warm.close()
    if hasattr(session.config, "workerinput"):
        return
    mark = os.environ[MARK]
    end = time.monotonic() + GRACE
    while (left := list(leftovers(mark))) and time.monotonic() < end:
        time.sleep(0.1)
    session.config.stash[LEFT] = left
    for pid, _ in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the run left behind."""
    left = config.stash.get(LEFT, [])
    for pid, command in left:
        terminalreporter.write_line(f"process left behind: {pid} {command}", red=True)
    if not left:
        terminalreporter.write_line("no process left behind")
