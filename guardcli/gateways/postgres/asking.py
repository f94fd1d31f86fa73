"""What a conversation keeps while a person is asked: the words to come, what is sent on a yes, what is held back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from guardcli.gateways.postgres.authority import Statement
from guardcli.gateways.postgres.codec.backend import ErrorResponse
from guardcli.gateways.postgres.names import Prepared
from guardcli.model.decisions import Decision
from guardcli.model.errors import GuardError


@dataclass(frozen=True, slots=True)
class Told:
    """Words for the client while it waits."""

    text: str


@dataclass(frozen=True, slots=True)
class WaitingParse:
    """A Parse that a person is to be asked about: with the values of the Bind behind it, or by itself without one."""

    name: bytes
    prepared: Prepared
    raw: bytes
    statement: Statement
    decision: Decision
    refuse: Callable[[ErrorResponse], None]


@dataclass(slots=True)
class Asking:
    """A wait for a person: what is sent on a yes, and what happens otherwise."""

    words: AsyncIterator[str]
    send: Callable[[], None]
    refuse: Callable[[ErrorResponse], None]


async def next_word(words: AsyncIterator[str]) -> Told | GuardError | None:
    """Return the next words of a wait, why there is no yes, or None for the yes."""
    try:
        return Told(await anext(words))
    except StopAsyncIteration:
        return None
    except GuardError as refusal:
        return refusal
