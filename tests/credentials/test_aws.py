"""AWS by its own library, against a small server in the place of Secrets Manager; tokens of RDS are signed locally."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

import pytest

from guardcli.credentials.aws import Aws
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError

KEY = "AKIAIOSFODNN7EXAMPLE"
HELD = {
    "orders": {"SecretString": '{"username": "ann", "password": "pw", "engine": "postgres"}'},
    "plain": {"SecretString": "just a password"},
    "bytes": {"SecretBinary": "AAAA"},
}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        signed = f"Credential={KEY}/" in self.headers.get("Authorization", "")
        known = HELD.get(body.get("SecretId", ""))
        answer = known if signed and known else {"__type": "ResourceNotFoundException", "message": "hush: internal"}
        data = json.dumps({"Name": body.get("SecretId"), **answer}).encode()
        self.send_response(200 if known and signed else 400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-key-of-guard")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("reference", "user", "password"),
    [
        ("secretsmanager:orders", "ann", "pw"),
        ("secretsmanager:orders#engine", "ann", "postgres"),
        ("secretsmanager:plain", "", "just a password"),
    ],
)
def test_secrets_manager(cloud: None, reference: str, user: str, password: str) -> None:
    found = Aws().lend(reference, Purpose()).credential
    assert found.password is not None
    assert (found.user, found.password.reveal()) == (user, password)


def test_what_is_not_there_is_told_by_its_code_alone(cloud: None) -> None:
    with pytest.raises(UnavailableError, match="ResourceNotFoundException") as raised:
        Aws().lend("secretsmanager:missing", Purpose())
    assert "hush" not in str(raised.value)
    for reference in ("secretsmanager:bytes", "secretsmanager:", "orders", "", "rds-iam"):
        with pytest.raises(UnavailableError):
            Aws().lend(reference, Purpose())


def test_a_token_of_rds_is_for_its_host_port_and_user(cloud: None) -> None:
    loan = Aws().lend("rds-iam", Purpose("db.example.com", 5432, "reporting"))
    assert loan.seconds == 900 and loan.credential.user == "reporting"
    assert loan.credential.password is not None
    token = urlparse("https://" + loan.credential.password.reveal())
    asked = parse_qs(token.query)
    assert token.netloc == "db.example.com:5432"
    assert asked["DBUser"] == ["reporting"] and asked["X-Amz-Expires"] == ["900"]
    assert asked["X-Amz-Credential"][0].startswith(KEY) and asked["X-Amz-Signature"]


def test_without_keys_it_is_told(cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(UnavailableError, match="NoCredentialsError"):
        Aws().lend("secretsmanager:orders", Purpose())
