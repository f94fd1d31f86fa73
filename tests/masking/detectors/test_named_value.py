"""A value is found where a name that tells stands beside it, on its line or before; words and names are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    # XML and its kin
    "<password>⟦Tr0ub4dor⟧</password>",
    "<db:secretKey a='b'>⟦Tr0ub4dor⟧</db:secretKey>",
    "<db.password>${env.PW}</db.password>",
    "<password></password>",
    "mysql://<username>:<password>@<host>/",
    "(?P<token>[A-Z0-9]+)/?",
    "<compass>north</compass>",
    '<add key="apiKey" value="⟦Tr0ub4dor⟧"/>',
    '<add key="colour" value="Tr0ub4dor"/>',
    '<entry key="db.password">⟦Tr0ub4dor⟧</entry>',
    "<key>apiToken</key>\n<string>⟦Tr0ub4dor⟧</string>\n<key>b</key>\n<string>Tr0ub4dor</string>\n",
    # pairs of a name and a value
    '{"name": "DB_PASSWORD", "value": "⟦Tr0ub4dor⟧"}',
    '{"name":"DB_HOST","value":"Tr0ub4dor"}',
    "- {name: API_KEY, value: ⟦Tr0ub4dor⟧}",
    "- name: DB_PASSWORD\n  value: ⟦correct horse⟧\n",
    "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n      key: x\n",
    "- name: DB_HOST\n  value: Tr0ub4dor\n",
    '  "name": "api_token",\n  "value": "⟦Tr0ub4dor⟧"\n',
    '  "name": "api_token",\n  "in": "query"\n},\n{\n  "name": "x",\n  "value": "y"\n',
    'variable "db_password" {\n  type = string\n  default = "⟦Tr0ub4dor⟧"\n}\n',
    'variable "region" {\n  default = "eu-west-1"\n}\n',
    'output "token" { value = "⟦Tr0ub4dor⟧" }',
    "machine h\n  login app\n  password ⟦Tr0ub4dor⟧\n",
    # arguments
    'os.Setenv("DB_PASSWORD", "⟦correct⟧")',
    "define('AUTH_KEY', '⟦put-it |nDy⟧');",
    "define('AUTH_KEY',         '⟦fWc5BaFFOr-IjvGrxLj-WDm3⟧');",
    'os.environ.get("TOKEN", "⟦Tr0ub4dor⟧")',
    '("password", "⟦Tr0ub4dor⟧")',
    '("password", "username")',
    'Column("password", "Password is required")',
    'client.setPassword("⟦Tr0ub4dor⟧")',
    'self.set_password("service1", "user")',
    'getPassword("prompt")',
    'ask_password("Password: ")',
    # directives, SQL, sentences
    "ENV API_TOKEN ⟦Tr0ub4dor⟧",
    "ENV PATH /usr/bin",
    "setenv DB_PASSWORD ⟦Tr0ub4dor⟧",
    "set the token here",
    '#define API_KEY "⟦Tr0ub4dor⟧"',
    '#define SSL_TXT_kPSK "kPSK"',
    "#define EVP_R_HMAC_KEY 174",
    "#define set_encrypt_key nettle_camellia128_set_encrypt_key",
    "FunctionPass *createBoundsCheckingLegacyPass();",
    "ALTER ROLE app PASSWORD '⟦hunter2⟧';",
    "ALTER ROLE app PASSWORD NULL",
    "CREATE USER 'x' IDENTIFIED BY '⟦hunter2⟧'",
    'ALTER USER x IDENTIFIED BY "⟦hunter two⟧"',
    "a path identified by the passed name",
    "SET PASSWORD FOR 'x'@'h' = PASSWORD('⟦hunter⟧');",
    'PASSWORD "⟦Tr0ub4dor⟧"',
    "password '⟦Tr0ub4dor⟧' was refused",
    "the password `is` used",
    "your password is: ⟦Tr0ub4dor⟧",
    "password is incorrect.",
    "new token -> ⟦Tr0ub4dor⟧",
    "db_password ⟦Tr0ub4dor⟧",
    "password required",
    "kpasswd 464/tcp",
    # what a line announces
    '"db_password": {\n  "value": "⟦Tr0ub4dor⟧",\n  "type": "string"\n},\n"value": "Tr0ub4dor"',
    '"db_host": {\n  "value": "Tr0ub4dor"\n}',
    '"type": "random_password",\n"attributes": {\n  "length": 9,\n'
    '  "result": "⟦Tr0ub4dor⟧"\n}\n],\n"result": "Tr0ub4dor"',
    '"Name": "/prod/db/password",\n"Type": "SecureString",\n"Value": "⟦Tr0ub4dor⟧",\n"Version": 3',
    '"Name": "/prod/db/host",\n"Type": "String",\n"Value": "Tr0ub4dor"',
    '"keyName": "key1",\n"value": "⟦BQS9mIYc⟧"\n',
    '"Jwt": {\n  "Key": "⟦Tr0ub4dor⟧",\n  "Issuer": "Tr0ub4dor"\n}',
    '1) "requirepass"\n2) "⟦correct horse⟧"\n',
    '1) "maxmemory"\n2) "100000000"\n',
    "Password for the [elastic] user successfully reset.\nNew value: ⟦O9aJwliGWrM7k⟧\n",
    "Please use the following password to proceed:\n\n⟦a8f8841be70245df0dbcd6c951b60b8d⟧\n\nThis may be found at: /x\n",
    "Enter the new password and choose:\n\nwith care\n",
    "<auth-user-pass>\n⟦app⟧\n⟦correct horse⟧\n</auth-user-pass>\nremote x\n",
    "Your recovery codes:\n  ⟦50760-6bfd6⟧\n  ⟦1a2b3-c4d5e⟧\n\nKeep them.\n",
    "copy the following enrollment token:\n  ⟦fKWKxt0L8IlpQxSqJHQrRFXnANHOx75e⟧\n",
    "Password for the elastic user (reset with `x -u elastic`):\n  ⟦vq5nICWqWcLY4jqqYJpb⟧\n",
    '1) "db_password"\n2) "⟦Tr0ub4dor⟧"\n3) "db_user"\n4) "app"\n',
    "/config/db/password\n⟦Tr0ub4dor⟧\n/config/db/user\napp\n",
    "/etc/app/secret\n/etc/app/t0ken4x\n",
    "Your API key has been created: ⟦GI7Lu3WDKeXCagSUdpzyYdRJ⟧ now",
    # by its place in a list
    "INSERT INTO users (login, password, n) VALUES ('app', '⟦correct horse⟧', 1), ('b', '⟦it''s (x), y⟧', now())",
    "INSERT INTO t (id, name) VALUES (1, 'Tr0ub4dor')",
    "insert into `k` (`owner`, `secret_key`) values ('Tr0ub4dor', '⟦zDFDjMiK0h9p4xHC⟧')",
    "INSERT INTO users (login, password) VALUES (?, ?) -- ('a', 'Tr0ub4dor')",
    # told in other words
    "login failed for ann with password ⟦Falcon@0678⟧, with password authentication",
    "password........................⟦Tr0ub4dor⟧\npassword........................<masked>\n",
    '  ~ password = "Tr0ub4dor1" -> "⟦Tr0ub4dor2⟧"\n  ~ name = "a1b2c3d4" -> "Tr0ub4dor"',
    "New password for app: ⟦Tr0ub4dor⟧\nPassword for app: \n",
    'Content-Disposition: form-data; name="password"\r\n\r\n⟦Tr0ub4dor⟧\r\n--x\r\n',
    'Content-Disposition: form-data; name="title"\r\n\r\nTr0ub4dor\r\n--x\r\n',
    '<input type="password" name="pw" value="⟦Tr0ub4dor⟧"> <input type="text" name="id" value="Tr0ub4dor">',
    '{"adminPassword":{"value":"⟦Tr0ub4dor⟧"},"name":{"value":"Tr0ub4dor"}}',
    '"dbPassword": {"sensitive": true, "type": "string", "value": "⟦Tr0ub4dor⟧"}',
    "password:  16 bytes",
    "user@host.example passwords: user@db1",
    # an argument on a line of its own, as lists of YAML and JSON and kubectl describe have them
    "args:\n- --db-password\n- ⟦Tr0ub4dor⟧\n- --verbose\n- Tr0ub4dor\n",
    '"Cmd": [\n  "--api-key",\n  "⟦Tr0ub4dor⟧",\n  "--name",\n  "Tr0ub4dor"\n]\n',
    "    Args:\n      --requirepass\n      ⟦Tr0ub4dor⟧\n      --token\n      --port\n",
    "  --password\n  the password to log in with\n  --token\n  TOKEN\n",
    # a value on the line behind its name
    "username\nbob\npassword\n⟦Tr0ub4dor⟧\n",
    "requirepass\n⟦Tr0ub4dor⟧\n",
    "username\npassword\ncreated_at\n",
    '{\n  "password":\n    "⟦Tr0ub4dor⟧"\n}\n{\n  "title":\n    "Tr0ub4dor"\n}\n',
    "<password>\n  ⟦Tr0ub4dor⟧\n</password>\n<title>\n  Tr0ub4dor\n</title>\n",
    'password = """\n⟦Tr0ub4dor⟧"""\ntitle = """\nTr0ub4dor"""\n',
    # outputs that terraform keeps to itself, whatever they are called
    '"conn": {\n  "sensitive": true,\n  "type": "string",\n  "value": "⟦Tr0ub4dor⟧"\n}\n',
    '"conn": {\n  "sensitive": false,\n  "type": "string",\n  "value": "Tr0ub4dor"\n}\n',
    # Consul's key and tokens
    'encrypt = "⟦pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=⟧"',
    '{"encrypt": "⟦pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=⟧", "encrypt_verify_incoming": true}',
    "consul agent -encrypt ⟦pUqJrVyVRj5jsiYEkM/tFQ==⟧ -join b\nencrypt pUqJrVyVRj5jsiYEkM of x",
    '{"acl": {"tokens": {"agent": "⟦3f2b8c1e-9d4a-4f6b-8e2d-1a7c5b9e0d3f⟧"}}}',
    '{"nodes": {"agent": "3f2b8c1e-9d4a-4f6b-8e2d-1a7c5b9e0d3f"}}',
    'tokens {\n  agent = "⟦3f2b8c1e-9d4a-4f6b-8e2d-1a7c5b9e0d3f⟧"\n  ttl = "3f2b8c1e-9d4a-4f6b-8e2d-1a7c5b9e0d3f"\n}\n',
    # git's word diffs
    "password = [-⟦Tr0ub4dor⟧-]{+⟦Falcon@0678⟧+}\ntitle = [-Tr0ub4dor-]{+Falcon@0678+}\n",
    # columns, whatever draws their table
    "│ id │ password  │\n├────┼───────────┤\n│  1 │ ⟦Tr0ub4dor⟧ │\n└────┴───────────┘\n",
    "┃ id ┃ password  ┃\n┡━━━━╇━━━━━━━━━━━┩\n│ 1  │ ⟦Tr0ub4dor⟧ │\n└────┴───────────┘\n",
    "User name,Secret access key,Link\nann,⟦VtXH8/85M3OnBJUIaJfM6SfbDuFHfmzB8giqNPVu⟧,x\n",
]


@pytest.mark.parametrize("marked", CASES)
def test_named_value(check: Callable[[str, str], None], marked: str) -> None:
    check("named_value", marked)
