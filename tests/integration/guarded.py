"""A PostgreSQL server that wants a password, and the policy of the sessions that reach it through a gateway."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

PASSWORD = f"correct-horse-battery-{secrets.token_hex(8)}"
"""Another one in each process, so that a run beside this one is not taken for a leak."""

POLICY = """
version: 1
name: gateway
resources:
  orders-db:
    kind: postgres
    host: {host}
    dbname: postgres
    credential: "file:{file}"
    expose: {expose}
    options: {options}
rules:
  - {{id: reads, match: {{tool: psql, effects: [read, session]}}, decision: allow}}
  - {{id: writes, match: {{tool: psql, effects: [read, write, session]}}, decision: allow}}
  - {{id: drops, match: {{tool: psql, effects: [define, delete]}}, decision: deny, message: Not here.}}
"""


class Database:
    """A server that lets nobody in without a password."""

    def __init__(self, env: dict[str, str]) -> None:
        self.host = env["PGHOST"]
        self.env = {**os.environ, **env}
        self.sql("CREATE TABLE orders AS SELECT n AS id, 'item ' || n AS item FROM generate_series(1, 5) AS n")
        self.sql(f"CREATE ROLE reporting LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
        self.sql("ALTER SYSTEM SET log_statement = 'all'")
        self.sql("SELECT pg_reload_conf()")
        data = Path(self.sql("SHOW data_directory").strip())
        (data / "pg_hba.conf").write_text("local all app trust\nlocal all all scram-sha-256\n")
        self.sql("SELECT pg_reload_conf()")

    def sql(self, text: str) -> str:
        done = subprocess.run(
            ["psql", "-XAtq", "-c", text], env=self.env, capture_output=True, text=True, check=True, timeout=600
        )
        return done.stdout
