"""How long a large recording takes to open, and a jump in it, in `guard tui` and on the web page; and a long list.

``python bench/recordings.py [MEGABYTES]``. One session of an hour of log lines, in the embedded API, and then 100,000
sessions beside it.
"""

from __future__ import annotations

import hashlib
import json
import random
import statistics
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import islice

from stage import Stage, Table, machine

from guardcli.api.store import Store
from guardcli.api.store.database import open_database
from guardcli.api.store.schema import SESSIONS
from guardcli.api.store.sessions import SessionQuery
from guardcli.api.web.view import environment
from guardcli.api.windows import window
from guardcli.client.api import ApiClient
from guardcli.model.events import GENESIS, Event, EventType, chained
from guardcli.tui.recording import LocalRecording
from guardcli.tui.source import Source

MEGABYTES = 100
SECONDS = 3600.0
SESSION = "bench-recording"
JUMPS = 40
MANY = 100_000
LIST = '{% from "parts.html" import sessions_table %}{{ sessions_table(sessions, at) }}'


def record(client: ApiClient, megabytes: int) -> None:
    """Send an hour of lines, in stretches as a broker makes them."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    facts = {"id": SESSION, "identity": "bench", "started": began.timestamp(), "command": ["bench"]}
    own = client.with_token(client.create_session(facts))
    chance, batch, previous, sequence, offset, line = random.Random(1), [], GENESIS, 0, 0, 0

    def add(type: EventType, data: dict[str, object], at: float, content: bytes | None = None) -> None:
        nonlocal previous, sequence
        moment = (began + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        event: Event = chained(SESSION, sequence, moment, type, 1 if content else 0, data, previous)
        batch.append((event, content))
        previous, sequence = event.hash, sequence + 1

    add(EventType.OPENED, dict(facts), 0.0)
    total = megabytes * 1_000_000
    while offset < total:
        lines = [] if offset else [json.dumps({"version": 2, "width": 120, "height": 40})]
        size = 0
        while size < 62_000:
            at = SECONDS * min(1.0, (offset + size) / total)
            text = f"\x1b[32m{line:08d}\x1b[0m INFO request {chance.random():.12f} took {chance.randint(1, 999)} ms\r\n"
            lines.append(json.dumps([round(at, 6), "o", text]))
            size, line = size + len(lines[-1]) + 1, line + 1
        content = "".join(one + "\n" for one in lines).encode()
        digest = hashlib.sha256(content).hexdigest()
        at = SECONDS * min(1.0, (offset + size) / total)
        add(EventType.OUTPUT, {"offset": offset, "length": len(content), "sha256": digest}, at, content)
        offset += len(content)
        if len(batch) >= 40:
            own.append_events(SESSION, batch)
            batch.clear()
    add(EventType.CLOSED, {"status": 0}, SECONDS)
    own.append_events(SESSION, batch)
    own.close()


def in_the_terminal(client: ApiClient) -> dict[str, float]:
    """Return milliseconds: to the first screen, of jumps before and after all is indexed; and seconds to index all."""
    recording = LocalRecording(Source(client, lambda link: None), SESSION)
    player = recording.player()
    fetching = threading.Thread(target=recording.fetch, args=(lambda: False, lambda: True))
    began = time.perf_counter()
    fetching.start()
    while recording.index.before(0) is None:
        time.sleep(0.001)
    recording.seek(player, 0.1)
    found = {"first screen": 1000 * (time.perf_counter() - began)}
    found["jump to what is not fetched"] = jumps(lambda moment: recording.glimpse(moment), SECONDS * 0.6, 5)
    fetching.join()
    found["all indexed"] = 1000 * (time.perf_counter() - began)
    found["jump"] = jumps(lambda moment: recording.seek(player, moment), 0.0, JUMPS)
    recording.close()
    return found


def jumps(jump, least: float, count: int) -> float:
    """Return the median of `count` jumps to random moments, in milliseconds."""
    chance, taken = random.Random(2), []
    for _ in range(count):
        moment, began = chance.uniform(least, SECONDS), time.perf_counter()
        jump(moment)
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def many(store: Store) -> None:
    """Put copies of the session into the database, each a second older than the one before."""
    changed = {"id": "printf('bench-%06d', n)", "started": "started - n"}
    columns = [column.name for column in SESSIONS.columns]
    values = ", ".join(changed.get(name, name) for name in columns)
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY})"
    with store.engine.begin() as connection:
        copied = f"SELECT {values} FROM sessions, numbers WHERE id = '{SESSION}'"
        connection.exec_driver_sql(f"INSERT INTO sessions ({', '.join(columns)}) {numbers} {copied}")


def pages(client: ApiClient, store: Store) -> dict[str, float]:
    """Return milliseconds for a page of the list, at its beginning and at its end."""
    template, at = environment().from_string(LIST), time.time()

    def shown(after: str) -> None:
        template.render(sessions=store.sessions.find(SessionQuery(after=after, limit=50)), at=at)

    every, taken = client.sessions(limit=MANY), []
    for _ in range(MANY // 500):
        began = time.perf_counter()
        found = list(islice(every, 500))
        taken.append(1000 * (time.perf_counter() - began))
    assert len(found) == 500
    return {
        "web page: 50 of 100,000 sessions, the first": jumps(lambda _: shown(""), 0, 20),
        "web page: the last": jumps(lambda _: shown(f"bench-{MANY - 60:06d}"), 0, 20),
        "guard tui: 500 of 100,000 sessions, the first": statistics.median(taken[:10]),
        "guard tui: the last": statistics.median(taken[-10:]),
    }


def measure(megabytes: int = MEGABYTES) -> Table:
    """Run everything and return the table."""
    before = machine()
    with Stage() as stage:
        stage.run("true")  # starts the API
        client = ApiClient(f"unix://{stage.root / 'run' / 'api.sock'}")
        record(client, megabytes)
        rows = [(f"guard tui: {name}", f"{value:,.0f}") for name, value in in_the_terminal(client).items()]
        store = Store.over(open_database(f"sqlite:///{stage.root / 'state' / 'guard.db'}"))
        session = store.sessions.get(SESSION)
        page = jumps(lambda moment: next(window(store, session, moment)), 0, JUMPS)
        rows.append(("web page: the screen at any moment", f"{page:,.0f}"))
        many(store)
        rows += [(name, f"{value:,.0f}") for name, value in pages(client, store).items()]
        store.engine.dispose()
        client.close()
    return Table(
        f"A recording of {megabytes} MB and an hour",
        [f"`python bench/recordings.py {megabytes}` on {before}. Aims: opens in 1,000 ms, jumps in 200 ms."],
        ("", "ms"),
        rows,
    )


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES).markdown())
