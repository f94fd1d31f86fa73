"""A server that no resource names, over TCP with TLS: the call's own terms hold between the gateway and the server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from integration.authority import Authority
from integration.servers import free_port, postgres

POLICY = """
version: 1
name: unnamed
rules:
  - {id: reads, match: {tool: psql, effects: [read, session]}, decision: allow}
  - {id: drops, match: {tool: psql, effects: [define, delete]}, decision: deny, message: Not here.}
"""
HBA = """
local all all trust
hostssl all all all scram-sha-256
"""
SECRET = "tls-and-scram-together"


@dataclass(frozen=True)
class Server:
    """A server that takes nobody over TCP without TLS; `ca` has signed its certificate, `other` has not."""

    port: int
    ca: Path
    other: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("tls")
    ca, other = Authority(place, "ca"), Authority(place, "other")
    served = Path(f"/tmp/gtlse{os.getpid()}")
    served.mkdir(mode=0o755)
    try:
        certificate, key = (Path(shutil.copy(file, served)) for file in ca.issue("localhost"))
        if os.getuid() == 0:
            shutil.chown(key, "nobody", "nogroup")
        key.chmod(0o600)
        port = free_port()
        settings = ["ssl=on", f"ssl_cert_file={certificate}", f"ssl_key_file={key}", f"port={port}"]
        with postgres(*settings, "listen_addresses=127.0.0.1", hba=HBA) as env:
            role = f"CREATE ROLE bob LOGIN PASSWORD '{SECRET}'"
            subprocess.run(["psql", "-XAtqc", role], env={**os.environ, **env}, check=True, capture_output=True)
            yield Server(port, ca.file, other.file)
    finally:
        shutil.rmtree(served)


def test_tls_is_spoken_to_the_server_as_the_call_says_and_statements_are_judged(
    shared_sandbox: Any, server: Server
) -> None:
    sandbox = shared_sandbox
    sandbox.policy.write_text(POLICY)
    sandbox.env |= {"PGPASSWORD": SECRET, "PGUSER": "bob", "PGDATABASE": "postgres", "PGHOST": "localhost"}
    sandbox.env["PGPORT"] = str(server.port)
    secured = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    done = sandbox.script(
        f"psql -XAt 'sslmode=verify-full sslrootcert={server.ca}' -c '{secured}';"
        f"psql -XAt 'sslmode=require' -c '{secured}';"
        f"echo 'DROP TABLE gone' | psql -XAt 'sslmode=verify-full sslrootcert={server.ca}';"
        f"psql -XAt 'sslmode=verify-full sslrootcert={server.other}' -c 'SELECT 1'; echo other $?;"
        f"psql -XAt 'host=127.0.0.1 sslmode=verify-full sslrootcert={server.ca}' -c 'SELECT 1'; echo name $?;"
        "psql -XAt sslmode=disable -c 'SELECT 1'; echo none $?;"
        "PGPASSWORD=wrong psql -XAt sslmode=require -c 'SELECT 1'; echo wrong $?"
    )
    said = done.stdout.splitlines()
    assert said == ["t|TLSv1.3", "t|TLSv1.3", "other 2", "name 2", "none 2", "wrong 2"], done.stdout + done.stderr
    assert "denied by rule drops" in done.stderr
    assert "certificate" in done.stderr and "no encryption" in done.stderr and "authentication failed" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    statements = [event["data"] for event in sandbox.events(type="judged") if "statement_sha256" in event["data"]]
    assert [(one["verdict"], one["user"]) for one in statements] == [("allow", "bob")] * 2


@pytest.mark.parametrize("word", ["direct", "deny"])
def test_a_policy_says_what_a_server_gets_that_it_does_not_name(shared_sandbox: Any, server: Server, word: str) -> None:
    sandbox = shared_sandbox
    sandbox.policy.write_text(POLICY + f"unknown_servers: {word}\n")
    sandbox.env |= {"PGPASSWORD": SECRET, "PGUSER": "bob", "PGDATABASE": "postgres"}
    done = sandbox.script(
        f"psql -XAt -h localhost -p {server.port} -c 'SELECT 1'; echo $?;"
        f"psql -XAt -h localhost,127.0.0.1 -p {server.port} -c 'SELECT 2'; echo $?;"
        "psql -XAt -h /nowhere -c 'SELECT 3' 2>&1 | grep -c 'unknown-server'; psql --version | grep -c PostgreSQL"
    )
    direct, denied = ["1", "0", "2", "0", "0", "1"], ["77", "77", "1", "1"]
    assert done.stdout.splitlines() == (direct if word == "direct" else denied), done.stdout + done.stderr
    wire = [event for event in sandbox.events(type="judged") if "statement_sha256" in event["data"]]
    assert not wire
