"""A real backend of the keyring library where there is one, guard's own files where there is none."""

from __future__ import annotations

from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from guardcli.credentials.keyring import SERVICE, Keyring
from guardcli.model.credentials import Purpose
from guardcli.model.errors import ConfigurationError, UnavailableError


class InMemory(KeyringBackend):
    """A keyring that keeps what it is given as long as the test."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


@pytest.fixture
def backend():
    before = keyring.get_keyring()
    made = InMemory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def no_backend():
    from keyring.backends.fail import Keyring as Nothing

    before = keyring.get_keyring()
    keyring.set_keyring(Nothing())
    yield
    keyring.set_keyring(before)


def password(source: Keyring, reference: str) -> str:
    found = source.lend(reference, Purpose()).credential.password
    assert found is not None
    return found.reveal()


def test_with_a_keyring_nothing_but_the_name_is_in_a_file(backend: InMemory, tmp_path: Path) -> None:
    source = Keyring(tmp_path)
    source.set("orders-db", "hunter2")
    assert backend.kept == {(SERVICE, "orders-db"): "hunter2"}
    assert password(source, "orders-db") == "hunter2"
    assert source.names() == {"orders-db": "keyring"}
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == [""]
    assert source.remove("orders-db")
    assert not source.remove("orders-db")
    assert backend.kept == {} and source.names() == {}


def test_what_was_kept_in_a_file_before_there_was_a_keyring_is_found_and_moves(no_backend, tmp_path: Path) -> None:
    source = Keyring(tmp_path)
    source.set("db", "old")
    assert source.names() == {"db": "file"} and password(source, "db") == "old"
    later = InMemory()
    keyring.set_keyring(later)
    assert password(source, "db") == "old"
    source.set("db", "new")
    assert password(source, "db") == "new" and source.names() == {"db": "keyring"}
    assert not any(path.read_text() for path in tmp_path.rglob("*") if path.is_file())


def test_fields_of_json(no_backend, tmp_path: Path) -> None:
    source = Keyring(tmp_path)
    source.set("db", '{"username": "ann", "password": "pw", "other": "x"}')
    assert source.lend("db", Purpose()).credential.user == "ann"
    assert password(source, "db#other") == "x"
    with pytest.raises(UnavailableError):
        source.lend("db#none", Purpose())


def test_a_missing_secret_says_how_to_set_it_and_a_bad_name_is_refused(no_backend, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="guard secrets set orders"):
        Keyring(tmp_path).lend("orders", Purpose())
    for name in ("../x", "a/b", "", "-x", "x" * 101):
        with pytest.raises(ConfigurationError):
            Keyring(tmp_path).set(name, "x")


def test_a_file_that_others_can_read_is_not_lent(no_backend, tmp_path: Path) -> None:
    source = Keyring(tmp_path)
    source.set("db", "hunter2")
    (tmp_path / "secrets" / "db").chmod(0o644)
    with pytest.raises(UnavailableError, match="read by others"):
        source.lend("db", Purpose())
