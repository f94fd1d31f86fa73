"""A PostgreSQL with a few tables behind a gateway whose policy allows, asks, denies and masks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
from integration.gateway_rig import LOGGED, Rig, ServerLog, gateway
from integration.servers import postgres

POLICY = """
version: 1
name: statements
rules:
  - {id: reads, match: {tool: psql, effects: [read, session, write]}, decision: allow}
  - {id: own-functions, match: {tool: psql, effects: [read, unknown], targets: ["function:opened"], complete: false}, decision: allow}
  - {id: no-shape, match: {tool: psql, effects: [define, privilege, file, execute]}, decision: deny, message: Not here.}
  - {id: delete-asks, match: {tool: psql, effects: [delete], complete: true}, decision: approve}
mask:
  - {columns: [customers.email, archive.email, "*.ssn"], with: partial, keep_last: 4}
  - {detect: [credit_card, email, aws_key], with: redact}
"""
TABLES = """
CREATE TABLE customers (id int PRIMARY KEY, name text, email varchar(80), ssn bigint, note text);
INSERT INTO customers VALUES (1, 'Ann', 'ann@one.example', 123456789, 'card 4111111111111111'),
                             (2, 'Bo', 'bo@two.example', 987654321, NULL);
CREATE TABLE orders (id int, what text);
CREATE TABLE victims (id int);
INSERT INTO victims SELECT generate_series(1, 5);
CREATE VIEW contacts AS SELECT id, lower(email) AS contact, name FROM customers;
CREATE VIEW shouted AS SELECT id, upper(contact) AS loud, name FROM contacts;
CREATE TABLE archive (LIKE customers) PARTITION BY RANGE (id);
CREATE TABLE archive_old PARTITION OF archive FOR VALUES FROM (0) TO (100);
INSERT INTO archive SELECT * FROM customers;
ANALYZE customers;
CREATE FUNCTION opened(c refcursor) RETURNS refcursor LANGUAGE plpgsql AS
    $$ BEGIN OPEN c FOR SELECT lower(email) FROM customers; RETURN c; END $$;
"""


class Server:
    """The server behind the gateway, its log, and the gateway's rig."""

    def __init__(self, env: Mapping[str, str], rig: Rig) -> None:
        self.env = env
        self.rig = rig
        self._log = ServerLog(env)

    def log(self) -> str:
        """Return what the server has logged since the last call."""
        return self._log.new()

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(host=self.rig.env["PGHOST"], user="app", dbname="postgres", **options)

    def direct(self, **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(host=self.env["PGHOST"], user="app", dbname="postgres", **options)

    def psql(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        command = ["psql", "-XAt", *arguments]
        env = {**os.environ, **self.rig.env}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, **options)


@pytest.fixture(scope="module")
def database() -> Iterator[Mapping[str, str]]:
    with postgres(*LOGGED) as env:
        subprocess.run(["psql", "-Xqc", TABLES], env={**os.environ, **env}, check=True)
        yield env


@pytest.fixture
def server(database: Mapping[str, str]) -> Iterator[Server]:
    with gateway(database, POLICY) as rig:
        made = Server(database, rig)
        made.log()
        yield made
