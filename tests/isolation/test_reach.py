"""Credentials within reach: named, with the harmless twin beside each."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from guardcli.isolation.reach import behind_sockets, in_environment, in_home, in_project, in_the_container


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("PGPASSWORD", "x", True),
        ("GITHUB_TOKEN", "x", True),
        ("AWS_SECRET_ACCESS_KEY", "x", True),
        ("DATABASE_URL", "postgres://u:p@h/d", True),
        ("DATABASE_URL", "postgres://h/d", False),
        ("GITHUB_TOKEN", "", False),
        ("TOKENIZERS_PARALLELISM", "1", False),
        ("ANTHROPIC_API_KEY", "x", False),
        ("PATH", "/bin", False),
        ("PASSWORD_FILE", "/run/x", False),
    ],
)
def test_variables_are_told_by_name_or_by_a_uri_with_a_password(name, value, found) -> None:
    assert [one.where for one in in_environment({name: value})] == [name] * found


def test_a_homes_places_are_named_where_they_hold_something(tmp_path: Path) -> None:
    (tmp_path / ".pgpass").write_text("x")
    (tmp_path / ".netrc").write_text("")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text("x")
    assert {one.where for one in in_home(str(tmp_path))} == {str(tmp_path / ".pgpass"), str(tmp_path / ".kube")}


def test_a_projects_settings_are_looked_through_and_its_sources_are_not(tmp_path: Path) -> None:
    texts = {
        ".env": "URL=postgres://u:p@h/d",
        "config/settings.yaml": "url: redis://:p@h",
        "config.json": '{"host": "h"}',
        "source.py": "URL = 'postgres://u:p@h/d'",
        "node_modules/x/.env": "URL=postgres://u:p@h/d",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {one.where for one in in_project(str(tmp_path), lambda content: frozenset())}
    assert found == {f"{tmp_path / name} (connection_uri)" for name in (".env", "config/settings.yaml")}
    named = in_project(str(tmp_path), lambda content: frozenset({("aws_key", "d")} if b"host" in content else ()))
    assert f"{tmp_path / 'config.json'} (aws_key)" in {one.where for one in named}


def test_a_socket_counts_where_somebody_answers(tmp_path: Path) -> None:
    path = tmp_path / "agent"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert list(behind_sockets({"SSH_AUTH_SOCK": str(path)})) == []
        listener.listen()
        assert any(str(path) in one.where for one in behind_sockets({"SSH_AUTH_SOCK": str(path)}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[remote "origin"]\n\turl = https://u:p@git.example.com/x\n', "connection_uri"),
        ('[http "https://github.com/"]\n\textraheader = AUTHORIZATION: basic eDpnaHNfYWJjZGVm\n', "http_authorization"),
        ('[remote "origin"]\n\turl = https://git.example.com/x\n', ""),
    ],
)
def test_the_repositorys_own_configuration_is_looked_at(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / ".git").mkdir()
    config = tmp_path / ".git" / "config"
    config.write_text(text)
    named = [one.where for one in in_project(str(tmp_path), lambda content: frozenset())]
    assert named == ([f"{config} ({found})"] if found else [])


def test_what_a_container_was_given_is_named_and_what_is_public_of_it_is_not(tmp_path: Path) -> None:
    account = tmp_path / "kubernetes.io" / "serviceaccount"
    (account / "..2026").mkdir(parents=True)
    for name in ("token", "ca.crt", "namespace", "..2026/token"):
        (account / name).write_text("x")
    (tmp_path / "db_password").write_text("x")
    (tmp_path / "empty").write_text("")
    found = [one.where for one in in_the_container(str(tmp_path))]
    assert found == [str(tmp_path / "db_password"), str(account / "token")]
    assert list(in_the_container(str(tmp_path / "nowhere"))) == []
