"""What is signed, and what is not: a table of what a client could send."""

from __future__ import annotations

import pytest

from guardcli.credentials.ssh_key import SshKey
from guardcli.gateways.ssh.agent import AgentConversation, Door, Signed
from guardcli.gateways.ssh.hostkeys import fingerprint, verify
from guardcli.gateways.ssh.messages import EXTENSION_FAILURE, FAILURE, SUCCESS, identities_answer
from guardcli.gateways.ssh.wire import UINT32, Malformed, Reader, string
from guardcli.model.errors import UnavailableError

SESSION = b"\7" * 32
ED25519 = b"ssh-ed25519"


def bind(host: SshKey, session: bytes = SESSION, signature: bytes | None = None, forwarding: int = 0) -> bytes:
    signature = host.sign(session, ED25519) if signature is None else signature
    body = string(b"session-bind@openssh.com") + string(host.public) + string(session) + string(signature)
    return b"\x1b" + body + bytes([forwarding])


def login(
    key: SshKey,
    algorithm: bytes = ED25519,
    *,
    session: bytes = SESSION,
    user: bytes = b"deploy",
    number: int = 50,
    service: bytes = b"ssh-connection",
    method: bytes = b"publickey",
    there: int = 1,
    host: bytes = b"",
) -> bytes:
    data = string(session) + bytes([number]) + string(user) + string(service) + string(method) + bytes([there])
    return data + string(algorithm) + string(key.public) + (string(host) if host else b"")


def sign(key: SshKey, data: bytes, flags: int = 0) -> bytes:
    return b"\x0d" + string(key.public) + string(data) + UINT32.pack(flags)


class Client:
    """A connection to an agent that lends `lent` for logins as deploy to the host of `host_key`."""

    def __init__(self, lent: SshKey, host_key: bytes) -> None:
        self.signed: list[Signed] = []
        self.refused: list[str] = []
        self.doors = [Door("box", {host_key}, {"deploy"}, [lent])]
        self.conversation = AgentConversation(self.signed.append, self.refused.append)

    def ask(self, body: bytes) -> bytes:
        before = self.conversation.host_key
        answer = self.conversation.answer(body)
        if self.conversation.host_key != before:
            self.conversation.open(self.doors)
        return answer


@pytest.mark.parametrize(
    ("kind", "algorithm", "flags"),
    [
        ("ed25519", ED25519, 0),
        ("ecdsa", b"ecdsa-sha2-nistp256", 0),
        ("ecdsa384", b"ecdsa-sha2-nistp384", 0),
        ("ecdsa521", b"ecdsa-sha2-nistp521", 0),
        ("rsa", b"rsa-sha2-256", 2),
        ("rsa", b"rsa-sha2-512", 4),
    ],
)
def test_a_login_to_the_host_that_showed_itself_is_signed_with_every_kind_of_key(keys, kind, algorithm, flags) -> None:
    client = Client(keys[kind], keys["host"].public)
    assert client.ask(bind(keys["host"])) == SUCCESS
    assert client.ask(b"\x0b") == identities_answer([(keys[kind].public, kind)])
    for data in (
        login(keys[kind], algorithm),
        login(keys[kind], algorithm, method=b"publickey-hostbound-v00@openssh.com", host=keys["host"].public),
    ):
        answer = Reader(client.ask(sign(keys[kind], data, flags)))
        assert answer.byte() == 14
        verify(keys[kind].public, data, answer.string())
    told = Signed("box", fingerprint(keys[kind].public), fingerprint(keys["host"].public), "deploy")
    assert (client.signed, client.refused) == ([told] * 2, [])


SSHSIG = b"SSHSIG" + string(b"git") + string(b"") + string(b"sha512") + string(b"\1" * 64)

NEVER = {
    "a user that was not allowed": lambda k: login(k, user=b"root"),
    "a user whose name only begins so": lambda k: login(k, user=b"deploy\0"),
    "another session": lambda k: login(k, session=b"\6" * 32),
    "an empty session": lambda k: login(k, session=b""),
    "another message": lambda k: login(k, number=51),
    "another service": lambda k: login(k, service=b"ssh-userauth"),
    "hostbased": lambda k: login(k, method=b"hostbased"),
    "a question whether the key would do": lambda k: login(k, there=0),
    "something behind it": lambda k: login(k) + b"x",
    "cut short": lambda k: login(k)[:-1],
    "another host in the request": lambda k: login(k, method=b"publickey-hostbound-v00@openssh.com", host=b"x"),
    "a commit": lambda k: SSHSIG,
    "a commit that begins like a login": lambda k: string(SESSION) + SSHSIG,
    "nothing": lambda k: b"",
    "a certificate to be": lambda k: string(b"ssh-ed25519-cert-v01@openssh.com") + string(b"n" * 32) + k.public,
    "a length that lies": lambda k: b"\xff\xff\xff\xff" + login(k),
}


@pytest.mark.parametrize("what", NEVER)
def test_nothing_but_that_login_is_signed(keys, what: str) -> None:
    key = keys["ed25519"]
    client = Client(key, keys["host"].public)
    assert client.ask(bind(keys["host"])) == SUCCESS
    assert client.ask(sign(key, NEVER[what](key))) == FAILURE
    assert client.signed == [] and len(client.refused) == 1
    assert client.ask(sign(key, login(key)))[0] == 14  # the twin


def test_a_key_that_is_not_lent_and_one_under_anothers_name_sign_nothing(keys) -> None:
    client = Client(keys["ed25519"], keys["host"].public)
    client.ask(bind(keys["host"]))
    assert client.ask(sign(keys["other"], login(keys["other"]))) == FAILURE
    assert client.ask(sign(keys["other"], login(keys["ed25519"]))) == FAILURE
    assert client.ask(sign(keys["ed25519"], login(keys["other"]))) == FAILURE


@pytest.mark.parametrize(
    ("flags", "algorithm"), [(0, b"ssh-rsa"), (0, b"rsa-sha2-256"), (2, b"ssh-rsa"), (2, b"rsa-sha2-512")]
)
def test_rsa_signs_with_sha2_and_what_the_login_says(keys, flags: int, algorithm: bytes) -> None:
    client = Client(keys["rsa"], keys["host"].public)
    client.ask(bind(keys["host"]))
    assert client.ask(sign(keys["rsa"], login(keys["rsa"], algorithm), flags)) == FAILURE


def test_without_a_host_nothing_is_listed_or_signed(keys) -> None:
    client = Client(keys["ed25519"], keys["host"].public)
    assert client.ask(b"\x0b") == identities_answer([])
    assert client.ask(sign(keys["ed25519"], login(keys["ed25519"]))) == FAILURE
    assert "OpenSSH 8.9" in client.refused[0]


def test_another_host_that_shows_itself_truly_gets_nothing(keys) -> None:
    client = Client(keys["ed25519"], keys["host"].public)
    assert client.ask(bind(keys["other"])) == SUCCESS
    assert client.ask(b"\x0b") == identities_answer([])
    assert client.ask(sign(keys["ed25519"], login(keys["ed25519"]))) == FAILURE
    assert "none that is known for box" in client.refused[0]


def test_a_forged_a_forwarding_and_a_second_binding_are_refused(keys) -> None:
    host, other = keys["host"], keys["other"]
    for forged in (
        bind(host, signature=other.sign(SESSION, ED25519)),
        bind(host, signature=host.sign(b"\6" * 32, ED25519)),
        bind(host, signature=string(b"rsa-sha2-256") + string(b"x")),
        bind(host, signature=b""),
        bind(host, session=b""),
        bind(host, session=b"x" * 200),
        bind(host, forwarding=1),
        bind(host)[:-1],
        bind(host) + b"\0",
    ):
        client = Client(keys["ed25519"], host.public)
        assert client.ask(forged) == FAILURE
        assert client.ask(sign(keys["ed25519"], login(keys["ed25519"]))) == FAILURE
    client = Client(keys["ed25519"], host.public)
    assert client.ask(bind(host)) == SUCCESS
    assert client.ask(bind(host, session=b"\6" * 32)) == FAILURE
    assert client.ask(sign(keys["ed25519"], login(keys["ed25519"], session=b"\6" * 32))) == FAILURE


@pytest.mark.parametrize("number", [0, 1, 2, 9, 17, 18, 19, 20, 21, 22, 23, 25, 26, 30, 255])
def test_keys_are_not_added_removed_or_locked(keys, number: int) -> None:
    client = Client(keys["ed25519"], keys["host"].public)
    client.ask(bind(keys["host"]))
    assert client.ask(bytes([number]) + string(keys["other"].public)) == FAILURE
    assert client.ask(b"\x0b") == identities_answer([(keys["ed25519"].public, "ed25519")])


def test_other_extensions_are_told_apart() -> None:
    conversation = AgentConversation(lambda _: None, lambda _: None)
    assert conversation.answer(b"\x1b" + string(b"query")) == EXTENSION_FAILURE
    assert conversation.answer(b"") == FAILURE


def test_what_cannot_be_recorded_is_not_signed(keys) -> None:
    def note(_: Signed) -> None:
        raise UnavailableError("the disk is full")

    conversation = AgentConversation(note, lambda _: None)
    conversation.answer(bind(keys["host"]))
    conversation.open([Door("box", {keys["host"].public}, {"deploy"}, [keys["ed25519"]])])
    with pytest.raises(UnavailableError):
        conversation.answer(sign(keys["ed25519"], login(keys["ed25519"])))


def test_a_signature_is_of_the_key_and_the_data(keys) -> None:
    for kind, algorithm in (("ed25519", ED25519), ("ecdsa", b"ecdsa-sha2-nistp256"), ("rsa", b"rsa-sha2-256")):
        signature = keys[kind].sign(b"data", algorithm)
        verify(keys[kind].public, b"data", signature)
        for key, data in ((keys["other"].public, b"data"), (keys[kind].public, b"date"), (b"", b"data")):
            with pytest.raises(Malformed):
                verify(key, data, signature)
