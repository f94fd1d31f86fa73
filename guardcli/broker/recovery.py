"""Brings home what a lost broker left: mends the torn end of its spool, closes its chain, ships it, removes it.

A spool whose lock is held belongs to a broker that lives, or to another recovery. What was tampered with is shipped
as far as it holds, with an event that says where it broke, and kept beside the others as ``ID.damaged``.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from guardcli.broker.spool import EVENTS, LOCK, RECORDING, SESSION, AppendFile, remove_spool, timestamp
from guardcli.broker.spool_reader import LINE_MAX, SpoolReader, write_shipped
from guardcli.client.api import ApiClient
from guardcli.model.errors import ConflictError, GuardError, UnavailableError
from guardcli.model.events import GENESIS, Event, EventType, chained, first_fault, parse_event
from guardcli.model.secrets import Secret

log = logging.getLogger("guard.recovery")

DAMAGED = ".damaged"

STRETCH = 1 << 20
"""Bytes of the recording that one event covers where many are left uncovered."""


def recover_spools(spool_root: Path, client: ApiClient, skip: Collection[str] = ()) -> list[str]:
    """Recover every spool below `spool_root` that nobody holds, those of the sessions in `skip` aside.

    Returns the ids of the sessions that are home. One that cannot be shipped now stays for the next time. Safe to
    run many times at once. Raises UnavailableError as soon as the API cannot be reached: the others would fail too.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(spool_root) if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
    home = []
    for name in names:
        if name.startswith("."):  # what another recovery, or its broker, had not quite removed when it ended
            shutil.rmtree(spool_root / name, ignore_errors=True)
            continue
        if name in skip or name.endswith(DAMAGED):
            continue
        with _held(spool_root / name) as held:
            if held and _recover(spool_root / name, name, client):
                home.append(name)
    return home


@contextmanager
def _held(directory: Path) -> Iterator[bool]:
    """Hold the lock of a spool; False where somebody else does, or it was removed meanwhile."""
    try:
        lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield os.path.samestat(os.fstat(lock), os.stat(directory / LOCK))
    except (BlockingIOError, FileNotFoundError):
        yield False
    finally:
        os.close(lock)


def _recover(directory: Path, session: str, client: ApiClient) -> bool:
    try:
        facts = json.loads((directory / SESSION).read_bytes())
    except (OSError, ValueError):
        return _without_facts(directory, session)
    if not isinstance(facts, dict) or facts.get("id") != session:
        log.error("%s does not belong to session %s", directory, session)
        _put_aside(directory)
        return False
    try:
        end = _mend(directory, session)
        _ship(directory, session, facts, client)
    except UnavailableError:
        raise
    except (GuardError, OSError, ValueError) as error:
        log.error("session %s cannot be recovered: %s", session, error)
        return False
    if end.fault:
        _put_aside(directory)
    else:
        remove_spool(directory)
    return True


def _without_facts(directory: Path, session: str) -> bool:
    """A broker that was lost before it had written who it was has run nothing; anything more is put aside."""
    try:
        begun = (directory / EVENTS).exists() and (directory / EVENTS).stat().st_size > 0
    except OSError:
        begun = True
    if begun:
        log.error("%s does not tell whose session it is", directory)
        _put_aside(directory)
    else:
        remove_spool(directory)
    return False


def _put_aside(directory: Path) -> None:
    aside = directory.with_name(directory.name + DAMAGED)
    if not aside.exists():
        directory.rename(aside)


@dataclass(slots=True)
class _End:
    """Where the good part of a chain ends, and what is wrong after it."""

    position: int = 0
    sequence: int = 0
    previous: str = GENESIS
    covered: int = 0
    calls: int = 0
    recovered: bool = False
    closed: bool = False
    fault: str = ""


def _mend(directory: Path, session: str) -> _End:
    """Cut off what is torn, cover what is recorded, and close the chain. Raises OSError, UnavailableError."""
    end = _walk(directory, session)
    recorded = (directory / RECORDING).stat().st_size if (directory / RECORDING).exists() else 0
    if end.closed and not end.fault:
        return end
    if end.fault:
        shutil.copy2(directory / EVENTS, directory / (EVENTS + DAMAGED))
    if (directory / EVENTS).exists():
        os.truncate(directory / EVENTS, end.position)
    if end.closed:
        return end
    chain = _Chain(directory, session, end)
    try:
        if recorded > end.covered and not end.fault:
            _cover(directory, chain, end.covered, recorded)
        facts: dict[str, object] = {"reason": end.fault or "the broker was lost"}
        if not end.recovered:
            chain.append(EventType.RECOVERED, facts)
        chain.append(EventType.CLOSED, {"status": None, "calls": end.calls, "recovered": True})
    finally:
        chain.close()
    return end


def _walk(directory: Path, session: str) -> _End:
    """Verify the chain and the stretches that it covers, up to the first fault or a torn last line."""
    end = _End()
    try:
        events = open(directory / EVENTS, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return end
    with events, _recording(directory) as recording:
        while line := events.readline(LINE_MAX):
            if not line.endswith(b"\n") and not events.read(1):
                break
            try:
                event = parse_event(json.loads(line))
            except (ValueError, RecursionError) as error:
                end.fault = f"event {end.sequence}: {error}"
                break
            end.fault = "" if not end.closed else f"event {end.sequence}: the session was closed before it"
            end.fault = end.fault or first_fault([event], session, end.sequence, end.previous)
            end.fault = end.fault or _stretch_fault(recording, event, end)
            if end.fault:
                break
            end.position += len(line)
            end.sequence, end.previous = end.sequence + 1, event.hash
            end.calls = max(end.calls, event.call)
            end.recovered = event.type is EventType.RECOVERED
            end.closed = event.type is EventType.CLOSED
    return end


@contextmanager
def _recording(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory / RECORDING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _stretch_fault(recording: int, event: Event, end: _End) -> str:
    if event.type is not EventType.OUTPUT:
        return ""
    offset, length = event.data.get("offset"), event.data.get("length")
    if offset != end.covered or not isinstance(length, int) or not 0 <= length <= LINE_MAX:
        return f"event {event.sequence}: the recording goes on at {end.covered}, not at {offset}"
    content = os.pread(recording, length, end.covered)
    if len(content) != length or hashlib.sha256(content).hexdigest() != event.data.get("sha256"):
        return f"event {event.sequence}: its part of the recording does not match its SHA-256"
    end.covered += length
    return ""


class _Chain:
    """Appends to the chain of a lost broker."""

    def __init__(self, directory: Path, session: str, end: _End) -> None:
        self._file = AppendFile(directory / EVENTS)
        self._session = session
        self._sequence, self._previous = end.sequence, end.previous
        self.call = end.calls

    def append(self, type: EventType, data: Mapping[str, object], call: int = 0) -> None:
        """Append one event of now. Raises UnavailableError."""
        moment = timestamp(time.time())
        event = chained(self._session, self._sequence, moment, type, call, data, self._previous)
        self._file.append(event.line())
        self._sequence, self._previous = self._sequence + 1, event.hash

    def close(self) -> None:
        """Bring the chain to the disk and close it."""
        self._file.sync()
        self._file.close()


def _cover(directory: Path, chain: _Chain, start: int, end: int) -> None:
    """Append the events that cover the recording from `start` to `end`, which the broker had no time to write."""
    with open(directory / RECORDING, "rb") as recording:
        recording.seek(start)
        while start < end:
            content = recording.read(min(STRETCH, end - start))
            if not content:
                return
            digest = hashlib.sha256(content).hexdigest()
            chain.append(EventType.OUTPUT, {"offset": start, "length": len(content), "sha256": digest}, chain.call)
            start += len(content)


def _ship(directory: Path, session: str, facts: Mapping[str, object], client: ApiClient) -> None:
    """Ship what the API lacks. It may not know the session yet, or any more. Raises GuardError, OSError, ValueError."""
    try:
        token = client.create_session(facts)
    except ConflictError:
        if not isinstance(facts.get("token"), str):
            raise
        token = Secret(str(facts["token"]))
    own = client.with_token(token)
    reader = SpoolReader(directory)
    try:
        reader.seek(own.append_lines(session, b""))
        while batch := reader.batch():
            write_shipped(directory, own.append_lines(session, batch.body))
    finally:
        reader.close()
