"""A session whose calls, findings and approvals are searched for, and what each question must find."""

from __future__ import annotations

import json

from guardcli.api.store import Store
from guardcli.api.store.search import SearchQuery
from guardcli.model.events import EventType

ME = "local:tester"


QUERY = {
    "tool": "psql",
    "command": "SELECT name, card FROM sales.orders WHERE note = 'über Müller'",
    "verdict": "allow",
    "rule": "reads-pass",
    "resource": "orders-db",
    "parameters": ["Zürich", None],
    "operations": [{"tool": "psql", "action": "select", "effects": ["read"], "targets": ["table:sales/orders"]}],
}
POD = {
    "tool": "kubectl",
    "command": "kubectl delete pod web-1 -n production",
    "verdict": "approve",
    "rule": "Pack/Deletes",
    "operations": [
        {"tool": "kubectl", "action": "delete", "effects": ["delete"], "targets": ["object:production/pod/web-1"]}
    ],
}
PUSH = {
    "tool": "git",
    "command": "git push origin main",
    "verdict": "deny",
    "rule": "no-push",
    "operations": [{"tool": "git", "effects": ["write"], "targets": ["ref:origin/refs/heads/main"]}],
}
SSH = {
    "tool": "ssh",
    "command": "ssh deploy@db7.internal uptime",
    "verdict": "allow",
    "rule": "hosts",
    "operations": [{"tool": "ssh", "effects": ["execute"], "targets": ["host:deploy@db7.internal:2222"]}],
}


def cast(*texts: str) -> bytes:
    return b"".join(json.dumps([1.0, "o", one]).encode() + b"\n" for one in texts)


def filled(store: Store, make, session: str = "session-0001", owner: str = ME, **facts: object):
    store.sessions.open(make.facts(session, **facts), owner)
    chain = make.Chain(session)
    chain.add(EventType.OPENED, make.facts(session, **facts))
    chain.add(EventType.JUDGED, QUERY, 1)
    chain.add(EventType.STARTED, {"program": "postgres gateway"}, 1)
    chain.output(cast("name | card\r\n", "Ann | \x1b[31m****1111\x1b[0m\r\n"), 1)
    chain.add(EventType.MASKED, {"findings": {"credit_card": 3}, "stream": "stdout"}, 1)
    chain.add(EventType.JUDGED, POD, 2)
    chain.add(EventType.ASKED, {"approval": "a1", "state": "pending"}, 2)
    decided = {"approval": "a1", "state": "consumed", "reviewer": "alice", "reason": "window is open"}
    chain.add(EventType.DECIDED, decided, 2)
    chain.add(EventType.JUDGED, PUSH, 3)
    chain.add(EventType.JUDGED, SSH, 4)
    return chain


def found(store: Store, words: str = "", **facets: str) -> list[int]:
    return sorted(one.sequence for one in store.search.find(SearchQuery(words, facets, limit=500)))


CASES: list[tuple[dict[str, str], list[int]]] = [
    ({"words": "orders"}, [1]),
    ({"words": "ORDERS sales"}, [1]),
    ({"words": "orders pod"}, []),
    ({"words": "order"}, []),
    ({"words": "ord*"}, [1]),
    ({"words": "über müller"}, [1]),
    ({"words": "uber"}, []),
    ({"words": "zürich"}, [1]),
    ({"words": "ann 1111"}, [3]),
    ({"words": "31m"}, []),
    ({"words": "credit_card"}, [4]),
    ({"words": "window"}, [7]),
    ({"tool": "psql"}, [1, 3, 4]),
    ({"tool": "PSQL"}, [1, 3, 4]),
    ({"tool": "psq"}, []),
    ({"type": "judged"}, [1, 5, 8, 9]),
    ({"type": "judged", "tool": "psql"}, [1]),
    ({"effect": "delete"}, [5, 6, 7]),
    ({"verdict": "deny"}, [8]),
    ({"rule": "pack/deletes"}, [5, 6, 7]),
    ({"resource": "orders-db"}, [1, 3, 4]),
    ({"table": "orders"}, [1, 3, 4]),
    ({"table": "sales.orders"}, [1, 3, 4]),
    ({"table": "sales/orders"}, [1, 3, 4]),
    ({"table": "sales"}, []),
    ({"target": "table:sales/orders"}, [1, 3, 4]),
    ({"target": "sales"}, [1, 3, 4]),
    ({"namespace": "production"}, [5, 6, 7]),
    ({"namespace": "pod"}, []),
    ({"target": "web-1"}, [5, 6, 7]),
    ({"host": "db7.internal"}, [9]),
    ({"host": "deploy@db7.internal:2222"}, [9]),
    ({"host": "deploy"}, []),
    ({"ref": "main"}, [8]),
    ({"ref": "refs/heads/main"}, [8]),
    ({"ref": "origin/refs/heads/main"}, [8]),
    ({"ref": "heads"}, []),
    ({"approver": "alice"}, [7]),
    ({"approver": "bob"}, []),
    ({"detector": "credit_card"}, [4]),
    ({"detector": "credit_card", "table": "orders", "effect": "read"}, [4]),
    ({"detector": "credit_card", "effect": "delete"}, []),
    ({"identity": "agent@test"}, [0, 1, 3, 4, 5, 6, 7, 8, 9]),
    ({"identity": "agent"}, []),
    ({"session": "session-0001", "verdict": "deny"}, [8]),
    ({"session": "session-0002"}, []),
    ({"words": "orders", "verdict": "allow"}, [1]),
    ({"words": "orders", "verdict": "deny"}, []),
]
