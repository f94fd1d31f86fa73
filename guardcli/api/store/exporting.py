"""The whole record as lines of JSON, for whoever verifies it without the API: `guardcli.client.exports` reads them.

Heads come first and the trail last, so that nothing that an earlier line speaks of is missing from a later one while
sessions go on. Constant memory, but for the ids of the sessions.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from guardcli.api.archive.segments import DamagedError
from guardcli.api.store import Store
from guardcli.api.store.events import PAGE
from guardcli.api.store.sessions import Session
from guardcli.api.store.trail import rfc3339
from guardcli.api.store.verification import known_sessions
from guardcli.client.exports import VERSION
from guardcli.model.errors import NotFoundError
from guardcli.model.events import EventType, canonical
from guardcli.signing import KeySet


def export(store: Store, keys: KeySet | None, at: float) -> Iterator[bytes]:
    """Give the lines; the last one counts them and holds the SHA-256 of all before it. Raises UnavailableError."""
    digest = hashlib.sha256()
    count = 0
    for form in _forms(store, keys, at):
        line = canonical(form) + b"\n"
        digest.update(line)
        count += 1
        yield line
    yield canonical({"end": {"lines": count, "sha256": digest.hexdigest()}}) + b"\n"


def _forms(store: Store, keys: KeySet | None, at: float) -> Iterator[Mapping[str, Any]]:
    kept = store.signed.latest()
    header = {"export": VERSION, "made": rfc3339(at), "trail": store.trail.length()}
    shown = None if kept is None else {"body": kept.body, "signature": kept.signature}
    yield {**header, "keys": None if keys is None else keys.as_json(), "latest": shown}
    for head in store.signed.heads():
        leaves = [[leaf.session, leaf.events, leaf.head] for leaf in head.leaves]
        yield {"head": {"body": head.body, "signature": head.signature, "leaves": leaves}}
    for id in list(known_sessions(store)):
        yield from _session(store, id)
    start = 0
    while entries := store.trail.entries(start=start):
        yield from ({"entry": entry.as_json()} for entry in entries)
        start = entries[-1].sequence + 1


def _session(store: Store, id: str) -> Iterator[Mapping[str, Any]]:
    try:
        session = store.sessions.get(id)
    except NotFoundError:
        return
    except ValueError as error:
        yield {"session": {"id": id, "unreadable": str(error)}}
        return
    names = ("id", "identity", "owner", "facts", "closed", "events", "head")
    yield {"session": {name: getattr(session, name) for name in names}}
    yield from _events(store, session)


def _events(store: Store, session: Session) -> Iterator[Mapping[str, Any]]:
    start = 0
    while start < session.events:
        try:
            page = store.events.read(session.id, start, min(PAGE, session.events - start))
        except ValueError as error:
            yield {"unreadable": str(error)}
            return
        if not page:
            return
        for event in page:
            yield {"event": event.as_json(), **_content(store, session.id, event.sequence, event.type)}
        start = page[-1].sequence + 1


def _content(store: Store, session: str, sequence: int, type: EventType) -> Mapping[str, str]:
    if type is not EventType.OUTPUT:
        return {}
    try:
        content = store.stretches.content(session, sequence)
    except DamagedError as error:
        return {"damage": str(error)}
    return {} if content is None else {"content": base64.b64encode(content).decode()}
