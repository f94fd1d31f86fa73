"""What a form around it gives away is masked alike over every split in two, and no tail of it gets out in a silence."""

from __future__ import annotations

import pytest

from guardcli.masking import DEFAULT_RULES, Masker

MASKER = Masker(DEFAULT_RULES, key=bytes(32))
SECRET = "Tr0ub4dor and3 more"
WORD = "Tr0ub4dor+and/3=more"
LINES = (
    f"<VaultSecretKey>{SECRET}</VaultSecretKey>",
    f"<property name='secret'>{SECRET}</property>",
    f'<add key="apiKey" value="{SECRET}"/>',
    f"<key>passphrase</key>\n<string>{SECRET}</string>",
    f'{{"name": "DB_PASSWORD", "value": "{SECRET}"}}',
    f'- name: DB_PASSWORD\n  value: "{SECRET}"',
    f'variable "token" {{\n  default = "{SECRET}"\n}}',
    f'withRefreshToken("{SECRET}")',
    f'os.Setenv("TOKEN", "{SECRET}")',
    f"GRANT ALL ON x.* TO app IDENTIFIED BY '{SECRET}'",
    f"ALTER ROLE app PASSWORD '{SECRET}';",
    f"sshpass -p'{SECRET}' ssh h",
    f"echo 'app:{WORD}' | chpasswd",
    f"mysql -u root -p'{SECRET}' db",
    f'auth=("app", "{SECRET}")',
    f"db_password: |\n  {SECRET}\n",
    f"your password is: {WORD}",
    f"export DB_TOKEN='{SECRET}'",
    f'<bean><property value="{SECRET}" type="x" name="password"/></bean>',
    f'{{"env": [{{"value": "{SECRET}", "name": "DB_PASSWORD"}}]}}',
    f"HOME=/root\0DB_PASSWORD={SECRET}\0PATH=/bin\0",
    f"db:\n  ? password\n  : {SECRET}\n",
    f"password = <<EOF\n{SECRET}\nEOF",
    f"<password><![CDATA[{SECRET}]]></password>",
    f"evil-winrm -u ann -p '{SECRET}'",
    f'DB_PASSWORD="Tr0ub\n{SECRET}"',
)


@pytest.mark.parametrize("line", LINES)
def test_a_form_is_masked_alike_wherever_it_is_cut(line: str) -> None:
    data = (line + "\n").encode()
    secret = (SECRET if SECRET in line else WORD).encode()
    whole = MASKER.stream()
    wanted = whole.feed(data) + whole.finish()
    assert secret not in wanted
    for place in range(1, len(data)):
        stream = MASKER.stream()
        assert stream.feed(data[:place]) + stream.feed(data[place:]) + stream.finish() == wanted, place
        if place > 4:
            stream = MASKER.stream()
            out = stream.feed(data[:place]) + stream.idle() + stream.idle() + stream.idle()
            out += stream.feed(data[place:]) + stream.finish()
            assert secret not in out and secret[-8:] not in out, (place, out)
