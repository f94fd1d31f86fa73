"""Holds what was recorded, and what is true in the world, against what should have happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guardcli.demo.database import PEOPLE, Database
from guardcli.demo.repository import Repository
from guardcli.model.events import Event, EventType

SECRETS = tuple(value for _, email, card in PEOPLE for value in (email, card))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that should have happened: whether it did, and how that is known."""

    what: str
    seen: bool
    known_by: str


def calls_of(events: Sequence[Event], word: str) -> list[Event]:
    """Return the events of every call and statement whose command holds `word`, in order."""
    judged = (event for event in events if event.type is EventType.JUDGED)
    calls = {event.call for event in judged if word in str(event.data.get("command", ""))}
    return [event for event in events if event.call in calls]


def verdict(call: Sequence[Event]) -> tuple[str, str]:
    """Return the last verdict, which is that of a statement where a call's statements are judged, and its rule."""
    judged = of_type(call, EventType.JUDGED)
    return (str(judged[-1].data["verdict"]), str(judged[-1].data["rule"])) if judged else ("not seen", "")


def of_type(call: Sequence[Event], type: EventType) -> list[Event]:
    """Return the events of one type."""
    return [event for event in call if event.type is type]


def masked_select(events: Sequence[Event], database: Database, shown: str, replayed: str) -> Finding:
    """The SELECT ran; every e-mail address and card number was masked for the agent and in the record."""
    call = calls_of(events, "SELECT")
    said, rule = verdict(call)
    stored = database.query("SELECT email, card FROM people")
    holds = all(secret in stored for secret in SECRETS)
    leaked = [secret for secret in SECRETS if secret in shown or secret in replayed]
    ran = any(event.data.get("status") == 0 for event in of_type(call, EventType.ENDED))
    seen = said == "allow" and ran and holds and not leaked and bool(of_type(call, EventType.MASKED))
    known_by = f"{len(SECRETS)} values are in the table; {len(leaked)} reached the agent or the record ({rule})"
    return Finding("a SELECT ran with its output masked", seen, known_by)


def blocked_drop(events: Sequence[Event], database: Database) -> Finding:
    """The DROP was denied, did not start, and the table is still there."""
    call = calls_of(events, "DROP TABLE")
    said, rule = verdict(call)
    rows = database.query("SELECT count(*) FROM people")
    seen = said == "deny" and not of_type(call, EventType.STARTED) and rows == str(len(PEOPLE))
    return Finding("a DROP was blocked", seen, f"{said} by {rule}; the table still has {rows} rows")


def approved_write(events: Sequence[Event], database: Database) -> Finding:
    """The UPDATE waited, was approved by a person, ran once, and changed its one row."""
    call = calls_of(events, "UPDATE")
    said, rule = verdict(call)
    decided = of_type(call, EventType.DECIDED)
    done = [event for event in of_type(call, EventType.ENDED) if event.data.get("tags") == ["UPDATE 1"]]
    order = [event.sequence for event in (*of_type(call, EventType.ASKED), *decided, *done)]
    yes = [event for event in decided if event.data.get("state") == "consumed"]
    changed = database.query("SELECT count(*) FROM people WHERE paid")
    seen = said == "approve" and len(yes) == 1 and len(done) == 1 and order == sorted(order) and changed == "1"
    reviewer = str(yes[0].data["reviewer"]) if yes else "nobody"
    return Finding(
        "a write waited and was approved", seen, f"asked by {rule}, approved by {reviewer}; rows changed: {changed}"
    )


def stopped_push(events: Sequence[Event], repository: Repository, before: str) -> Finding:
    """The force-push was denied, did not start, and the remote is where it was."""
    call = calls_of(events, "push")
    said, rule = verdict(call)
    same = repository.published() == before
    seen = said == "deny" and not of_type(call, EventType.STARTED) and same
    return Finding(
        "a force-push was stopped", seen, f"{said} by {rule}; the remote {'is unchanged' if same else 'HAS CHANGED'}"
    )


def whole_record(events: Sequence[Event], replayed: str, replay_status: int, verify_status: int) -> Finding:
    """The session was closed, replays with every call in it, and its chain is whole."""
    calls = [str(event.data["command"]) for event in events if event.type is EventType.JUDGED]
    shown = [command for command in calls if command in replayed]
    closed = bool(of_type(events, EventType.CLOSED))
    seen = closed and bool(calls) and len(shown) == len(calls) and replay_status == 0 and verify_status == 0
    known_by = f"{len(events)} events, chain {'whole' if verify_status == 0 else 'BROKEN'}; {len(shown)} calls replayed"
    return Finding("the record was kept and replays", seen, known_by)
