"""What is known by its form is what the long way would take it for, and nothing else is."""

from __future__ import annotations

import re

import pytest
from gateways.postgres.talk import DONE, FAULT, READY, ROW, ROWS, WITHIN, Keeper, conversation, parse

from guardcli.gateways.postgres.codec.frontend import Query, Sync
from guardcli.gateways.postgres.conversation import StatementConversation
from guardcli.model.decisions import Decision, Verdict

TEXT = b"SELECT n FROM t WHERE n = "
ANSWER = ROWS + ROW + DONE + READY


def asked(text: bytes) -> bytes:
    return Query(text).encode()


def having_seen(*texts: bytes, keeper: Keeper | None = None) -> StatementConversation:
    """Return a conversation in which these were asked and answered."""
    made = conversation(keeper or Keeper())
    for text in texts:
        made.from_client(asked(text))
        made.from_server(ANSWER)
    return made


def test_a_query_of_a_known_form_passes_and_so_does_its_answer_and_the_record_is_the_same() -> None:
    keeper, long = Keeper(), Keeper()
    made = having_seen(TEXT + b"1", keeper=keeper)
    assert made.passes_to_server(asked(TEXT + b"22")) and made.passes_to_client(ANSWER)
    having_seen(TEXT + b"1", TEXT + b"22", keeper=long)
    assert keeper.record == long.record


SEEN = [TEXT + b"1", b"SELECT 'it is 1'", b"DELETE FROM t", b"SELECT \n1 ;"]
CASES = [
    (TEXT + b"999999999", True),
    (TEXT + b"1000000000", False),
    (TEXT + b"01", False),
    (TEXT + b"0", False),
    (TEXT, False),
    (TEXT + b"1 ", False),
    (TEXT + b"-1", False),
    (TEXT + b"1.5", False),
    (TEXT + b"1 OR n = 1", False),
    (b"1" + TEXT, False),
    (b"SELECT n FROM t1 WHERE n = 2", False),
    (b"SELECT n FROM t WHERE n2 = 2", False),
    (b"SELECT 'it is 1'", True),
    (b"SELECT 'it is 2'", False),
    (b"SELECT 'it is 11'", False),
    (b"DELETE FROM t", True),
    (b"DELETE FROM t1", False),
    (b"SELECT \n42 ;", True),
    (b"SELECT \n42; ", False),
]


@pytest.mark.parametrize(("text", "passes"), CASES, ids=lambda one: repr(one))
def test_only_what_is_exactly_of_a_form_is_known_by_it(text: bytes, passes: bool) -> None:
    made = having_seen(*SEEN)
    assert made.passes_to_server(asked(text)) is passes


def test_whichever_byte_is_another_one_what_is_known_is_of_the_form() -> None:
    made, good = having_seen(TEXT + b"1"), asked(TEXT + b"123")
    of_form = re.compile(re.escape(asked(TEXT + b"123")[:5] + TEXT) + rb"[1-9][0-9]{2}\0", re.DOTALL)
    for at in range(len(good)):
        for byte in range(256):
            chunk = good[:at] + bytes((byte,)) + good[at + 1 :]
            assert (made.known_form(chunk) is not None) == bool(of_form.fullmatch(chunk)), chunk
    for other in (good + good, good + Sync().encode(), good[:-1], good + b"\0", good[:5], b"", good[:-1] + b"1\0"):
        assert made.known_form(other) is None


@pytest.mark.parametrize(
    "text",
    [
        b"EXECUTE s",
        b"SELECT 1 -- \xc3\xbc",
        b"SELECT E'\\\\'",
        b"SET search_path = a",
        b"BEGIN; SET x.y = 1",
        b"COPY t TO STDOUT",
        b"PREPARE a AS SELECT 1",
        b"DECLARE c CURSOR FOR SELECT 1",
        b"SELECT own()",
    ],
)
def test_what_hangs_on_names_and_settings_or_has_to_be_followed_is_never_known(text: bytes) -> None:
    assert having_seen(text, text).known_form(asked(text)) is None


def test_a_known_form_is_judged_each_time() -> None:
    keeper = Keeper()
    made = having_seen(TEXT + b"1", keeper=keeper)
    for verdict in (Verdict.DENY, Verdict.APPROVE):
        keeper.judge = lambda operations, values=(), verdict=verdict: Decision(verdict, "x", "", tuple(operations))  # type: ignore[method-assign]
        assert not made.passes_to_server(asked(TEXT + b"2"))


@pytest.mark.parametrize(
    "answer",
    [FAULT + READY, ROWS + ROW * 3 + DONE + READY, ROWS + ROW + DONE + WITHIN, ROWS + ROW + DONE + READY + READY, ROWS],
)
def test_an_answer_that_is_another_one_goes_the_long_way(answer: bytes) -> None:
    made = having_seen(TEXT + b"1")
    assert made.passes_to_server(asked(TEXT + b"2"))
    assert not made.passes_to_client(answer)
    assert [one.text for one in made.flight] == []
    made.put_in_place()
    assert [one.text for one in made.flight] == ["SELECT n FROM t WHERE n = 2"]


def test_nothing_passes_while_something_is_under_way() -> None:
    made = having_seen(TEXT + b"1")
    assert made.passes_to_server(asked(TEXT + b"2"))
    assert not made.passes_to_server(asked(TEXT + b"3"))
    made.from_client(asked(TEXT + b"3"))
    assert made.from_server(ANSWER).to_server == [asked(TEXT + b"3")]
    made.from_server(ANSWER)
    made.from_client(parse(b"SELECT 1"))
    assert not made.passes_to_server(asked(TEXT + b"4"))


def test_what_is_under_way_alone_is_lost_with_the_connection_and_cancelled_with_it() -> None:
    keeper = Keeper()
    made = having_seen(TEXT + b"1", keeper=keeper)
    made.passes_to_server(asked(TEXT + b"2"))
    assert made.end("57P01", "over").cancel
    made.closed("the client left")
    assert keeper.record[-1][2] == ([], 0, 0, "the client left", True)  # type: ignore[index]
