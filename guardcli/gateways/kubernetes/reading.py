"""Objects as a cluster has them now, for a reviewer: read with the credential of the resource, and changed by nobody.

Where a kind is served is what the cluster's own discovery says; kinds that a call names by a word are looked for among
the groups of Kubernetes itself, others by the group that they are written with.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import h11

from guardcli.gateways.kubernetes.codec.location import Location
from guardcli.gateways.kubernetes.upstream import Link, Upstream
from guardcli.inspectors.kubectl.preview import Change
from guardcli.model.errors import UnavailableError

OBJECTS_MAX = 10
"""Objects that are read for one call; the manifests of the others are shown by themselves."""
ANSWER_MAX = 1 << 20
SECONDS = 5.0
"""For all of them: a person waits for nothing longer than that, and the agent neither."""
GROUPS = (
    *("v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1", "autoscaling/v2"),
    *("policy/v1", "storage.k8s.io/v1", "apiextensions.k8s.io/v1"),
)


class LiveObjects:
    """Reads objects of one cluster; what discovery says is remembered."""

    def __init__(self, upstream: Upstream, namespace: str) -> None:
        self._upstream = upstream
        self._namespace = namespace
        self._kinds: dict[str, Sequence[Mapping[str, Any]]] = {}

    async def read(self, changes: Sequence[Change]) -> list[Mapping[str, Any] | None]:
        """Return each object of the first of `changes`, None for one that is not there.

        Raises GuardError and TimeoutError where the cluster does not say.
        """
        async with asyncio.timeout(SECONDS):
            return [await self._object(change) for change in changes[:OBJECTS_MAX]]

    async def _object(self, change: Change) -> Mapping[str, Any] | None:
        for version in (change.version,) if change.version else await self._versions(change):
            for one in await self._served(version):
                if change.kind.base in (str(one.get("kind", "")).lower(), one.get("name"), one.get("singularName")):
                    middle = ("namespaces", change.namespace or self._namespace) if one.get("namespaced") else ()
                    return await self._get((*_root(version), *middle, str(one["name"]), change.name))
        raise UnavailableError(f"the cluster does not say where {change.kind.name} is served")

    async def _versions(self, change: Change) -> Sequence[str]:
        group = change.kind.name.partition(".")[2]
        if not group:
            return GROUPS
        found = await self._get(("apis", group)) or {}
        preferred = found.get("preferredVersion", {})
        return [str(preferred["groupVersion"])] if isinstance(preferred, dict) and "groupVersion" in preferred else []

    async def _served(self, version: str) -> Sequence[Mapping[str, Any]]:
        if version not in self._kinds:
            found = (await self._get(_root(version)) or {}).get("resources")
            self._kinds[version] = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return [one for one in self._kinds[version] if "/" not in str(one.get("name", "/"))]

    async def _get(self, steps: tuple[str, ...]) -> Mapping[str, Any] | None:
        """Return the document below these steps, None where there is none. Raises GuardError."""
        if any(step in ("", ".", "..") or "/" in step or "\0" in step for step in steps):
            raise UnavailableError("a name that no object has")
        link = await self._upstream.take(fresh=True)
        try:
            login, target = link.login, self._upstream.target
            fields = [("Host", target.authority), ("Accept", "application/json"), ("Accept-Encoding", "identity")]
            if login.token is not None:
                fields.append(("Authorization", f"Bearer {login.token.reveal()}"))
            head = h11.Request(method="GET", target=Location(steps).target(target.prefix), headers=fields)
            await link.wire.send(head)
            await link.wire.send(h11.EndOfMessage())
            status, body = await _answer(link)
        except (OSError, EOFError, h11.ProtocolError) as error:
            raise UnavailableError(f"the cluster gave no answer: {error}") from None
        finally:
            link.wire.drop()
        if status == 404:
            return None
        if status != 200:
            raise UnavailableError(f"the cluster answered with {status}")
        return _document(body)


async def _answer(link: Link) -> tuple[int, bytes]:
    status, body = 0, bytearray()
    while not isinstance(event := await link.wire.next(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > ANSWER_MAX:
                raise UnavailableError("the object is larger than what is shown")
        elif not isinstance(event, h11.InformationalResponse):
            raise EOFError("the connection was closed")
    return status, bytes(body)


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnavailableError("the cluster's answer is no object")
    return found


def _root(version: str) -> tuple[str, ...]:
    return ("apis", *version.split("/")) if "/" in version else ("api", version)
