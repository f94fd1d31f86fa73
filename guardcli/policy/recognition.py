"""Is this operation aimed at that resource: yes, no, or not known.

A rule that restricts takes *not known* for a yes, a rule that permits takes it for a no. What cannot be told
without asking the network stays not known: a bare address against a name, a short name against a full one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
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


def same_host(wanted: str, given: str) -> Answer:
    """Compare the host pattern `wanted` with the host `given`, both without user and port."""
    wanted, given = wanted.lower().rstrip("."), given.lower().rstrip(".")
    if not given:
        return Answer.UNKNOWN
    if Glob(wanted).matches(given):
        return Answer.YES
    if _is_local(wanted) or _is_local(given):
        return Answer.YES if _is_local(wanted) and _is_local(given) else Answer.NO
    if _is_address(given) != _is_address(wanted):
        return Answer.UNKNOWN
    if not _is_address(given) and (wanted.startswith(given + ".") or given.startswith(wanted + ".")):
        return Answer.UNKNOWN
    return Answer.NO


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # What the C library still reads as an address: 2130706433, 0x7f.1, 10.1
        return bool(host) and all(part[:1].isdigit() for part in host.split("."))
    return True


def _is_local(host: str) -> bool:
    if host.startswith("/") or host in ("localhost", "localhost.localdomain"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def says_where(target: Target) -> bool:
    """Return whether `target` says where its whole call goes, so that it counts for the other operations too."""
    return target.kind in ("host", "database", "resource") or target.name.startswith(_CONTEXT)


def recognise(resource: Resource, tool: str, targets: Sequence[Target], named: str = "") -> Answer:
    """Return whether an operation of `tool` with `targets` is aimed at `resource`.

    `named` is the name of the resource where the caller knows it; it is taken for the truth.
    """
    if named:
        return Answer.YES if named == resource.name else Answer.NO
    by_name = [target.name for target in targets if target.kind == "resource"]
    if by_name:
        return Answer.YES if by_name == [resource.name] else _no_unless(resource.name in by_name)
    if tool not in RESOURCE_TOOLS.get(resource.kind, (tool,)):
        return Answer.NO
    answers = [_hosts(resource, targets)]
    if resource.databases:
        answers.append(_names(resource.databases, [target.name for target in targets if target.kind == "database"]))
    if resource.contexts:
        names = [target.name for target in targets if target.kind == "object"]
        contexts = [name.removeprefix(_CONTEXT) for name in names if name.startswith(_CONTEXT)]
        answers.append(_names(resource.contexts, contexts))
    if resource.namespaces:
        names = [target.name for target in targets if target.kind == "object" and not target.name.startswith("/")]
        spaces = [name.split("/")[0].replace("*", "") for name in names]
        answers.append(_names(resource.namespaces, spaces))
    if resource.remotes:
        remotes = [_remote(target.name) for target in targets if target.kind == "ref"]
        answers.append(_names(resource.remotes, remotes))
    return min(answers, key=lambda answer: answer.value)


def _no_unless(possible: bool) -> Answer:
    return Answer.UNKNOWN if possible else Answer.NO


def _remote(ref: str) -> str:
    return ref.split("/refs/", 1)[0]


def _hosts(resource: Resource, targets: Sequence[Target]) -> Answer:
    if not resource.hosts and not resource.ports:
        return Answer.YES
    found = [parse_host(target.name) for target in targets if target.kind == "host"]
    return _all_agree([_one_host(resource, host) for host in found])


def _one_host(resource: Resource, host: Host) -> Answer:
    answers = [same_host(wanted, host.host) for wanted in resource.hosts]
    best = max(answers, key=lambda answer: answer.value, default=Answer.YES)
    if resource.ports and host.port:
        if host.port.isdigit() and int(host.port) not in resource.ports:
            return Answer.NO
    elif resource.ports:
        return min(best, Answer.UNKNOWN, key=lambda answer: answer.value)
    return best


def _names(wanted: Sequence[str], found: Sequence[str]) -> Answer:
    globs = [Glob(pattern) for pattern in wanted]

    def one(name: str) -> Answer:
        if not name:
            return Answer.UNKNOWN
        return Answer.YES if any(glob.matches(name) for glob in globs) else Answer.NO

    return _all_agree([one(name) for name in found])


def _all_agree(answers: Sequence[Answer]) -> Answer:
    """YES for all yes, NO for all no; a call that names several places, or none, is not known."""
    if not answers:
        return Answer.UNKNOWN
    return answers[0] if len(set(answers)) == 1 else Answer.UNKNOWN
