"""What a program prints is lent; what it says on stderr, and how it was called wrongly, shows no secret."""

from __future__ import annotations

import os

import pytest

from guardcli.credentials.command import Command
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError

ENV = {"PATH": os.environ["PATH"], "TOKEN": "hunter2"}


@pytest.mark.parametrize(
    ("command", "password"),
    [
        ("echo hunter2", "hunter2"),
        ("printf '%s' 'with spaces; and $(no shell)'", "with spaces; and $(no shell)"),
        ("sh -c 'echo $TOKEN'", "hunter2"),
        ("""echo '{"password": "pw"}'""", "pw"),
    ],
)
def test_what_is_printed_is_lent(command: str, password: str) -> None:
    found = Command(ENV).lend(command, Purpose()).credential
    assert found.password is not None and found.password.reveal() == password


@pytest.mark.parametrize(
    "command", ["false", "no-such-program", "true", "", "'unfinished", "sh -c 'echo hunter2; exit 3'"]
)
def test_a_program_that_fails_lends_nothing(command: str) -> None:
    with pytest.raises(UnavailableError) as raised:
        Command(ENV).lend(command, Purpose())
    assert "hunter2" not in str(raised.value)
