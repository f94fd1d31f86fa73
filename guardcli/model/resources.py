"""Named targets: how a call that reaches one is recognised, how guard itself reaches it, what the agent is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class UnknownServers(str, Enum):
    """What becomes of a call of psql to a server that no resource of the policy names."""

    GATEWAY = "pass-through"
    """It goes through a gateway to which it logs in by itself: every statement is judged on the wire."""
    DIRECT = "direct"
    """It goes its own way, and is judged by what its command line says."""
    DENY = "deny"


class Tls(str, Enum):
    """How a connection of guard's own is secured; the words are libpq's (PostgreSQL manual, 34.19.1)."""

    DISABLE = "disable"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


@dataclass(frozen=True, slots=True)
class Access:
    """How guard itself connects to a resource; empty and None where the policy does not say.

    `user` is who guard logs in as. `loopback` lets a gateway listen on a port of the loopback too; `connections`,
    `idle` and `lifetime` (seconds) bound what it takes, 0 where the policy does not say. `ca`, `certificate` and
    `key` are paths of files on guard's side. `known_hosts` is one too, for ssh; `host_key` is the host's own public key
    in its place. `passphrase` says where that of a private key comes from, as ``provider:reference``. `paths` are globs
    over what stands behind the host in a URL of git. `replication` lets a PostgreSQL client ask for the replication
    protocol, which no inspector reads. For a cluster, `path` is where its API lies on the server, `server_name` the
    name in its certificate where that is not the host; `impersonation` lets requests act as somebody else,
    `unmasked_streams` passes what cannot be masked (SPDY). `other` are the free settings of a resource of the kind
    ``other``.
    """

    user: str = ""
    tls: Tls | None = None
    ca: str = ""
    certificate: str = ""
    key: str = ""
    known_hosts: str = ""
    host_key: str = ""
    passphrase: str = ""
    paths: tuple[str, ...] = ()
    replication: bool = False
    loopback: bool = False
    connections: int = 0
    idle: float = 0.0
    lifetime: float = 0.0
    path: str = ""
    server_name: str = ""
    impersonation: bool = False
    unmasked_streams: bool = False
    other: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """A named target: what it is, how a call that reaches it is recognised, where its credential comes from.

    `credential` is ``provider:reference``, such as ``keyring:orders-db``. `expose` names the variable in which the
    agent finds the address of the gateway that stands before the resource.
    """

    name: str
    kind: str
    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    databases: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    remotes: tuple[str, ...] = ()
    environment: str = ""
    credential: str = ""
    expose: str = ""
    access: Access = field(default_factory=Access)
