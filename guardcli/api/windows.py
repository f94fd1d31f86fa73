"""A stretch of a recording from any moment on, which begins with the screen as it was then.

The events say at which byte of the recording which moment is. The screen is drawn from the last `BEFORE` bytes before
it, so a jump costs the same wherever it leads; what a full-screen program drew before those is not seen until it
draws again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from guardcli.api.store import Store
from guardcli.api.store.sessions import Session
from guardcli.model.events import EventType
from guardcli.playback.asciicast import entry, header_size, lines, new_size

if TYPE_CHECKING:
    from guardcli.playback.terminal import Terminal

BEFORE = 256 * 1024
AHEAD = 2 * 1024 * 1024
"""So many bytes of the recording are sent from the moment on; the player asks for more."""

PIECE = 64 * 1024


def duration(store: Store, session: Session) -> float:
    """Return the seconds from the session's beginning to the last of its recording."""
    began = store.events.read(session.id, 0, 1)
    last = store.events.last_output(session.id)
    return _seconds(began[0].time, last.time) if began and last else 0.0


def window(store: Store, session: Session, moment: float) -> Iterator[bytes]:
    """Give an asciicast whose second 0 is `moment` of the session's recording."""
    header = next(lines(store.stretches.recording(session.id)), b"")
    if not header:
        return
    terminal = _terminal(header)
    place = max(0, store.events.offset_at(session.id, moment) - BEFORE)
    texts: list[str] = []
    sent = 0
    for line in _whole_lines(store, session.id, place):
        found = entry(line)
        if found is None:
            continue
        if found.time <= moment:
            if found.code == "r":
                terminal.feed("".join(texts))
                texts = []
                terminal.resize(*new_size(found.data))
            elif found.code == "o":
                texts.append(found.data)
            continue
        if not sent:
            yield _beginning(terminal, texts)
        shifted = json.dumps([round(found.time - moment, 6), found.code, found.data], ensure_ascii=False)
        encoded = shifted.encode("utf-8", "surrogatepass") + b"\n"
        sent += len(encoded)
        yield encoded
        if sent > AHEAD:
            return
    if not sent:
        yield _beginning(terminal, texts)


def screen_now(store: Store, session: Session) -> tuple[Terminal, int, float]:
    """Return the screen at the end of what is recorded, the byte after it, and its moment."""
    header = next(lines(store.stretches.recording(session.id)), b"")
    terminal = _terminal(header)
    place = max(0, session.recorded - BEFORE)
    moment = 0.0
    texts: list[str] = []
    for line in _whole_lines(store, session.id, place):
        place += len(line)
        found = entry(line)
        if found is not None:
            moment = max(moment, found.time)
            texts.append(found.data if found.code == "o" else "")
    terminal.feed("".join(texts))
    return terminal, session.recorded, moment


def _terminal(header: bytes) -> Terminal:
    from guardcli.playback.terminal import Terminal  # the emulator is loaded with the first screen

    return Terminal(*header_size(header))


def _beginning(terminal: Terminal, texts: list[str]) -> bytes:
    from guardcli.playback.dump import dump

    terminal.feed("".join(texts))
    columns, rows = terminal.size
    header = {"version": 2, "width": columns, "height": rows}
    return f"{json.dumps(header)}\n{json.dumps([0.0, 'o', dump(terminal)])}\n".encode()


def _whole_lines(store: Store, session: str, start: int) -> Iterator[bytes]:
    """Give lines from the first that begins at or after `start`."""
    found = lines(store.stretches.recording(session, start=start))
    if start:
        next(found, b"")
    yield from found


def _seconds(first: str, second: str) -> float:
    return max(0.0, (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds())


def marks(store: Store, session: str, limit: int = 2000) -> list[tuple[float, str, int]]:
    """Return moment, kind and call of what a reviewer wants to jump to: denied, asked, masked, failed."""
    began = store.events.read(session, 0, 1)
    found: list[tuple[float, str, int]] = []
    for kind in (EventType.JUDGED, EventType.MASKED, EventType.FAILED):
        for event in store.events.read(session, 0, limit, kind):
            verdict = str(event.data.get("verdict", ""))
            if kind is not EventType.JUDGED or verdict in ("deny", "approve"):
                found.append((_seconds(began[0].time, event.time), verdict or event.type.value, event.call))
    return sorted(found)[:limit]
