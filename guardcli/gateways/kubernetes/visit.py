"""One client's connection: requests one after the other, each with its own token."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import h11

from guardcli.gateways.kubernetes.codec.fields import value_of
from guardcli.gateways.kubernetes.codec.status import status_body
from guardcli.gateways.kubernetes.exchange import Exchange, Gone
from guardcli.gateways.kubernetes.house import HEAD_SECONDS, KEEP_SECONDS, House
from guardcli.gateways.kubernetes.wire import Wire

NOBODY = "guard: this gateway takes the token of a running call only"

log = logging.getLogger(__name__)


class Visit:
    """Serves one connection. `run` never raises but for cancellation."""

    def __init__(self, house: House, wire: Wire) -> None:
        self._house = house
        self._wire = wire

    async def run(self) -> None:
        """Answer requests until the client or the protocol ends the connection."""
        house, wire = self._house, self._wire
        try:
            seconds = HEAD_SECONDS
            while await self._one(seconds):
                wire.state.start_next_cycle()
                seconds = KEEP_SECONDS
        except h11.RemoteProtocolError as error:
            await self._say(error.error_status_hint, f"guard: the request is not HTTP/1.1 as it is read here: {error}")
        except h11.LocalProtocolError as error:
            log.warning("a response could not be written: %s", error)
        except (OSError, EOFError, TimeoutError, Gone):
            pass
        except asyncio.CancelledError:
            wire.writer.transport.abort()
            raise
        except Exception:  # whatever it is, this connection ends and the others go on
            log.exception("a request failed")
        finally:
            try:
                if wire.state.their_state in (h11.SEND_BODY, h11.ERROR):
                    await wire.heard_out()
            finally:
                house.connections -= 1
                await wire.closed()

    async def _one(self, seconds: float) -> bool:
        """Answer the next request; return whether there may be another."""
        wire = self._wire
        async with asyncio.timeout(seconds):
            head = await wire.next()
        if not isinstance(head, h11.Request):
            return False
        authorization = value_of(list(head.headers), b"authorization").decode("latin-1")
        bearer = self._house.bearers.find(authorization)
        if bearer is None:
            await self._say(401, NOBODY)
            return False
        task = asyncio.current_task()
        if task is None:
            return False
        with self._house.bearers.using(authorization, task):
            await Exchange(self._house, wire, head, bearer).run()
        if value_of(list(head.headers), b"upgrade"):
            return False  # whatever came behind was meant for another protocol
        state = wire.state
        return state.our_state is h11.DONE and state.their_state is h11.DONE

    async def _say(self, code: int, message: str) -> None:
        """Answer with a Status and close, as far as the connection lets that be."""
        wire = self._wire
        if wire.state.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        body = status_body(code, message)
        headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(body))]
        headers.append((b"Connection", b"close"))
        with suppress(OSError, h11.ProtocolError):
            await wire.send(h11.Response(status_code=code, headers=headers, reason=b"Refused"))
            await wire.send(h11.Data(data=body))
            await wire.send(h11.EndOfMessage())
