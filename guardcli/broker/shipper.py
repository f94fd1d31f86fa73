"""Takes the record of a session from its spool to the API, in the background, each event once.

A batch is as much of ``events`` as one request may hold, with the stretches of ``recording`` that its
``output`` events cover. The API passes over what it has stored already, so a batch whose answer was lost is simply
sent again; ``shipped`` says where to go on. Memory stays that of one batch however long the spool is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from guardcli.broker.contact import Contact
from guardcli.broker.recovery import recover_spools
from guardcli.broker.spool import SHIPPED
from guardcli.broker.spool_reader import Batch, SpoolReader, read_shipped, write_shipped
from guardcli.client.api import ApiClient
from guardcli.model.errors import ConflictError, GuardError, NotFoundError, UnauthorizedError, UnavailableError

__all__ = ["Shipper", "recover_spools"]

log = logging.getLogger("guard.shipper")

HEARTBEAT_SECONDS = 30.0
"""How often the API hears of a session in which nothing happens."""

LINGER_SECONDS = 0.02
"""How long to let small events gather after the first, unless somebody waits for them."""

BUSY_EVENTS, BUSY_SECONDS = 100, 0.7
"""After so many events at once, more are let gather for so long: each request costs the API as much as hundreds do."""

BACKOFF_FIRST, BACKOFF_LAST = 0.1, 5.0
"""Seconds between attempts while the API is away: doubled from the first to the last."""


RESTART_SECONDS = 0.5
"""How long to wait before everything is sent again to an API that did not know the session."""


@dataclass(slots=True)
class _Progress:
    """What other threads may ask of a shipper, under its lock."""

    acknowledged: int = 0
    bytes: int = 0
    wanted: bool = False
    urgent: int = 0
    stopping: bool = False
    fault: str = ""


class Shipper:
    """Ships one live session from a thread of its own, until it is stopped; tries for ever while the API is away.

    `client` acts for the session. `revive`, where given, is called when the API has been away for an attempt, or
    does not know the session or its token (any more): it brings the API back and returns the client to go on with;
    what it raises of `GuardError` counts as still away.
    """

    def __init__(
        self,
        spool_dir: Path,
        session_id: str,
        client: ApiClient,
        key: bytes,
        *,
        revive: Callable[[], ApiClient] | None = None,
        heartbeat: float = HEARTBEAT_SECONDS,
        contact: Contact | None = None,
    ) -> None:
        """Prepare to ship ``spool_dir/session_id``, which `key` opens; `contact` notes whether the API answers."""
        self._contact = contact
        self._directory = spool_dir / session_id
        self._session = session_id
        self._key = key
        self._client = client
        self._revive = revive
        self._heartbeat = heartbeat
        self._state = _Progress(read_shipped(self._directory))
        self._busy = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="guard-shipper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something was appended; from any thread, and cheap."""
        with self._changed:
            self._state.wanted = True
            self._changed.notify_all()

    @property
    def acknowledged(self) -> int:
        """How many events the API has stored."""
        return self._state.acknowledged

    @property
    def shipped(self) -> int:
        """How many bytes of the spool the API has stored, at the least."""
        return self._state.bytes

    @property
    def fault(self) -> str:
        """Why shipping was given up, empty while it was not: the API contradicts the spool."""
        return self._state.fault

    def flush(self, wanted: int, timeout: float) -> bool:
        """Wait until the first `wanted` events of the spool are acknowledged; False after `timeout` seconds."""
        state = self._state
        with self._changed:
            state.wanted = True
            state.urgent += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: state.acknowledged >= wanted or bool(state.fault) or state.stopping, timeout)
            state.urgent -= 1
            return state.acknowledged >= wanted

    def stop(self) -> None:
        """End the thread after the request that runs; what is not shipped stays in the spool for a later run."""
        with self._changed:
            self._state.stopping = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        try:
            reader = SpoolReader(self._directory, self._key, self._state.acknowledged)
        except (OSError, ValueError) as error:
            self._give_up(f"the spool cannot be read: {error}")
            return
        self._state.acknowledged = reader.next
        try:
            while not self._state.stopping and not self._state.fault:
                self._ship_all(reader)
                self._rest()
        finally:
            reader.close()

    def _rest(self) -> None:
        """Wait for something to be appended, for others to follow it, or for the next sign of life."""
        state = self._state
        with self._changed:
            self._changed.wait_for(lambda: state.stopping or state.wanted, self._heartbeat)
            if state.wanted:
                linger = BUSY_SECONDS if self._busy else LINGER_SECONDS
                self._changed.wait_for(lambda: state.stopping or state.urgent, linger)

    def _ship_all(self, reader: SpoolReader) -> None:
        """Ship all that is there now; where there was nothing and nobody said so, give a sign of life."""
        with self._changed:
            quiet = not self._state.wanted
            self._state.wanted = False
        before = reader.next
        while not self._state.stopping and not self._state.fault:
            try:
                batch = reader.batch()
            except (OSError, ValueError) as error:
                self._give_up(f"the spool cannot be read: {error}")
                return
            self._busy = reader.next - before >= BUSY_EVENTS
            if batch is None and not quiet:
                return
            quiet = False
            self._send(reader, batch)
            if batch is not None and not batch.full and reader.next == batch.first + batch.count:
                return  # what was appended meanwhile goes with what follows, not a request for each

    def _send(self, reader: SpoolReader, batch: Batch | None) -> None:
        """Send one batch, for as long as that takes; where the API stands elsewhere, set `reader` to go on there."""
        pause = BACKOFF_FIRST
        while not self._state.stopping:
            try:
                acknowledged = self._client.append_lines(self._session, batch.body if batch is not None else b"")
            except (UnauthorizedError, NotFoundError) as error:
                if self._restart(reader, str(error)):
                    return
            except UnavailableError:
                if self._contact is not None:
                    self._contact.failed()
                self._bring_back()
            except ConflictError as error:
                if self._resume(reader, batch, error):
                    return
            except GuardError as error:
                self._give_up(str(error))
            else:
                if self._contact is not None:
                    self._contact.heard()
                if acknowledged >= reader.next:
                    self._state.bytes = reader.position
                self._acknowledge(acknowledged)
                if acknowledged < reader.next:
                    reader.seek(acknowledged)
                return
            if self._state.fault:
                return
            self._pause(pause)
            pause = min(BACKOFF_LAST, pause * 2)

    def _bring_back(self) -> bool:
        if self._revive is None:
            return False
        try:
            self._client = self._revive()
        except GuardError as error:
            log.debug("the API is still away: %s", error)
            return False
        return True

    def _restart(self, reader: SpoolReader, why: str) -> bool:
        """Begin again from what the API has, which may be nothing: it does not know this session any more."""
        if self._revive is None:
            self._give_up(why)
            return False
        if not self._bring_back():
            return False
        self._pause(RESTART_SECONDS)
        reader.seek(0)
        return True

    def _resume(self, reader: SpoolReader, batch: Batch | None, error: ConflictError) -> bool:
        """Go on from where the API stands, if that is before this batch; otherwise give up. True where it went on."""
        try:
            stored = self._client.append_lines(self._session, b"")
        except GuardError:
            return False
        if batch is not None and stored < batch.first:
            reader.seek(stored)
            return True
        self._give_up(str(error))
        return False

    def _acknowledge(self, count: int) -> None:
        if count != self._state.acknowledged:
            try:
                write_shipped(self._directory, count)
            except OSError as error:  # only what is sent again after a crash depends on it
                log.warning("cannot write %s: %s", self._directory / SHIPPED, error)
        with self._changed:
            self._state.acknowledged = count
            self._changed.notify_all()

    def _give_up(self, why: str) -> None:
        log.error("session %s is not shipped any more: %s", self._session, why)
        with self._changed:
            self._state.fault = why
            self._changed.notify_all()

    def _pause(self, seconds: float) -> None:
        """Wait for `seconds`, or until the shipper is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.stopping, seconds)
