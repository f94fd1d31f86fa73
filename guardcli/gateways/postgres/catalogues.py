"""One catalogue for each database of a server, over connections that log in with the gateway's own credential."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from guardcli.gateways.postgres.catalogue import LiveCatalogue
from guardcli.gateways.postgres.codec.frames import Splitter
from guardcli.gateways.postgres.target import Target
from guardcli.gateways.postgres.upstream import log_in
from guardcli.gateways.postgres.wire import Wire

DATABASES_MAX = 16
"""Connections that are kept for this; the one unused for longest is closed for a new one."""


class Catalogues:
    """The catalogues of one server."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._made: OrderedDict[tuple[str, str], LiveCatalogue] = OrderedDict()

    def of(self, user: str, database: str) -> LiveCatalogue | None:
        """Return the catalogue of `database` as `user` sees it, None where the gateway cannot log in by itself."""
        if self._target.credential is None:
            return None
        key = (user, database)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = LiveCatalogue(partial(self._dial, user, database))
        self._made.move_to_end(key)
        while len(self._made) > DATABASES_MAX:
            self._made.popitem(last=False)[1].close()
        return found

    async def _dial(self, user: str, database: str) -> tuple[Wire, Splitter]:
        if self._target.credential is None:
            raise LookupError("no credential")
        credential = await self._target.credential()
        parameters = {"user": user, "database": database, "application_name": "guard catalogue"}
        upstream = await log_in(self._target, parameters, credential)
        return upstream.wire, upstream.splitter

    def close(self) -> None:
        """Close every connection."""
        while self._made:
            self._made.popitem()[1].close()
