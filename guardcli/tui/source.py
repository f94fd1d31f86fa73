"""What the screens ask of the API. Every method may block: screens call them in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from guardcli.client.api import ApiClient, SessionInfo, Verification
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import UnavailableError
from guardcli.model.events import Event, EventType
from guardcli.playback import timeline

RETRY_SECONDS = 1.0
"""How long after an attempt that failed the API is asked again."""

TAIL_SECONDS = 10.0
"""How long one long poll for events waits; what waits this long goes when its screen does."""

Found = TypeVar("Found")


class Row(NamedTuple):
    """One event, as much of it as a line shows."""

    sequence: int
    time: str
    call: int
    word: str
    colour: str
    sentence: str
    verdict: str


class Link(NamedTuple):
    """Whether the API answers, and what is wrong where it does not."""

    alive: bool
    message: str


class Source:
    """Asks one API as one person; says whenever it stops or begins to answer."""

    def __init__(self, client: ApiClient, say: Callable[[Link], None]) -> None:
        self.client = client
        self._say = say
        self._link = Link(True, "")
        self._closing = threading.Event()
        self._order = threading.Lock()

    def close(self) -> None:
        """Let whoever waits for the API give up."""
        self._closing.set()

    def ask(self, question: Callable[[], Found]) -> Found:
        """Return the answer. Raises UnavailableError where there is none, having said so."""
        try:
            answer = question()
        except UnavailableError as error:
            self._became(Link(False, str(error)))
            raise
        self._became(Link(True, ""))
        return answer

    def insist(self, question: Callable[[], Found], wanted: Callable[[], bool]) -> Found | None:
        """Return the answer however long the API is away; None once it is not `wanted` any more."""
        while wanted() and not self._closing.is_set():
            try:
                return self.ask(question)
            except UnavailableError:
                self._closing.wait(RETRY_SECONDS)
        return None

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the program."""
        self._closing.wait(seconds)

    def _became(self, link: Link) -> None:
        with self._order:  # what is said last is what is so
            if link != self._link:
                self._link = link
                self._say(link)

    def sessions(self, state: str = "") -> Iterator[SessionInfo]:
        """Give sessions, newest first, a page at a time as they are asked for."""
        return self.client.sessions(state=state, limit=1 << 40)

    def approvals(self, state: ApprovalState | None = None) -> list[Approval]:
        """Return approvals, those that wait first, then the newest."""
        found = self.ask(lambda: self.client.list_approvals(state, limit=500))
        return sorted(found, key=lambda one: (one.state is not ApprovalState.PENDING, -one.created))

    def decide(self, id: str, approve: bool, reason: str) -> Approval:
        """Vote. Raises what the API refuses it with."""
        return self.ask(lambda: self.client.decide_approval(id, approve, reason))

    def tail(self, session: str, wanted: Callable[[], bool]) -> Iterator[list[Event]]:
        """Give events, a page at a time, from the first to those that come while it is `wanted`; end with the session.

        An empty page says that all there are so far have been given.
        """
        start = 0
        while True:
            page = self.insist(lambda: self.client.events_page(session, start), wanted)  # noqa: B023 - used at once
            if page is None:
                return
            if page.events:
                start = page.next
                yield list(page.events)
                continue
            yield []
            if page.closed:
                return
            waited = self.insist(
                lambda: self.client.events_page(session, start, wait=TAIL_SECONDS, limit=1),  # noqa: B023
                wanted,
            )
            if waited is None:
                return

    def call(self, session: str, call: int) -> list[Event]:
        """Return all events of one call."""
        return self.ask(lambda: list(self.client.events(session, call=call)))

    def verify(self) -> Verification:
        """Have the whole record verified."""
        return self.ask(self.client.verify)


def row(event: Event) -> Row:
    """Return what a line shows of an event."""
    verdict = str(event.data.get("verdict", "")) if event.type is EventType.JUDGED else ""
    return Row(
        event.sequence,
        event.time,
        event.call,
        event.type.value,
        timeline.colour(event),
        timeline.sentence(event),
        verdict,
    )
