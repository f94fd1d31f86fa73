"""The Kubernetes gateway of a session: one port of the loopback for all clusters of the policy that guard can reach.

A resource is served when it names a host and has a credential, a certificate, or a variable to be exposed under. Calls
of kubectl that mean its server are led to the gateway (`guardcli.broker.clusters`). Where the policy says ``expose``,
the agent's other programs find a kubeconfig there, with a token that holds as long as the session.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from guardcli.broker.api_requests import RequestAuthority, RequestRules
from guardcli.broker.approval import JUSTIFICATION
from guardcli.broker.clusters import Clusters, Gateway, kubeconfig
from guardcli.broker.custody import LendingService
from guardcli.broker.place import FOR_READERS, make_directory
from guardcli.broker.routes import Look
from guardcli.broker.services import Service
from guardcli.broker.session import Broker
from guardcli.credentials.lending import Lending, own_directory, standard_providers
from guardcli.gateways.kubernetes.authentication import EXEC_INFO
from guardcli.gateways.kubernetes.authority import Authority, Bearer
from guardcli.gateways.kubernetes.bearers import Bearers
from guardcli.gateways.kubernetes.certificates import make_identity
from guardcli.gateways.kubernetes.server import Gateway as Server
from guardcli.gateways.kubernetes.target import PORT, CredentialSource, Target, TlsTerms
from guardcli.model.credentials import Credential, Purpose
from guardcli.model.resources import Resource, Tls

DIRECTORY = "kube"
"""Where the kubeconfigs are that are exposed, below the session's own directory."""
ADDRESS = "GUARD_KUBERNETES"
"""The variable with the gateway's address; a network of the agent's own gets the port by it."""


def is_served(resource: Resource) -> bool:
    """Say whether a resource gets a gateway: there is a server to go to, and something that the agent lacks."""
    given = resource.credential or resource.access.certificate or resource.expose
    return resource.kind == "kubernetes" and bool(given) and any("*" not in host for host in resource.hosts)


class KubernetesService:
    """The gateway, for all clusters of a session."""

    name = "the Kubernetes gateway"

    def __init__(
        self,
        resources: Sequence[Resource],
        targets: Mapping[str, Target],
        authority: Authority,
        clusters: Clusters,
        directory: Path,
        shown: str,
    ) -> None:
        """`directory` is made for kubeconfigs that are exposed; the agent sees it as `shown`."""
        self._resources = tuple(resources)
        self._clusters = clusters
        self._directory = directory
        self._shown = shown
        self._bearers = Bearers()
        self._server = Server(targets, authority, self._bearers, time.time)

    async def start(self) -> Mapping[str, str]:
        """Listen; return what the agent's environment gets."""
        loop = asyncio.get_running_loop()
        identity = await loop.run_in_executor(None, make_identity, datetime.now(UTC))
        port = await self._server.listen(identity)
        authority = base64.b64encode(identity.authority).decode()

        def look(resource: str, namespace: str) -> Look:
            return self._server.live(resource, namespace).read

        gateway = Gateway(f"https://127.0.0.1:{port}", authority, self._bearers, look)
        exposed = self._expose(gateway)
        self._clusters.open(gateway, {path: name for name, (_, path) in exposed.items()})
        return {ADDRESS: gateway.url, **dict(exposed.values())}

    async def close(self) -> None:
        """End every connection."""
        await self._server.close()

    def _expose(self, gateway: Gateway) -> dict[str, tuple[str, str]]:
        """Write the kubeconfigs that the agent's programs may use; return, by resource, the variable and the path."""
        found: dict[str, tuple[str, str]] = {}
        for resource in self._resources:
            if resource.expose:
                make_directory(self._directory)
                token = self._bearers.issue(Bearer(resource.name))
                path = self._directory / f"{resource.name}.yaml"
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FOR_READERS)
                with open(fd, "wb") as file:
                    file.write(kubeconfig(gateway, token.reveal(), "default", resource.name))
                found[resource.name] = (resource.expose, f"{self._shown}/{path.name}")
        return found


def kubernetes_services(broker: Broker, config_dir: Path) -> list[Service]:
    """Return the gateway of a session, and before it what gives back what it has borrowed; nothing without clusters."""
    session = broker.session
    served = [resource for resource in session.policy.resources if is_served(resource)]
    if not served:
        return []
    environment = {**session.guards_environment, "KUBERNETES_EXEC_INFO": EXEC_INFO}
    lending = Lending(standard_providers(own_directory(config_dir), environment))
    targets = {one.name: target_of(one, _source(one, lending, broker.patience)) for one in served}
    authority = RequestAuthority(
        RequestRules(
            standing=session.standing,
            resources={one.name: one for one in served},
            identity=session.identity,
            groups=session.groups,
            recorder=broker.recorder,
            approvals=broker.approvals,
            maskers=session.maskers,
            justification=session.environment.get(JUSTIFICATION, ""),
        )
    )
    clusters = Clusters(served)
    broker.routes.ask(clusters)
    place = session.place.directory
    shown = f"{session.shown}/{DIRECTORY}"
    service = KubernetesService(served, targets, authority, clusters, place / DIRECTORY, shown)
    return [LendingService(lending), service]


def target_of(resource: Resource, credential: CredentialSource | None) -> Target:
    """Return the API server that a resource speaks of: the first host without a wildcard."""
    access = resource.access
    host = next(host for host in resource.hosts if "*" not in host)
    tls = TlsTerms(
        access.tls or Tls.VERIFY_FULL,
        os.path.expanduser(access.ca),
        os.path.expanduser(access.certificate),
        os.path.expanduser(access.key),
        access.server_name,
    )
    port = resource.ports[0] if resource.ports else PORT
    return Target(
        resource.name,
        host.strip("[]"),
        port,
        access.path.rstrip("/"),
        tls,
        credential,
        access.impersonation,
        access.unmasked_streams,
    )


def _source(resource: Resource, lending: Lending, patience: Executor) -> CredentialSource | None:
    if not resource.credential:
        return None

    async def lend() -> Credential:
        port = resource.ports[0] if resource.ports else PORT
        purpose = Purpose(resource.hosts[0], port, resource.access.user)
        work = partial(lending.lend, resource.credential, purpose)
        return await asyncio.get_running_loop().run_in_executor(patience, work)

    return lend
