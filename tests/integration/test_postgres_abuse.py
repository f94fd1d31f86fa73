"""What a hostile client may send, message by message; the server's own log is the witness of what reached it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping

import psycopg
import pytest
from integration.gateway_rig import LOGGED, Rig, ServerLog, gateway
from integration.servers import postgres

from guardcli.gateways.postgres.codec.backend import ErrorResponse, decode_backend
from guardcli.gateways.postgres.codec.frames import FROM_SERVER, Frame, Splitter
from guardcli.gateways.postgres.codec.frontend import (
    PORTAL,
    STATEMENT,
    Bind,
    Close,
    CopyData,
    CopyDone,
    Describe,
    Execute,
    Flush,
    FunctionCall,
    Parse,
    Query,
    Sync,
)
from guardcli.gateways.postgres.codec.limits import BACKEND
from guardcli.model.approvals import ApprovalState

POLICY = """
version: 1
name: abuse
rules:
  - {id: reads, match: {tool: psql, effects: [read, session, write]}, decision: allow}
  - {id: no-shape, match: {tool: psql, effects: [define, privilege, file, execute]}, decision: deny}
  - {id: delete-asks, match: {tool: psql, effects: [delete]}, decision: approve}
"""


class Raw:
    """A client that sends what it is told."""

    def __init__(self, directory: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(f"{directory}/.s.PGSQL.5432")
        self._splitter = Splitter(BACKEND)
        body = (196608).to_bytes(4, "big") + b"user\0app\0database\0postgres\0\0"
        self._socket.sendall((len(body) + 4).to_bytes(4, "big") + body)
        self.until_ready()

    def send(self, *messages: object) -> None:
        self._socket.sendall(b"".join(one if isinstance(one, bytes) else one.encode() for one in messages))  # type: ignore[attr-defined]

    def until_ready(self) -> list[Frame]:
        """Return all answers up to ReadyForQuery."""
        found: list[Frame] = []
        while not found or found[-1].kind != ord("Z"):
            piece = self._splitter.take(FROM_SERVER)
            if isinstance(piece, Frame):
                found.append(piece)
            elif piece is None:
                chunk = self._socket.recv(65536)
                if not chunk:
                    return found
                self._splitter.feed(chunk)
        return found

    def ask(self, *messages: object) -> str:
        """Send, and return the types of all answers up to ReadyForQuery, errors with their SQLSTATE.

        Notices and ParameterStatus, which may come at any time, are left out.
        """
        self.send(*messages)
        return told(self.until_ready())

    def close(self) -> None:
        self._socket.close()


def told(frames: list[Frame]) -> str:
    return " ".join(shown(frame) for frame in frames if frame.kind not in b"NS")


def shown(frame: Frame) -> str:
    answer = decode_backend(frame)
    if isinstance(answer, ErrorResponse):
        return f"E{answer.field('C').decode()}"
    return f"Z{chr(frame.raw[5])}" if frame.kind == ord("Z") else chr(frame.kind)


@pytest.fixture(scope="module")
def database() -> Iterator[Mapping[str, str]]:
    with postgres(*LOGGED) as env:
        with psycopg.connect(host=env["PGHOST"], user="app", dbname="postgres", autocommit=True) as link:
            link.execute("CREATE TABLE victims (id int); INSERT INTO victims SELECT generate_series(1, 5)")
            link.execute("CREATE TABLE orders (id int, what text)")
        yield env


class Place:
    def __init__(self, env: Mapping[str, str], rig: Rig) -> None:
        self.rig = rig
        self._log = ServerLog(env)
        self.raw = Raw(rig.env["PGHOST"])
        self.log()

    def let_one_be_parsed(self) -> None:
        """Say yes to the next question, which is about a text without values, and no to all that follow."""
        answers = iter([ApprovalState.APPROVED])
        self.rig.reviewer.answer = lambda: next(answers, ApprovalState.DENIED)

    def log(self) -> str:
        return self._log.new()


@pytest.fixture
def place(database: Mapping[str, str]) -> Iterator[Place]:
    with gateway(database, POLICY) as rig:
        rig.reviewer.answer = lambda: ApprovalState.DENIED
        made = Place(database, rig)
        yield made
        made.raw.close()


SELECT, DROP, DELETE = b"SELECT 1", b"DROP TABLE victims", b"DELETE FROM victims"
RUN = (Bind(b"", b""), Execute(b""), Sync())
LONG = b"n" * 63


@pytest.mark.parametrize(
    ("name", "messages", "answers"),
    [
        ("harmless", [Parse(b"", SELECT), *RUN], "1 2 D C ZI"),
        ("denied Parse", [Parse(b"", DROP), *RUN], "E42501 ZI"),
        ("denied behind a harmless one", [Parse(b"", SELECT), Parse(b"", DROP), *RUN], "1 E42501 ZI"),
        (
            "behind a denied one nothing runs, a denied one least of all",
            [Parse(b"", DROP), Query(DROP), Parse(b"a", SELECT), Bind(b"", b"a"), Execute(b""), Sync()],
            "E42501 ZI",
        ),
        (
            "Flush does not end it",
            [Parse(b"", DROP), Flush(), Parse(b"", DELETE), Flush(), *RUN],
            "E42501 ZI",
        ),
        ("no yes for the values", [Parse(b"", DELETE), *RUN], "E42501 ZI"),
        ("a name that is not there", [Bind(b"", b"nothing"), Execute(b""), Sync()], "E26000 ZI"),
        ("a portal that is not there", [Execute(b"nothing"), Sync()], "E34000 ZI"),
        ("describe what is not there", [Describe(STATEMENT, b"nothing"), Sync()], "E26000 ZI"),
        ("describe a portal that is not there", [Describe(PORTAL, b"nothing"), Sync()], "E34000 ZI"),
        ("close what is not there", [Close(STATEMENT, b"nothing"), Close(PORTAL, b"no"), Sync()], "3 3 ZI"),
        ("simple query inside extended", [Parse(b"", SELECT), Bind(b"", b""), Query(SELECT)], "1 2 T D C ZI"),
        ("denied simple query inside extended", [Parse(b"", SELECT), Bind(b"", b""), Query(DROP)], "1 2 E42501 ZI"),
        ("two statements in a Parse", [Parse(b"", b"SELECT 1; SELECT 2"), Sync()], "E42601 ZI"),
        ("two statements in a Parse, one denied", [Parse(b"", b"SELECT 1; DROP TABLE victims"), Sync()], "E42501 ZI"),
        ("data without a COPY", [CopyData(b"DROP"), CopyDone(), Query(SELECT)], "T D C ZI"),
        (
            "data behind a denied COPY",
            [Query(b"COPY orders FROM PROGRAM 'id'"), CopyData(b"1\tx\n"), CopyDone()],
            "E42501 ZI",
        ),
        (
            "a statement within a COPY",
            [Query(b"COPY orders FROM STDIN"), Query(DROP), CopyData(b"1\tx\n"), CopyDone()],
            "G E57014 ZI",
        ),
        (
            "a Parse within a COPY",
            [Parse(b"", b"COPY orders FROM STDIN"), Bind(b"", b""), Execute(b""), Parse(b"", DROP), CopyDone(), *RUN],
            "1 2 G E57014 ZI",
        ),
        ("a function by its number", [FunctionCall(964, (1,), (b"\0\0\0\1",), 1)], "E42501 ZI"),
        ("a function nobody knows", [FunctionCall(12, (), (), 1)], "E42501 ZI"),
        ("nothing at all", [Query(b"")], "I ZI"),
        ("no UTF-8", [Query(b"SELECT '\xff'")], "E42501 ZI"),
        ("what no grammar takes asks, and is not sent", [Query(b"SELEC 1")], "E42501 ZI"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value and value[1] != " " else "",
)
def test_messages_are_answered_as_a_server_would(place: Place, name: str, messages: list[object], answers: str) -> None:
    assert place.raw.ask(*messages) == answers
    assert place.raw.ask(Query(b"SELECT count(*) FROM victims")) == "T D C ZI"
    log = place.log()
    assert "DROP" not in log and "DELETE" not in log and "PROGRAM" not in log


def test_a_parse_under_the_name_of_an_allowed_one_is_judged_anew(place: Place) -> None:
    raw = place.raw
    assert raw.ask(Parse(b"s", SELECT), Bind(b"", b"s"), Execute(b""), Sync()) == "1 2 D C ZI"
    assert raw.ask(Close(STATEMENT, b"s"), Parse(b"s", DROP), Bind(b"", b"s"), Execute(b""), Sync()) == "3 E42501 ZI"
    assert raw.ask(Bind(b"", b"s"), Execute(b""), Sync()) == "E26000 ZI"
    assert "DROP" not in place.log()


def test_what_a_failed_group_did_to_names_is_forgotten_as_the_server_does(place: Place) -> None:
    """The Close and the second Parse stand behind an error, so the server still has the first one under the name."""
    raw = place.raw
    place.let_one_be_parsed()
    assert raw.ask(Parse(b"s", DELETE), Sync()) == "1 ZI"
    raw.send(Parse(b"x", b"SELECT 1/0 FROM nowhere"), Close(STATEMENT, b"s"), Parse(b"s", SELECT), Sync())
    raw.send(Bind(b"", b"s"), Execute(b""), Sync())
    assert told([*raw.until_ready(), *raw.until_ready()]) == "E42P01 ZI E42501 ZI"
    assert "DELETE" not in place.log()


def test_names_are_told_apart_by_as_many_bytes_as_the_server_looks_at(place: Place) -> None:
    raw = place.raw
    place.let_one_be_parsed()
    assert raw.ask(Parse(LONG + b"a", SELECT), Sync()) == "1 ZI"
    assert raw.ask(Close(STATEMENT, LONG + b"b"), Parse(LONG + b"b", DELETE), Sync()) == "3 1 ZI"
    assert raw.ask(Bind(b"", LONG + b"a"), Execute(b""), Sync()) == "E42501 ZI"
    assert "DELETE" not in place.log()


def test_prepare_and_parse_share_their_names(place: Place) -> None:
    raw = place.raw
    assert raw.ask(Query(b"PREPARE p AS SELECT 1")) == "C ZI"
    assert raw.ask(Bind(b"", b"p"), Execute(b""), Sync()) == "2 D C ZI"
    assert raw.ask(Query(b"DEALLOCATE p")) == "C ZI"
    place.let_one_be_parsed()
    assert raw.ask(Parse(b"p", DELETE), Sync()) == "1 ZI"
    assert raw.ask(Query(b"EXECUTE p")) == "E42501 ZI"
    assert raw.ask(Query(b"DEALLOCATE ALL")) == "C ZI"
    assert raw.ask(Bind(b"", b"p"), Execute(b""), Sync()) == "E26000 ZI"
    assert "DELETE" not in place.log()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (b"SJIS", b"SELECT '\x95\\'; DROP TABLE victims; --'"),
        (b"BIG5", b"SELECT '\xa5\\'; DROP TABLE victims; --'"),
        (b"GBK", b"SELECT '\xbf\\'; DROP TABLE victims; --'"),
    ],
)
def test_no_encoding_hides_a_quote(place: Place, encoding: bytes, text: bytes) -> None:
    assert place.raw.ask(Query(b"SET client_encoding TO " + encoding)).endswith("E42501 ZI")
    assert place.raw.ask(Query(b"SET client_encoding TO LATIN1")) == "C ZI"
    assert place.raw.ask(Query("SELECT 'é'".encode("latin-1"))) == "T D C ZI"
    assert place.raw.ask(Query(text)) == "E42501 ZI"
    assert "DROP" not in place.log()


def test_a_backslash_is_read_only_where_the_server_takes_it_for_one(place: Place) -> None:
    raw = place.raw
    assert raw.ask(Query(b"SELECT 'a\\'")) == "T D C ZI"
    assert raw.ask(Query(b"SET standard_conforming_strings TO off")) == "E42501 ZI"
    assert raw.ask(Query(b"SELECT set_config('standard_conforming_strings', 'off', false)")) == "E42501 ZI"
    assert raw.ask(Query(b"SELECT 'a\\'")) == "T D C ZI"


def test_every_cut_gives_the_same(place: Place) -> None:
    data = b"".join(
        one.encode() for one in (Parse(b"", SELECT), *RUN, Query(DROP), Parse(b"", DROP), *RUN, Query(SELECT))
    )
    expected = "1 2 D C ZI E42501 ZI E42501 ZI T D C ZI"
    for size in (1, 2, 3, 5, 7, 11, 64, len(data)):
        for at in range(0, len(data), size):
            place.raw.send(data[at : at + size])
        answers = [frame for _ in range(4) for frame in place.raw.until_ready()]
        assert told(answers) == expected
    assert "DROP" not in place.log()


def test_a_long_pipeline_is_bounded_and_answered(place: Place) -> None:
    count = 10_000
    group = Parse(b"", SELECT).encode() + Bind(b"", b"").encode() + Execute(b"").encode()
    sender = threading.Thread(target=place.raw.send, args=(group * count, Sync()))
    sender.start()
    answers = place.raw.until_ready()
    sender.join(60)
    assert len(answers) == 4 * count + 1


@pytest.mark.parametrize("kind", [b"y", b"p"])
def test_a_message_out_of_place_ends_the_connection(place: Place, kind: bytes) -> None:
    assert place.raw.ask(kind + b"\0\0\0\x05\0") == "E08P01"


@pytest.mark.parametrize("replication", ["true", "database", "1", "on"])
def test_replication_is_refused(place: Place, replication: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="replication connection"):
        psycopg.connect(host=place.rig.env["PGHOST"], user="app", dbname="postgres", replication=replication)


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ("", True),
        ("-c search_path=public", True),
        ("-cstatement_timeout=5s --work-mem=8MB", True),
        ("-c role=pg_read_all_data", False),
        ("-c session_authorization=app", False),
        ("--session-preload-libraries=x", False),
        ("-c log_statement=none", False),
        ("-c standard_conforming_strings=off", False),
        ("-c\\ role=x", False),
        ("-d 5", False),
        ("-c app.user=1", False),
    ],
)
def test_the_startup_packet_sets_nothing_that_a_statement_may_not(place: Place, options: str, allowed: bool) -> None:
    if allowed:
        psycopg.connect(host=place.rig.env["PGHOST"], user="app", dbname="postgres", options=options).close()
    else:
        with pytest.raises(psycopg.OperationalError, match="the connection's own parameters"):
            psycopg.connect(host=place.rig.env["PGHOST"], user="app", dbname="postgres", options=options)


def test_names_without_end_are_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guardcli.gateways.postgres.names.NAMES_MAX", 20)
    raw = place.raw
    for number in range(20):
        assert raw.ask(Parse(b"s%d" % number, SELECT), Sync()) == "1 ZI"
    assert raw.ask(Parse(b"more", SELECT), Sync()) == "E54000 ZI"
    assert raw.ask(Query(b"PREPARE more AS SELECT 1")) == "E54000 ZI"
    assert raw.ask(Bind(b"", b"s7"), Execute(b""), Sync()) == "2 D C ZI"
    assert raw.ask(Query(b"DISCARD ALL")) == "E42501 ZI"
    assert raw.ask(Query(b"DEALLOCATE ALL")) == "C ZI"
    assert raw.ask(Parse(b"more", SELECT), Sync()) == "1 ZI"
