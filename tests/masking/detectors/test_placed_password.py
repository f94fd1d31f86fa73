"""Passwords are found where programs and formats have a place for them, and only there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
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
    "list:*:20228:0:99999:7:::",
    "mongosh -u app -p ⟦Tr0ub4dor⟧ h",
    "mkdir -p build/x",
    "ldapsearch -x -D cn=app -w ⟦Tr0ub4dor⟧ -b dc=x",
    "openssl rsa -in k.pem -passin pass:⟦Tr0ub4dor⟧",
    "keytool -list -storepass ⟦Tr0ub4dor⟧ -keystore k",
    "smbclient //h/s -U app%⟦Tr0ub4dor⟧",
    "sqlcmd -S db -U sa -P ⟦Tr0ub4dor⟧",
    "unzip -P ⟦Tr0ub4dor⟧ a.zip",
    "unzip a.zip -d out",
    "7z x -p⟦Tr0ub4dor⟧ a.7z",
    "htpasswd -b .htpasswd app ⟦Tr0ub4dor⟧",
    "echo 'app:⟦Tr0ub4dor⟧' | chpasswd",
    "echo Tr0ub4dor | grep x",
    "net use Z: \\\\h\\s /user:app ⟦Tr0ub4dor⟧",
    "sqlplus app/⟦Tr0ub4dor⟧@ORCL",
    "sqlplus /nolog",
    "jdbc:oracle:thin:app/⟦Tr0ub4dor⟧@db:1521:X",
    "app:⟦Tr0ub4dor⟧@tcp(db:3306)/x",
    "requests.get(u, auth=('app', '⟦Tr0ub4dor⟧'))",
    "snmp-server community ⟦Tr0ub4dor⟧ RO",
    "snmp-server community public RO",
    "enable secret ⟦Tr0ub4dor⟧",
    "username app password 7 ⟦0822455D0A16⟧",
    "vault login ⟦s.Tr0ub4dor⟧",
    "db_password: |\n  ⟦Tr0ub4dor⟧\n  ⟦more of it⟧\nuser: x\n",
    "- password: >-\n    ⟦Tr0ub4dor⟧\n  user: x\n",
    "description: |\n  Tr0ub4dor\n",
]


@pytest.mark.parametrize("marked", CASES)
def test_placed_password(check: Callable[[str, str], None], marked: str) -> None:
    check("placed_password", marked)
