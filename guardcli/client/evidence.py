"""Evidence: what was recorded in a span of time, counted and mapped to the controls of a framework.

It is taken from the API's list of sessions, its trail, and a verification made for it; only whole sessions that began
in the span are counted, and acts of the trail that fall in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from guardcli.client.api import SessionInfo, Verification
from guardcli.client.controls import FRAMEWORKS

SESSIONS_MAX = 1_000_000

ACTS = {
    "token-issued": "tokens_issued",
    "token-revoked": "tokens_revoked",
    "logged-in": "logins",
    "logged-out": "logouts",
    "session-revoked": "sessions_revoked",
    "session-held": "sessions_held",
    "session-released": "sessions_released",
    "recording-deleted": "recordings_deleted",
    "key-rotated": "keys_rotated",
    "encryption-rotated": "identities_rotated",
    "encryption-retired": "identities_retired",
    "policy-published": "policies_published",
    "policy-assigned": "policies_assigned",
    "policy-rolled-back": "policies_rolled_back",
    "policy-withdrawn": "policies_withdrawn",
    "approval-requested": "approvals_requested",
    "approval-voted": "votes",
    "approval-approved": "approvals_approved",
    "approval-denied": "approvals_denied",
    "approval-expired": "approvals_expired",
    "approval-cancelled": "approvals_cancelled",
    "approval-withdrawn": "approvals_withdrawn",
    "approval-consumed": "approvals_used",
    "grant-given": "grants_given",
    "grant-revoked": "grants_revoked",
}
"""What is counted of the trail, one name an act."""

COUNTERS = {
    "calls": "calls",
    "allow": "allowed",
    "approve": "asked",
    "deny": "denied",
    "masked": "masked",
    "failed": "failed",
}


def moment(seconds: float) -> str:
    """Return `seconds` since the epoch as UTC, in the form of the trail."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Source(Protocol):
    """What evidence is gathered from: an API's client, or what is behind the API."""

    def sessions(self, *, since: float, until: float, limit: int) -> Iterator[SessionInfo]:
        """Give the sessions that began in a span."""
        ...

    def trail(self) -> Iterator[Mapping[str, Any]]:
        """Give all acts."""
        ...

    def verify(self) -> Verification:
        """Recompute everything."""
        ...

    def health(self) -> Mapping[str, Any]:
        """Return which API this is."""
        ...


def gather(client: Source, since: float, until: float, framework: str, at: float) -> dict[str, Any]:
    """Return the evidence of the span from `since` to `until`, exclusive, seconds since the epoch; made `at`.

    Raises DeniedError for who may not verify the record.
    """
    sessions = list(client.sessions(since=since, until=until, limit=SESSIONS_MAX))
    first, end = moment(since), moment(until)
    acts = [entry for entry in client.trail() if first <= entry["time"] < end]
    report = client.verify()
    facts = {**_facts(sessions, acts, len(report.faults)), "signed_heads": report.heads}
    return {
        "framework": framework,
        "from": first,
        "to": end,
        "made": moment(at),
        "api": dict(client.health()),
        "facts": facts,
        "verification": {
            "whole": report.whole,
            "events": report.events,
            "sessions": report.sessions,
            "heads": report.heads,
        },
        "deleted": [{"session": one.session, "event": one.sequence, "what": one.message} for one in report.notes],
        "faults": [{"session": one.session, "event": one.sequence, "what": one.message} for one in report.faults],
        "controls": [
            {
                "id": control.id,
                "title": control.title,
                "shows": control.shows,
                "counts": {name: facts[name] for name in control.facts},
                "guard_cannot_show": control.not_shown,
            }
            for control in FRAMEWORKS[framework]
        ],
        "approvals": chains(acts),
    }


def _facts(sessions: Sequence[SessionInfo], acts: Iterable[Mapping[str, Any]], faults: int) -> dict[str, Any]:
    counted: Counter[str] = Counter()
    for session in sessions:
        counted.update({name: session.counts.get(key, 0) for key, name in COUNTERS.items()})
        counted.update({"events": session.events, "sessions_closed": int(session.state == "closed")})
        counted["sessions_lost"] += session.state == "lost"
    counted.update(ACTS[entry["action"]] for entry in acts if entry["action"] in ACTS)
    names = (*COUNTERS.values(), *ACTS.values(), "events", "sessions_closed", "sessions_lost")
    return {
        **{name: counted[name] for name in names},
        "sessions": len(sessions),
        "faults": faults,
        "identities": sorted({session.identity for session in sessions}),
        "hosts": sorted({session.host for session in sessions} - {""}),
        "policies": sorted({session.policy_digest for session in sessions} - {""}),
        "earliest_session": moment(min(session.started for session in sessions)) if sessions else "",
    }


def chains(acts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each approval with the acts of the trail that made it what it is, in order, with their hashes.

    One that was asked for before `acts` begin says so: its request is in the evidence of the span before.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in acts:
        if entry["action"].startswith("approval-"):
            kept = {name: entry[name] for name in ("sequence", "time", "actor", "action", "data", "hash")}
            found.setdefault(entry["subject"], []).append(kept)
    return [
        {"approval": id, "acts": steps, "begins_earlier": steps[0]["action"] != "approval-requested"}
        for id, steps in found.items()
    ]
