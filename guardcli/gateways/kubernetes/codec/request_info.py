"""What a request asks of an API server, by the rules of the server itself (RequestInfoFactory of k8s.io/apiserver).

A path of at least three steps below ``/api`` or four below ``/apis`` names a resource; everything else is a URL that is
none. The verb comes from the method, from whether there is a name, and from ``watch`` in the query. The first steps are
compared exactly: ``/API/v1/pods`` names nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from guardcli.gateways.kubernetes.codec.location import Location, LocationError

VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
"""Method to verb, for what names a resource."""
CONNECTING = frozenset({"exec", "attach", "portforward", "proxy"})
"""Subresources that lead past the API into what runs there; the server's own verb for them goes by the method."""
_NAMESPACE_PARTS = frozenset({"status", "finalize"})
_SPECIAL = frozenset({"proxy", "watch"})
_REPEATED = frozenset({"command", "ports"})
"""Parameters that may occur more than once."""
_EXACT_NAME = re.compile(r"metadata\.name==?([^,=!\s]+)")


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """One request. `verb` is Kubernetes' own word, or the lower-case method for a URL that names no resource.

    `rest` is what stands behind the subresource. `dry_run` goes by the query alone.
    """

    method: str
    location: Location
    verb: str
    is_resource: bool = False
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    rest: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def path(self) -> str:
        """The decoded path."""
        return self.location.path

    @property
    def connects(self) -> bool:
        """Whether it leads past the API."""
        return self.subresource in CONNECTING or self.verb == "proxy"

    @property
    def limited(self) -> str:
        """The selectors that limit it, joined; empty for none."""
        return ",".join(filter(None, (self.location.first("labelSelector"), self.location.first("fieldSelector"))))

    def flag(self, name: str) -> bool:
        """Return whether a parameter is on, as the server converts it: all but ``0`` and ``false`` is true."""
        value = self.location.first(name)
        return value is not None and value.lower() not in ("0", "false")


def read_request_info(method: str, location: Location) -> RequestInfo:
    """Return what a request asks for. Raises LocationError for one that a server could read in two ways."""
    steps = location.segments
    plain = RequestInfo(method, location, method.lower())
    if len(steps) < 3 or steps[0] not in ("api", "apis"):
        return plain
    group, rest = ("", steps[1:]) if steps[0] == "api" else (steps[1], steps[2:])
    if len(rest) < 2:
        return plain
    version, rest = rest[0], rest[1:]
    verb = VERBS.get(method, "")
    if rest[0] in _SPECIAL:
        verb, rest = rest[0], rest[1:]
        if not rest:
            raise LocationError(f"nothing stands behind /{verb}")
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_PARTS:
            rest = rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 and verb != "proxy" else ""
    if subresource != "proxy" and verb != "proxy":
        _check_single(location)
    found = RequestInfo(
        method, location, verb, True, group, version, namespace, rest[0], name, subresource, rest[3:], _is_dry(location)
    )
    return _without_name(found) if not name else found


def _without_name(found: RequestInfo) -> RequestInfo:
    """Return a request that names no object with the verb that the server gives it then."""
    verb, name = found.verb, ""
    if verb == "get":
        verb = "watch" if found.flag("watch") else "list"
        exact = _EXACT_NAME.fullmatch(found.location.first("fieldSelector") or "")
        name = exact[1] if exact else ""
    elif verb == "delete":
        verb = "deletecollection"
    return RequestInfo(
        found.method, found.location, verb, True, found.group, found.version, found.namespace, found.resource, name,
        dry_run=found.dry_run,
    )  # fmt: skip


def _check_single(location: Location) -> None:
    names = [name for name, _ in location.query if name not in _REPEATED]
    if len(names) != len(set(names)):
        raise LocationError("a parameter occurs twice")


def _is_dry(location: Location) -> bool:
    """Return whether ``dryRun`` is what the server accepts; it refuses any other value."""
    return location.all("dryRun") == ("All",)
