"""The short way ends as the long one does: the same bytes both ways, the same record, the same names."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from contextlib import suppress

import pytest
from gateways.postgres.talk import (
    BIND,
    DESCRIBED,
    DONE,
    EXECUTE,
    FAILED,
    FAULT,
    ONE,
    READY,
    ROW,
    ROWS,
    WITHIN,
    Keeper,
    conversation,
    parse,
)

from guardcli.gateways.postgres.authority import Outcome, Statement, Ticket
from guardcli.gateways.postgres.codec.backend import (
    BIND_COMPLETE,
    CLOSE_COMPLETE,
    EMPTY_QUERY,
    NO_DATA,
    PARSE_COMPLETE,
    ParameterStatus,
    notice,
)
from guardcli.gateways.postgres.codec.frontend import Bind, Close, Execute, Flush, Query, Sync, Terminate
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.contract import Step
from guardcli.gateways.postgres.conversation import StatementConversation
from guardcli.model.decisions import Decision, Verdict


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)] if size else [data]


Script = Sequence[tuple[str, bytes]]


def played(script: Script, size: int) -> tuple[object, ...]:
    """Play `script` in chunks of `size` bytes, or whole ones for 0; return all that can be seen of it."""
    keeper = Keeper()
    made = conversation(keeper)
    steps: list[Step] = []
    fault = ""
    try:
        for side, data in script:
            take = to_server if side == "client" else to_client
            steps += [take(made, chunk) for chunk in cut(data, size)]
    except ProtocolViolation as violation:
        fault = violation.message
    waits = [step.client_wait for step in steps if step.client_wait is not None]
    for wait in waits:
        wait.close()  # type: ignore[attr-defined]
    portals = {name: (portal.columns, portal.ended) for name, portal in made.names.portals.items()}
    sent = [b"".join(part) for part in zip(*map(_both, steps), strict=True)]
    out = (sent, keeper.record, len(waits))
    return (*out, fault, made.status, portals, list(made.names.statements), len(made.flight), made.skipping)


def to_server(made: StatementConversation, chunk: bytes) -> Step:
    """Give it a chunk of the client's, as a session does."""
    return _gone_on(made, Step(to_server=[chunk])) if made.passes_to_server(chunk) else made.from_client(chunk)


def to_client(made: StatementConversation, chunk: bytes) -> Step:
    """The same for a chunk of the server's."""
    return _gone_on(made, Step(to_client=[chunk])) if made.passes_to_client(chunk) else made.from_server(chunk)


def _gone_on(made: StatementConversation, step: Step) -> Step:
    made.passed()
    return step


def _both(step: Step) -> tuple[bytes, bytes]:
    return b"".join(step.to_client), b"".join(step.to_server)


def both(*pairs: tuple[bytes, bytes]) -> Script:
    return [side for asked, said in pairs for side in (("client", asked), ("server", said))]


PREPARED = (parse(b"SELECT $1", b"s") + Sync().encode(), PARSE_COMPLETE + READY)
BOUND = Bind(b"", b"s", (), (b"7",)).encode()
USUAL = (BOUND + DESCRIBED, BIND_COMPLETE + ROWS + ROW * 3 + DONE + READY)
ALIKE = (BOUND + DESCRIBED, BIND_COMPLETE + ROWS + ROW + DONE + READY)
UNNAMED = parse(b"SELECT $1") + BIND
PARSED = (UNNAMED + DESCRIBED, PARSE_COMPLETE + ALIKE[1])
SHORT = (UNNAMED + EXECUTE, PARSE_COMPLETE + BIND_COMPLETE + ROW + DONE + READY)
SCRIPTS: dict[str, Script] = {
    "known and prepared": both(PREPARED, ALIKE, ALIKE, (BOUND + EXECUTE, BIND_COMPLETE + ROW + DONE + READY)),
    "known, prepared and failing": both(PREPARED, ALIKE, ALIKE, (BOUND + DESCRIBED, FAULT + READY), ALIKE),
    "known, then in a transaction": both(
        PREPARED, ALIKE, (ALIKE[0], BIND_COMPLETE + ROWS + ROW + DONE + WITHIN), (ONE, DONE + WITHIN), ALIKE
    ),
    "known, then closed": both(
        PREPARED, ALIKE, (Close(ord("S"), b"s").encode() + Sync().encode(), READY), (ALIKE[0], FAULT + READY)
    ),
    "known, and its name given to another": both(
        PREPARED, ALIKE, (parse(b"DELETE FROM victims", b"s") + Sync().encode(), FAULT + READY), ALIKE
    ),
    "known with Parse": both(PARSED, PARSED, SHORT, SHORT, PARSED),
    "known with Parse, and failing": both(
        PARSED, (PARSED[0], FAULT + READY), (Bind(b"", b"").encode() + DESCRIBED, FAULT + READY), PARSED
    ),
    "known with Parse, answered in two": [
        *both(PARSED, PARSED),
        *(("client", PARSED[0]), ("server", PARSED[1][:20]), ("server", PARSED[1][20:])),
    ],
    "known with Parse, and cut short": [*both(PARSED, PARSED), ("client", UNNAMED + EXECUTE[:-2])],
    "known with Parse, and asked": [
        *both(PARSED, PARSED),
        ("client", parse(b"SELECT n FROM asked") + BIND + DESCRIBED),
    ],
    "known with Parse, bound to another": both(
        PREPARED, PARSED, (parse(b"SELECT $1") + BOUND + DESCRIBED, PARSED[1]), ALIKE, PARSED
    ),
    "known, the next one too early": [*both(PARSED), ("client", PARSED[0] + ONE), ("server", PARSED[1])],
    "a query": both((ONE, ROWS + ROW + DONE + READY)) * 3,
    "a query without a row": both((ONE, ROWS + DONE + READY)),
    "a query in a transaction": both((ONE, ROWS + ROW + DONE + WITHIN)) * 2,
    "one that changes rows": both((Query(b"DELETE FROM t WHERE n = 1").encode(), DONE + READY)),
    "one that fails": both((ONE, FAULT + READY), (ONE, ROWS + ROW + DONE + READY)),
    "one that fails half-way": both((ONE, ROWS + ROW + FAULT + READY)),
    "two statements": both((Query(b"SELECT 1; SELECT 2").encode(), (ROWS + ROW + DONE) * 2 + READY)),
    "none": both((Query(b"").encode(), EMPTY_QUERY + READY)),
    "a notice within": both((ONE, ROWS + notice("hear").encode() + ROW + DONE + READY)),
    "a setting within": both((ONE, DONE + ParameterStatus(b"TimeZone", b"UTC").encode() + READY)),
    "a denied query": both((Query(b"DELETE FROM victims").encode(), FAULT + READY), (ONE, DONE + READY)),
    "an asked query": [("client", Query(b"SELECT * FROM asked").encode() + ONE)],
    "two queries at once": [("client", ONE + ONE), ("server", DONE + READY), ("server", DONE + READY)],
    "the next one too early": [("client", ONE), ("client", ONE), ("server", DONE + READY), ("server", DONE + READY)],
    "an answer in two": [("client", ONE), ("server", ROWS + ROW), ("server", ROW + DONE + READY)],
    "more than the answer": [("client", ONE), ("server", DONE + READY + READY)],
    "an answer to nothing": [("server", ROWS + ROW + DONE + READY)],
    "rows that were not described": both((BOUND + EXECUTE, BIND_COMPLETE + ROW + DONE + READY)),
    "no end": both((ONE, ROWS + ROW + READY)),
    "leaving": both((ONE, DONE + READY), (ONE + Terminate().encode(), DONE + READY)),
    "prepared": both(PREPARED, USUAL, USUAL, (BOUND + EXECUTE, BIND_COMPLETE + ROW + DONE + READY)),
    "prepared, no rows": both(PREPARED, (BOUND + DESCRIBED, BIND_COMPLETE + NO_DATA + DONE + READY)),
    "prepared in a transaction": both(PREPARED, (BOUND + DESCRIBED, BIND_COMPLETE + ROWS + DONE + WITHIN), USUAL),
    "prepared and failing": both(PREPARED, (BOUND + DESCRIBED, BIND_COMPLETE + FAULT + READY), USUAL),
    "prepared, then closed": both(PREPARED, (Close(ord("S"), b"s").encode() + BOUND + DESCRIBED, FAULT + READY)),
    "with Parse": both((parse(b"SELECT $1") + BIND + DESCRIBED, PARSE_COMPLETE + USUAL[1])) * 2,
    "with Parse alone in a chunk": [("client", parse(b"SELECT $1")), ("client", BIND + DESCRIBED), ("server", b"")],
    "with Parse that is denied": both((parse(b"DELETE FROM victims") + BIND + DESCRIBED, FAULT + READY), USUAL),
    "more behind a denied one": [
        ("client", parse(b"DELETE FROM victims")),
        ("client", BIND + DESCRIBED),
        ("server", FAULT + READY),
    ],
    "asked at Bind": [("client", parse(b"SELECT n FROM asked") + BIND + DESCRIBED + ONE)],
    "Bind without a statement": both((Bind(b"", b"nothing").encode() + DESCRIBED, FAULT + READY)),
    "a portal with a name": both(
        PREPARED, (Bind(b"p", b"s").encode() + Execute(b"p").encode() + Sync().encode(), USUAL[1])
    ),
    "another portal": both(PREPARED, (BOUND + Execute(b"other").encode() + Sync().encode(), FAULT + READY)),
    "a row limit": both(PREPARED, (BOUND + Execute(b"", 1).encode() + Sync().encode(), BIND_COMPLETE + DONE + READY)),
    "two groups": [*both(PREPARED), ("client", USUAL[0] + USUAL[0]), ("server", USUAL[1]), ("server", USUAL[1])],
    "two binds": both(PREPARED, (BOUND + BOUND + DESCRIBED, BIND_COMPLETE + USUAL[1])),
    "Flush in between": both(PREPARED, (BOUND + Flush().encode() + DESCRIBED, USUAL[1])),
    "COPY": both((Query(b"COPY t TO STDOUT").encode(), DONE + READY)),
    "a prepared change of a setting": both(
        (parse(b"SET search_path = a", b"s") + Sync().encode(), PARSE_COMPLETE + READY),
        (Bind(b"", b"s").encode() + EXECUTE, BIND_COMPLETE + DONE + READY),
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_does_not_matter_how_chunks_are_cut(name: str) -> None:
    script = [*both((ONE, ROWS + ROW + DONE + READY), (ONE, DONE + READY)), *SCRIPTS[name]]
    slow = played(script, 1)
    assert played(script, 0) == slow
    assert played(script, 7) == slow


BAD = {
    "a length that is impossible": b"Q\0\0\0\3",
    "a length that is too long": b"B\x7f\xff\xff\xff\0",
    "a Bind cut short": b"B\0\0\0\x0c\0\0\0\0\0\0\0\0" + DESCRIBED,
    "a type that is none": b"?\0\0\0\4",
    "an Execute with more in it": BOUND + b"E\0\0\0\x0a\0\0\0\0\0\0" + Sync().encode(),
}


ASKED = [
    *((Query(text).encode(), b"", ROWS) for text in (b"SELECT 1", b"SELECT 22", b"SELECT n FROM t")),
    *((Query(text).encode(), b"", b"") for text in (b"DELETE FROM victims", b"DELETE FROM t WHERE n = 1")),
    *((parse(text, b"s") + Sync().encode(), PARSE_COMPLETE, b"") for text in (b"SELECT $1", b"DELETE FROM t")),
    (Close(ord("S"), b"s").encode() + Sync().encode(), CLOSE_COMPLETE, b""),
    *((BOUND + end, BIND_COMPLETE, rows) for end, rows in ((DESCRIBED, ROWS), (EXECUTE, b""))),
    *((UNNAMED + end, PARSE_COMPLETE + BIND_COMPLETE, rows) for end, rows in ((DESCRIBED, ROWS), (EXECUTE, b""))),
]
"""What a client may ask, what a server says first of that, and what it says before rows."""
ENDS = [*[ROW + DONE + READY] * 5, DONE + READY, ROW + DONE + WITHIN, ROW * 2 + DONE + READY]


def talk(chance: random.Random) -> Script:
    """Return what client and server may say to each other; the server speaks out of place now and then."""
    few = [(asked, first + rows + chance.choice(ENDS)) for asked, first, rows in chance.choices(ASKED, k=3)]
    found = [chance.choice(few) for _ in range(12)]
    for place, (asked, said) in enumerate(found):
        if asked.endswith(Sync().encode()) and not asked.startswith(b"B") and EXECUTE not in asked:
            found[place] = asked, said[:5] + READY
        if chance.random() < 0.1:
            found[place] = asked, chance.choice([FAULT + READY, FAULT + FAILED, few[0][1]])
    return both(*found)


@pytest.mark.parametrize("seed", range(int(os.environ.get("GUARD_TEST_TALKS", "40"))))
def test_any_talk_ends_the_same_however_it_is_cut(seed: int) -> None:
    script = talk(random.Random(seed))
    assert played(script, 0) == played(script, 1)


class Late(Keeper):
    """Records what it allows only when it must; keeps a note of the last that was given, if it `notes` at all."""

    def __init__(self, notes: bool = False) -> None:
        super().__init__()
        self.late: list[Ticket] = []
        self._notes = notes
        self._noted: Ticket | None = None

    def note(self, ticket: Ticket) -> None:
        if self._notes and ticket in self.late:
            self._noted = ticket

    def noted(self, ticket: Ticket) -> bool:
        return self._noted is ticket and ticket in self.late

    @property
    def unsaid(self) -> bool:
        return bool(self.late)

    def admit(self, statement: Statement, decision: Decision) -> Ticket:
        ticket = super().admit(statement, decision)
        if decision.verdict is Verdict.ALLOW:
            self.record.pop()
            self.late.append(ticket)
        return ticket

    def say(self) -> None:
        self.record += [("judged", ticket.statement, ticket.decision.verdict) for ticket in self.late]
        self.late.clear()

    def ended(self, ticket: Ticket, outcome: Outcome) -> None:
        self.say()
        super().ended(ticket, outcome)


def test_an_answer_goes_on_before_its_event_only_where_a_note_is_kept() -> None:
    for notes in (False, True):
        keeper = Late(notes)
        made = conversation(keeper)
        for side, data in both((ONE, ROWS + ROW + DONE + READY)):
            (to_server if side == "client" else to_client)(made, data)
        assert made.passes_to_server(ONE) and not keeper.noted(keeper.late[-1])
        made.passed()
        assert made.passes_to_client(ROWS + ROW + DONE + READY) and keeper.unsaid is notes
        made.passed()
        assert not keeper.unsaid and [one[0] for one in keeper.record] == ["judged", "ended"] * 2  # type: ignore[index]
        assert made.passes_to_server(ONE)
        assert made.passes_to_client(ROWS + ROW + DONE + READY) and not keeper.unsaid


def test_what_was_delivered_last_is_recorded_when_the_connection_ends() -> None:
    keeper = Late(notes=True)
    made = conversation(keeper)
    for side, data in both((ONE, ROWS + ROW + DONE + READY)):
        (to_server if side == "client" else to_client)(made, data)
    assert made.passes_to_server(ONE)
    made.passed()
    assert made.passes_to_client(ROWS + ROW + DONE + READY) and keeper.unsaid
    made.closed("the end")
    assert not keeper.unsaid and len(keeper.record) == 4


@pytest.mark.parametrize("size", [0, 7])
@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_said_a_client_hears_nothing_that_is_not_recorded(seed: int, size: int) -> None:
    keeper = Late()
    made = conversation(keeper)
    with suppress(ProtocolViolation):
        for side, data in talk(random.Random(seed)):
            for chunk in cut(data, size):
                step = (to_server if side == "client" else to_client)(made, chunk)
                assert not (step.to_client and keeper.unsaid)
    made.closed("the end")
    assert not keeper.unsaid


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_ends_the_connection_either_way(name: str) -> None:
    script = [*both(PREPARED), ("client", BAD[name])]
    assert played(script, 0) == played(script, 1)


@pytest.mark.parametrize("asked", [ALIKE, PARSED, SHORT], ids=["prepared", "with Parse", "not described"])
def test_a_group_that_is_known_goes_the_shortest_way(asked: tuple[bytes, bytes]) -> None:
    made = conversation(Keeper())
    for side, data in both(PREPARED, asked):
        (to_server if side == "client" else to_client)(made, data)
    assert made.passes_to_server(asked[0]) and made.passes_to_client(asked[1])


def test_the_usual_exchange_goes_the_short_way() -> None:
    made = conversation(Keeper())
    made.from_client(PREPARED[0])
    made.from_server(PREPARED[1])
    for asked, said in (USUAL, (ONE, ROWS + ROW + DONE + READY)):
        assert made.take_whole(asked) == b""
        assert made.hear_whole(said)


@pytest.mark.parametrize(
    "asked", [Query(b"INSERT INTO t VALUES (1)"), Query(b"SELECT nextval('s')"), Query(b"SELECT 1")], ids=str
)
def test_a_client_hears_only_what_is_recorded(asked: Query) -> None:
    keeper = Keeper()
    made = conversation(keeper)
    made.from_client(asked.encode())
    assert made.hear_whole(DONE + READY), "it goes the short way"
    assert [entry[0] for entry in keeper.record] == ["judged", "ended"]  # type: ignore[index]
