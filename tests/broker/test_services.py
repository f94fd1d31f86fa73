"""What runs beside the broker's socket: started in order, closed in the opposite one, whatever fails."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

import pytest

from guardcli.broker.services import Services, hear_started, tell_failed, tell_started
from guardcli.model.errors import ConfigurationError, GuardError, UnavailableError


class Named:
    """A service that notes what becomes of it."""

    def __init__(
        self, name: str, log: list[str], gives: Mapping[str, str] = {}, fault: Exception | None = None
    ) -> None:
        self.name, self._log, self._gives, self._fault = name, log, gives, fault

    async def start(self) -> Mapping[str, str]:
        self._log.append(f"+{self.name}")
        if self._fault:
            raise self._fault
        return self._gives

    async def close(self) -> None:
        self._log.append(f"-{self.name}")
        if self.name == "stubborn":
            raise RuntimeError("no")


def test_the_agent_gets_the_variables_of_all() -> None:
    log: list[str] = []
    services = Services([Named("a", log, {"A": "1"}), Named("b", log, {"B": "2", "A": "1"})])

    async def whole() -> dict[str, str]:
        found = await services.start()
        await services.close()
        return found

    assert asyncio.run(whole()) == {"A": "1", "B": "2"}
    assert log == ["+a", "+b", "-b", "-a"]


@pytest.mark.parametrize(
    ("fault", "raised"),
    [(ConfigurationError("no such secret"), ConfigurationError), (OSError(13, "Permission denied"), UnavailableError)],
)
def test_where_one_fails_those_before_it_are_closed(fault: Exception, raised: type[GuardError]) -> None:
    log: list[str] = []
    services = Services([Named("a", log), Named("b", log, fault=fault), Named("c", log)])
    with pytest.raises(raised):
        asyncio.run(services.start())
    assert log == ["+a", "+b", "-b", "-a"]


def test_two_that_want_the_same_variable_for_different_things_are_refused() -> None:
    log: list[str] = []
    services = Services([Named("a", log, {"URL": "1"}), Named("b", log, {"URL": "2"})])
    with pytest.raises(UnavailableError, match="URL"):
        asyncio.run(services.start())
    assert log == ["+a", "+b", "-b", "-a"]


def test_one_that_does_not_close_well_keeps_no_other_from_it() -> None:
    log: list[str] = []
    services = Services([Named("a", log), Named("stubborn", log)])

    async def whole() -> None:
        await services.start()
        await services.close()

    asyncio.run(whole())
    assert log == ["+a", "+stubborn", "-stubborn", "-a"]


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


def test_the_news_of_the_start_arrives() -> None:
    near, far = pair()
    with near, far:
        tell_started(far, {"DATABASE_URL": "postgresql:///x?host=/tmp/ü"})
        assert hear_started(near, 5) == {"DATABASE_URL": "postgresql:///x?host=/tmp/ü"}


def test_a_failure_arrives_with_its_words() -> None:
    near, far = pair()
    with near, far:
        tell_failed(far, UnavailableError("the vault is sealed", hint="unseal it"))
        with pytest.raises(UnavailableError, match=r"the vault is sealed \(unseal it\)"):
            hear_started(near, 5)


def test_a_broker_that_died_or_keeps_silent_is_no_start() -> None:
    near, far = pair()
    with near:
        assert hear_started(near, 0.01) is None
        far.sendall(b'{"environment"')
        far.close()
        assert hear_started(near, 5) is None
