"""What an event is found by: facets, which are exact, and words. Written in the transaction that appends the event.

One row of `SEARCH` an event, but for those that say nothing (``started``, ``ended``, an empty stretch). What belongs
to a call carries the facets of the call's ``judged`` event too, so that a detector's finding is found by the table
that was read. The text is that of the record, masked before it came here. A row's number begins with its time, so that
either database gives the newest first without sorting:

======================  =============================================
bits of the number      meaning
======================  =============================================
42, above               milliseconds since the epoch
21, below               a place within these, drawn once for a batch
======================  =============================================

PostgreSQL's lexemes say also in which span of 2^24 milliseconds, 4.7 hours, the row is: `fulltext` says what for.

Two batches that draw the same place in the same millisecond collide; the transaction fails then and is tried again by
whoever sent it, as after any failure of the database.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Connection, select

from guardcli.api.store.appended import Appended
from guardcli.api.store.database import insert_rows
from guardcli.api.store.schema import CHUNKS, EVENTS, SEARCH, SESSIONS
from guardcli.model.events import Event, EventType, canonical
from guardcli.playback.asciicast import outputs
from guardcli.playback.timeline import grounds, judged, sentence

ID_BITS = 21
"""See above; 42 bits of milliseconds last until the year 2109."""

SPAN_BITS = 24
"""What a span has of 50 events a second, a million, is looked through in some tenths of a second; a year has 1,900."""

BODY_MAX = 100_000
"""Characters of one event that can be found; a stretch of a recording has 64 KiB."""

COMMAND_MAX = 500
"""Characters of the call's command that a hit shows."""

WORD_MAX = 200
"""Characters of one word; PostgreSQL's lexemes end at 2046 bytes (its manual, 12.11)."""

SILENT = frozenset({EventType.STARTED, EventType.ENDED})
"""What says nothing that the events beside it do not."""

_OF_NO_CALL = SILENT | {EventType.JUDGED}

COMMON = 4
"""Facets that stand first in each row, and are no call's: of the session, its owner, its identity and the type."""

FACETS_KEPT = 4096
"""Facets that need not be worked out again: most events of a session have most of them in common."""

_TEXTS = itemgetter("id", "facets", "body")
_TEXT_OF_SQLITE = "INSERT INTO search_text(rowid, facets, body) VALUES (?, ?, ?)"

DECISIONS_KEPT = 1024
"""What is worked out once for all events that say the same of it."""

DECISION_MAX = 16 * 1024
"""Bytes of what such events say alike, at the most."""

_DECIDING = ("operations", "tool", "verdict", "rule", "resource")

BACKFILL = 200
"""Events that are indexed at once where a database gets its index."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_LONG_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Call:
    """What the events of one call inherit from its ``judged`` event; `facets` as they are stored."""

    verdict: str = ""
    rule: str = ""
    command: str = ""
    facets: str = ""


_NO_CALL = Call()


@lru_cache(maxsize=FACETS_KEPT)
def facet(kind: str, value: str) -> str:
    """Return the one word that stands for `value` of `kind`; upper and lower case are the same."""
    text = f"{kind}\0{value.casefold()}".encode("utf-8", "surrogatepass")
    return "f" + hashlib.sha256(text).hexdigest()[:20]


_KINDS = {one: (one.value, facet("type", one.value)) for one in EventType}
"""The word for each type of event, and the facet that stands for it."""


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case: letters and digits, whatever stands between them."""
    return [word[:WORD_MAX] for word in _LONG_WORD.findall(normal(text))]


def normal(text: str) -> str:
    """Return `text` with each letter written in one way, in lower case."""
    return unicodedata.normalize("NFC", text).lower()


def begins(text: str, word: str) -> bool:
    """Tell whether a word of `text` begins with `word`; both are `normal`."""
    at = text.find(word)
    while at > 0 and text[at - 1].isalnum():
        at = text.find(word, at + 1)
    return at >= 0


def place(seconds: float) -> int:
    """Return the lowest number that a row of this moment, in seconds since the epoch, can have."""
    return max(0, min(int(seconds * 1000), (1 << 42) - 1)) << ID_BITS


def add(
    connection: Connection,
    session: str,
    owner: str,
    identity: str,
    items: Sequence[Appended],
    wordless: bool = False,
) -> None:
    """Index `items`, consecutive events of one session, within the transaction of `connection`.

    Without words, where the database must not hold them: events are then found by their facets alone.
    """
    rows = list(rows_of(session, owner, identity, items, _known(connection, session, items)))
    if wordless:
        rows = [{**row, "command": "", "body": ""} for row in rows]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        for row in rows:
            row["document"] = document(row)
    insert_rows(connection, SEARCH, rows)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_TEXT_OF_SQLITE, list(map(_TEXTS, rows)))


def document(row: Mapping[str, Any]) -> str:
    """Return what PostgreSQL finds a row by, as a ``tsvector`` is written: one `lexeme` for each facet and word."""
    span = f"{row['id'] >> ID_BITS + SPAN_BITS:x}"
    found = [*row["facets"].split(), *(f".{word}" for word in set(words(row["body"])))]
    return f"'{span}=" + f"' '{span}=".join(found).replace("=.", ".") + "'"


def lexeme(span: str, *, facet: str = "", word: str = "") -> str:
    """Return what PostgreSQL knows a facet or a word of a span by; no sign of its language is in one of these."""
    return f"{span}={facet}" if facet else f"{span}.{word}"


def _known(connection: Connection, session: str, items: Sequence[Appended]) -> dict[int, Call]:
    """Return the calls of `items` that were judged in an earlier batch."""
    wanted = {item.event.call for item in items if item.event.type not in _OF_NO_CALL} - {0}
    if wanted:
        wanted -= {item.event.call for item in items if item.event.type is EventType.JUDGED}
    if not wanted:
        return {}
    query = select(SEARCH).where(
        SEARCH.c.session == session, SEARCH.c.call.in_(wanted), SEARCH.c.type == EventType.JUDGED.value
    )
    return {
        row.call: Call(row.verdict, row.rule, row.command, " ".join(row.facets.split()[COMMON:]))
        for row in connection.execute(query)
    }


def rows_of(
    session: str, owner: str, identity: str, items: Sequence[Appended], calls: dict[int, Call]
) -> Iterator[dict[str, Any]]:
    """Give the rows of `items`; `calls` are the calls judged before, and those that are judged here are added to it."""
    base = secrets.randbits(ID_BITS - 1)
    common = f"{facet('session', session)} {facet('owner', owner)} {facet('identity', identity)}"
    for number, item in enumerate(items):
        event = item.event
        if event.type in SILENT:
            continue
        if event.type is EventType.JUDGED:
            said = _decision(event.data)
            body, own = _judged(event.data, said), said.facets
            command = _plain(str(event.data.get("command") or ""))[:COMMAND_MAX]
            calls[event.call] = Call(said.verdict, said.rule, command, own)
        else:
            body, own = _body(item), _joined(facets(event))
            if not body:
                continue
        call = calls.get(event.call, _NO_CALL) if event.call else _NO_CALL
        kind, of_kind = _KINDS[event.type]
        found = (common, of_kind, own, "" if call.facets is own else call.facets)
        yield {
            "id": place(_seconds(event.time)) + base + number,
            "session": session,
            "sequence": event.sequence,
            "call": event.call,
            "time": _plain(event.time),
            "type": kind,
            "owner": owner,
            "identity": identity,
            "verdict": call.verdict,
            "rule": call.rule,
            "command": call.command,
            "facets": " ".join(filter(None, found)),
            "body": body,
        }


def _joined(found: Iterable[tuple[str, str]]) -> str:
    return " ".join(dict.fromkeys(facet(kind, value) for kind, value in found))


@dataclass(frozen=True, slots=True)
class _Decision:
    """What ``judged`` events have in common that decide the same about the same: facets, and parts of row and body."""

    verdict: str
    rule: str
    facets: str
    grounds: str
    targets: str


def _decision(data: Mapping[str, Any]) -> _Decision:
    """Return what is common to all events that say the same as `data` does of what a call would do, and the answer."""
    said = list(map(data.get, _DECIDING))
    try:
        text = orjson.dumps(said)
    except TypeError:  # what it does not write, such as a number of more than 64 bits
        text = canonical(said)
    return _decided(text) if len(text) <= DECISION_MAX else _decided.__wrapped__(text)


@lru_cache(maxsize=DECISIONS_KEPT)
def _decided(said: bytes) -> _Decision:
    operations, *named = json.loads(said)
    data = {name: str(value or "") for name, value in zip(_DECIDING[1:], named, strict=True)}
    data["operations"] = operations
    targets = (str(target) for one in _operations(data) for target in _list(one.get("targets")))
    verdict, rule = _plain(data["verdict"])[:32], _plain(data["rule"])[:COMMAND_MAX]
    return _Decision(verdict, rule, _joined(_judged_facets(data)), grounds(data), " ".join(targets))


def _judged(data: Mapping[str, Any], said: _Decision) -> str:
    parts = [judged(data, said.grounds), str(data.get("message") or "")]
    parts += map(str, _list(data.get("parameters")))
    parts.append(said.targets)
    return _plain("\n".join(filter(None, parts)))[:BODY_MAX]


def _seconds(time_: str) -> float:
    """Return an event's time in seconds since the epoch; the present where it says none."""
    try:
        found = datetime.fromisoformat(time_)
        return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH) / timedelta(seconds=1)
    except (ValueError, OverflowError):
        return time.time()


def _plain(text: str) -> str:
    """Return text that either database holds: no zero character, no lone surrogate."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _body(item: Appended) -> str:
    """Return the text that any other event is found by; that of an ``output`` event as a reader sees it."""
    event = item.event
    if event.type is EventType.OUTPUT:
        shown = "".join(text for _, text in outputs((item.content or b"").split(b"\n")))
        return _plain(_SEQUENCE.sub("", shown)).strip()[:BODY_MAX]
    return _plain(sentence(event))[:BODY_MAX]


def _judged_facets(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((name, data[name]) for name in _DECIDING[1:] if data[name])
    for one in _operations(data):
        yield from (("effect", str(effect)) for effect in _list(one.get("effects")))
        for target in _list(one.get("targets")):
            yield from _target(str(target))


def facets(event: Event) -> Iterator[tuple[str, str]]:
    """Give what an event that is not ``judged`` is found by exactly, as kind and value."""
    data = event.data
    if event.type is EventType.DECIDED and data.get("reviewer"):
        yield from (("approver", name.strip()) for name in str(data["reviewer"]).split(","))
    elif event.type is EventType.MASKED and isinstance(findings := data.get("findings"), Mapping):
        yield from (("detector", str(name)) for name in findings)


def _target(target: str) -> Iterator[tuple[str, str]]:
    """Give a target by what it is, whole, by each part of its name, and under the word for its kind."""
    kind, _, name = target.partition(":")
    last = name.rpartition("/")[2]
    names = dict.fromkeys((target, name, *name.split("/")))
    yield from (("target", one) for one in names if one)
    if kind in ("table", "resource", "host", "ref"):
        yield from ((kind, one) for one in dict.fromkeys((name.strip("/"), last)) if one)
    if kind == "table" and "/" in name:
        yield "table", name.strip("/").replace("/", ".")
    if kind == "host":
        host = last.rpartition("@")[2]
        yield "host", host
        yield "host", re.sub(r":[0-9]+$", "", host).strip("[]")
    if kind == "ref" and "/refs/" in name:
        yield "ref", name.partition("/")[2]
    if kind == "object" and "/" in name:
        yield "namespace", name.partition("/")[0]


def _operations(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in _list(data.get("operations")) if isinstance(one, Mapping)]


def _list(found: object) -> Sequence[Any]:
    return found if isinstance(found, list) else ()


def backfill(connection: Connection) -> int:
    """Index all events of a database that had no index, and return how many there are; `BACKFILL` at once."""
    done = 0
    last = ""
    query = select(SESSIONS.c.id, SESSIONS.c.owner, SESSIONS.c.identity).order_by(SESSIONS.c.id).limit(BACKFILL)
    while sessions := connection.execute(query.where(SESSIONS.c.id > last)).all():
        for row in sessions:
            for items in _stored(connection, row.id):
                add(connection, row.id, row.owner, row.identity, items)
                done += len(items)
        last = sessions[-1].id
    return done


def _stored(connection: Connection, session: str) -> Iterator[list[Appended]]:
    same = (CHUNKS.c.session == EVENTS.c.session) & (CHUNKS.c.sequence == EVENTS.c.sequence)
    columns = (EVENTS.c.sequence, EVENTS.c.time, EVENTS.c.type, EVENTS.c.call, EVENTS.c.data, CHUNKS.c.content)
    query = select(*columns).select_from(EVENTS.outerjoin(CHUNKS, same)).where(EVENTS.c.session == session)
    start = -1
    while rows := connection.execute(
        query.where(EVENTS.c.sequence > start).order_by(EVENTS.c.sequence).limit(BACKFILL)
    ).all():
        start = rows[-1].sequence
        yield [
            Appended(
                Event(session, row.sequence, row.time, EventType(row.type), row.call, json.loads(row.data), "", ""),
                row.content,
            )
            for row in rows
        ]
