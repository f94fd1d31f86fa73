"""Only the password of a URL is masked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    "postgres://app:⟦s3cr3t⟧@db:5432/orders",
    "postgresql+psycopg://app:⟦s3%40cr3t⟧@db/orders",
    "redis://:⟦s3cr3t⟧@cache/0",
    "https://x:⟦p@ss⟧@host/path?q=a@b",
    '"amqp://u:⟦p1⟧@a","amqp://u:⟦p2⟧@b"',
    "postgres://app@db/orders",
    "postgres://app:$PASSWORD@db/orders",
    "postgres://app:${PASSWORD}@db/orders",
    "postgres://app:<password>@db/orders",
    "postgres://app:***@db/orders",
    "postgres://user:password@host/db oracle://scott:tiger@host redis://:password@host",
    "postgres://admin:⟦password⟧@host/db",
    "http://host:8080/a@b",
    "ftp://user[:password]@other.host[:port]/some_dir mysql://USER:PASSWORD@HOST:PORT/DATABASE",
    "postgresql://db_user:%(secret:db_password)s@db_host/db ssh://(?:[^@]*@)?host",
    "https://host/path:80@x",
    "see https://example.com: mail a@b.org",
]


@pytest.mark.parametrize("marked", CASES)
def test_connection_uri(check: Callable[[str, str], None], marked: str) -> None:
    check("connection_uri", marked)
