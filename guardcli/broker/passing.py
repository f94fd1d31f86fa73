"""Gateways to servers that no resource names: made when a call first wants one, logged in to by the client itself.

Such a call goes through a gateway as one to a resource does: its statements are judged on the wire, its answers masked,
all of it recorded. What the client and the server say about passwords is passed on, but for channel binding, which two
connections cannot share. TLS to the server is spoken as the call's own ``sslmode`` and files say. A call that wants
what a gateway cannot keep (several hosts, channel binding, a login of one kind only) goes its own way, and is judged
where it is made, as before. What is denied there is denied at once, without a connection.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from guardcli.broker.place import SOCKET_PATH_MAX, make_directory
from guardcli.broker.postgres_address import Address
from guardcli.gateways.postgres.target import PORT, Target, TlsTerms
from guardcli.model.errors import UnavailableError
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.resources import Tls

if TYPE_CHECKING:
    from guardcli.broker.session import Broker
    from guardcli.gateways.postgres.contract import Gatekeeper
    from guardcli.gateways.postgres.server import Gateway

GATEWAYS_MAX = 64
"""Servers of one session that are passed on to; calls to more go their own way."""
DIRECTORIES = ("/var/run/postgresql", "/tmp")  # noqa: S108 - where PostgreSQL's own sockets lie
"""Where libpq looks for a server that it is told nothing of: on Debian, and by PostgreSQL's own default."""
OWN_WAY = {
    "channel_binding": ("disable", "prefer"),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable",),
    "require_auth": (),
    "requirepeer": (),
    "requiressl": (),
    "ssl_max_protocol_version": (),
    "ssl_min_protocol_version": (),
    "sslcrl": (),
    "sslcrldir": (),
    "sslnegotiation": ("postgres",),
    "sslpassword": (),
    "target_session_attrs": ("any",),
}
"""Parameters with which a call goes its own way, unless they have one of these values."""
_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcertmode": "PGSSLCERTMODE",
    **{name: f"PG{name.replace('_', '').upper()}" for name in OWN_WAY},
}
_MODES = {
    "disable": Tls.DISABLE,
    "allow": Tls.PREFER,
    "prefer": Tls.PREFER,
    "require": Tls.REQUIRE,
    "verify-ca": Tls.VERIFY_CA,
    "verify-full": Tls.VERIFY_FULL,
}

log = logging.getLogger(__name__)


class Passing:
    """The gateways of one session to servers that no resource names; a service, and asked by `routes`."""

    name = "the PostgreSQL gateways of servers that no resource names"

    def __init__(
        self,
        directory: Path,
        shown: str,
        gatekeeper: Callable[[], Gatekeeper],
        isolated: bool,
        users: Collection[int] = (),
    ) -> None:
        """Each listens below `directory`, which the agent sees as `shown`, to `users`; `gatekeeper` is what they share.

        Of an `isolated` agent nothing is passed on that its sandbox hides: sockets and files.
        """
        self._directory = directory
        self._shown = shown
        self._gatekeeper = gatekeeper
        self._isolated = isolated
        self._users = users
        self._made: dict[Target, tuple[Address, Gateway]] = {}
        self._starting: set[asyncio.Task[None]] = set()

    async def start(self) -> Mapping[str, str]:
        """Do nothing: a gateway is made when a call wants it."""
        return {}

    async def close(self) -> None:
        """End every connection."""
        await asyncio.gather(*self._starting, return_exceptions=True)
        for _, gateway in self._made.values():
            await gateway.close()

    def is_own(self, hosts: Sequence[str]) -> bool:
        """Say whether `hosts` is the socket of one of these gateways."""
        return any(list(hosts) == [address.shown] for address, _ in self._made.values())

    def address(self, parameters: Mapping[str, str], invocation: Invocation) -> Address | None:
        """Return where a call is to connect instead, None where it goes its own way."""
        target = target_of_call(parameters, invocation.env)
        if target is None or (self._isolated and (target.local or target.tls.files)):
            return None
        known = self._made.get(target)
        if known is not None:
            return known[0]
        if len(self._made) >= GATEWAYS_MAX:
            return None
        try:
            return self._open(target)
        except (OSError, UnavailableError) as error:
            log.warning("no gateway to %s: %s", target, error)
            return None

    def saved_password(self, parameters: Mapping[str, str], invocation: Invocation, facts: Facts) -> str | None:
        """Return what the agent's own password file has for a call."""
        return saved_password(parameters, invocation, facts)

    def _open(self, target: Target) -> Address | None:
        from guardcli.gateways.postgres.server import Gateway, bound

        number = len(self._made)
        place = self._directory / "pg" / f"-{number}"
        path = f"{place}/.s.PGSQL.{PORT}"
        if len(os.fsencode(path)) > SOCKET_PATH_MAX:
            return None
        make_directory(place)
        address = Address("", str(place), f"{self._shown}/pg/{place.name}")
        gateway = Gateway(target, self._gatekeeper(), users=self._users)
        for_group = bool(self._users) and os.getuid() not in self._users
        task = asyncio.get_running_loop().create_task(gateway.serve(bound(path, for_group)))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)
        self._made[target] = (address, gateway)
        return address


def passing_service(broker: Broker) -> Passing:
    """Return the gateways that a session may come to need. What makes them is loaded with the first of them."""

    @cache
    def gatekeeper() -> Gatekeeper:
        from guardcli.broker.postgres import gatekeeper_of

        return gatekeeper_of(broker)

    place = broker.session.place.directory
    isolated = broker.session.enclosure is not None
    return Passing(place, broker.session.shown, gatekeeper, isolated, broker.session.users)


def target_of_call(parameters: Mapping[str, str], env: Mapping[str, str]) -> Target | None:
    """Return the server that a call of psql means, reached as the call wants it; None where that cannot be kept."""
    said = {name: env[variable] for name, variable in _VARIABLES.items() if env.get(variable)}
    said |= {name: value for name, value in parameters.items() if value}
    if any(said.get(name, "") not in ("", *fine) for name, fine in OWN_WAY.items()):
        return None
    host, address, port = said.get("host", ""), said.get("hostaddr", ""), said.get("port", str(PORT))
    if (host and address) or not port.isdigit() or not 0 < int(port) < 65536:
        return None
    host = host or address or _usual_directory(port, env)
    if not host or "," in host or host.startswith("@"):
        return None
    if host.startswith("/"):
        return Target("", host, int(port), tls=TlsTerms(Tls.DISABLE))
    tls = _tls(said, env.get("HOME", ""))
    return Target("", host.lower(), int(port), tls=tls) if tls is not None else None


def _usual_directory(port: str, env: Mapping[str, str]) -> str:
    """Return where the server is that a call means which names none; empty where there is none to be sure of."""
    if env.get("PGCLUSTER"):
        return ""
    return next((one for one in DIRECTORIES if Path(one, f".s.PGSQL.{port}").exists()), "")


def _tls(said: Mapping[str, str], home: str) -> TlsTerms | None:
    """Return how TLS is to be spoken, as libpq would by these parameters and the files in ``~/.postgresql``."""
    mode = _MODES.get(said.get("sslmode", "prefer"))
    if mode is None:
        return None
    usual = Path(home, ".postgresql") if home else None
    root = said.get("sslrootcert", "") or _if_there(usual, "root.crt")
    if mode is Tls.REQUIRE and root and root != "system" and Path(root).exists():
        mode = Tls.VERIFY_CA  # as libpq does, for compatibility with its own past
    if mode in (Tls.VERIFY_CA, Tls.VERIFY_FULL) and not root:
        return None
    certificate = key = ""
    if said.get("sslcertmode") != "disable":
        certificate = said.get("sslcert", "") or _if_there(usual, "postgresql.crt")
        key = said.get("sslkey", "") or _if_there(usual, "postgresql.key")
    if key and ":" in key and not key.startswith("/"):
        return None  # an engine's key
    checked = mode in (Tls.VERIFY_CA, Tls.VERIFY_FULL)
    authority = root if checked and root != "system" else ""
    return TlsTerms(mode, authority, certificate, key if certificate else "")


def _if_there(directory: Path | None, name: str) -> str:
    return str(directory / name) if directory is not None and (directory / name).exists() else ""


def saved_password(parameters: Mapping[str, str], invocation: Invocation, facts: Facts) -> str | None:
    """Return what the agent's own password file has for a call, which would not be found for a gateway's socket."""
    from guardcli.inspectors.psql.passfile import password_for

    env = invocation.env
    if parameters.get("password") or env.get("PGPASSWORD"):
        return None
    path = parameters.get("passfile") or env.get("PGPASSFILE") or (f"{env['HOME']}/.pgpass" if env.get("HOME") else "")
    if not path:
        return None
    try:
        text = facts.read_file(invocation.path(path)).decode("utf-8", "surrogateescape")
    except FactUnavailable:
        return None
    user = parameters.get("user") or pwd.getpwuid(os.getuid()).pw_name
    host = parameters.get("host") or parameters.get("hostaddr") or "localhost"
    host = "localhost" if host in DIRECTORIES else host
    return password_for(text, host, parameters.get("port") or str(PORT), parameters.get("dbname") or user, user)
