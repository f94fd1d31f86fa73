"""Random sequences of messages: what no statement is refused in ends exactly as without the gateway, and what is
refused ends as if the server itself had refused it.

The model is the server itself, without the gateway, given the same messages with a statement that always fails in the
place of each one that the policy denies. The server's log is the witness that nothing denied has reached it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from integration.gateway_rig import LOGGED, gateway
from integration.servers import postgres
from integration.test_postgres_abuse import Raw, shown

from guardcli.gateways.postgres.codec.frames import Frame
from guardcli.gateways.postgres.codec.frontend import (
    PORTAL,
    STATEMENT,
    Bind,
    Close,
    CopyData,
    CopyDone,
    CopyFail,
    Describe,
    Execute,
    Flush,
    Parse,
    Query,
    Sync,
)

POLICY = """
version: 1
name: sequences
rules:
  - {id: all, match: {tool: psql}, decision: allow}
  - {id: all-not-known, match: {tool: psql, complete: false}, decision: allow}
  - {id: no-victims, match: {tool: psql, targets: ["table:victims"]}, decision: deny}
"""
DENIED = (b"DELETE FROM victims", b"SELECT * FROM victims", b"COPY victims FROM STDIN")
FAILS = b"this fails for certain"
ALLOWED = (
    b"SELECT 1",
    b"SELECT n FROM generate_series(1, 7) n",
    b"INSERT INTO notes VALUES (1)",
    b"SELECT 1 / 0",
    b"SELECT nothing",
    b"BEGIN",
    b"COMMIT",
    b"ROLLBACK",
    b"SAVEPOINT s",
    b"ROLLBACK TO s",
    b"SET search_path TO public",
    b"PREPARE a AS SELECT 2",
    b"DEALLOCATE a",
    b"EXECUTE a",
    b"DECLARE p CURSOR FOR SELECT 3",
    b"CLOSE p",
    b"",
)
TEXTS = st.sampled_from(ALLOWED) | st.sampled_from(DENIED)
NAMES = st.sampled_from((b"", b"a", b"b"))
PORTALS = st.sampled_from((b"", b"p", b"q"))
EXTENDED = (
    st.builds(lambda name, text: Parse(name, text), NAMES, TEXTS)
    | st.builds(lambda portal, name: Bind(portal, name), PORTALS, NAMES)
    | st.builds(Execute, PORTALS, st.sampled_from((0, 2)))
    | st.builds(Describe, st.just(STATEMENT), NAMES)
    | st.builds(Describe, st.just(PORTAL), PORTALS)
    | st.builds(Close, st.just(STATEMENT), NAMES)
    | st.builds(Close, st.just(PORTAL), PORTALS)
    | st.just(Flush())
    | st.just(CopyData(b"1\n"))
    | st.just(CopyDone())
)
WHOLE = st.builds(lambda text: [Parse(b"", text), Bind(b"", b""), Describe(PORTAL, b""), Execute(b"")], TEXTS)
COPY = b"COPY notes FROM STDIN"
OPEN = [Close(STATEMENT, b"c"), Parse(b"c", COPY), Bind(b"", b"c"), Execute(b"")]
"""Of a name that no other group uses: in a COPY that one of these began, the server would wait for data for ever."""
COPIES = st.sampled_from(
    [
        [Query(COPY), CopyData(b"1\n2\n"), CopyDone()],
        [Query(COPY), CopyData(b"no number\n"), CopyData(b"3\n"), CopyDone()],
        [Query(COPY), Flush(), Sync(), CopyData(b"1\n"), CopyFail(b"enough")],
        [Query(COPY + b"; SELECT 6"), CopyDone()],
        [*OPEN, CopyData(b"4\n"), CopyDone(), Sync()],
        [*OPEN, Sync(), CopyData(b"4\n"), CopyDone(), Sync()],
        [*OPEN, CopyData(b"no number\n"), CopyDone(), Parse(b"", b"SELECT 7"), Bind(b"", b""), Execute(b""), Sync()],
        [*OPEN, Flush(), CopyFail(b"enough"), Sync()],
        [Query(b"COPY (SELECT 8) TO STDOUT")],
        [Parse(b"", b"COPY (SELECT 8) TO STDOUT"), Bind(b"", b""), Execute(b""), Sync()],
    ]
)
GROUPS = (
    COPIES
    | st.builds(lambda text, other: [Query(text + other)], TEXTS, st.just(b"") | st.just(b"; SELECT 5"))
    | st.builds(lambda parts: [*parts, Sync()], st.lists(EXTENDED, max_size=8))
    | st.builds(lambda parts: [*(one for part in parts for one in part), Sync()], st.lists(WHOLE, max_size=4))
)


@pytest.fixture(scope="module")
def database() -> Iterator[Mapping[str, str]]:
    with postgres(*LOGGED) as env:
        with psycopg.connect(host=env["PGHOST"], user="app", dbname="postgres", autocommit=True) as link:
            link.execute("CREATE TABLE victims (id int); CREATE TABLE notes (id int)")
        yield env


@pytest.fixture(scope="module")
def through(database: Mapping[str, str]) -> Iterator[str]:
    with gateway(database, POLICY) as rig:
        yield rig.env["PGHOST"]


def without_denied(message: object) -> object:
    """Return what stands for a message in the model."""
    if isinstance(message, Query | Parse) and any(message.text.startswith(denied) for denied in DENIED):
        return message._replace(text=FAILS)
    return message


def answers(directory: str, groups: list[list[object]]) -> list[str]:
    """Return what comes back for each group, after which the connection still answers."""
    raw = Raw(directory)
    try:
        found = []
        for group in groups:
            raw.send(*group)
            heard = raw.until_ready()
            assert heard and heard[-1].kind == ord("Z"), (groups, heard)
            found.append(" ".join(map(told, heard)))
        raw.send(Query(b"ROLLBACK"), Query(b"SELECT 4"))
        found += [" ".join(map(told, raw.until_ready())) for _ in range(2)]
        return found
    finally:
        raw.close()


def told(frame: Frame) -> str:
    return shown(frame).replace("E42501", "E42601")


LEFT = [[Query(b"BEGIN")], [Query(COPY), CopyData(b"no number\n"), CopyDone()]]
"""A transaction that has failed, and the portal of the COPY that is left in it."""


@example([*LEFT, [Execute(b""), Sync()], [Query(b"ROLLBACK")], [Execute(b""), Sync()]])
@example([*LEFT, [Close(PORTAL, b"p"), Execute(b""), Sync()]])
@example([*LEFT, [Close(PORTAL, b""), Execute(b""), Sync()]])
@example([*LEFT, [Query(b"ROLLBACK"), Execute(b""), Sync()]])
@example([[Query(b"BEGIN")], [Parse(b"", b"ROLLBACK"), Bind(b"p", b""), Sync()], *LEFT[1:], [Execute(b"p"), Sync()]])
@given(st.lists(GROUPS, min_size=1, max_size=6))
@settings(
    max_examples=80,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_sequences_end_as_the_server_alone_would_end_them(
    database: Mapping[str, str], through: str, groups: list[list[object]]
) -> None:
    log = Path(database["PGHOST"]) / "data" / "log" / "server.log"
    model = answers(database["PGHOST"], [[without_denied(one) for one in group] for group in groups])
    before = log.stat().st_size
    assert answers(through, groups) == model
    with log.open("rb") as text:
        text.seek(before)
        assert b"victims" not in text.read()
