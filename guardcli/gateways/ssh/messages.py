"""The messages of an ssh agent that guard answers, and what they ask to be signed.

Sources: draft-miller-ssh-agent (requests, answers, flags), OpenSSH's PROTOCOL.agent (``session-bind@openssh.com``), RFC
4252, sections 5 and 7 (the request that a client signs), OpenSSH's PROTOCOL (``publickey-hostbound-v00@openssh.com``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from guardcli.gateways.ssh.wire import UINT32, Malformed, Reader, string

MESSAGE_MAX = 64 * 1024
"""The longest request in bytes: a key, a certificate and a user's name are a few thousand."""
SESSION_ID_MAX = 128
"""The longest identifier of a session: it is a digest, of 64 bytes at the most."""
BIND = b"session-bind@openssh.com"
USERAUTH_REQUEST = 50
METHOD = b"publickey"
HOST_BOUND = b"publickey-hostbound-v00@openssh.com"
SERVICE = b"ssh-connection"


class Number(IntEnum):
    """Numbers of the messages (draft-miller-ssh-agent, section 6.1)."""

    FAILURE = 5
    SUCCESS = 6
    REQUEST_IDENTITIES = 11
    IDENTITIES_ANSWER = 12
    SIGN_REQUEST = 13
    SIGN_RESPONSE = 14
    EXTENSION = 27
    EXTENSION_FAILURE = 28


FAILURE = bytes([Number.FAILURE])
SUCCESS = bytes([Number.SUCCESS])
EXTENSION_FAILURE = bytes([Number.EXTENSION_FAILURE])


@dataclass(frozen=True, slots=True)
class ListKeys:
    """Which keys are there?"""


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign `data` with the key whose public half is `key`; `flags` choose the digest for RSA."""

    key: bytes
    data: bytes
    flags: int


@dataclass(frozen=True, slots=True)
class Bind:
    """The connection belongs to the ssh session `session`, as the host whose key is `host_key` has signed."""

    host_key: bytes
    session: bytes
    signature: bytes
    forwarding: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything else: adding, removing and locking keys, other extensions."""

    extension: bool = False


Request = ListKeys | Sign | Bind | Unknown


@dataclass(frozen=True, slots=True)
class Login:
    """What a client signs to log in: as `user`, with `key`, in `session`; `host_key` empty where it names none."""

    session: bytes
    user: str
    algorithm: bytes
    key: bytes
    host_key: bytes = b""


def read_request(body: bytes) -> Request:
    """Return what `body`, a message without its length, asks for. Raises Malformed."""
    reader = Reader(body)
    number = reader.byte()
    if number == Number.REQUEST_IDENTITIES:
        reader.end()
        return ListKeys()
    if number == Number.SIGN_REQUEST:
        found = Sign(reader.string(), reader.string(), reader.uint32())
        reader.end()
        return found
    if number != Number.EXTENSION:
        return Unknown()
    if reader.string() != BIND:
        return Unknown(extension=True)
    bind = Bind(reader.string(), reader.string(), reader.string(), reader.boolean())
    reader.end()
    if not 0 < len(bind.session) <= SESSION_ID_MAX:
        raise Malformed("an identifier of a session of an impossible length")
    return bind


def read_login(data: bytes) -> Login:
    """Return what `data`, which is to be signed, would log in. Raises Malformed for anything else."""
    reader = Reader(data)
    session = reader.string()
    if reader.byte() != USERAUTH_REQUEST:
        raise Malformed("it is no request to log in")
    user = reader.text()
    if reader.string() != SERVICE:
        raise Malformed("it asks for a service other than ssh-connection")
    method = reader.string()
    if method not in (METHOD, HOST_BOUND) or not reader.boolean():
        raise Malformed("it is no login with a key")
    login = Login(session, user, reader.string(), reader.string(), reader.string() if method == HOST_BOUND else b"")
    reader.end()
    return login


def identities_answer(keys: Iterable[tuple[bytes, str]]) -> bytes:
    """Return the answer that lists `keys`, each with a comment."""
    listed = [string(key) + string(comment.encode()) for key, comment in keys]
    return bytes([Number.IDENTITIES_ANSWER]) + UINT32.pack(len(listed)) + b"".join(listed)


def sign_response(signature: bytes) -> bytes:
    """Return the answer that carries `signature`."""
    return bytes([Number.SIGN_RESPONSE]) + string(signature)
