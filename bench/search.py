"""How long an indexed question takes, over ever more events, on SQLite and on PostgreSQL.

``python bench/search.py [EVENTS] [sqlite] [postgresql]``: 200,000 events where not given, both. 5000000 take about
20 minutes on a quiet machine and 15 GB of the disk. PostgreSQL's programs must be installed.

All but the last events of each size are filled in quickly: rows as the store makes them, made once for both in a file,
loaded in bulk, and indexed at the end; what they say is the same every 100,000 events. The last are added as the store
does it, and that is what is timed.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex
from stage import Table, machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from integration.servers import postgres as throw_away

from guardcli.api.store.appended import Appended
from guardcli.api.store.database import copy_line, open_database, prepare, writing
from guardcli.api.store.indexing import ID_BITS, SPAN_BITS, add, document, facet, place, rows_of
from guardcli.api.store.schema import SEARCH, SEARCH_TEXT
from guardcli.api.store.search import Search, SearchQuery
from guardcli.model.errors import GuardError
from guardcli.model.events import Event, EventType

EVENTS = 200_000
BATCH = 500
SESSION = 10_000
"""Events of one session."""
MODELS = 10
"""Sessions that are made as the store makes them; the others say the same at another time."""
ADDED = 20
"""Batches of each size that are added as the store does it."""
SHARES = (16, 4, 1)
ROUNDS = 40
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = [f"sales/t{number}" for number in range(200)]
WORDS = [f"word{number}" for number in range(20_000)]
GIN = next(one for one in SEARCH.indexes if one.name == "search_by_document")
NAMES = [one.name for one in SEARCH.columns]
SETTINGS = ("shared_buffers=512MB", "maintenance_work_mem=1GB", "max_wal_size=8GB")
"""Of PostgreSQL; the first as for a machine of some GB, the others for filling in quickly."""


def calls(session: str, start: int, pick: random.Random, more: str = "") -> list[Appended]:
    """Return `BATCH` events: calls of psql whose words end with `more`, every tenth event with a finding."""
    found = []
    for number in range(start, start + BATCH):
        detected = number % 10 == 9
        call = number - detected + 1
        table = pick.choice(TABLES)
        data: dict[str, object] = {"findings": {pick.choice(["credit_card", "email", "jwt"]): 1}}
        if not detected:
            data = {
                "tool": "psql",
                "command": f"SELECT {' '.join(pick.choices(WORDS, k=6))}{more} FROM {table.replace('/', '.')}",
                "verdict": pick.choices(["allow", "approve", "deny"], [90, 7, 3])[0],
                "rule": f"rule-{pick.randint(1, 20)}",
                "operations": [
                    {"tool": "psql", "effects": [pick.choice(["read", "write"])], "targets": [f"table:{table}"]}
                ],
            }
        type = EventType.MASKED if detected else EventType.JUDGED
        found.append(Appended(Event(session, number, moment(number).isoformat(), type, call, data, "", "")))
    return found


def moment(number: int) -> datetime:
    """Return when an event is: four are in a second."""
    return BEGAN + timedelta(milliseconds=250 * number)


def owner(start: int) -> tuple[str, str, str]:
    """Return the session, the owner and the identity of the events from `start`."""
    return f"session-{start // SESSION:05}", f"token:{start // SESSION % 10}", "agent"


def model(seed: int, more: str) -> list[dict[str, Any]]:
    """Return the rows of one session as the store makes them, `@` for the span in their documents."""
    pick, made = random.Random(seed), []
    for first in range(0, SESSION, BATCH):
        for row in rows_of(*owner(0), calls(owner(0)[0], first, pick, more), {}):
            made.append({**row, "id": 0, "document": document({**row, "id": 0}).replace("'0", "'@")})
    return made


def lines(rows: Sequence[dict[str, Any]], start: int) -> Iterator[str]:
    """Give `rows` as those of the session whose events begin with `start`, as PostgreSQL's COPY takes them."""
    session, owned, identity = owner(start)
    common = [facet("session", session), facet("owner", owned), facet("identity", identity)]
    old = [facet("session", owner(0)[0]), facet("owner", owner(0)[1]), facet("identity", identity)]
    for number, row in enumerate(rows, start):
        at = moment(number)
        id = place(at.timestamp()) + number % BATCH
        found = row["document"].replace("'@", f"'{id >> ID_BITS + SPAN_BITS:x}")
        for before, now in zip(old, common, strict=True):
            found = found.replace(before, now)
        changed = {
            "id": id,
            "session": session,
            "sequence": number,
            "call": row["call"] + start,
            "time": at.isoformat(),
            "owner": owned,
            "facets": " ".join([*common, *row["facets"].split()[3:]]),
            "document": found,
        }
        yield copy_line({**row, **changed}[name] for name in NAMES)


def make(path: Path, until: int) -> None:
    """Write the rows of all events into one file: `MODELS` sessions again and again, and others for the first tenth."""
    old, new = ([model(seed, more) for seed in range(MODELS)] for more in (" legacy", ""))
    with path.open("w") as file:
        for start in range(0, until, SESSION):
            models = old if start < until // 10 else new
            file.writelines(lines(models[start // SESSION % MODELS], start))


@dataclass(frozen=True)
class Filling:
    """How one kind of database is filled in quickly: its index is dropped, then made over all."""

    drop: Sequence[str]
    make: Sequence[str]
    load: Callable[[Connection, Iterator[bytes]], None]
    settle: Sequence[str]


def load_sqlite(connection: Connection, rows: Iterator[bytes]) -> None:
    """Insert rows without an index."""
    driver: Any = connection.connection.driver_connection
    wanted = f"INSERT INTO search VALUES ({', '.join('?' * (len(NAMES) - 1))}, NULL)"
    plain = (line.decode().replace(r"\n", "\n").split("\t")[:-1] for line in rows)
    driver.executemany(wanted, plain)


def load_postgresql(connection: Connection, rows: Iterator[bytes]) -> None:
    """Copy rows without an index."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY search ({', '.join(NAMES)}) FROM STDIN") as copy:
        while some := b"".join(islice(rows, BATCH)):
            copy.write(some)


FILLINGS = {
    "sqlite": Filling(
        ("DROP TRIGGER search_removed", "DROP TABLE search_text"),
        (*SEARCH_TEXT, "INSERT INTO search_text(search_text) VALUES ('rebuild')"),
        load_sqlite,
        ("PRAGMA wal_checkpoint(TRUNCATE)",),
    ),
    "postgresql": Filling(
        ("DROP INDEX search_by_document",),
        (str(CreateIndex(GIN).compile(dialect=postgresql.dialect())),),
        load_postgresql,
        ("VACUUM ANALYZE search", "CHECKPOINT"),
    ),
}


def fill(engine: Engine, rows: Iterator[bytes]) -> None:
    """Add `rows` quickly."""
    filling = FILLINGS[engine.dialect.name]
    with writing(engine) as connection:
        for statement in filling.drop:
            connection.exec_driver_sql(statement)
        filling.load(connection, rows)
    with writing(engine) as connection:
        for statement in filling.make:
            connection.exec_driver_sql(statement)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in filling.settle:
            connection.exec_driver_sql(statement)


def questions(pick: random.Random, events: int) -> dict[str, SearchQuery]:
    """Return one question of each kind, with another value each time."""
    moment = BEGAN.timestamp() + pick.random() * events / 4
    deep = int(moment * 1000) << 21
    word, table = pick.choice(WORDS), pick.choice(TABLES)
    return {
        "a word": SearchQuery(word),
        "a word of all": SearchQuery("select"),
        "a word of long ago": SearchQuery("legacy"),
        "words never together": SearchQuery(f"{word} nowhere"),
        "a beginning": SearchQuery(f"{word[:-1]}*"),
        "the beginning of all": SearchQuery("wor*"),
        "a table": SearchQuery(facets={"table": table}),
        "a table, a deep page": SearchQuery(facets={"table": table}, after=deep),
        "a word and a table": SearchQuery(f"select {word}", {"table": table}),
        "a word and a verdict": SearchQuery(word, {"verdict": "allow"}),
        "a detector": SearchQuery(facets={"detector": pick.choice(["credit_card", "email", "jwt"])}),
        "denied, of long ago": SearchQuery("legacy", {"verdict": "deny"}),
        "newest first": SearchQuery(),
        "a deep page": SearchQuery(after=deep),
        "a minute": SearchQuery(since=moment, until=moment + 60),
        "a rule in an hour": SearchQuery(
            facets={"rule": f"rule-{pick.randint(1, 20)}"}, since=moment, until=moment + 3600
        ),
        "an agent's": SearchQuery("select", owner=f"token:{pick.randint(0, 9)}"),
        "a session's denied": SearchQuery(facets={"verdict": "deny"}, session=f"session-{int(deep % 7):05}"),
        "denied, a table, of an agent": SearchQuery(
            facets={"verdict": "deny", "table": table}, owner=f"token:{pick.randint(0, 9)}"
        ),
    }


def ask(search: Search, done: int, pick: random.Random) -> dict[str, list[float]]:
    """Return the times of `ROUNDS` questions of each kind in ms; refused ones are infinite."""
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for kind, query in questions(pick, done).items():
            start = time.perf_counter()
            try:
                search.find(query)
            except GuardError:
                start = -float("inf")
            times.setdefault(kind, []).append(1000 * (time.perf_counter() - start))
    return times


def curve(url: str, rows: Path, most: int) -> Iterator[tuple[int, float, dict[str, list[float]]]]:
    """Give at each share of `most` events: how many, events a second added as the store does it, times in ms."""
    engine = open_database(url)
    prepare(engine)
    search, pick = Search(engine), random.Random(7)
    done = 0
    with rows.open("rb") as file:
        for share in SHARES:
            size = most // share // SESSION * SESSION
            left = ADDED * BATCH
            fill(engine, islice(file, size - left - done))
            tail = list(islice(file, left))
            assert len(tail) == left
            batches = [calls(owner(at)[0], at, random.Random(at)) for at in range(size - left, size, BATCH)]
            began = time.perf_counter()
            for batch in batches:
                with writing(engine) as connection:
                    add(connection, *owner(batch[0].event.sequence), batch)
            rate = left / (time.perf_counter() - began)
            done = size
            yield done, rate, ask(search, done, pick)
    engine.dispose()


def measure(events: int = EVENTS, kinds: Sequence[str] = ("sqlite", "postgresql")) -> Table:
    """Run everything and return the table: a row for each kind of question, a column for each size."""
    before, columns, header = machine(), list[list[str]](), ["median / p95, ms"]
    with tempfile.TemporaryDirectory(prefix="gb") as place, throw_away(*SETTINGS) as server:
        rows = Path(place) / "rows"
        make(rows, events)
        urls = {
            "sqlite": f"sqlite:///{place}/guard.db",
            "postgresql": f"postgresql://{server['PGUSER']}@/{server['PGDATABASE']}?host={server['PGHOST']}",
        }
        for kind in kinds:
            for done, rate, times in curve(urls[kind], rows, events):
                header.append(f"{kind}, {done:,}")
                ranked = {name: sorted(found) for name, found in times.items()}
                cells = [f"{one[len(one) // 2]:.1f} / {one[int(len(one) * 0.95)]:.1f}" for one in ranked.values()]
                names = ["events added a second", *ranked]
                columns.append([f"{rate:,.0f}", *cells])
                shown = [f"{name}: {cell}" for name, cell in zip(names, columns[-1], strict=True)]
                print(f"{time.strftime('%H:%M:%S')} {header[-1]}", *shown, sep="\n  ", file=sys.stderr, flush=True)
            if kind == "sqlite":
                os.unlink(Path(place) / "guard.db")
    notes = [
        f"`python bench/search.py {events}` on {before}. Pages of 50, newest first, {ROUNDS} of each kind, asked of "
        "the store in this process; inf is a question that was refused for its time. Events are added by the index's "
        f"part of an append alone, in one thread, in batches of {BATCH}. The aim is 200 ms at p95 over 5,000,000 "
        "events, which this table shows only where it has that many."
    ]
    return Table("Search", notes, header, [[name, *cells] for name, *cells in zip(names, *columns, strict=True)])


if __name__ == "__main__":
    given = sys.argv[1:]
    counts = [int(one) for one in given if one.isdecimal()]
    chosen = [one for one in given if one in FILLINGS]
    print(measure(counts[0] if counts else EVENTS, chosen or list(FILLINGS)).markdown())
