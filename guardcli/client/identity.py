"""The part of the API that is about identity: who one is, logins and tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guardcli.client.api import ApiClient
from guardcli.model.secrets import Secret


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The token of a login; `expires` is in seconds since the epoch."""

    token: Secret
    name: str
    expires: float


class IdentityApi:
    """Speaks about identity as the principal of `client`; errors are the client's."""

    def __init__(self, client: ApiClient) -> None:
        self._transport = client.transport

    def providers(self) -> Sequence[Mapping[str, Any]]:
        """Return the issuers that people may log in by: name, issuer, client, scope, need_nonce."""
        found: Sequence[Mapping[str, Any]] = self._transport.call("GET", "/v1/identity/providers")["providers"]
        return found

    def log_in(self, token: Secret, nonce: str = "") -> LoggedIn:
        """Give an issuer's word for a person, and get a token of guard's own."""
        form = self._transport.call("POST", "/v1/login", body={"token": token.reveal(), "nonce": nonce})
        return LoggedIn(Secret(form["token"]), form["name"], form["expires"])

    def log_out(self) -> None:
        """End the login that the client acts by. Raises ConflictError where it is none."""
        self._transport.call("POST", "/v1/logout")

    def who_am_i(self) -> Mapping[str, Any]:
        """Return kind, name, owner, groups, permissions, session, inside and expires."""
        found: Mapping[str, Any] = self._transport.call("GET", "/v1/whoami")
        return found

    def issue_token(
        self,
        name: str,
        role: str,
        groups: Iterable[str] = (),
        scopes: Iterable[str] = (),
        owner: str = "",
        days: float = 0.0,
    ) -> tuple[Mapping[str, Any], Secret]:
        """Issue a service token; return what is known of it, and its text, which is given this one time."""
        body = {"name": name, "role": role, "groups": list(groups), "scopes": list(scopes)}
        form = self._transport.call("POST", "/v1/tokens", body={**body, "owner": owner, "days": days})
        return form["token"], Secret(form["text"])

    def tokens(self) -> Sequence[Mapping[str, Any]]:
        """Return every token's id, kind, name, role, permissions, groups, owner, state and times."""
        found: Sequence[Mapping[str, Any]] = self._transport.call("GET", "/v1/tokens")["tokens"]
        return found

    def revoke_token(self, id: str) -> None:
        """End a token now."""
        self._transport.call("DELETE", f"/v1/tokens/{id}")

    def channels(self) -> Sequence[Mapping[str, Any]]:
        """Return how the notification channels do: channel, waiting, sent, failed, and the last error."""
        found: Sequence[Mapping[str, Any]] = self._transport.call("GET", "/v1/notices")["channels"]
        return found

    def readiness(self) -> Mapping[str, Any]:
        """Return what ``/ready`` looks at. Raises UnavailableError where the API is not ready."""
        found: Mapping[str, Any] = self._transport.call("GET", "/ready")
        return found

    def revoke_session(self, id: str) -> None:
        """End what a running session may do, but for delivering what was recorded."""
        self._transport.call("POST", f"/v1/sessions/{id}/revocation")
