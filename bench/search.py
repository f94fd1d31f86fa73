"""How long an indexed question takes, over ever more events, on SQLite and on PostgreSQL.

``python bench/search.py [EVENTS]``: 200,000 where not given, each backend; 5000000 takes hours. PostgreSQL's programs
must be installed.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stage import Table, machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "integration"))
from servers import postgres

from guardcli.api.store.database import open_database, prepare, writing
from guardcli.api.store.indexing import Searched, add
from guardcli.api.store.search import Search, SearchQuery
from guardcli.model.events import Event, EventType

EVENTS = 200_000
BATCH = 500
ROUNDS = 40
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = [f"sales/t{number}" for number in range(200)]
WORDS = [f"word{number}" for number in range(20_000)]


def batch(session: str, start: int, pick: random.Random) -> list[Searched]:
    """Return `BATCH` events: calls of psql, every tenth with a finding."""
    found = []
    for number in range(start, start + BATCH):
        detected = number % 10 == 9
        call = number - detected + 1
        table = pick.choice(TABLES)
        data: dict[str, object] = {"findings": {pick.choice(["credit_card", "email", "jwt"]): 1}}
        if not detected:
            data = {
                "tool": "psql",
                "command": f"SELECT {' '.join(pick.choices(WORDS, k=6))} FROM {table.replace('/', '.')}",
                "verdict": pick.choices(["allow", "approve", "deny"], [90, 7, 3])[0],
                "rule": f"rule-{pick.randint(1, 20)}",
                "operations": [
                    {"tool": "psql", "effects": [pick.choice(["read", "write"])], "targets": [f"table:{table}"]}
                ],
            }
        type = EventType.MASKED if detected else EventType.JUDGED
        moment = (BEGAN + timedelta(milliseconds=250 * pick.random() + 250 * number)).isoformat()
        found.append(Searched(Event(session, number, moment, type, call, data, "", "")))
    return found


def questions(pick: random.Random, events: int) -> dict[str, SearchQuery]:
    """Return one question of each kind, with another value each time."""
    moment = BEGAN.timestamp() + pick.random() * events / 4
    return {
        "one word": SearchQuery(pick.choice(WORDS)),
        "a table": SearchQuery(facets={"table": pick.choice(TABLES)}),
        "a word and a verdict": SearchQuery(pick.choice(WORDS), {"verdict": "allow"}),
        "a detector": SearchQuery(facets={"detector": pick.choice(["credit_card", "email", "jwt"])}),
        "a minute": SearchQuery(since=moment, until=moment + 60),
        "a rule in an hour": SearchQuery(
            facets={"rule": f"rule-{pick.randint(1, 20)}"}, since=moment, until=moment + 3600
        ),
        "denied, a table, of an agent": SearchQuery(
            facets={"verdict": "deny", "table": pick.choice(TABLES)}, owner=f"token:{pick.randint(0, 9)}"
        ),
    }


def curve(url: str, most: int) -> Iterator[tuple[int, float, dict[str, list[float]]]]:
    """Give, at an eighth, a quarter, half and all of `most` events: events, events a second indexed, times in ms."""
    engine = open_database(url)
    prepare(engine)
    search, pick = Search(engine), random.Random(7)
    done = 0
    for share in (8, 4, 2, 1):
        began, before = time.perf_counter(), done
        while done < most // share:
            with writing(engine) as connection:
                name = f"session-{done // 10_000:04}"
                add(connection, name, f"token:{done // 10_000 % 10}", "agent", batch(name, done, pick))
            done += BATCH
        rate = (done - before) / (time.perf_counter() - began)
        if engine.dialect.name == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE search")
        times: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for kind, query in questions(pick, done).items():
                start = time.perf_counter()
                search.find(query)
                times.setdefault(kind, []).append(1000 * (time.perf_counter() - start))
        yield done, rate, times
    engine.dispose()


def measure(events: int = EVENTS) -> Table:
    """Run everything and return the table."""
    before, rows, header = machine(), [], list[str]()
    with tempfile.TemporaryDirectory(prefix="gb") as place, postgres() as server:
        urls = {
            "SQLite": f"sqlite:///{place}/guard.db",
            "PostgreSQL": f"postgresql://{server['PGUSER']}@/{server['PGDATABASE']}?host={server['PGHOST']}",
        }
        for name, url in urls.items():
            for done, rate, times in curve(url, events):
                header = ["median / p95, ms", "indexed a second", *times]
                ranked = [sorted(found) for found in times.values()]
                cells = [f"{one[len(one) // 2]:.1f} / {one[int(len(one) * 0.95)]:.1f}" for one in ranked]
                rows.append([f"{name}, {done:,} events", f"{rate:,.0f}", *cells])
                print(rows[-1], file=sys.stderr, flush=True)
    notes = [
        f"`python bench/search.py {events}` on {before}. Pages of 50, newest first, {ROUNDS} of each kind, asked of "
        "the store in this process; indexed is the index's part of an append alone, in one thread, in batches of "
        f"{BATCH}. The aim is 200 ms at p95 over 5,000,000 events, which this table shows only where it has that many."
    ]
    return Table("Search", notes, header, rows)


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS).markdown())
