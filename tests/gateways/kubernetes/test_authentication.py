from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from guardcli.gateways.kubernetes.authentication import read_login
from guardcli.gateways.kubernetes.certificates import make_identity
from guardcli.model.errors import UnavailableError
from guardcli.model.secrets import Secret

CERTIFICATE = make_identity(datetime.now(UTC)).authority.decode()
KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"


def credential(version: str = "client.authentication.k8s.io/v1", **status: object) -> Secret:
    return Secret(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}))


@pytest.mark.parametrize(
    ("secret", "token", "until"),
    [
        (Secret("abc.def-1_2~3+/=\n"), "abc.def-1_2~3+/=", None),
        (credential(token="t1"), "t1", None),
        (credential(token="t1", expirationTimestamp="2030-01-01T00:00:00Z"), "t1", 1893456000.0),
        (credential("client.authentication.k8s.io/v1beta1", token="t1"), "t1", None),
    ],
)
def test_a_token_is_read(secret: Secret, token: str, until: float | None) -> None:
    login = read_login(secret)
    assert login.token is not None and (login.token.reveal(), login.until) == (token, until)
    assert login.certificate == b""


@pytest.mark.parametrize(
    "secret",
    [
        Secret(f"{CERTIFICATE}\n{KEY}"),
        Secret(f"{KEY}\nnotes of somebody\n{CERTIFICATE}"),
        credential(clientCertificateData=CERTIFICATE, clientKeyData=KEY),
    ],
)
def test_a_client_certificate_is_read(secret: Secret) -> None:
    login = read_login(secret)
    assert login.token is None and login.key is not None
    assert login.certificate.decode().strip() == CERTIFICATE.strip() and login.key.reveal() == KEY


@pytest.mark.parametrize(
    "secret",
    [
        Secret("two words"),
        Secret("line\r\nX-Other: 1"),
        Secret("{broken"),
        Secret("{}"),
        Secret(CERTIFICATE),
        Secret(KEY),
        credential(),
        credential(token=""),
        credential(token="a b"),
        credential("client.authentication.k8s.io/v1alpha1", token="t"),
        credential(token="t", expirationTimestamp="soon"),
        credential(clientCertificateData=CERTIFICATE),
    ],
)
def test_what_opens_nothing_is_refused_and_not_repeated(secret: Secret) -> None:
    with pytest.raises(UnavailableError) as raised:
        read_login(secret)
    assert "AAAA" not in str(raised.value) and "two words" not in str(raised.value)
