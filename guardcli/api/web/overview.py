"""The numbers of the first page: decisions over time, rules that decided, what was masked. Every read is bounded."""

from __future__ import annotations

from collections import Counter
from typing import Any

from guardcli.api.store import Store
from guardcli.api.store.sessions import Session, SessionQuery, SessionState
from guardcli.model.approvals import ApprovalState
from guardcli.model.events import EventType

HOURS = 24
SESSIONS_MAX = 2000
LOOKED_INTO = 40
"""Sessions whose events are read for the rules and the detectors."""
VERDICTS = ("allow", "approve", "deny")


def overview(store: Store, owner: str, at: float) -> dict[str, Any]:
    """Return what the first page shows at the moment `at`, of the sessions that `owner` opened where one is given."""
    since = at - HOURS * 3600
    recent = store.sessions.find(SessionQuery(owner=owner, since=since, limit=SESSIONS_MAX))
    rules, masked = _looked_into(store, recent[:LOOKED_INTO])
    return {
        "live": store.sessions.find(SessionQuery(owner=owner, state=SessionState.LIVE, limit=10)),
        "pending": store.approvals.find(ApprovalState.PENDING, "", owner, 10),
        "bars": bars(recent, at),
        "totals": _totals(recent),
        "rules": rules.most_common(8),
        "masked": masked.most_common(8),
        "at": at,
        "looked_into": min(len(recent), LOOKED_INTO),
    }


def _totals(sessions: list[Session]) -> dict[str, int]:
    total: Counter[str] = Counter(sessions=len(sessions))
    for session in sessions:
        total.update({name: int(session.counts.get(name, 0)) for name in ("calls", *VERDICTS, "masked")})
    return {name: total[name] for name in ("sessions", "calls", *VERDICTS, "masked")}


def bars(sessions: list[Session], at: float) -> list[dict[str, Any]]:
    """Return for each of the last `HOURS` hours how much was allowed, asked and denied, with heights of 100 in all."""
    hours: list[Counter[str]] = [Counter() for _ in range(HOURS)]
    for session in sessions:
        place = HOURS - 1 - int((at - float(session.started)) // 3600)
        if 0 <= place < HOURS:
            hours[place].update({name: int(session.counts.get(name, 0)) for name in VERDICTS})
    most = max((sum(hour.values()) for hour in hours), default=0) or 1
    shown = []
    for place, hour in enumerate(hours):
        top = 100.0
        parts = []
        for name in VERDICTS:
            height = 100.0 * hour[name] / most
            top -= height
            parts.append({"name": name, "count": hour[name], "top": round(top, 2), "height": round(height, 2)})
        shown.append({"ago": HOURS - 1 - place, "left": place * 10, "parts": parts, "sum": sum(hour.values())})
    return shown


def _looked_into(store: Store, sessions: list[Session]) -> tuple[Counter[str], Counter[str]]:
    rules: Counter[str] = Counter()
    masked: Counter[str] = Counter()
    for session in sessions:
        for event in store.events.read(session.id, 0, 200, EventType.JUDGED):
            if event.data.get("rule"):
                rules[str(event.data["rule"])] += 1
        for event in store.events.read(session.id, 0, 200, EventType.MASKED):
            findings = event.data.get("findings")
            if isinstance(findings, dict):
                masked.update({str(name): count for name, count in findings.items() if isinstance(count, int)})
    return rules, masked
