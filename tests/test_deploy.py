"""What is to be deployed says what guard understands: its settings load, its commands are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from guardcli.api.config import load_config
from guardcli.cli.api import command

DEPLOY = Path(__file__).parent.parent / "deploy"


def test_the_settings_are_understood_also_with_what_they_show_as_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DEPLOY / "api.yaml").read_text()
    assert load_config(DEPLOY / "api.yaml", {}).public_url == "https://guard.example"
    (tmp_path / "hook").write_text("a secret")
    monkeypatch.setenv("GUARD_CHAT_URL", "json://chat.example")
    whole = re.sub(r"^(issuers|channels): \[\]$", r"\1:", text, flags=re.M)
    whole = re.sub(r"^#( +)", r"\1", whole, flags=re.M).replace("/run/secrets", str(tmp_path))
    (tmp_path / "api.yaml").write_text(whole.replace(whole.splitlines()[0], ""))
    config = load_config(tmp_path / "api.yaml", {})
    assert [issuer.name for issuer in config.issuers] == ["corp"]
    assert [channel.name for channel in config.channels] == ["chat", "hook"]


def options(words: list[str]) -> set[str]:
    found = command.get_command(click.Context(command), words[0])
    assert found is not None, words
    known = {option for parameter in found.params for option in parameter.opts}
    return {word for word in words if word.startswith("--")} - known


def test_the_commands_are_guards_own() -> None:
    unit = (DEPLOY / "guard-api.service").read_text()
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert options(shlex.split(line)[2:]) == set()
    image = (DEPLOY / "Containerfile").read_text()
    words = re.search(r"^CMD (\[.*\])$", image, re.M)
    assert words is not None and options(yaml.safe_load(words[1])) == set()


def test_the_services_find_each_other() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    api = compose["services"]["api"]
    assert api["depends_on"]["database"]["condition"] == "service_healthy"
    url = api["environment"]["GUARD_API_DATABASE"]
    assert load_config(None, {"GUARD_API_DATABASE": url}).database.reveal().startswith("postgresql://guard@database/")
    assert all(port.startswith("127.0.0.1:") for port in api["ports"]), "TLS stands in front"
    assert set(compose["secrets"]) == {"database-password", "pgpass"}
