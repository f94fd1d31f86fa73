"""Which resources an allowed call may have the credentials of.

A resource counts unless the call surely goes elsewhere: what it really reaches is looked at again where the credential
is used, by the host's key or the address that git itself asks for. Calls that a tool makes by itself (``parts``) have
what the call has that they are a part of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from guardcli.broker.processes import DEPTH_MAX, parent_pid
from guardcli.broker.recorder import CallRecord
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation
from guardcli.model.resources import Resource
from guardcli.policy.recognition import Answer, Host, HostName, Places, Recogniser, parse_host

SSH_TOOLS = ("ssh", "scp", "sftp")
CONTACTING = frozenset({"clone", "fetch", "ls-remote", "pull", "push", "remote", "submodule", "archive", "lfs"})
"""git's commands that speak to a remote. Others do too in a partial clone: they are lent nothing."""


@dataclass(frozen=True, slots=True)
class Launch:
    """An allowed call whose tool is about to start. `pid` is its shim's; `part` says that another call started it."""

    pid: int
    invocation: Invocation
    operations: tuple[Operation, ...]
    record: CallRecord
    part: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """The resources of one call, the hosts that it names, and its entry in the record."""

    resources: tuple[Resource, ...]
    hosts: tuple[Host, ...]
    record: CallRecord


class GrantBook:
    """Who has what, by the pid of a call's shim, for as long as its tool runs."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        """`resources` are those with a credential that is lent by call: of ssh and of git."""
        self._resources = [(one, Recogniser(one), Recogniser(_over_ssh(one))) for one in resources]
        self._grants: dict[int, Grant] = {}

    def give(self, launch: Launch) -> Grant | None:
        """Note and return what a call gets, None for nothing of its own."""
        if launch.invocation.tool not in (*SSH_TOOLS, "git") or (launch.part and launch.invocation.tool == "git"):
            return None
        grant = self.above(launch.pid) if launch.part else self._own(launch)
        if grant is not None:
            self._grants[launch.pid] = grant
        return grant

    def end(self, pid: int) -> None:
        """Forget the call of the shim `pid`."""
        self._grants.pop(pid, None)

    def above(self, pid: int) -> Grant | None:
        """Return the grant of the nearest running call that `pid` descends from."""
        if not self._grants:
            return None
        for _ in range(DEPTH_MAX):
            pid = parent_pid(pid)
            if pid <= 1 or pid in self._grants:
                break
        return self._grants.get(pid)

    def of(self, pid: int) -> Grant | None:
        """Return the grant of the call of the shim `pid`."""
        return self._grants.get(pid)

    def _own(self, launch: Launch) -> Grant | None:
        tool, operations = launch.invocation.tool, launch.operations
        if tool == "git" and not any(one.action.split(" ")[0] in CONTACTING for one in operations):
            return None
        over_ssh = tool in SSH_TOOLS
        found = []
        for resource, plain, ssh in self._resources:
            if resource.kind == "git" and over_ssh and launch.invocation.parent != "git":
                continue  # what belongs to a repository is for git's own connections
            if any(_may_reach(ssh if over_ssh else plain, tool, one) for one in operations):
                found.append(resource)
        hosts = [parse_host(target.name) for one in operations for target in one.targets if target.kind == "host"]
        return Grant(tuple(found), tuple(dict.fromkeys(hosts)), launch.record) if found else None


def perhaps(resource: Resource, host: Host) -> bool:
    """Tell whether `host` may be one of the hosts that `resource` names; any may where it names none."""
    named = HostName(host.host)
    return not resource.hosts or any(HostName(one).admits(named) is not Answer.NO for one in resource.hosts)


def surely(resource: Resource, host: Host) -> bool:
    """Tell whether `host` is surely one of the hosts that `resource` names."""
    return any(HostName(one).admits(HostName(host.host)) is Answer.YES for one in resource.hosts)


def _over_ssh(resource: Resource) -> Resource:
    """Return `resource` as the calls of ssh see it that git makes for it: a host and nothing else."""
    return replace(resource, kind="ssh", remotes=()) if resource.kind == "git" else resource


def _may_reach(recogniser: Recogniser, tool: str, operation: Operation) -> bool:
    return recogniser.answer(Places(tool, operation.targets)) is not Answer.NO
