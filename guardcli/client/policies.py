"""The part of the API that is about policies from the centre, for those who publish them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guardcli.client.api import ApiClient
from guardcli.client.forms import printable

TESTS_SECONDS = 60.0
"""What the API lets a policy's own tests take."""


class PolicyApi:
    """Speaks about policies as the principal of `client`, who manages them; errors are the client's."""

    def __init__(self, client: ApiClient) -> None:
        self._transport = client.transport

    def publish(
        self, top: str, files: Mapping[str, str], group: str, comment: str = "", priority: int | None = None
    ) -> Mapping[str, Any]:
        """Publish the policy that begins with the file `top`; return `published` and `order`."""
        body = {"policy": top, "files": dict(files), "group": group, "comment": printable(comment)}
        found: Mapping[str, Any] = self._transport.call(
            "POST", "/v1/policies", body={**body, "priority": priority}, wait=TESTS_SECONDS
        )
        return found

    def history(self) -> Mapping[str, Any]:
        """Return `versions` and `orders`, oldest first."""
        return self._answer("GET", "/v1/policies")

    def show(self, version: int) -> Mapping[str, Any]:
        """Return `published`, `policy` and `files` of a version. Raises NotFoundError."""
        return self._answer("GET", f"/v1/policies/{version}")

    def assign(
        self, version: int, group: str, priority: int | None = None, *, rollback: bool = False
    ) -> Mapping[str, Any]:
        """Let `group` be judged by a version, with `rollback` by one that it was judged by before; return the order."""
        body = {"group": group, "priority": priority, "rollback": rollback}
        return self._answer("POST", f"/v1/policies/{version}/assignment", body)

    def withdraw(self, group: str) -> Mapping[str, Any]:
        """Let `group` be judged by no version of its own any more; return the order."""
        found: Mapping[str, Any] = self._transport.call("POST", "/v1/policies/withdrawal", query={"group": group})
        return found

    def keys(self) -> Mapping[str, Any]:
        """Return the public keys as the API gives them: what they are worth is the caller's to say."""
        return self._answer("GET", "/v1/keys")

    def _answer(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._transport.call(method, path, body=body)
        return found
