"""Passwords are found where programs and formats have a place for them, and only there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    "<password>⟦Tr0ub4dor⟧</password>",
    "<db.password>${env.PW}</db.password>",
    "<password></password>",
    '<add key="apiKey" value="⟦Tr0ub4dor⟧"/>',
    '<add key="colour" value="Tr0ub4dor"/>',
    "u=1&password%3D⟦Tr0ub4dor⟧%26x",
    "machine h login u password ⟦Tr0ub4dor⟧",
    "the login of the password page",
    "requirepass ⟦Tr0ub4dor⟧",
    "# requirepass is the option for that",
    "curl -s -u user:⟦Tr0ub4dor⟧ https://x",
    "curl --user 'user:⟦Tr0ub4dor⟧' https://x",
    "docker run --user 1000:1000 x",
    "sshpass -p '⟦Tr0 ub4dor⟧' ssh x",
    "sshpass -p $PW ssh x",
    "mysql -u root -p⟦Tr0ub4dor⟧ db",
    "mysql -u root -p db",
    "gcc -pthread x.c",
    "docker login -u x -p ⟦Tr0ub4dor⟧ host",
    "docker run -p 8080:80 x",
    "redis-cli -h x -a ⟦Tr0ub4dor⟧ ping",
    "kubectl create secret generic x --from-literal=pw=⟦Tr0ub4dor⟧ --from-literal=b=⟦x9⟧",
    "echo ⟦Tr0ub4dor⟧ | docker login -u x --password-stdin",
    "cat file | docker login -u x --password-stdin",
    "db.host:5432:orders:app:⟦Tr0ub4dor⟧",
    "src/main.c:5:10: note: x:y",
    "setx API_TOKEN ⟦Tr0ub4dor⟧",
    "set the token here",
    "db_password: |\n  ⟦Tr0ub4dor⟧\n  ⟦more of it⟧\nuser: x\n",
    "- password: >-\n    ⟦Tr0ub4dor⟧\n  user: x\n",
    "description: |\n  Tr0ub4dor\n",
]


@pytest.mark.parametrize("marked", CASES)
def test_placed_password(check: Callable[[str, str], None], marked: str) -> None:
    check("placed_password", marked)
