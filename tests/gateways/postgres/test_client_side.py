"""What a person must say yes to reaches the server after that yes, and not a byte of it before."""

from __future__ import annotations

import asyncio

import pytest
from gateways.postgres.talk import (
    BIND,
    DESCRIBED,
    DONE,
    FAILED,
    FAULT,
    ONE,
    READY,
    ROW,
    ROWS,
    Keeper,
    conversation,
    parse,
)

from guardcli.gateways.postgres.codec.backend import BIND_COMPLETE, PARSE_COMPLETE
from guardcli.gateways.postgres.codec.frontend import STATEMENT, Bind, Describe, Execute, Flush, Sync, Terminate
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.contract import Step
from guardcli.gateways.postgres.conversation import StatementConversation
from guardcli.model.decisions import Verdict
from guardcli.model.errors import DeniedError

ASKED = parse(b"SELECT n FROM asked WHERE n = $1", b"")
NAMED = parse(b"SELECT n FROM asked WHERE n = $1", b"s")
SYNC = Sync().encode()


def sent(*steps: Step) -> bytes:
    return b"".join(part for step in steps for part in step.to_server)


def waited(step: Step) -> bool:
    """Say whether a step asks a person; the wait is not begun."""
    if step.client_wait is not None:
        step.client_wait.close()  # type: ignore[attr-defined]
    return step.client_wait is not None


def go_on(made: StatementConversation, result: object = None) -> Step:
    return made.client_goes_on(result)


def sources(keeper: Keeper) -> list[tuple[str, str]]:
    return [(entry[0], entry[1].source.value) for entry in keeper.record]  # type: ignore[index]


@pytest.mark.parametrize("size", [0, 1])
def test_parse_and_bind_are_one_question_and_go_out_together(size: int) -> None:
    keeper = Keeper()
    made = conversation(keeper)
    group = ASKED + BIND + DESCRIBED
    chunks = [group[at : at + 1] for at in range(len(group))] if size else [group]
    steps = [made.from_client(chunk) for chunk in chunks]
    assert sum(map(waited, steps)) == 1
    assert sent(*steps) == b""
    assert sources(keeper) == [("judged", "bind")]
    assert sent(go_on(made)) == group


@pytest.mark.parametrize(
    "then",
    [SYNC, Flush().encode(), Describe(STATEMENT, b"").encode() + SYNC, ONE, Bind(b"", b"other").encode()],
    ids=["Sync", "Flush", "Describe", "Query", "Bind of another"],
)
def test_who_wants_to_know_about_it_first_asks_for_the_text_alone(then: bytes) -> None:
    keeper = Keeper()
    made = conversation(keeper)
    step = made.from_client(ASKED + then)
    assert waited(step)
    assert sent(step) == b""
    assert sources(keeper) == [("judged", "parse")]
    assert sent(go_on(made)).startswith(ASKED)


def test_a_bind_of_what_was_parsed_before_asks_again_with_its_values() -> None:
    keeper = Keeper()
    made = conversation(keeper)
    assert waited(made.from_client(NAMED + SYNC))
    assert sent(go_on(made)) == NAMED + SYNC
    made.from_server(PARSE_COMPLETE + READY)
    group = Bind(b"", b"s", (), (b"7",)).encode() + DESCRIBED
    step = made.from_client(group)
    assert waited(step)
    assert sent(step) == b""
    assert sent(go_on(made)) == group
    made.from_server(BIND_COMPLETE + ROWS + DONE + READY)
    assert sources(keeper) == [("judged", "parse"), ("ended", "parse"), ("judged", "bind"), ("ended", "bind")]
    assert keeper.record[0][1].digest != keeper.record[2][1].digest  # type: ignore[index]
    assert keeper.record[2][1].parameters == ("7",)  # type: ignore[index]


@pytest.mark.parametrize("group", [ASKED + BIND + DESCRIBED, NAMED + SYNC, NAMED + Flush().encode() + SYNC])
def test_after_a_no_the_server_has_seen_nothing_of_it(group: bytes) -> None:
    keeper = Keeper()
    made = conversation(keeper)
    steps = [made.from_client(group)]
    assert waited(steps[0])
    steps.append(go_on(made, DeniedError("no")))
    assert b"asked" not in sent(*steps)
    assert sent(*steps).endswith(SYNC)
    assert made.names.statements == {}


def test_a_cancel_ends_the_question_about_the_text() -> None:
    made = conversation(Keeper())
    assert waited(made.from_client(NAMED + SYNC))
    step = made.cancelled()
    assert step.drop_wait
    assert b"asked" not in sent(step)


def test_an_error_before_it_lets_nothing_of_it_through() -> None:
    keeper = Keeper()
    made = conversation(keeper)
    step = made.from_client(parse(b"SELECT 1 / 0") + BIND + NAMED + SYNC)
    assert not waited(step)
    step = made.from_server(PARSE_COMPLETE + FAULT)
    assert b"asked" not in sent(step)
    assert ("judged", "parse") not in sources(keeper)


def test_a_client_that_leaves_is_not_asked_for() -> None:
    keeper = Keeper()
    made = conversation(keeper)
    step = made.from_client(NAMED + Terminate().encode())
    assert not waited(step)
    assert sent(step) == Terminate().encode()


def test_an_error_of_the_server_ends_the_record_of_a_parse() -> None:
    keeper = Keeper()
    made = conversation(keeper)
    assert waited(made.from_client(NAMED + SYNC))
    go_on(made)
    made.from_server(FAULT + READY)
    assert [entry[0] for entry in keeper.record] == ["judged", "ended"]
    assert keeper.record[1][2][3].startswith("22012")  # type: ignore[index]


def test_the_record_says_what_is_not_known_when_the_connection_breaks() -> None:
    keeper = Keeper()
    made = conversation(keeper)
    assert waited(made.from_client(NAMED + SYNC))
    go_on(made)
    made.closed("broken")
    assert keeper.record[0][2] is Verdict.APPROVE  # type: ignore[index]
    assert keeper.record[1][2][4]  # type: ignore[index]


def test_words_for_the_client_come_while_it_waits() -> None:
    keeper = Keeper()
    made = conversation(keeper)
    step = made.from_client(NAMED + SYNC)
    assert step.client_wait is not None

    async def hear() -> object:
        return await step.client_wait  # type: ignore[misc]

    told = made.client_goes_on(asyncio.run(hear()))
    assert waited(told)
    assert b"wait" in b"".join(told.to_client)
    assert sent(told) == b""


SELECT = parse(b"SELECT $1", b"s")


def bind(value: bytes) -> bytes:
    return Bind(b"", b"s", (), (value,)).encode()


def test_a_parse_whose_values_decide_waits_for_them() -> None:
    made = conversation(Keeper(reads_values=True))
    assert sent(made.from_client(SELECT)) == b""
    assert sent(made.from_client(bind(b"7") + DESCRIBED)) == SELECT + bind(b"7") + DESCRIBED


def test_values_that_a_rule_denies_are_not_sent_nor_the_text_before_them() -> None:
    keeper = Keeper(reads_values=True)
    made = conversation(keeper)
    out = sent(made.from_client(SELECT + bind(b"8") + DESCRIBED))
    assert b"SELECT" not in out and out.endswith(SYNC)
    assert sources(keeper) == [("judged", "bind"), ("ended", "bind")]


def test_whoever_will_not_say_the_values_first_is_judged_without_any() -> None:
    made = conversation(Keeper(reads_values=True))
    assert b"SELECT" not in sent(made.from_client(SELECT + Describe(STATEMENT, b"s").encode() + SYNC))


@pytest.mark.parametrize("answer", [ROW, DONE], ids=["rows", "an end"])
def test_an_execute_of_nothing_that_the_server_answers_ends_the_connection(answer: bytes) -> None:
    made = conversation(Keeper())
    made.from_client(ONE)
    made.from_server(FAULT + FAILED)
    execute = Execute(b"unknown").encode() + SYNC
    assert sent(made.from_client(execute)) == execute, "in a failed transaction the server says which error is due"
    with pytest.raises(ProtocolViolation):
        made.from_server(answer)
