"""What guard lends to the calls that it has allowed: keys to sign with, passwords for git, variables and files.

A lender is asked before a tool starts. What it gives holds for that one call and is taken back when the tool has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from guardcli.broker.grants import GrantBook, Launch
from guardcli.credentials.lending import Lending
from guardcli.model.credentials import Credential, Purpose
from guardcli.model.secrets import Secret


@dataclass(frozen=True, slots=True)
class Lent:
    """What a call gets: variables, None for one that is taken away, and files, by the variable that names each."""

    environment: Mapping[str, str | None] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    take_back: Callable[[], Awaitable[None]] | None = None
    shows: bool = False
    """The tool could print what it was lent, so its output is masked whatever the rule says of the record."""

    @property
    def lasting(self) -> bool:
        """Whether the end of the tool has to be waited for."""
        return self.take_back is not None or bool(self.files) or self.shows


NOTHING = Lent()


class Lender(Protocol):
    """Lends one kind of thing."""

    async def lend(self, launch: Launch) -> Lent | None:
        """Return what the call gets, None for nothing. Raises GuardError: then the tool does not start."""
        ...


class Helper(Protocol):
    """Answers git's credential helper."""

    def without_forced(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return what a call's environment was before guard's configuration was put into it."""
        ...

    async def answer(self, pid: int, operation: str, request: bytes) -> bytes:
        """Return what the helper, the shim `pid`, prints. Raises DeniedError where it is not answered."""
        ...


class Custody:
    """The lenders of a session, filled by what starts them."""

    def __init__(self) -> None:
        self._lenders: list[Lender] = []
        self.helper: Helper | None = None

    def add(self, lender: Lender) -> None:
        """Ask `lender` too."""
        self._lenders.append(lender)

    async def lend(self, launch: Launch) -> Lent:
        """Return all that the call gets; its `take_back` ends all of it. Raises GuardError: then nothing is lent."""
        if not self._lenders:
            return NOTHING
        environment: dict[str, str | None] = {}
        files: dict[str, bytes] = {}
        async with AsyncExitStack() as unless_all:
            lasting = shows = False
            for lender in self._lenders:
                lent = await lender.lend(launch)
                if lent is None:
                    continue
                if lent.take_back is not None:
                    unless_all.push_async_callback(lent.take_back)
                    lasting = True
                shows = shows or lent.shows
                environment.update(lent.environment)
                files.update(lent.files)
            ends = unless_all.pop_all()
        return Lent(environment, files, ends.aclose if lasting else None, shows)


class GrantLender:
    """Notes which resources a call may have the credentials of, for the lenders behind it."""

    def __init__(self, grants: GrantBook) -> None:
        self._grants = grants

    async def lend(self, launch: Launch) -> Lent | None:
        """Note what the call gets, until it has ended."""
        if self._grants.give(launch) is None:
            return None

        async def end() -> None:
            self._grants.end(launch.pid)

        return Lent(take_back=end)


class LendingService:
    """Gives back, at the session's end, what it has borrowed."""

    name = "the session's credentials"

    def __init__(self, lending: Lending) -> None:
        self._lending = lending

    async def start(self) -> Mapping[str, str]:
        """Do nothing: credentials are lent when a login needs them."""
        return {}

    async def close(self) -> None:
        """Give back every lease."""
        await asyncio.get_running_loop().run_in_executor(None, self._lending.close)


class Loans:
    """Asks for credentials without keeping the broker from its other work, and tells `learn` what was lent."""

    def __init__(self, lending: Lending, patience: Executor, learn: Callable[[Secret], None]) -> None:
        self._lending = lending
        self._patience = patience
        self._learn = learn

    async def lend(self, reference: str, purpose: Purpose) -> Credential:
        """Return the credential. Raises UnavailableError and ConfigurationError."""
        loop = asyncio.get_running_loop()
        credential = await loop.run_in_executor(self._patience, partial(self._lending.lend, reference, purpose))
        if credential.password is not None:
            self._learn(credential.password)
        return credential
