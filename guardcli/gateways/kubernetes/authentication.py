"""What a credential's text means to a cluster: a bearer token, a client certificate, or what an exec plugin prints.

====================================  ==============================================================================
text                                  meaning
====================================  ==============================================================================
PEM with a certificate and a key      a client certificate
JSON, ``kind: ExecCredential``        client.authentication.k8s.io/v1 or v1beta1: ``status.token``, or
                                      ``clientCertificateData`` and ``clientKeyData``, until ``expirationTimestamp``
anything else                         a bearer token (RFC 6750)
====================================  ==============================================================================
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from guardcli.model.errors import UnavailableError
from guardcli.model.secrets import Secret

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=:-]+")
_CERTIFICATES = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_KEY = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)
EXEC_INFO = json.dumps({"apiVersion": VERSIONS[0], "kind": "ExecCredential", "spec": {"interactive": False}})
"""``KUBERNETES_EXEC_INFO`` for a plugin; nobody is there to answer it."""


@dataclass(frozen=True, slots=True)
class Login:
    """How a request is made known to the cluster. `until` is in epoch seconds, None for no end that is known.

    `renewable` says that asking again may give another one.
    """

    token: Secret | None = None
    certificate: bytes = b""
    key: Secret | None = None
    until: float | None = None
    renewable: bool = True


def read_login(secret: Secret) -> Login:
    """Return what a credential's text means. Raises UnavailableError, whose words hold nothing of it."""
    text = secret.reveal().strip()
    if text.startswith("{"):
        return _exec_credential(text)
    if "-----BEGIN " in text:
        return _certificate(text, text, None)
    return Login(_token(text))


def _exec_credential(text: str) -> Login:
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        raise UnavailableError("the cluster's credential begins like JSON and is none") from None
    status = form.get("status") if isinstance(form, dict) else None
    if not isinstance(status, dict) or form.get("kind") != "ExecCredential" or form.get("apiVersion") not in VERSIONS:
        raise UnavailableError(
            "the cluster's credential is JSON, but no ExecCredential of client.authentication.k8s.io/v1"
        )
    until = _until(status.get("expirationTimestamp"))
    certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
    token = status.get("token")
    if isinstance(certificate, str) and isinstance(key, str) and certificate and key:
        found = _certificate(certificate, key, until)
        return Login(_token(token), found.certificate, found.key, until) if isinstance(token, str) and token else found
    if not isinstance(token, str) or not token:
        raise UnavailableError("the ExecCredential holds neither a token nor a certificate with its key")
    return Login(_token(token), until=until)


def _until(written: Any) -> float | None:
    if not isinstance(written, str) or not written:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise UnavailableError("the ExecCredential has an expirationTimestamp that is none") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _token(text: str) -> Secret:
    if not _TOKEN.fullmatch(text):
        raise UnavailableError("the cluster's token holds characters that no bearer token has")
    return Secret(text)


def _certificate(certificates: str, keys: str, until: float | None) -> Login:
    found, key = _CERTIFICATES.findall(certificates), _KEY.search(keys)
    if not found or key is None:
        raise UnavailableError("the cluster's credential in PEM needs a certificate and its private key")
    return Login(None, "\n".join(found).encode(), Secret(key[0]), until)
