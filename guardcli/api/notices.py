"""Tells people that something waits for them: chat, mail and tickets by apprise, and webhooks of one's own.

A channel that fails holds nobody up: notices lie in the database (`store.notices`), are tried again with growing
pauses, and what goes wrong is counted, logged and shown by ``guard api status``. What is told is masked already, and
short; all of it is behind the link.

A webhook gets JSON by POST. Its signature is ``X-Guard-Signature: t=SECONDS,v1=HEX``, the HMAC-SHA256 (RFC 2104) of
``SECONDS.BODY`` under the channel's secret; ``Idempotency-Key`` is the same each time that one notice is told.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from starlette.concurrency import run_in_threadpool

from guardcli.api.config import Channel, Config
from guardcli.api.metrics import Metrics
from guardcli.api.notify import Notifier
from guardcli.api.store import Store
from guardcli.api.store.database import now
from guardcli.api.store.notices import Notice, NoticeState
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import NotFoundError, UnavailableError

log = logging.getLogger("guard.api")

NOTICES = "notices"
"""The topic that says that there is something to tell."""

SECONDS = 10.0
"""How long a channel may take for one notice."""

AT_ONCE = 8
"""Notices that one worker tells at the same time."""

LOOK_SECONDS = 30.0
SHOWN = 500
"""Characters of a command that are told."""


class Refused(Exception):
    """A channel did not take a notice; `for_good` where trying again will not help."""

    def __init__(self, message: str, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


class Teller:
    """Takes notices that are due, and tells them."""

    def __init__(self, store: Store, notifier: Notifier, metrics: Metrics, config: Config) -> None:
        self._store = store
        self._notifier = notifier
        self._metrics = metrics
        self._config = config
        self._channels = {channel.name: channel for channel in config.channels}

    async def run(self) -> None:
        """Tell, for ever; a database that is away is tried again."""
        with self._notifier.subscribed(NOTICES) as wake:
            while True:
                wake.clear()
                try:
                    while taken := await run_in_threadpool(self._store.notices.take, AT_ONCE):
                        await asyncio.gather(*(run_in_threadpool(self.tell, notice) for notice in taken))
                    due = await run_in_threadpool(self._store.notices.next_due)
                except UnavailableError as error:
                    log.warning("notices wait", extra={"facts": {"error": str(error)}})
                    due = None
                pause = LOOK_SECONDS if due is None else min(LOOK_SECONDS, max(0.05, due - now()))
                try:
                    await asyncio.wait_for(wake.wait(), pause)
                except TimeoutError:
                    continue

    def tell(self, notice: Notice) -> None:
        """Tell one notice, and note what became of it. Raises UnavailableError where that cannot be noted."""
        channel = self._channels.get(notice.channel)
        error, give_up, outcome = "", False, "sent"
        try:
            approval = self._store.approvals.get(notice.approval)
            if approval.state is not ApprovalState.PENDING:
                outcome = "over"
            elif channel is None:
                raise Refused("no channel of this name is configured", for_good=True)
            else:
                send(channel, notice, approval, self._config.public_url)
        except NotFoundError:
            outcome = "over"
        except Refused as refused:
            error, give_up = str(refused), refused.for_good
            outcome = "failed"
        state = self._store.notices.settle(notice, error, give_up=give_up)
        self._metrics.notifications.labels(notice.channel, outcome).inc()
        if error:
            facts = {"channel": notice.channel, "approval": notice.approval, "attempts": notice.attempts + 1}
            level = logging.ERROR if state is NoticeState.FAILED else logging.WARNING
            log.log(level, "a channel failed", extra={"facts": {**facts, "error": error}})


def send(channel: Channel, notice: Notice, approval: Approval, public_url: str) -> None:
    """Tell `approval` by `channel`. Raises Refused, which never holds the channel's address."""
    if channel.kind == "webhook":
        _post(channel, notice, payload(notice, approval, public_url))
    else:
        _apprise(channel, approval, link(approval, public_url))


def link(approval: Approval, public_url: str) -> str:
    """Return where the request is seen and decided, empty where no public address is configured."""
    return f"{public_url.rstrip('/')}/approvals/{approval.id}" if public_url else ""


def payload(notice: Notice, approval: Approval, public_url: str) -> dict[str, Any]:
    """Return what a webhook is told."""
    names = ("id", "session", "requester", "tool", "rule", "message", "justification", "quorum", "created", "expires")
    lists = ("effects", "targets", "groups", "all_of", "windows")
    return {
        "notice": notice.id,
        "event": "approval-requested",
        "link": link(approval, public_url),
        "approval": {
            **{name: getattr(approval, name) for name in names},
            **{name: list(getattr(approval, name)) for name in lists},
            "command": approval.command[:SHOWN],
        },
    }


def signature(secret: str, moment: int, body: bytes) -> str:
    """Return the value of ``X-Guard-Signature``."""
    mac = hmac.new(secret.encode(), b"%d.%b" % (moment, body), hashlib.sha256).hexdigest()
    return f"t={moment},v1={mac}"


def _post(channel: Channel, notice: Notice, content: dict[str, Any]) -> None:
    body = json.dumps(content, sort_keys=True).encode()
    headers = {
        "content-type": "application/json",
        "idempotency-key": notice.id,
        "x-guard-signature": signature(channel.secret.reveal(), int(time.time()), body),
    }
    try:
        answer = requests.post(
            channel.url.reveal(), data=body, headers=headers, timeout=SECONDS, allow_redirects=False, stream=True
        )
        answer.close()
    except requests.RequestException as error:
        raise Refused(type(error).__name__) from None
    if answer.status_code >= 300:
        again = answer.status_code >= 500 or answer.status_code in (408, 425, 429)
        raise Refused(f"it answered {answer.status_code}", for_good=not again)


def _apprise(channel: Channel, approval: Approval, place: str) -> None:
    import apprise

    sender = apprise.Apprise()
    if not sender.add(channel.url.reveal()):
        raise Refused("apprise does not understand the address", for_good=True)
    why = f"\nWhy: {approval.justification}" if approval.justification else ""
    where = f"\n{place}" if place else f"\nguard approvals show {approval.id}"
    text = f"{approval.command[:SHOWN]}\nRule: {approval.rule}: {approval.message}{why}{where}"
    title = f"{approval.requester} asks for {approval.tool or 'an approval'}"
    if not sender.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT):
        raise Refused(f"{urlsplit(channel.url.reveal()).scheme} did not take it")
