"""One connection of a client to guard's ssh agent: what it is offered and what is signed for it.

The rules, in order:

1. The connection is bound first (``session-bind@openssh.com``): the client shows the key of the host that it talks to,
   and that host's signature over the identifier of their session. The signature is verified. A binding that forwards
   the agent to the host is refused, and so is a second one.
2. Keys are offered only to the host that the connection is bound to: those of the resources whose host keys hold it.
3. What is signed is a request to log in (RFC 4252, section 7) and nothing else: with the identifier of the very session
   that was bound, the key that it is signed with, a user whom the resource allows, and the same host key where one
   is named. A commit, a file, a certificate or a login elsewhere has another form, or another session.

All other requests fail: no key is added, removed, listed for others or locked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from guardcli.gateways.ssh import messages
from guardcli.gateways.ssh.hostkeys import fingerprint, verify
from guardcli.gateways.ssh.messages import Bind, ListKeys, Login, Sign, Unknown
from guardcli.gateways.ssh.wire import Malformed, Reader


class Identity(Protocol):
    """A private key. `public` is what a client knows it by; `comment` is shown to people."""

    public: bytes
    comment: str

    def sign(self, data: bytes, algorithm: bytes) -> bytes:
        """Return the signature over `data`. Raises Malformed for an `algorithm` that the key has not."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """A resource that this call may log in to: the keys of its hosts, and the users, whose names are listed."""

    resource: str
    host_keys: Collection[bytes]
    users: Collection[str]
    identities: Sequence[Identity]


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed: told before the signature leaves."""

    resource: str
    key: str
    host_key: str
    user: str


class AgentConversation:
    """Answers the requests of one connection. `doors` are asked for once the host is known; they may be slow."""

    def __init__(self, note: Callable[[Signed], None], refuse: Callable[[str], None]) -> None:
        """`note` is told what is signed, before it is; what it raises keeps it from being signed. `refuse` hears why
        something is not done."""
        self._note = note
        self._refuse = refuse
        self._bound: Bind | None = None
        self._doors: Sequence[Door] = ()

    @property
    def host_key(self) -> bytes:
        """The key of the host that the connection is bound to; empty before."""
        return self._bound.host_key if self._bound else b""

    def open(self, doors: Sequence[Door]) -> None:
        """Take what the call may log in to; those that the bound host does not belong to are passed over."""
        self._doors = [door for door in doors if self.host_key in door.host_keys]
        if doors and not self._doors:
            names = ", ".join(door.resource for door in doors)
            self._refuse(f"the host with the key {fingerprint(self.host_key)} is none that is known for {names}")

    def answer(self, body: bytes) -> bytes:
        """Return the answer to one message; both without their length."""
        try:
            request = messages.read_request(body)
            if isinstance(request, Bind):
                return self._bind(request)
            if isinstance(request, ListKeys):
                keys = [(one.public, one.comment) for door in self._doors for one in door.identities]
                return messages.identities_answer(keys)
            if isinstance(request, Sign):
                return self._sign(request)
        except Malformed as problem:
            self._refuse(str(problem))
            return messages.FAILURE
        return messages.EXTENSION_FAILURE if isinstance(request, Unknown) and request.extension else messages.FAILURE

    def _bind(self, bind: Bind) -> bytes:
        if self._bound is not None:
            raise Malformed("the connection is bound to a session already")
        if bind.forwarding:
            raise Malformed("guard's keys are not lent to a host (agent forwarding)")
        verify(bind.host_key, bind.session, bind.signature)
        self._bound = bind
        return messages.SUCCESS

    def _sign(self, request: Sign) -> bytes:
        if self._bound is None:
            raise Malformed("it is not said for which host; ssh of OpenSSH 8.9 or later says so")
        login = messages.read_login(request.data)
        self._check(login, request)
        door, identity = self._find(login)
        self._note(Signed(door.resource, fingerprint(identity.public), fingerprint(self.host_key), login.user))
        return messages.sign_response(identity.sign(request.data, _algorithm(login, request.flags)))

    def _check(self, login: Login, request: Sign) -> None:
        bound = self._bound
        if bound is None or login.session != bound.session:
            raise Malformed("the login is for another session than the one that was shown")
        if login.host_key and login.host_key != bound.host_key:
            raise Malformed("the login is for another host than the one that was shown")
        if login.key != request.key:
            raise Malformed("the login names another key than the one that is to sign")

    def _find(self, login: Login) -> tuple[Door, Identity]:
        users: set[str] = set()
        for door in self._doors:
            for identity in door.identities:
                if identity.public == login.key:
                    if login.user in door.users:
                        return door, identity
                    users.update(door.users)
        if users:
            named = ", ".join(sorted(users))
            raise Malformed(f"a login as {login.user!r} is not what was allowed, but as {named}")
        raise Malformed("the key is none that is lent for this host")


RSA_SHA2_256 = 2
RSA_SHA2_512 = 4


def _algorithm(login: Login, flags: int) -> bytes:
    """Return the algorithm to sign with. Raises Malformed where the flags ask for another than the login names."""
    kind = Reader(login.key).string()
    if not kind.startswith(b"ssh-rsa"):
        return kind.removesuffix(b"-cert-v01@openssh.com")
    algorithm = {RSA_SHA2_256: b"rsa-sha2-256", RSA_SHA2_512: b"rsa-sha2-512"}.get(flags & 6)
    if algorithm is None:
        raise Malformed("RSA with SHA-1 is not signed with")
    if login.algorithm.removesuffix(b"-cert-v01@openssh.com") != algorithm:
        raise Malformed("the login names another algorithm than the one that is to sign")
    return algorithm
