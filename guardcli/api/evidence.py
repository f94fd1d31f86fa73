"""Evidence as one file, made from the store and signed by the API's own key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardcli import __version__
from guardcli.api.bodies import SessionView
from guardcli.api.store import Store
from guardcli.api.store.database import SCHEMA_VERSION, now
from guardcli.api.store.sessions import SessionQuery
from guardcli.api.store.verification import verify
from guardcli.client.api import SessionInfo, Verification
from guardcli.client.evidence import gather
from guardcli.client.evidence_page import page
from guardcli.client.sealing import archive
from guardcli.model.events import canonical
from guardcli.signing import KeyRing

PAGE = 500


class StoreSource:
    """What evidence is gathered from, read from the store itself."""

    def __init__(self, store: Store, keys: KeyRing) -> None:
        self._store = store
        self._keys = keys

    def sessions(self, *, since: float, until: float, limit: int) -> Iterator[SessionInfo]:
        """Give the sessions that began in a span, newest first."""
        after = ""
        while limit > 0:
            query = SessionQuery(since=since, until=until, after=after, limit=min(PAGE, limit))
            found = self._store.sessions.find(query)
            for session in found:
                form = SessionView.of(session, now()).model_dump()
                lists = {"groups": tuple(form["groups"]), "command": tuple(form["command"])}
                yield SessionInfo(**{**form, **lists, "state": form["state"].value})
            if len(found) < PAGE:
                return
            limit, after = limit - len(found), found[-1].id

    def trail(self) -> Iterator[Mapping[str, Any]]:
        """Give all acts."""
        start = 0
        while entries := self._store.trail.entries(start=start):
            yield from (entry.as_json() for entry in entries)
            start = entries[-1].sequence + 1

    def verify(self) -> Verification:
        """Recompute everything."""
        report = verify(self._store, keys=self._keys.public() if self._store.signed.any() else None)
        faults, notes = tuple(report.faults), tuple(report.notes)
        return Verification(not faults, report.sessions, report.events, report.bytes, faults, notes, report.heads)

    def health(self) -> Mapping[str, Any]:
        """Return which API this is."""
        return {"status": "ok", "version": __version__, "schema_version": SCHEMA_VERSION, "time": now()}


def bundle(store: Store, keys: KeyRing, since: float, until: float, framework: str) -> bytes:
    """Return a zip of the evidence as JSON and to read, with its manifest, signature and public keys."""
    evidence = gather(StoreSource(store, keys), since, until, framework, now())
    files = {"evidence.json": canonical(evidence) + b"\n", "evidence.html": page(evidence).encode("utf-8", "replace")}
    return archive(files, keys.public(), keys.sign)
