"""The way to the real server: TLS and every login against a real PostgreSQL, and servers that lie."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.authority import Authority
from integration.servers import free_port, postgres

from guardcli.gateways.postgres.target import Target, TlsTerms
from guardcli.gateways.postgres.upstream import CannotConnect, log_in
from guardcli.model.credentials import Credential
from guardcli.model.errors import ConfigurationError
from guardcli.model.resources import Tls
from guardcli.model.secrets import Secret

SECRET = "s3cret, with = and ☂"
HBA = """
local all app trust
local all all reject
hostssl all scram all scram-sha-256
hostnossl all plainscram all scram-sha-256
host all hashed all md5
host all clear all password
hostssl all cert all cert
host all trusted all trust
"""


class Secured:
    """A real server with TLS on the loopback."""

    def __init__(self, port: int, ca: Path, other: Path, client: tuple[Path, Path]) -> None:
        self.port, self.ca, self.other, self.client = port, ca, other, client

    def target(self, mode: Tls = Tls.VERIFY_FULL, host: str = "localhost", **more: object) -> Target:
        tls = {"authority": str(self.ca), **more}
        return Target("db", host, self.port, tls=TlsTerms(mode, **tls))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    place = tmp_path_factory.mktemp("tls")
    ca, other = Authority(place, "ca"), Authority(place, "other")
    certificate, key = ca.issue("localhost")
    client = ca.issue("cert")
    served = Path(f"/tmp/gtls{os.getpid()}")
    served.mkdir(mode=0o755)
    try:
        for source in (certificate, key, ca.file):
            shutil.copy(source, served)
            if os.getuid() == 0:
                shutil.chown(served / source.name, "nobody", "nogroup")
        (served / key.name).chmod(0o600)
        port = free_port()
        files = [f"ssl_{name}={served}/{file.name}" for name, file in (("cert_file", certificate), ("key_file", key))]
        settings = ["ssl=on", *files, f"ssl_ca_file={served}/ca.pem", f"port={port}", "listen_addresses=127.0.0.1"]
        with postgres(*settings, hba=HBA) as env:
            roles = "; ".join(
                f"SET password_encryption = '{'md5' if name == 'hashed' else 'scram-sha-256'}'; "
                f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'"
                for name in ("scram", "plainscram", "hashed", "clear", "cert", "trusted")
            )
            full = {**os.environ, **env}
            subprocess.run(["psql", "-XAtqc", roles], env=full, check=True, capture_output=True)
            yield Secured(port, ca.file, other.file, client)
    finally:
        shutil.rmtree(served)


def enter(target: Target, user: str, password: str | None = SECRET) -> dict[str, str]:
    """Log in and leave; return what the server said of its settings."""

    async def whole() -> dict[str, str]:
        credential = Credential(None if password is None else Secret(password), user)
        found = await log_in(target, {"user": user, "database": "postgres"}, credential)
        assert found.key is not None and found.ready == b"Z\0\0\0\5I"
        found.wire.abort()
        await asyncio.sleep(0)
        return {one.name.decode(): one.value.decode() for one in found.settings}

    return asyncio.run(whole())


@pytest.mark.parametrize("user", ["scram", "hashed", "clear", "trusted"])
def test_every_login_over_tls(secured: Secured, user: str) -> None:
    assert enter(secured.target(), user)["session_authorization"] == user


def test_a_client_certificate(secured: Secured) -> None:
    certificate, key = secured.client
    target = secured.target(certificate=str(certificate), key=str(key))
    assert enter(target, "cert", None)["session_authorization"] == "cert"
    with pytest.raises(CannotConnect):
        enter(secured.target(), "cert", None)


def test_channel_binding_is_used_and_can_be_required(secured: Secured) -> None:
    assert enter(secured.target(binding="require"), "scram")
    for user in ("hashed", "trusted"):
        with pytest.raises(CannotConnect, match="channel binding"):
            enter(secured.target(binding="require"), user)
    assert enter(secured.target(binding="disable"), "scram")


def test_without_tls_only_what_gives_the_password_away_is_refused(secured: Secured) -> None:
    plain = secured.target(Tls.DISABLE, "127.0.0.1")
    assert enter(plain, "plainscram") and enter(plain, "hashed") and enter(plain, "trusted")
    with pytest.raises(CannotConnect, match="without TLS"):
        enter(plain, "clear")


@pytest.mark.parametrize("user", ["scram", "hashed", "clear"])
def test_a_wrong_password_is_told_in_the_servers_words_and_not_shown(secured: Secured, user: str) -> None:
    with pytest.raises(CannotConnect, match="authentication failed") as raised:
        enter(secured.target(), user, "wr0ng")
    assert raised.value.sqlstate == "28P01" and "wr0ng" not in str(raised.value)


@pytest.mark.parametrize(
    ("mode", "host", "which", "fine"),
    [
        (Tls.VERIFY_FULL, "localhost", "ca", True),
        (Tls.VERIFY_FULL, "127.0.0.1", "ca", False),
        (Tls.VERIFY_FULL, "localhost", "other", False),
        (Tls.VERIFY_CA, "127.0.0.1", "ca", True),
        (Tls.VERIFY_CA, "127.0.0.1", "other", False),
        (Tls.REQUIRE, "127.0.0.1", "other", True),
        (Tls.PREFER, "127.0.0.1", "other", True),
    ],
)
def test_who_the_server_is_counts_as_far_as_the_policy_says(secured: Secured, mode, host, which, fine) -> None:
    target = secured.target(mode, host, authority=str(secured.ca if which == "ca" else secured.other))
    if fine:
        assert enter(target, "scram")
    else:
        with pytest.raises(CannotConnect, match="not who it should be"):
            enter(target, "scram")


def test_files_that_are_no_certificates_are_told(secured: Secured, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("nothing")
    for more in ({"authority": str(tmp_path / "bad.pem")}, {"authority": "/nowhere"}, {"certificate": "/nowhere"}):
        with pytest.raises(ConfigurationError):
            enter(secured.target(**more), "scram")


# -- servers that lie --


def against(*answers: bytes, mode: Tls = Tls.DISABLE, password: str = SECRET) -> str:
    """Log in at a server that says `answers`, one after each thing it hears; return how that failed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.append(asyncio.current_task())
        for answer in answers:
            heard.append(await reader.read(65536))
            writer.write(answer)
        if answers[-1]:
            heard.append(await reader.read(65536))
        writer.close()

    async def whole() -> str:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        target = Target("db", "127.0.0.1", server.sockets[0].getsockname()[1], tls=TlsTerms(mode))
        try:
            await log_in(target, {"user": "ann", "database": "x"}, Credential(Secret(password), "ann"))
        except CannotConnect as refused:
            return refused.message
        finally:
            server.close()
            await asyncio.wait(talking, timeout=60)
        raise AssertionError("it let us in")

    heard: list[bytes] = []
    talking: list[asyncio.Task[None] | None] = []
    message = asyncio.run(whole())
    assert not any(password.encode() in one for one in heard)
    return message


def message(kind: str, body: bytes) -> bytes:
    return kind.encode() + struct.pack(">I", len(body) + 4) + body


OK = message("R", struct.pack(">I", 0))
LIES = [
    ("clear text without TLS", [message("R", struct.pack(">I", 3))], "without TLS"),
    ("ready at once", [b"Z\0\0\0\5I"], "before the login was complete"),
    ("a row at once", [message("D", b"\0\0")], "before the login was complete"),
    ("an error without end", [b"E\x7f\xff\xff\xff"], "impossible length"),
    ("lengths of 3", [b"R\0\0\0\3"], "impossible length"),
    ("no PostgreSQL", [b"HTTP/1.1 400 Bad Request\r\n\r\n"], "type|length"),
    ("an error", [message("E", b"SFATAL\0C28000\0Mgo away\0\0")], "go away"),
    ("a long error", [message("E", b"M" + b"x" * 5000 + b"\0\0")], "x{512}$"),
    ("yes in the middle of SCRAM", [message("R", struct.pack(">I", 10) + b"SCRAM-SHA-256\0\0"), OK], "shown"),
    ("no key but two", [OK + message("K", bytes(8)) + message("K", bytes(8))], "something else"),
    ("a statement's end before it is ready", [OK + message("C", b"SELECT 1\0")], "something else"),
    ("settings for ever", [OK + message("S", b"a\0b\0") * 500], "come to the point"),
    ("notices for ever", [message("N", b"\0") * 500], "come to the point"),
    ("the end", [b""], "closed the connection"),
]


@pytest.mark.parametrize(("answers", "said"), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES])
def test_a_server_that_lies_is_left(answers: list[bytes], said: str) -> None:
    assert re.search(said, against(*answers))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"N", "does not speak TLS"),
        (b"E" + b"\0\0\0\x20SFATAL\0Mlook here\0\0", "did not answer the request for TLS"),
        (b"S" + b"R\0\0\0\x08\0\0\0\0", "in clear text before TLS"),
        (b"S" + message("E", b"Minjected\0\0"), "in clear text before TLS"),
        (b"G", "did not answer the request for TLS"),
        (b"", "did not answer the request for TLS"),
    ],
)
@pytest.mark.parametrize("mode", [Tls.VERIFY_FULL, Tls.REQUIRE])
def test_nothing_passes_in_clear_text_where_tls_is_asked_for(answer: bytes, said: str, mode: Tls) -> None:
    found = against(answer, mode=mode)
    assert said in found
    assert "injected" not in found and "look here" not in found


def test_a_server_that_is_not_there_is_told() -> None:
    async def whole(target: Target) -> None:
        await log_in(target, {"user": "ann"}, Credential(None))

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(CannotConnect, match="cannot be reached: Connection refused"):
            asyncio.run(whole(Target("db", "127.0.0.1", port)))
    with pytest.raises(CannotConnect, match="cannot be reached"):
        asyncio.run(whole(Target("db", "no-such-host.invalid")))


# -- a server that the client logs in to by itself --


@pytest.mark.parametrize("user", ["scram", "hashed", "clear", "trusted"])
def test_the_questions_of_a_server_are_passed_on(secured: Secured, stage, psql, user: str) -> None:
    stage.gateway(secured.target())
    way = {"PGUSER": user, "PGPASSWORD": SECRET}
    done = psql(stage.directory, "-c", "SELECT session_user", env=way)
    assert (done.stdout, done.returncode) == (f"{user}\n", 0), done.stderr
    if user != "trusted":
        done = psql(stage.directory, "-c", "SELECT 1", env={**way, "PGPASSWORD": "wr0ng"})
        assert done.returncode == 2 and "authentication failed" in done.stderr


def test_something_else_in_place_of_an_answer_ends_it(secured: Secured, stage) -> None:
    _, keeper = stage.gateway(secured.target())
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"{stage.directory}/.s.PGSQL.5432")
        client.settimeout(60)
        pairs = b"user\0scram\0database\0postgres\0\0"
        client.sendall(struct.pack(">II", len(pairs) + 8, 3 << 16) + pairs)
        client.recv(65536)
        client.sendall(message("Q", b"SELECT 1\0"))
        found = b""
        while chunk := client.recv(65536):
            found += chunk
    assert b"FATAL" in found and b"in place of an answer" in found
    assert keeper.met[0].settings == {}
