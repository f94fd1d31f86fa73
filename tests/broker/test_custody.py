"""What several lenders give is one thing for the call, taken back whole."""

from __future__ import annotations

import asyncio

import pytest

from guardcli.broker.custody import NOTHING, Custody, Lent
from guardcli.broker.grants import Launch
from guardcli.broker.recorder import CallRecord
from guardcli.model.errors import UnavailableError
from guardcli.model.invocation import Invocation

CALL = Launch(7, Invocation("ssh", ("ssh",)), (), CallRecord(1, 0.0))


class Lender:
    def __init__(self, name: str, log: list[str], lent: Lent | None = None, fails: bool = False) -> None:
        self.name, self.log, self.lent, self.fails = name, log, lent, fails

    async def lend(self, launch: Launch) -> Lent | None:
        if self.fails:
            raise UnavailableError("no")
        self.log.append(f"lent {self.name}")
        return self.lent

    async def back(self) -> None:
        self.log.append(f"back {self.name}")


def lender(name: str, log: list[str], **parts: object) -> Lender:
    made = Lender(name, log)
    made.lent = Lent(take_back=made.back, **parts)  # type: ignore[arg-type]
    return made


def test_all_is_lent_and_taken_back_the_last_first() -> None:
    log: list[str] = []
    custody = Custody()
    custody.add(lender("a", log, environment={"A": "1", "B": "1"}))
    custody.add(Lender("none", log))
    custody.add(lender("b", log, environment={"B": None}, files={"F": b"x"}, shows=True))

    async def course() -> None:
        lent = await custody.lend(CALL)
        assert (lent.environment, lent.files, lent.shows, lent.lasting) == (
            {"A": "1", "B": None},
            {"F": b"x"},
            True,
            True,
        )
        assert lent.take_back is not None
        await lent.take_back()

    asyncio.run(course())
    assert log == ["lent a", "lent none", "lent b", "back b", "back a"]


def test_where_one_fails_nothing_stays_lent() -> None:
    log: list[str] = []
    custody = Custody()
    custody.add(lender("a", log))
    custody.add(Lender("b", log, fails=True))
    with pytest.raises(UnavailableError):
        asyncio.run(custody.lend(CALL))
    assert log == ["lent a", "back a"]


def test_variables_alone_need_no_end() -> None:
    custody = Custody()
    assert asyncio.run(custody.lend(CALL)) is NOTHING and not NOTHING.lasting
    custody.add(Lender("a", [], Lent({"A": "1"})))
    assert not asyncio.run(custody.lend(CALL)).lasting
