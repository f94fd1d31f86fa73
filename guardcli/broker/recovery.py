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

from guardcli.broker.spool import EVENTS, LOCK, RECORDING, SESSION, remove_spool, timestamp
from guardcli.broker.spool_frames import FrameReader, FrameWriter, RecordingReader
from guardcli.broker.spool_key import SEALED_KEY, new_key, sealed, write_key
from guardcli.broker.spool_note import NOTE, read_note
from guardcli.broker.spool_reader import LINE_MAX, SpoolReader, write_shipped
from guardcli.client.api import ApiClient
from guardcli.model.errors import GuardError, UnavailableError
from guardcli.model.events import GENESIS, Event, EventType, chained, first_fault, parse_event

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
        own, key = _open(directory, session, facts, client)
        end = _mend(directory, session, key)
        _ship(directory, session, key, own)
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
    if _begun(directory):
        log.error("%s does not tell whose session it is", directory)
        _put_aside(directory)
    else:
        remove_spool(directory)
    return False


def _begun(directory: Path) -> bool:
    """Tell whether an event was written, or may have been."""
    try:
        return (directory / EVENTS).stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError:
        return True


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


def _open(directory: Path, session: str, facts: Mapping[str, object], client: ApiClient) -> tuple[ApiClient, bytes]:
    """Return a client that acts for the session, and the key of its spool. It may be new to the API, or forgotten.

    A broker that was lost before it had left its key has written nothing. Raises GuardError, OSError, and ValueError
    for a record that nothing opens.
    """
    try:
        closed = (directory / SEALED_KEY).read_bytes()
    except FileNotFoundError:
        closed = b""
        if _begun(directory):
            raise ValueError(f"its key, {directory / SEALED_KEY}, is missing") from None
    opened = client.open_session(facts, spool_key=closed)
    if not closed:
        key = new_key()
        write_key(directory, sealed(key, session, opened.recipient))
        return client.with_token(opened.token), key
    return client.with_token(opened.token), opened.spool_key


def _mend(directory: Path, session: str, key: bytes) -> _End:
    """Cut off what is torn, cover what is recorded, and close the chain. Raises OSError, UnavailableError."""
    for name in (EVENTS, RECORDING):
        os.close(os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    recording = RecordingReader(directory / RECORDING, key)
    try:
        end = _walk(directory, session, key, recording)
        if end.closed and not end.fault:
            return end
        if end.fault:
            shutil.copy2(directory / EVENTS, directory / (EVENTS + DAMAGED))
        os.truncate(directory / EVENTS, end.position)
        if not end.closed:
            chain = _Chain(directory, session, key, end)
            if not end.fault:
                _take_note(directory, key, chain, end)
            _end_chain(chain, end, recording)
    finally:
        recording.close()
    return end


def _take_note(directory: Path, key: bytes, chain: _Chain, end: _End) -> None:
    """Append what was under way, and may have been answered, where the broker had not yet written it."""
    note = read_note(directory / NOTE, key)
    if note is not None and note.sequence == end.sequence:
        chain.append(EventType.JUDGED, note.data, note.call, note.moment)
        end.calls = chain.call = max(end.calls, note.call)


def _end_chain(chain: _Chain, end: _End, recording: RecordingReader) -> None:
    """Append what covers the rest of the recording, and the end."""
    try:
        if not end.fault:
            end.fault = _cover(chain, end.covered, recording)
        if not end.recovered:
            chain.append(EventType.RECOVERED, {"reason": end.fault or "the broker was lost"})
        chain.append(EventType.CLOSED, {"status": None, "calls": end.calls, "recovered": True})
    finally:
        chain.close()


def _walk(directory: Path, session: str, key: bytes, recording: RecordingReader) -> _End:
    """Verify the chain and the stretches that it covers, up to the first fault or a torn last frame."""
    end = _End()
    events = FrameReader(directory / EVENTS, key)
    try:
        while True:
            event = _next(events, end)
            if event is None:
                break
            end.fault = "" if not end.closed else f"event {end.sequence}: the session was closed before it"
            end.fault = end.fault or first_fault([event], session, end.sequence, end.previous)
            end.fault = end.fault or _stretch_fault(recording, event, end)
            if end.fault:
                break
            end.position = events.position
            end.sequence, end.previous = end.sequence + 1, event.hash
            end.calls = max(end.calls, event.call)
            end.recovered = event.type is EventType.RECOVERED
            end.closed = event.type is EventType.CLOSED
    finally:
        events.close()
    return end


def _next(events: FrameReader, end: _End) -> Event | None:
    """Return the next event, None where there is none, with the reason in `end` where that is a fault."""
    try:
        line = events.read()
        return None if line is None else parse_event(json.loads(line))
    except (ValueError, RecursionError) as error:
        end.fault = f"event {end.sequence}: {error}"
        return None


def _stretch_fault(recording: RecordingReader, event: Event, end: _End) -> str:
    if event.type is not EventType.OUTPUT:
        return ""
    offset, length = event.data.get("offset"), event.data.get("length")
    if offset != end.covered or not isinstance(length, int) or not 0 <= length <= LINE_MAX:
        return f"event {event.sequence}: the recording goes on at {end.covered}, not at {offset}"
    try:
        content = recording.read(end.covered, length)
    except ValueError as error:
        return f"event {event.sequence}: its part of the recording is damaged: {error}"
    if len(content) != length or hashlib.sha256(content).hexdigest() != event.data.get("sha256"):
        return f"event {event.sequence}: its part of the recording does not match its SHA-256"
    end.covered += length
    return ""


class _Chain:
    """Appends to the chain of a lost broker."""

    def __init__(self, directory: Path, session: str, key: bytes, end: _End) -> None:
        self._file = FrameWriter(directory / EVENTS, key)
        self._session = session
        self._sequence, self._previous = end.sequence, end.previous
        self.call = end.calls

    def append(self, type: EventType, data: Mapping[str, object], call: int = 0, moment: str = "") -> None:
        """Append one event, of now where no `moment` is given. Raises UnavailableError."""
        when = moment or timestamp(time.time())
        event = chained(self._session, self._sequence, when, type, call, data, self._previous)
        self._file.append(event.line())
        self._sequence, self._previous = self._sequence + 1, event.hash

    def close(self) -> None:
        """Bring the chain to the disk and close it."""
        self._file.sync()
        self._file.close()


def _cover(chain: _Chain, start: int, recording: RecordingReader) -> str:
    """Append the events that cover the recording from `start` on, which the broker had no time to write.

    Returns what is wrong with the rest of it, empty for nothing.
    """
    while True:
        try:
            content = recording.read(start, STRETCH)
        except ValueError as error:
            return f"the recording from byte {start} on is damaged: {error}"
        if not content:
            return ""
        digest = hashlib.sha256(content).hexdigest()
        chain.append(EventType.OUTPUT, {"offset": start, "length": len(content), "sha256": digest}, chain.call)
        start += len(content)


def _ship(directory: Path, session: str, key: bytes, own: ApiClient) -> None:
    """Ship what the API lacks. Raises GuardError, OSError, ValueError."""
    reader = SpoolReader(directory, key)
    try:
        reader.seek(own.append_lines(session, b""))
        while batch := reader.batch():
            write_shipped(directory, own.append_lines(session, batch.body))
    finally:
        reader.close()
