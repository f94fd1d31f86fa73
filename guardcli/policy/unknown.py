"""Servers of databases that no resource names, where the policy denies them (``unknown_servers: deny``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from guardcli.model.operations import Operation
from guardcli.model.resources import UnknownServers
from guardcli.policy.recognition import Answer, Places, says_where
from guardcli.policy.rules import Context

if TYPE_CHECKING:
    from guardcli.policy.effective import Policy

PORT = "5432"
"""Where a call goes that names no port; PGPORT is one that it names."""
UNKNOWN_SERVER = "guard:unknown-server"
UNKNOWN_SERVER_MESSAGE = "No resource of the policy names this server, and the policy denies all others."


def goes_to_unknown_server(policy: Policy, operations: Sequence[Operation], context: Context) -> bool:
    """Say whether the policy denies a call for where it goes: no resource surely is the server that it names."""
    if policy.unknown_servers is not UnknownServers.DENY or context.tool != "psql" or context.resource:
        return False
    targets = [target for operation in operations for target in operation.targets if says_where(target)]
    if not any(target.kind == "host" for target in targets):
        return False
    places = Places("psql", targets)
    places.hosts = [(host, port or PORT) for host, port in places.hosts]
    known = (one.name for one in policy.resources if one.kind == "postgres")
    return not any(policy.ruleset.resources[name].answer(places) is Answer.YES for name in known)
