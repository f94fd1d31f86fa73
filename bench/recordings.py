"""How long a large recording takes to open, and a jump in it, in `guard tui` and on the web page.

``python bench/recordings.py [MEGABYTES]``. One session of an hour of log lines, in the embedded API.
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

from stage import Stage, Table, machine

from guardcli.api.store import Store
from guardcli.api.store.database import open_database
from guardcli.api.windows import window
from guardcli.client.api import ApiClient
from guardcli.model.events import GENESIS, Event, EventType, chained
from guardcli.tui.recording import LocalRecording
from guardcli.tui.source import Source

MEGABYTES = 100
SECONDS = 3600.0
SESSION = "bench-recording"
JUMPS = 40


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
