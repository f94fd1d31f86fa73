"""The central API's settings: from file and environment, strict, and no secret in what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardcli.api.config import load_config
from guardcli.model.errors import ConfigurationError

YAML = "database: postgresql://app@/guard\nlisten: {port: 8300, workers: 2}\n"
TOML = 'database = "postgresql://app@/guard"\n[listen]\nport = 8300\nworkers = 2\n'


@pytest.mark.parametrize(("name", "content"), [("api.yaml", YAML), ("api.toml", TOML)])
def test_a_file_says_it(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    config = load_config(tmp_path / name, {})
    assert config.database.reveal() == "postgresql://app@/guard"
    assert (config.listen.port, config.listen.workers, config.listen.host) == (8300, 2, "127.0.0.1")


def test_the_environment_goes_before_the_file_and_options_before_both(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(YAML)
    env = {"GUARD_API_LISTEN__PORT": "9000", "GUARD_API_LISTEN__WORKERS": "3", "GUARD_API": "https://x", "HOME": "/"}
    config = load_config(tmp_path / "api.yaml", env, {"listen.workers": 4})
    assert (config.listen.port, config.listen.workers) == (9000, 4)


def test_a_secret_lies_where_it_is_said_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://app:hunter2@/guard\n")
    monkeypatch.setenv("THE_URL", "postgresql://app:hunter2@/guard")
    for place in (f"file:{tmp_path}/url", "env:THE_URL"):
        config = load_config(None, {"GUARD_API_DATABASE": place})
        assert config.database.reveal() == "postgresql://app:hunter2@/guard"
        assert "hunter2" not in repr(config)


WRONG = {
    "listn: {}": "listn",
    "listen: {prot: 1}": "listen.prot",
    "listen: {port: 70000}": "listen.port",
    "listen: {workers: 0}": "listen.workers",
    "listen: 5": "listen",
    "database: [hunter2]": "database",
    "database: env:NOT_THERE": "NOT_THERE",
    "database: file:/none": "/none",
    "public_url: ftp://x": "public_url",
    "[1]": "holds no settings",
    "{": "line",
    "connections: many": "connections",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "api.yaml").write_text(text)
    with pytest.raises(ConfigurationError) as told:
        load_config(tmp_path / "api.yaml", {})
    assert WRONG[text] in str(told.value)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GUARD_API_LISTN", "x"),
        ("GUARD_API_LISTEN__PORT", "many"),
        ("GUARD_API_LISTEN", "[1"),
        ("GUARD_API_DATABASE__NAME", "x"),
    ],
)
def test_a_wrong_variable_is_said(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "api.yaml").write_text(YAML)
    with pytest.raises(ConfigurationError):
        load_config(tmp_path / "api.yaml", {name: text})


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text("a: 1\nb: 2\nlisten: {c: 3}\n")
    with pytest.raises(ConfigurationError) as told:
        load_config(tmp_path / "api.yaml", {})
    assert len(told.value.problems) == 3


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load_config(tmp_path / "none.yaml", {})
