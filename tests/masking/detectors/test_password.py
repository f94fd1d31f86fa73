"""Values beside telling names are found; what only stands for one, or names one, is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    # shells and env files
    "password=⟦hunter2⟧",
    "export PGPASSWORD=⟦s3cr3t⟧; psql",
    "DB_PASSWORD='⟦a b c⟧'",
    'TOKEN="⟦ab\\"cd⟧"',
    "MYSQL_PWD=⟦x9⟧ mysql",
    "API_KEY=⟦p@ss&w;rd,1⟧".replace(";", ""),
    "env GITLAB_TOKEN=⟦abc-def⟧ make",
    "password=$PASSWORD",
    "password=${DB_PASSWORD}",
    "password=${DB_PASSWORD:-}",
    "password=$(cat /run/secret)",
    "password=",
    'password=""',
    "password=***",
    "password=xxxxxxxx",
    "password=<password>",
    "password=[PASSWORD]",
    "token={{ vault_token }}",
    "secret=%s",
    # YAML
    "password: ⟦hunter2⟧",
    "  db_password: ⟦correct horse⟧ # a comment",
    'client_secret: "⟦q w⟧"',
    "- token: ⟦abc123def⟧",
    "password: null",
    "secret: true",
    "password: ''",
    "secretName: my-certificate",
    "tokens: 512",
    "token_type: bearer",
    # JSON, also inside a string
    '{"password": "⟦hunter2⟧", "n": 1}',
    '{"apiKey":"⟦k1⟧","clientSecret":"⟦k2⟧"}',
    '{\\"password\\": \\"⟦hunter2⟧\\"}',
    '{"password": null, "token": ""}',
    '{"max_tokens": 4096, "token": 12}',
    # TOML, INI, DSN, query strings
    'password = "⟦hunter2⟧"',
    "password = ⟦hunter two⟧",
    "host=db user=app password=⟦hunter2⟧ dbname=orders",
    "Server=db;Uid=app;Pwd=⟦hunter2⟧;Timeout=5",
    "GET /v1?token=⟦abc123⟧&page=2",
    "spring.datasource.password=⟦hunter2⟧",
    # flags and SQL
    "tool --password ⟦hunter2⟧ --verbose",
    "tool --password=⟦hunter2⟧ --verbose",
    "tool --api-key ⟦k-12⟧",
    "tool --password --verbose",
    "ALTER ROLE app PASSWORD NULL",
    # code
    "def f(password: str, token: Optional[str] = None):",
    "    self.password = password",
    "password = os.environ['X']",
    "password = getpass.getpass()",
    "client = Client(token=settings.token, secret=secret)",
    "const token = process.env.TOKEN",
    'client = Client(token="⟦abc123⟧")',
    "if password == other:",
    "def f(a, password: bytes | None = None):",
    "        password: str | None = None,",
    "    child.expect('Password:')",
    '    x = "dsn password=" + value',
    "        token: A reference to the previous one.",
    "PASSWORD=⟦Ab.cd⟧",
    "                token = Keyword.Type",
    "const dbPass = `⟦hunter2⟧`;",
    'let api_key: &str = "⟦k-12x⟧";',
    'const char secret[] = "⟦k-12x⟧";',
    'DB_PASSWORD: str = "⟦hunter2⟧"',
    'process.env.TOKEN || "⟦abc123⟧"',
    'STRIPE_SECRET_KEY_LIVE="⟦abc123⟧"',
    "kennwort: ⟦hunter2⟧",
    "    token = value",
    "    self.token = nextchar",
    "        token=None,",
    "    :param token: A bearer token dict",
    "  password: PasswordInput,",
    "{password=⟦monkey⟧, port=1}",
    "Server=db;Uid=app;Pwd=⟦monkey⟧;",
    '"nextToken": "Marker"',
    '<a accesskey="h" href="x">',
    "credentials: 'same-origin'",
    "const USE_CREDENTIALS = 'use-credentials'",
    "token = r'[^\\W\\d]\\w*'",
    "user_pass = '%s:%s' % (user, password)",
    "'PullParserToken' => '3.42',",
    "First pass: determine",
    "password=changeme",
    "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?}",
    '"confirmPassword": "Confirm password"',
    # prose, prompts and paths
    "Password: ",
    "Enter password:",
    "private_key: /etc/ssl/private/server.pem",
    "secret: https://vault.internal/ui",
    "the compass: north",
]


@pytest.mark.parametrize("marked", CASES)
def test_password(check: Callable[[str, str], None], marked: str) -> None:
    check("password", marked)
