"""The PostgreSQL gateways of a session: one for each resource of the policy that has a credential or is exposed.

Each listens in a directory of its own below the session's, named as libpq expects a server's directory of sockets, so
that ``host=DIRECTORY`` is all that a client needs. Clients that cannot use unix sockets get a port of the loopback,
with a password that is good for this session only (``options: {listen: tcp}``).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

from guardcli.broker.approval import JUSTIFICATION
from guardcli.broker.custody import LendingService, Loans
from guardcli.broker.place import SOCKET_PATH_MAX, make_directory
from guardcli.broker.postgres_address import Address
from guardcli.broker.routes import Routes
from guardcli.broker.services import Service
from guardcli.broker.session import Broker
from guardcli.broker.statements import StatementGatekeeper, StatementRules
from guardcli.credentials.lending import Lending, own_directory, standard_providers
from guardcli.gateways.postgres.contract import Gatekeeper
from guardcli.gateways.postgres.house import Limits
from guardcli.gateways.postgres.server import Gateway
from guardcli.gateways.postgres.target import PORT, CredentialSource, Target, TlsTerms
from guardcli.model.credentials import Credential, Purpose
from guardcli.model.errors import ConfigurationError
from guardcli.model.resources import Resource, Tls
from guardcli.model.secrets import Secret

NOBODY = "agent"
"""The user that a client is told to ask for where the policy names none; who it becomes is the gateway's doing."""


def is_served(resource: Resource) -> bool:
    """Say whether a resource gets a gateway."""
    return resource.kind == "postgres" and bool(resource.credential or resource.expose)


class PostgresService:
    """The gateway of one resource."""

    def __init__(
        self,
        resource: Resource,
        address: Address,
        gatekeeper: Gatekeeper,
        loans: Loans,
        routes: Routes,
        users: Collection[int] = (),
    ) -> None:
        """`loans` lends what the gateway logs in with; `routes` hears of its port of the loopback; `users` may connect.

        Raises ConfigurationError for a resource without a host.
        """
        self._routes = routes
        self._resource = resource
        self._address = address
        target = target_of(resource, _source(resource, loans) if resource.credential else None)
        self._target = target
        access = resource.access
        limits = Limits(access.connections or Limits().connections, access.idle, access.lifetime)
        self._gateway = Gateway(target, gatekeeper, limits, users)

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"the PostgreSQL gateway of {self._resource.name}"

    async def start(self) -> Mapping[str, str]:
        """Listen; return what the agent's environment gets."""
        directory = Path(self._address.directory)
        make_directory(directory)
        await self._gateway.listen(f"{directory}/.s.PGSQL.{self._address.port}")
        password = Secret(secrets.token_urlsafe(32))
        port = await self._gateway.listen_loopback(password) if self._resource.access.loopback else 0
        if port:
            self._routes.add_port(self._resource, port)
        return exposed(self._resource, self._address, port, password)

    async def close(self) -> None:
        """End every connection."""
        await self._gateway.close()


def postgres_services(broker: Broker, config_dir: Path) -> list[Service]:
    """Return the gateways of a session, and before them what gives back what they have borrowed."""
    session = broker.session
    served = [resource for resource in session.policy.resources if is_served(resource)]
    if not served:
        return []
    lending = Lending(standard_providers(own_directory(config_dir), session.guards_environment))
    gatekeeper = gatekeeper_of(broker)
    place = session.place.directory
    places = addresses(session.policy.resources, place, session.shown)
    gateways = []
    for resource in served:
        loans = Loans(lending, broker.patience, partial(_learn, session.maskers.learn, resource))
        address = places[resource.name]
        gateways.append(PostgresService(resource, address, gatekeeper, loans, broker.routes, session.users))
    for resource in served:
        broker.routes.add(resource, places[resource.name])
    return [LendingService(lending), *gateways]


def gatekeeper_of(broker: Broker) -> StatementGatekeeper:
    """Return what decides about the connections of all gateways of a session."""
    session = broker.session
    return StatementGatekeeper(
        StatementRules(
            standing=session.standing,
            identity=session.identity,
            groups=session.groups,
            recorder=broker.recorder,
            approvals=broker.approvals,
            maskers=session.maskers,
            justification=session.environment.get(JUSTIFICATION, ""),
        )
    )


def addresses(resources: tuple[Resource, ...], directory: Path, shown: str) -> dict[str, Address]:
    """Return where the gateway of each resource that is served will listen, below `directory`, by its name.

    `shown` is what the agent sees as `directory`.
    """
    found = {}
    for number, resource in enumerate(one for one in resources if is_served(one)):
        place = directory / "pg" / resource.name
        if len(os.fsencode(place)) + len(f"/.s.PGSQL.{PORT}") > SOCKET_PATH_MAX:
            place = directory / "pg" / str(number)
        found[resource.name] = Address(resource.name, str(place), f"{shown}/pg/{place.name}")
    return found


def target_of(resource: Resource, credential: CredentialSource | None) -> Target:
    """Return the server that a resource speaks of: the first host without a wildcard. Raises ConfigurationError."""
    host = next((host for host in resource.hosts if "*" not in host), "")
    if not host:
        raise ConfigurationError(
            f"the resource {resource.name} names no host to connect to", hint="give it one without a wildcard"
        )
    access = resource.access
    tls = TlsTerms(
        access.tls or (Tls.DISABLE if host.startswith("/") else Tls.VERIFY_FULL),
        os.path.expanduser(access.ca),
        os.path.expanduser(access.certificate),
        os.path.expanduser(access.key),
    )
    port = resource.ports[0] if resource.ports else PORT
    return Target(resource.name, host, port, resource.databases, access.user, tls, credential)


def _source(resource: Resource, loans: Loans) -> CredentialSource:
    async def lend() -> Credential:
        host = next((host for host in resource.hosts if "*" not in host), "")
        purpose = Purpose(host, resource.ports[0] if resource.ports else PORT, resource.access.user)
        return await loans.lend(resource.credential, purpose)

    return lend


def _learn(learn: Callable[[Secret], None], resource: Resource, password: Secret) -> None:
    """Mask a password wherever it shows, unless it is a name, which stands in every other answer."""
    if password.reveal() not in {NOBODY, "postgres", resource.name, resource.access.user, *resource.databases}:
        learn(password)


def exposed(resource: Resource, address: Address, port: int, password: Secret) -> dict[str, str]:
    """Return the variables by which the agent's programs find the gateway; `port` of the loopback, 0 for none.

    A name such as ``DATABASE_URL`` gets a URI; ``PGHOST`` stands for all that libpq reads.
    """
    if not resource.expose:
        return {}
    database = next((name for name in resource.databases if "*" not in name), "postgres")
    user = resource.access.user or NOBODY
    host, number = ("127.0.0.1", port) if port else (address.shown, address.port)
    if resource.expose == "PGHOST":
        found = {"PGHOST": host, "PGPORT": str(number), "PGDATABASE": database, "PGUSER": user}
        return {**found, "PGPASSWORD": password.reveal()} if port else found
    if port:
        login = f"{quote(user, safe='')}:{quote(password.reveal(), safe='')}"
        return {resource.expose: f"postgresql://{login}@{host}:{port}/{quote(database, safe='')}?sslmode=disable"}
    query = urlencode({"host": host, "port": number, "user": user}, safe="/")
    return {resource.expose: f"postgresql:///{quote(database, safe='')}?{query}"}
