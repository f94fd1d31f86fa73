"""Vault's HTTP API, spoken with a small server that answers as Vault's documentation says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from guardcli.credentials.lending import Lending
from guardcli.credentials.vault import Vault
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError

TOKEN = "hvs.token-of-guard"


class SmallVault(ThreadingHTTPServer):
    """Key-value version 2 at ``secret``, and credentials with a lease at ``database``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, str]] = []
        self.leases: set[str] = set()
        self.made = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: SmallVault

    def do_GET(self) -> None:
        self.server.asked.append(("GET", self.path, self.headers.get("X-Vault-Namespace", "")))
        if self.headers["X-Vault-Token"] != TOKEN:
            self._say(403, {"errors": ["permission denied"]})
        elif self.path == "/v1/secret/data/orders":
            self._say(200, {"data": {"data": {"username": "ann", "password": "pw", "other": "o"}, "metadata": {}}})
        elif self.path == "/v1/secret/data/empty":
            self._say(200, {"data": {"data": None}})
        elif self.path == "/v1/secret/data/moved":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
        elif self.path == "/v1/database/creds/readonly":
            self.server.made += 1
            lease = f"database/creds/readonly/{self.server.made}"
            self.server.leases.add(lease)
            data = {"username": f"v-{self.server.made}", "password": f"made-{self.server.made}"}
            self._say(200, {"lease_id": lease, "lease_duration": 3600, "data": data})
        elif self.path == "/v1/secret/data/odd":
            self._say(200, ["no", "object"])
        else:
            self._say(404, {"errors": []})

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/sys/leases/revoke" and body["lease_id"] in self.server.leases:
            self.server.leases.remove(body["lease_id"])
            self.send_response(204)
            self.end_headers()
        else:
            self._say(400, {"errors": ["invalid lease"]})

    def _say(self, status: int, form: object) -> None:
        body = json.dumps(form).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[SmallVault]:
    made = SmallVault()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def lent(vault: Vault, reference: str) -> tuple[str, str]:
    found = vault.lend(reference, Purpose()).credential
    assert found.password is not None
    return found.user, found.password.reveal()


def test_the_key_value_engine(server: SmallVault) -> None:
    vault = Vault({"VAULT_ADDR": server.address, "VAULT_TOKEN": TOKEN, "VAULT_NAMESPACE": "team"})
    assert lent(vault, "secret/orders") == ("ann", "pw")
    assert lent(vault, "secret/orders#other") == ("ann", "o")
    assert server.asked[0] == ("GET", "/v1/secret/data/orders", "team")


def test_the_token_may_lie_where_vaults_own_client_puts_it(server: SmallVault, tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text(TOKEN + "\n")
    assert lent(Vault({"VAULT_ADDR": server.address, "HOME": str(tmp_path)}), "secret/orders") == ("ann", "pw")


def test_a_lease_is_shared_and_given_back_with_the_session(server: SmallVault) -> None:
    lending = Lending({"vault": Vault({"VAULT_ADDR": server.address, "VAULT_TOKEN": TOKEN})})
    first = lending.lend("vault:database/creds/readonly", Purpose())
    again = lending.lend("vault:database/creds/readonly", Purpose())
    assert first is again and first.user == "v-1"
    assert server.leases == {"database/creds/readonly/1"}
    lending.close()
    assert server.leases == set()
    with pytest.raises(UnavailableError, match="ended"):
        lending.lend("vault:database/creds/readonly", Purpose())


def test_a_lease_that_vault_has_ended_by_itself_keeps_no_session_from_ending(server: SmallVault) -> None:
    lending = Lending({"vault": Vault({"VAULT_ADDR": server.address, "VAULT_TOKEN": TOKEN})})
    lending.lend("vault:database/creds/readonly", Purpose())
    server.leases.clear()
    lending.close()


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("secret/missing", "404"),
        ("secret/empty", "nothing at"),
        ("secret/orders#none", "no field none"),
        ("secret/moved", "302"),
        ("secret/odd", "no Vault"),
        ("secret", "no path"),
        ("secret/../sys/raw", "no path"),
        ("", "no path"),
    ],
)
def test_what_is_not_there_is_told_without_a_word_of_what_is(server: SmallVault, reference: str, said: str) -> None:
    vault = Vault({"VAULT_ADDR": server.address, "VAULT_TOKEN": TOKEN})
    with pytest.raises(UnavailableError, match=said) as raised:
        vault.lend(reference, Purpose())
    assert TOKEN not in str(raised.value) and "pw" not in str(raised.value)


def test_no_token_a_wrong_one_and_no_vault_are_told(server: SmallVault, tmp_path: Path) -> None:
    for env, said in (
        ({"VAULT_ADDR": server.address, "VAULT_TOKEN": "wrong"}, "403"),
        ({"VAULT_ADDR": server.address, "HOME": str(tmp_path)}, "no token"),
        ({"VAULT_TOKEN": TOKEN}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": TOKEN}, "cannot be reached"),
    ):
        with pytest.raises(UnavailableError, match=said):
            Vault(env).lend("secret/orders", Purpose())
