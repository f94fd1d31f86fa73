"""The ssh agent that guard is for an allowed call of ssh, scp or sftp: one socket a call, gone when it has ended.

Who connects has to be ssh itself, the real program, started below the call's shim: the kernel says so (SO_PEERCRED,
``/proc/PID/exe``). What is signed then is decided by `AgentConversation`. Keys are asked for when a host has shown
itself, and every signature is in the record before it leaves.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import socket
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path

from guardcli.broker.connection import Peer, peer_of
from guardcli.broker.custody import Lent, Loans
from guardcli.broker.grants import SSH_TOOLS, Grant, GrantBook, Launch, perhaps, surely
from guardcli.broker.place import CALLS
from guardcli.broker.processes import DEPTH_MAX, Identity, parent_pid, program_of
from guardcli.broker.recorder import CallRecord, Recorder
from guardcli.broker.server import Tasks, listen
from guardcli.credentials.ssh_key import SshKey, is_private_key, load_key, read_certificate
from guardcli.gateways.ssh.agent import AgentConversation, Door, Signed
from guardcli.gateways.ssh.known_hosts import STANDARD_PORT, Place, keys_of, read_key
from guardcli.gateways.ssh.messages import FAILURE, MESSAGE_MAX
from guardcli.gateways.ssh.wire import UINT32
from guardcli.model.credentials import Purpose
from guardcli.model.errors import GuardError, UnavailableError
from guardcli.model.events import EventType
from guardcli.model.resources import Resource

CONNECTIONS_MOST = 16
"""Connections to one call's agent at once: ssh needs one."""
REFUSALS_MOST = 32
"""So many refusals of one call are put into the record."""
KNOWN_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts")
"""Where the keys of hosts are looked up where a policy names no file (ssh_config(5))."""
FILE_MAX = 16 << 20

IsSsh = Callable[[Peer], bool]
FindDoors = Callable[[], Coroutine[object, object, list[Door]]]


class SshAgents:
    """Lends an agent to each call of ssh that reaches a resource with a key."""

    def __init__(
        self,
        grants: GrantBook,
        loans: Loans,
        recorder: Recorder,
        directory: Path,
        shown: str,
        is_ssh: IsSsh,
        for_group: bool = False,
    ) -> None:
        """`directory` is where the sockets are made, `shown` what a tool sees as it; `is_ssh` knows ssh itself.

        `for_group` lets the directory's group reach them.
        """
        self._for_group = for_group
        self._grants = grants
        self._loans = loans
        self._recorder = recorder
        self._directory = directory
        self._shown = shown
        self._is_ssh = is_ssh

    async def lend(self, launch: Launch) -> Lent | None:
        """Return the variable that names the call's agent."""
        grant = self._grants.of(launch.pid)
        if grant is None or launch.invocation.tool not in SSH_TOOLS:
            return None
        name = secrets.token_hex(6)
        path = self._directory / CALLS / name
        try:
            listener = listen(str(path), self._for_group)
        except OSError as error:
            raise UnavailableError(f"the call's ssh agent cannot be set up: {error.strerror}") from None
        agent = CallAgent(listener, path, launch.pid, self._is_ssh, _Ledger(self._recorder, grant.record))
        agent.start(partial(doors_of, grant, self._loans))
        return Lent({"SSH_AUTH_SOCK": f"{self._shown}/{CALLS}/{name}"}, take_back=agent.close)


class _Ledger:
    """Puts what one call's agent does into the record."""

    def __init__(self, recorder: Recorder, call: CallRecord) -> None:
        self._recorder = recorder
        self._call = call
        self._refused = 0

    def signed(self, what: Signed) -> None:
        data = {"resource": what.resource, "for": "ssh", "user": what.user, "key": what.key, "host_key": what.host_key}
        self._recorder.event(EventType.LENT, self._call, data)

    def refused(self, reason: str) -> None:
        self._refused += 1
        if self._refused <= REFUSALS_MOST:
            data = {"for": "ssh", "reason": self._recorder.mask(reason)}
            with suppress(UnavailableError):
                self._recorder.event(EventType.REFUSED, self._call, data)


class CallAgent:
    """The socket of one call and its connections."""

    def __init__(self, listener: socket.socket, path: Path, shim: int, is_ssh: IsSsh, ledger: _Ledger) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._path = path
        self._shim = shim
        self._is_ssh = is_ssh
        self._ledger = ledger
        self._tasks = Tasks()
        self._room = asyncio.Semaphore(CONNECTIONS_MOST)

    def start(self, find_doors: FindDoors) -> None:
        """Begin to answer; `find_doors` returns what may be logged in to."""
        self._tasks.spawn(self._accept(find_doors))

    async def close(self) -> None:
        """End every connection and remove the socket."""
        with suppress(OSError):
            self._path.unlink()
        await self._tasks.end()
        self._listener.close()

    async def _accept(self, find_doors: FindDoors) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.acquire()
            accepted, _ = await loop.sock_accept(self._listener)
            peer = peer_of(accepted)
            if not self._is_ssh(peer) or not is_below(peer.pid, self._shim):
                self._ledger.refused("a program other than the ssh of this call asked")
                accepted.close()
                self._room.release()
                continue
            self._tasks.spawn(self._serve(accepted, find_doors))

    async def _serve(self, accepted: socket.socket, find_doors: FindDoors) -> None:
        conversation = AgentConversation(self._ledger.signed, self._ledger.refused)
        try:
            reader, writer = await asyncio.open_unix_connection(sock=accepted, limit=MESSAGE_MAX)
            try:
                while True:
                    length = UINT32.unpack(await reader.readexactly(UINT32.size))[0]
                    if not 0 < length <= MESSAGE_MAX:
                        return
                    answer = await self._answer(conversation, await reader.readexactly(length), find_doors)
                    writer.write(UINT32.pack(len(answer)) + answer)
                    await writer.drain()
            finally:
                writer.close()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._room.release()

    async def _answer(self, conversation: AgentConversation, body: bytes, find_doors: FindDoors) -> bytes:
        before = conversation.host_key
        try:
            answer = conversation.answer(body)
            if conversation.host_key != before:
                conversation.open(await find_doors())
        except (GuardError, ValueError) as error:
            self._ledger.refused(str(error))
            return FAILURE
        return answer


def is_below(pid: int, shim: int) -> bool:
    """Tell whether the process `pid` is, or descends from, the process `shim`."""
    for _ in range(DEPTH_MAX):
        if pid == shim:
            return True
        if pid <= 1:
            return False
        pid = parent_pid(pid)
    return False


def knows_ssh(identities: Callable[[], Collection[Identity]], user: int | None = None) -> IsSsh:
    """Return what tells whether a process runs one of the programs that `identities` returns, as `user` or this one."""
    own = os.getuid() if user is None else user

    def is_ssh(peer: Peer) -> bool:
        return peer.uid == own and program_of(peer.pid) in identities()

    return is_ssh


async def doors_of(grant: Grant, loans: Loans) -> list[Door]:
    """Return what the call with `grant` may log in to. Raises GuardError where a key cannot be had."""
    doors = []
    for resource in grant.resources:
        keys = await _identities(resource, loans)
        if keys:
            doors.append(Door(resource.name, host_keys(resource, grant), users_of(resource, grant), keys))
    return doors


async def _identities(resource: Resource, loans: Loans) -> list[SshKey]:
    access = resource.access
    purpose = Purpose(next((host for host in resource.hosts if "*" not in host), ""), user=access.user)
    held = (await loans.lend(resource.credential, purpose)).password
    if held is None or not is_private_key(held):
        return []
    passphrase = (await loans.lend(access.passphrase, purpose)).password if access.passphrase else None
    key = load_key(held, passphrase, resource.name)
    if not access.certificate:
        return [key]
    return [read_certificate(_text_of(access.certificate), key), key]


def users_of(resource: Resource, grant: Grant) -> frozenset[str]:
    """Return who may be logged in as: whom the policy names, else whom the call names, else guard's own user."""
    if resource.access.user:
        return frozenset({resource.access.user})
    named = frozenset(host.user for host in grant.hosts if host.user and perhaps(resource, host))
    if named:
        return named
    try:
        return frozenset({pwd.getpwuid(os.getuid()).pw_name})
    except KeyError:  # a user without a name, as in many containers
        return frozenset()


def host_keys(resource: Resource, grant: Grant) -> frozenset[bytes]:
    """Return the keys that the resource's hosts have, as far as they are known to guard. Raises UnavailableError."""
    access = resource.access
    if access.host_key:
        key = read_key(access.host_key)
        return frozenset({key}) if key is not None else frozenset()
    given = [int(host.port) for host in grant.hosts if host.port.isdigit()]
    ports = resource.ports or tuple(dict.fromkeys(given)) or (STANDARD_PORT,)
    places = [Place(host, port) for host in resource.hosts if "*" not in host for port in ports]
    for host in grant.hosts:
        if surely(resource, host):
            places += [Place(host.host, port) for port in ports]
    if access.known_hosts:
        return keys_of(places, [_text_of(access.known_hosts)])
    return keys_of(places, [_text_of(path) for path in KNOWN_HOSTS if os.path.isfile(os.path.expanduser(path))])


def _text_of(path: str) -> str:
    try:
        with open(os.path.expanduser(path), encoding="utf-8", errors="replace") as file:
            return file.read(FILE_MAX)
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from None
