"""Which calls of psql go to a gateway of the session instead of where they say; those of kubectl are in `clusters`.

A call is routed when the server and the database that it names are those of a resource with a gateway, or when it names
the gateway's own socket. What it says otherwise stays: psql reads the same files and runs the same commands. Its
statements are then judged where the gateway sees them, and not at the call as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from guardcli.broker.postgres_address import Address
from guardcli.gateways.postgres.target import PORT
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import UNNAMED, Invocation
from guardcli.model.operations import Inspection
from guardcli.model.resources import Resource, UnknownServers
from guardcli.policy.globs import Glob

if TYPE_CHECKING:
    from guardcli.inspectors.kubectl.preview import Change
    from guardcli.policy import Policy

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


Tell = Callable[[str], Awaitable[None]]
"""Says words to who made a call."""


@dataclass(frozen=True, slots=True)
class Pass:
    """A file that a tool is given for as long as its call runs, by a path of its own descriptor.

    The path goes into `variable`, and behind what `arguments` has for an index of argv. `close` ends what it is good
    for.
    """

    content: bytes = field(repr=False)
    variable: str
    arguments: Mapping[int, str]
    close: Callable[[], None]


Look = Callable[["Sequence[Change]"], Awaitable[Sequence[Mapping[str, Any] | None]]]
"""Reads objects as they are now where a call goes, of many the first. Raises GuardError and TimeoutError."""
Lend = Callable[[int, Invocation, Inspection, Tell], Pass]
"""Makes the pass of the call of a number, which is about to run."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a call reaches the gateway of `resource`: what stands at which index of argv, and which variables are set,
    or taken away where None; `lend` gives what it shows there, where it must show something; by `look` a reviewer is
    shown what it would change. One that is `refused` reaches none, since the policy denies servers that no resource
    names."""

    resource: str
    arguments: Mapping[int, str] = field(default_factory=dict)
    environment: Mapping[str, str | None] = field(default_factory=dict)
    lend: Lend | None = None
    look: Look | None = None
    refused: bool = False


class Finder(Protocol):
    """Knows the ways of another tool's calls."""

    def find(self, invocation: Invocation, facts: Facts) -> Route | None:
        """Return the way of a call, None for a call that goes its own."""
        ...


class Passing(Protocol):
    """Makes gateways to servers that no resource names."""

    def is_own(self, hosts: Sequence[str]) -> bool:
        """Say whether `hosts` is the socket of one of these gateways."""
        ...

    def address(self, parameters: Mapping[str, str], invocation: Invocation) -> Address | None:
        """Return where a call is to connect instead, None where it goes its own way."""
        ...

    def saved_password(self, parameters: Mapping[str, str], invocation: Invocation, facts: Facts) -> str | None:
        """Return what the agent's own password file has for a call."""
        ...


class Routes:
    """The gateways of a session, filled by what starts them."""

    def __init__(self, policy: Callable[[], Policy] | None = None) -> None:
        """`policy` returns the one that decides now: what it says of servers that none of its resources names holds."""
        self._policy = policy
        self._served: list[tuple[Resource, Address]] = []
        self._ports: dict[str, Resource] = {}
        self._finders: list[Finder] = []
        self._passing: Passing | None = None

    def ask(self, finder: Finder) -> None:
        """Ask `finder` as well."""
        self._finders.append(finder)

    def pass_on(self, passing: Passing) -> None:
        """Send the calls that mean a server of no resource to a gateway of `passing`."""
        self._passing = passing

    def add(self, resource: Resource, address: Address) -> None:
        """Send the calls that mean `resource` to `address`."""
        self._served.append((resource, address))

    def add_port(self, resource: Resource, port: int) -> None:
        """Know a call to this port of the loopback as one to the gateway of `resource`."""
        self._ports[str(port)] = resource

    def find(self, invocation: Invocation, facts: Facts) -> Route | None:
        """Return the way of a call to a gateway, None for a call that goes to none."""
        for finder in self._finders:
            if (route := finder.find(invocation, facts)) is not None:
                return route
        unknown = self._policy().unknown_servers if self._policy is not None else UnknownServers.GATEWAY
        denies = unknown is UnknownServers.DENY
        if invocation.tool != "psql" or not (self._served or self._passing or denies):
            return None
        # what reads psql costs a tenth of a session's start, and most sessions never call it
        from guardcli.inspectors.psql.destination import (
            hosts_of,
            read_destination,
            redirected_arguments,
            redirected_environment,
        )
        from guardcli.inspectors.psql.options import read_command_line

        line = read_command_line(invocation.argv, posix="POSIXLY_CORRECT" in invocation.env)
        if line.fault or any(option.letter in ("?", "V") for option in line.options):
            return None
        told = read_destination(line, invocation.env)
        if told.fault or "servicefile" in told.layers[0]:
            return Route(UNNAMED, refused=True) if denies else None
        parameters = told.parameters(_service(told.service, invocation, facts))
        hosts = hosts_of(parameters)
        for resource, address in self._served:
            if hosts == [address.shown]:
                return Route(resource.name)
        if len(hosts) == 1 and hosts[0] in LOOPBACK and (own := self._ports.get(parameters.get("port", ""))):
            return Route(own.name)
        if self._passing is not None and self._passing.is_own(hosts):
            return Route(UNNAMED)
        for resource, address in self._served:
            if _means(resource, hosts, parameters):
                keep = not resource.credential
                arguments = redirected_arguments(line, parameters, address.shown, address.port, keep_password=keep)
                environment = redirected_environment(parameters, address.shown, address.port, keep_password=keep)
                return Route(resource.name, arguments, environment)
        if denies and not self._is_named(hosts, parameters):
            return Route(UNNAMED, refused=True)
        if unknown is UnknownServers.DIRECT:
            return None
        passed = self._passing.address(parameters, invocation) if self._passing is not None else None
        if passed is None:
            return None
        arguments = redirected_arguments(line, parameters, passed.shown, passed.port, keep_password=True)
        environment = redirected_environment(parameters, passed.shown, passed.port, keep_password=True)
        if self._passing is not None:
            password = self._passing.saved_password(parameters, invocation, facts)
            environment |= {"PGPASSWORD": password} if password is not None else {}
        return Route(UNNAMED, arguments, environment)

    def _is_named(self, hosts: Sequence[str], parameters: Mapping[str, str]) -> bool:
        """Say whether a resource of the policy, with a gateway or without, surely is the server of a call."""
        resources = self._policy().resources if self._policy is not None else ()
        return any(one.kind == "postgres" and _means(one, hosts, parameters) for one in resources)


def _service(name: str, invocation: Invocation, facts: Facts) -> dict[str, str]:
    """Return what the service file has for the service `name`; nothing where it cannot be read."""
    from guardcli.inspectors.psql.connection import read_service
    from guardcli.inspectors.psql.destination import service_files

    for path in service_files(invocation.env) if name else ():
        try:
            found = read_service(facts.read_file(invocation.path(path)).decode("utf-8", "replace"), name)
        except FactUnavailable:
            continue
        if found is not None:
            return found
    return {}


def _means(resource: Resource, hosts: Sequence[str], parameters: Mapping[str, str]) -> bool:
    """Say whether a call surely means the server, and no other database than those, of a resource."""
    ports = parameters.get("port", "").split(",")
    wanted = {str(port) for port in resource.ports[:1] or (PORT,)}
    if not hosts or not all(port.strip() in wanted for port in (port or str(PORT) for port in ports)):
        return False
    if not all(any(_same(pattern, host) for pattern in resource.hosts) for host in hosts):
        return False
    database = parameters.get("dbname", "")
    return not database or not resource.databases or any(Glob(name).matches(database) for name in resource.databases)


def _same(pattern: str, host: str) -> bool:
    pattern, host = pattern.lower(), host.lower()
    return Glob(pattern).matches(host) or (pattern in LOOPBACK and host in LOOPBACK)
