"""Is this operation aimed at that resource: yes, no, or not known.

A rule that restricts takes *not known* for a yes, a rule that permits takes it for a no. What cannot be told
without asking the network stays not known: a bare address against a name, a short name against a full one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from guardcli.model.operations import Target
from guardcli.model.resources import Resource
from guardcli.policy.globs import Glob
from guardcli.policy.rules import RESOURCE_TOOLS

_CONTEXT = "/context/"
"""How kubectl's inspector names a context: an object without a namespace."""


class Answer(Enum):
    """Three-valued: UNKNOWN is neither YES nor NO."""

    NO = 0
    UNKNOWN = 1
    YES = 2


class Host(NamedTuple):
    """``user@host:port`` in its parts, empty where not given; the host in lower case."""

    user: str
    host: str
    port: str


def parse_host(name: str) -> Host:
    """Return the parts of ``user@host:port``; an IPv6 address with a port is in brackets."""
    user, _, rest = name.rpartition("@")
    if rest.startswith("["):
        host, _, port = rest[1:].partition("]")
        return Host(user, host.lower(), port.removeprefix(":"))
    if rest.count(":") == 1:
        host, _, port = rest.partition(":")
        return Host(user, host.lower(), port)
    return Host(user, rest.lower(), "")


_LOCAL = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "localhost4", "localhost6"})


class HostName:
    """A host as it is given, or a pattern of hosts, with what comparing it needs worked out once.

    `doubtful` is what the C library reads as an address although it is not written as one: ``2130706433``, ``10.1``.
    `label` is the first part of a plain name, empty for all else: plain names whose labels differ are not the same.
    """

    __slots__ = ("_glob", "address", "doubtful", "label", "local", "name")

    def __init__(self, name: str) -> None:
        self.name = name = name.lower().rstrip(".")
        self._glob = Glob(name) if "*" in name else None
        self.address = _address(name) if ":" in name or name[:1].isdigit() else None
        numeric = bool(name) and all(part[:1].isdigit() for part in name.split("."))
        self.doubtful = self.address is None and self._glob is None and numeric
        self.local = name.startswith("/") or name in _LOCAL or name.endswith(".localhost")
        if self.address is not None:
            self.local = self.address.is_loopback or self.address.is_unspecified
        plain = self._glob is None and self.address is None and not self.doubtful and not self.local
        self.label = name.partition(".")[0] if plain else ""

    def admits(self, given: HostName) -> Answer:
        """Return whether the host `given` is this one, or fits this pattern."""
        if not given.name:
            return Answer.UNKNOWN
        if self._glob.matches(given.name) if self._glob is not None else self.name == given.name:
            return Answer.YES
        if self.address is not None and self.address == given.address:
            return Answer.YES
        if self.doubtful or given.doubtful:
            return Answer.UNKNOWN
        if self.local or given.local:
            return Answer.YES if self.local and given.local else Answer.NO
        if (self.address is None) != (given.address is None):
            return Answer.UNKNOWN
        if self.address is not None:
            return Answer.NO
        short, long = sorted((self.name, given.name), key=len)
        return Answer.UNKNOWN if long.startswith(short) and long[len(short) :][:1] == "." else Answer.NO


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def says_where(target: Target) -> bool:
    """Return whether `target` says where its whole call goes, so that it counts for the other operations too."""
    return target.kind in ("host", "database", "resource") or target.name.startswith(_CONTEXT)


class Places:
    """Where the operation of `tool` with `targets` may go, sorted once for all resources.

    `named` is the name of the resource where the caller knows it; it is taken for the truth.
    """

    __slots__ = ("contexts", "databases", "hosts", "label", "named", "namespaces", "remotes", "tool")

    def __init__(self, tool: str, targets: Sequence[Target], named: str = "") -> None:
        self.tool = tool
        self.named = [named] if named else [target.name for target in targets if target.kind == "resource"]
        hosts = [parse_host(target.name) for target in targets if target.kind == "host"]
        self.hosts = [(HostName(host.host), host.port) for host in hosts]
        self.label = self.hosts[0][0].label if len(hosts) == 1 else ""
        self.databases = [target.name for target in targets if target.kind == "database"]
        objects = [target.name for target in targets if target.kind == "object"]
        self.contexts = [name.removeprefix(_CONTEXT) for name in objects if name.startswith(_CONTEXT)]
        self.namespaces = [name.split("/")[0].replace("*", "") for name in objects if not name.startswith("/")]
        self.remotes = [target.name.split("/refs/", 1)[0] for target in targets if target.kind == "ref"]


class Recogniser:
    """A resource made ready to be recognised."""

    __slots__ = ("_hosts", "_names", "_ports", "_tools", "environment", "labels", "name")

    def __init__(self, resource: Resource) -> None:
        self.name = resource.name
        self.environment = resource.environment
        self._tools = RESOURCE_TOOLS.get(resource.kind)
        self._hosts = tuple(HostName(host) for host in resource.hosts)
        labels = frozenset(host.label for host in self._hosts)
        self.labels = frozenset[str]() if "" in labels else labels
        self._ports = frozenset(map(str, resource.ports))
        keys = (
            (resource.databases, lambda places: places.databases),
            (resource.contexts, lambda places: places.contexts),
            (resource.namespaces, lambda places: places.namespaces),
            (resource.remotes, lambda places: places.remotes),
        )
        self._names: tuple[tuple[tuple[Glob, ...], Callable[[Places], Sequence[str]]], ...] = tuple(
            (tuple(map(Glob, wanted)), found) for wanted, found in keys if wanted
        )

    def answer(self, places: Places) -> Answer:
        """Return whether what goes to `places` is aimed at this resource."""
        if places.named:
            if self.name not in places.named:
                return Answer.NO
            return Answer.YES if len(places.named) == 1 else Answer.UNKNOWN
        if self._tools is not None and places.tool not in self._tools:
            return Answer.NO
        if self.labels and places.label and places.label not in self.labels:
            return Answer.NO
        worst = self._reached(places)
        for globs, found in self._names:
            if worst is Answer.NO:
                break
            answer = _all_agree([_one_name(globs, name) for name in found(places)])
            worst = answer if answer.value < worst.value else worst
        return worst

    def _reached(self, places: Places) -> Answer:
        if not self._hosts and not self._ports:
            return Answer.YES
        if len(places.hosts) == 1:
            return self._one_host(*places.hosts[0])
        return _all_agree([self._one_host(host, port) for host, port in places.hosts])

    def _one_host(self, host: HostName, port: str) -> Answer:
        best = Answer.NO if self._hosts else Answer.YES
        for wanted in self._hosts:
            answer = wanted.admits(host)
            if answer.value > best.value:
                best = answer
        if self._ports and best is not Answer.NO:
            if not (port.isascii() and port.isdigit()):
                return Answer.UNKNOWN
            if port.lstrip("0") not in self._ports:
                return Answer.NO
        return best


class Recognisers(dict[str, Recogniser]):
    """Resources by their names, with those found fast that a call which names one plain host may be aimed at."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        super().__init__((resource.name, Recogniser(resource)) for resource in resources)
        self._all = frozenset(self)
        self._anywhere = frozenset(name for name, one in self.items() if not one.labels)
        self._at: dict[str, set[str]] = {}
        for name, one in self.items():
            for label in one.labels:
                self._at.setdefault(label, set()).add(name)

    def possible(self, places: Places) -> frozenset[str]:
        """Return the names of those whose `Recogniser.answer` may be other than NO."""
        if places.named or not places.label:
            return self._all
        return self._anywhere | self._at.get(places.label, frozenset())


def _one_name(globs: Sequence[Glob], name: str) -> Answer:
    if not name:
        return Answer.UNKNOWN
    return Answer.YES if any(glob.matches(name) for glob in globs) else Answer.NO


def _all_agree(answers: Sequence[Answer]) -> Answer:
    """YES for all yes, NO for all no; a call that names several places, or none, is not known."""
    if not answers:
        return Answer.UNKNOWN
    return answers[0] if len(set(answers)) == 1 else Answer.UNKNOWN
