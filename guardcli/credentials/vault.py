"""``vault:MOUNT/PATH#FIELD``: HashiCorp Vault, by its HTTP API.

A path whose second part is ``creds``, such as ``database/creds/readonly``, makes a credential with a lease (database
secrets engine); so do those of other engines of that shape. Any other is a secret of the key-value engine, version 2.
The address, the token and what else is needed come from the environment of guard, as for Vault's own client:
``VAULT_ADDR``, ``VAULT_TOKEN`` or ``~/.vault-token``, ``VAULT_NAMESPACE``, ``VAULT_CACERT``. The agent gets none of
these.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from guardcli.credentials.provider import SECRET_MAX, Loan, from_fields, split_field
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError

VARIABLES = ("VAULT_TOKEN", "VAULT_ADDR", "VAULT_NAMESPACE", "VAULT_CACERT")
"""What opens the door to Vault; taken out of the agent's environment."""
SECONDS = 10.0


class Vault:
    """Lends secrets of one Vault."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def lend(self, reference: str, purpose: Purpose) -> Loan:
        """Return the secret at `reference`; ``#FIELD`` says which field is the password, ``password`` by default."""
        path, field = split_field(reference)
        parts = [part for part in path.split("/") if part]
        if len(parts) < 2 or ".." in parts:
            raise UnavailableError(f"{path!r} is no path in Vault", hint="write vault:MOUNT/PATH")
        dynamic = len(parts) > 2 and parts[1] in ("creds", "static-creds")
        if not dynamic:
            parts.insert(1, "data")
        answer = self._ask("GET", "/".join(quote(part, safe="") for part in parts))
        data = answer.get("data")
        if isinstance(data, dict) and not dynamic:
            data = data.get("data")
        if not isinstance(data, dict):
            raise UnavailableError(f"Vault has nothing at {path}")
        credential = from_fields(data, f"Vault's {path}", field)
        seconds = answer.get("lease_duration") if dynamic else None
        lease = answer.get("lease_id") if dynamic else ""
        return Loan(credential, float(seconds) if seconds else None, str(lease or ""))

    def give_back(self, lease: str) -> None:
        """End a lease."""
        self._ask("PUT", "sys/leases/revoke", {"lease_id": lease})

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> dict[str, Any]:
        import requests

        address = self._environment.get("VAULT_ADDR", "").rstrip("/")
        if not address.startswith(("https://", "http://")):
            raise UnavailableError("no Vault is known", hint="set VAULT_ADDR for guard, such as https://vault:8200")
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        if self._environment.get("VAULT_NAMESPACE"):
            headers["X-Vault-Namespace"] = self._environment["VAULT_NAMESPACE"]
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy, no .netrc
                answer = session.request(
                    method,
                    f"{address}/v1/{path}",
                    headers=headers,
                    json=body,
                    timeout=SECONDS,
                    allow_redirects=False,
                    verify=self._environment.get("VAULT_CACERT") or True,
                )
                return _content(answer)
        except requests.RequestException as error:
            raise UnavailableError(f"Vault at {address} cannot be reached: {type(error).__name__}") from None

    def _token(self) -> str:
        if self._environment.get("VAULT_TOKEN"):
            return self._environment["VAULT_TOKEN"]
        home = self._environment.get("HOME", "")
        try:
            with open(os.path.join(home, ".vault-token"), encoding="ascii") as file:
                return file.read(SECRET_MAX).strip()
        except (OSError, UnicodeDecodeError):
            raise UnavailableError(
                "there is no token for Vault", hint="run `vault login`, or set VAULT_TOKEN"
            ) from None


def _content(answer: Any) -> dict[str, Any]:
    """Return the object that Vault answered with; of an error, only its status is told."""
    if answer.status_code == 204:
        return {}
    if answer.status_code != 200:
        reason = {403: "the token may not", 404: "there is nothing there", 503: "it is sealed"}
        said = reason.get(answer.status_code, "")
        raise UnavailableError(f"Vault answered {answer.status_code}{': ' + said if said else ''}")
    try:
        form = answer.json()
    except ValueError:
        form = None
    if not isinstance(form, dict):
        raise UnavailableError("what answered is no Vault")
    return form
