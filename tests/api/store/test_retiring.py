"""An identity stays while a session that began under it may come back with a spool."""

from __future__ import annotations

from sqlalchemy import update

from guardcli.api.store import Store
from guardcli.api.store.database import now, writing
from guardcli.api.store.retiring import AWAY, needed
from guardcli.api.store.schema import SESSIONS
from guardcli.api.store.trail import Action


def test_what_may_come_back_keeps_an_identity_and_what_is_over_does_not(store: Store, make) -> None:
    assert "nobody knows" in needed(store.engine, "old").why(now())
    store.sessions.open(make.facts("session-before"), "local:tester")
    assert "session-before on here" in needed(store.engine, "old").why(now())
    replaced = now()
    with writing(store.engine) as connection:
        data = {"before": "old", "identity": "new"}
        store.trail.append(connection, replaced, "local:tester", Action.ENCRYPTION_ROTATED, "new", data)
    store.sessions.open(make.facts("session-after"), "local:tester")
    with writing(store.engine) as connection:
        connection.execute(update(SESSIONS).where(SESSIONS.c.id == "session-after").values(started=replaced + 1))
    found = needed(store.engine, "old")
    assert found.sessions == 1 and "session-before" in found.why(now() + 10 * AWAY)
    assert needed(store.engine, "new").sessions == 2
    with writing(store.engine) as connection:
        connection.execute(update(SESSIONS).where(SESSIONS.c.id == "session-before").values(closed=now()))
    assert "for 30 days" in needed(store.engine, "old").why(replaced + AWAY - 60)
    assert needed(store.engine, "old").why(replaced + AWAY + 60) == ""
