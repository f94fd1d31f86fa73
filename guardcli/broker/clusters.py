"""Which calls of kubectl go to the gateway of the session instead of where they say, and what they are given.

A call is led to the gateway when the server that its flags, its kubeconfig and its context come to is that of a
resource; where there is no kubeconfig at all, a context's name is enough, and without one the first resource is meant.
It then gets a kubeconfig of guard's own, in memory, with a token that holds as long as the call runs. A call that
brings a credential, or its own idea of whom to trust, goes its own way, as does ``kubectl config``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from guardcli.broker.routes import Look, Pass, Route, Tell
from guardcli.gateways.kubernetes.authority import Bearer
from guardcli.gateways.kubernetes.bearers import Bearers
from guardcli.gateways.kubernetes.coverage import coverage_of
from guardcli.gateways.kubernetes.target import PORT
from guardcli.inspectors.kubectl.flags import CommandLine, parse
from guardcli.inspectors.kubectl.manifests import ManifestError, load_values
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection
from guardcli.model.resources import Resource
from guardcli.policy.globs import Glob

OWN_WAY = (
    *("token", "username", "password", "client-certificate", "client-key", "user"),
    *("insecure-skip-tls-verify", "certificate-authority", "tls-server-name"),
)
"""Flags with which a call does not go to the gateway."""
LOCAL = frozenset({"", "completion", "help", "kustomize", "options", "plugin", "plugin list"})
"""Commands that speak to no cluster."""
CONFIG = "KUBECONFIG"
NAME = "guard"
WEBSOCKETS = ("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "KUBECTL_PORT_FORWARD_WEBSOCKETS")
"""Variables by which a kubectl that can speaks WebSocket, which is masked, rather than SPDY."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where the gateway listens, and whom to trust there."""

    url: str
    authority: str
    bearers: Bearers
    look: Callable[[str, str], Look]
    """Gives, for a cluster's resource and a context's namespace, what reads objects there."""


@dataclass(frozen=True, slots=True)
class Destination:
    """What a call says about where it goes: empty where it says nothing."""

    server: str = ""
    context: str = ""
    namespace: str = ""
    configured: bool = False


class Clusters:
    """The clusters that a session serves, in the policy's order."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = tuple(resources)
        self._gateway: Gateway | None = None
        self._exposed: Mapping[str, str] = {}

    def open(self, gateway: Gateway, exposed: Mapping[str, str]) -> None:
        """Lead calls to `gateway` from now on; `exposed` are guard's own kubeconfigs, each with its resource."""
        self._gateway, self._exposed = gateway, exposed

    def find(self, invocation: Invocation, facts: Facts) -> Route | None:
        """Return the way of a call to the gateway, None for a call that goes its own."""
        gateway = self._gateway
        if gateway is None or invocation.tool != "kubectl":
            return None
        line = parse(invocation.arguments)
        if line.problem or line.command in LOCAL or line.command.startswith("config ") or line.surely("help"):
            return None
        if any(line.has(name) for name in OWN_WAY) or (line.command == "version" and line.maybe("client")):
            return None
        own = "" if line.value("kubeconfig") else self._exposed.get(invocation.env.get(CONFIG, ""), "")
        if own:
            told: Destination | None = Destination(line.value("server"), line.value("context") or own)
        else:
            told = read_destination(line, invocation, facts)
        resource = self._meant(told) if told is not None else None
        if told is None or resource is None:
            return None
        return _route(gateway, resource, line, told)

    def _meant(self, told: Destination) -> Resource | None:
        if told.server:
            return next((one for one in self._resources if is_server(one, told.server)), None)
        if told.configured and not told.context:
            return None
        for resource in self._resources:
            if not told.context or told.context == resource.name or _named(resource, told.context):
                return resource
        return None


def _named(resource: Resource, context: str) -> bool:
    return any(Glob(name).matches(context) for name in resource.contexts)


def is_server(resource: Resource, url: str) -> bool:
    """Say whether `url` is surely the server of a resource."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return False
    host = (parts.hostname or "").lower().rstrip(".")
    own = resource.ports[0] if resource.ports else PORT
    if parts.username is not None or parts.query or not host or port != own:
        return False
    if parts.path.rstrip("/") != resource.access.path.rstrip("/"):
        return False
    return any(host == name.lower().strip("[]") for name in resource.hosts if "*" not in name)


def read_destination(line: CommandLine, invocation: Invocation, facts: Facts) -> Destination | None:
    """Return what a call says about where it goes; None where a kubeconfig is not understood.

    Files are merged as client-go does it: the first one that has an entry of a name, or a current context, counts.
    """
    contexts: dict[str, Mapping[str, Any]] = {}
    clusters: dict[str, Mapping[str, Any]] = {}
    current, configured = "", False
    for path in _files(line, invocation):
        try:
            values = load_values(facts.read_file(invocation.path(path)))
        except FactUnavailable:
            continue
        except ManifestError:
            return None
        for form in values:
            if not isinstance(form, dict):
                return None
            configured = True
            current = current or _text(form.get("current-context"))
            _merge(contexts, form.get("contexts"), "context")
            _merge(clusters, form.get("clusters"), "cluster")
    context = line.value("context") or current
    entry = contexts.get(context, {})
    cluster = clusters.get(line.value("cluster") or _text(entry.get("cluster")), {})
    server = line.value("server") or _text(cluster.get("server"))
    return Destination(server, context, _text(entry.get("namespace")), configured)


def _files(line: CommandLine, invocation: Invocation) -> list[str]:
    if line.value("kubeconfig"):
        return [line.value("kubeconfig")]
    if invocation.env.get(CONFIG):
        return [path for path in invocation.env[CONFIG].split(":") if path]
    home = invocation.env.get("HOME", "")
    return [f"{home}/.kube/config"] if home.startswith("/") else []


def _merge(into: dict[str, Mapping[str, Any]], entries: Any, key: str) -> None:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get(key), dict):
            into.setdefault(_text(entry.get("name")), entry[key])


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value not in ("null", "~") else ""


def _route(gateway: Gateway, resource: Resource, line: CommandLine, told: Destination) -> Route:
    arguments = {value.index: f"{value.prefix}{gateway.url}" for value in line.values("server")}
    copies = {value.index: value.prefix for value in line.values("kubeconfig")}
    environment: dict[str, str | None] = {"KUBERNETES_MASTER": None, **dict.fromkeys(WEBSOCKETS, "true")}
    namespace = told.namespace or "default"

    def lend(call: int, invocation: Invocation, inspection: Inspection, tell: Tell) -> Pass:
        coverage = coverage_of(invocation, inspection.operations, namespace)
        token = gateway.bearers.issue(Bearer(resource.name, call, coverage, tell))
        names = (line.value("context") or told.context or NAME, line.value("cluster") or NAME)
        content = kubeconfig(gateway, token.reveal(), namespace, *names)
        return Pass(content, CONFIG, copies, lambda: gateway.bearers.revoke(token))

    return Route(resource.name, arguments, environment, lend, gateway.look(resource.name, namespace))


def kubeconfig(gateway: Gateway, token: str, namespace: str, context: str, cluster: str = NAME) -> bytes:
    """Return a kubeconfig that leads to the gateway with `token`."""
    form = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": NAME, "namespace": namespace}}],
        "clusters": [
            {"name": cluster, "cluster": {"server": gateway.url, "certificate-authority-data": gateway.authority}}
        ],
        "users": [{"name": NAME, "user": {"token": token}}],
    }
    return json.dumps(form).encode()
