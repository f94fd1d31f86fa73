"""Logging in by a code that a person types in on any device (RFC 8628), with an OIDC provider."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from guardcli.model.errors import DeniedError, PendingError, UnavailableError
from guardcli.model.secrets import Secret

GRANT = "urn:ietf:params:oauth:grant-type:device_code"

SECONDS = 10.0
"""How long one question to the provider may take."""

INTERVAL = 5.0
"""Between two questions, where the provider does not say (RFC 8628, 3.2)."""

SLOWER = 5.0
"""Added when the provider says ``slow_down`` (RFC 8628, 3.5)."""

LONGEST = 1800.0

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person is told. `expires` and `interval` are in seconds."""

    address: str
    code: str
    complete: str
    expires: float
    interval: float
    device: Secret


class DeviceLogin:
    """One login of one person by `issuer` (an address, as the API names it) for the client `client`."""

    def __init__(self, issuer: str, client: str, scope: str, nonce: str = "") -> None:
        self._issuer = issuer
        self._client = client
        self._scope = scope
        self._nonce = nonce
        self._token_endpoint = ""

    def begin(self) -> Prompt:
        """Ask the provider for a code. Raises UnavailableError where it cannot be asked, or offers no such login."""
        document = self._answer("get", self._issuer.rstrip("/") + "/.well-known/openid-configuration", {})
        if document.get("issuer") != self._issuer:
            raise UnavailableError(f"what answers at {self._issuer} is another issuer", hint="ask who runs the API")
        place = str(document.get("device_authorization_endpoint", ""))
        self._token_endpoint = str(document.get("token_endpoint", ""))
        if not (self._is_safe(place) and self._is_safe(self._token_endpoint)):
            raise UnavailableError(f"{self._issuer} offers no login by device code", hint="use a service token")
        form = {"client_id": self._client, "scope": self._scope}
        answer = self._answer("post", place, {**form, **({"nonce": self._nonce} if self._nonce else {})})
        try:
            return Prompt(
                address=_shown(answer["verification_uri"]),
                code=_shown(answer["user_code"]),
                complete=_shown(answer.get("verification_uri_complete", "")),
                expires=min(LONGEST, float(answer["expires_in"])),
                interval=max(0.0, float(answer.get("interval", INTERVAL))),
                device=Secret(str(answer["device_code"])),
            )
        except (KeyError, TypeError, ValueError):
            raise UnavailableError(f"{self._issuer} answers what is no device code") from None

    def wait(self, prompt: Prompt, sleep: Callable[[float], None] = time.sleep) -> Secret:
        """Return the ID token once the person has said yes at the provider.

        Raises DeniedError for a no, PendingError where the code ran out, UnavailableError.
        """
        end = time.monotonic() + prompt.expires
        interval = prompt.interval
        form = {"grant_type": GRANT, "device_code": prompt.device.reveal(), "client_id": self._client}
        while time.monotonic() < end:
            sleep(interval)
            answer = self._answer("post", self._token_endpoint, form)
            error = answer.get("error")
            if error == "slow_down":
                interval += SLOWER
            elif error == "access_denied":
                raise DeniedError("the login was refused at the provider")
            elif error == "expired_token":
                break
            elif error is not None and error != "authorization_pending":
                raise UnavailableError(f"the provider answers {_shown(error)}")
            elif error is None:
                return self._token(answer)
        raise PendingError("nobody confirmed the code in time", hint="run guard login again")

    def _token(self, answer: Mapping[str, Any]) -> Secret:
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise UnavailableError("the provider gave no ID token", hint="the scope must have openid in it")
        return Secret(token)

    def _is_safe(self, place: str) -> bool:
        parts = urlsplit(place)
        plain = urlsplit(self._issuer).scheme == "http" and parts.hostname in LOOPBACK
        return parts.scheme == "https" or (parts.scheme == "http" and plain)

    def _answer(self, method: str, place: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            response = requests.request(
                method, place, data=dict(form) or None, timeout=SECONDS, allow_redirects=False, auth=_no_auth
            )
            found = response.json()
        except (requests.RequestException, ValueError) as error:
            raise UnavailableError(f"{self._issuer} cannot be asked: {type(error).__name__}") from error
        if not isinstance(found, dict) or (response.status_code != 200 and "error" not in found):
            raise UnavailableError(f"{self._issuer} answers {response.status_code}")
        return found


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _shown(value: object) -> str:
    """Return text of the provider's as a terminal may show it."""
    return "".join(character for character in str(value)[:500] if character.isprintable())
