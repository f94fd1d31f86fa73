"""Where the gateway of a resource listens."""

from __future__ import annotations

from dataclasses import dataclass

from guardcli.gateways.postgres.target import PORT


@dataclass(frozen=True, slots=True)
class Address:
    """Where the gateway of a resource listens: the directory of its unix socket, and the port in the socket's name.

    `shown` is that directory as the agent sees it, which differs inside a sandbox.
    """

    resource: str
    directory: str
    shown: str
    port: int = PORT
