"""Which calls of kubectl go to the gateway, and what they are given; those that go their own way beside them."""

from __future__ import annotations

import json
import shlex

import pytest

from guardcli.broker.clusters import Clusters, Gateway
from guardcli.broker.routes import Look
from guardcli.gateways.kubernetes.bearers import Bearers
from guardcli.inspectors.kubectl import KubectlInspector
from guardcli.model.facts import FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.resources import Access, Resource

SHOP = Resource("shop", "kubernetes", ("api.shop",), (6443,), contexts=("prod*",), credential="env:X")
RANCHER = Resource("far", "kubernetes", ("rancher",), (443,), credential="env:X", access=Access(path="/k8s/c-1"))
URL = "https://127.0.0.1:7000"


async def nothing(changes: object) -> list[None]:
    return []


def look(resource: str, namespace: str) -> Look:
    return nothing


def config(server: str = "https://api.shop:6443", context: str = "prod-1", **parts: object) -> bytes:
    entry = {"cluster": "one", "user": "me", "namespace": "carts"}
    form = {
        "current-context": context,
        "contexts": [{"name": "prod-1", "context": entry}, {"name": "dev", "context": {"cluster": "two"}}],
        "clusters": [
            {"name": "one", "cluster": {"server": server}},
            {"name": "two", "cluster": {"server": "https://dev:6443"}},
        ],
        **parts,
    }
    return json.dumps(form).encode()


FILES = {
    "/home/.kube/config": config(),
    "/other": config("https://rancher/k8s/c-1/"),
    "/elsewhere": config("https://elsewhere:6443"),
    "/empty": b"",
    "/broken": b"{",
    "/second": config("https://elsewhere:6443", "prod-1"),
    "/nothing": b'{"kind": "Config"}',
}


class Files:
    def read_file(self, path: str) -> bytes:
        if path not in FILES:
            raise FactUnavailable(path)
        return FILES[path]

    def __getattr__(self, name: str):
        def missing(*_: object) -> None:
            raise FactUnavailable(name)

        return missing


@pytest.fixture
def clusters() -> Clusters:
    made = Clusters([SHOP, RANCHER])
    made.open(Gateway(URL, "Q0E=", Bearers(), look), {"/own/far.yaml": "far"})
    return made


def found(clusters: Clusters, words: str, **env: str):
    return clusters.find(Invocation("kubectl", tuple(shlex.split(words)), {"HOME": "/home", **env}), Files())


@pytest.mark.parametrize(
    ("words", "env", "resource"),
    [
        ("kubectl get pods", {}, "shop"),
        ("kubectl get pods --context prod-1", {}, "shop"),
        ("kubectl get pods --cluster one --context dev", {}, "shop"),
        ("kubectl get pods -s https://api.shop:6443", {}, "shop"),
        ("kubectl get pods --server https://API.shop:6443/", {}, "shop"),
        ("kubectl get pods --kubeconfig /other", {}, "far"),
        ("kubectl get pods", {"KUBECONFIG": "/other"}, "far"),
        ("kubectl get pods", {"KUBECONFIG": "/missing:/home/.kube/config:/second"}, "shop"),
        ("kubectl get pods", {"HOME": "/nobody"}, "shop"),
        ("kubectl get pods --context far", {"HOME": "/nobody"}, "far"),
        ("kubectl get pods --context prod-9", {"HOME": "/nobody"}, "shop"),
        ("kubectl get pods", {"KUBECONFIG": "/own/far.yaml"}, "far"),
        ("kubectl get pods", {"KUBECONFIG": "/empty"}, "shop"),
    ],
)
def test_a_call_that_means_a_resource_goes_to_the_gateway(clusters, words, env, resource) -> None:
    route = found(clusters, words, **env)
    assert route is not None and route.resource == resource


@pytest.mark.parametrize(
    ("words", "env"),
    [
        ("kubectl get pods --context dev", {}),
        ("kubectl get pods --context unheard", {}),
        ("kubectl get pods --cluster two", {}),
        ("kubectl get pods -s https://elsewhere:6443", {}),
        ("kubectl get pods -s https://api.shop", {}),
        ("kubectl get pods -s https://api.shop:6443/k8s", {}),
        ("kubectl get pods -s https://me@api.shop:6443", {}),
        ("kubectl get pods -s https://api.shop:6443.evil:1", {}),
        ("kubectl get pods --kubeconfig /elsewhere", {}),
        ("kubectl get pods", {"KUBECONFIG": "/second:/home/.kube/config"}),
        ("kubectl get pods", {"KUBECONFIG": "/broken"}),
        ("kubectl get pods", {"KUBECONFIG": "/nothing"}),
        ("kubectl get pods --context unheard", {"HOME": "/nobody"}),
        ("kubectl get pods --token t", {}),
        ("kubectl get pods --user other", {}),
        ("kubectl get pods --insecure-skip-tls-verify", {}),
        ("kubectl config view", {}),
        ("kubectl version --client", {}),
        ("kubectl get pods --unheard", {}),
        ("kubectl", {}),
        ("kubectl --help", {}),
    ],
)
def test_any_other_call_goes_its_own_way(clusters, words, env) -> None:
    assert found(clusters, words, **env) is None


def test_no_call_is_led_before_the_gateway_listens() -> None:
    assert found(Clusters([SHOP]), "kubectl get pods") is None


def test_a_call_shows_a_token_that_ends_with_it_and_keeps_names_and_namespace(clusters) -> None:
    words = "kubectl delete pod a --context prod-1 --kubeconfig=/home/.kube/config -s https://api.shop:6443"
    invocation = Invocation("kubectl", tuple(shlex.split(words)), {"HOME": "/home"})
    route = clusters.find(invocation, Files())
    assert route is not None and route.lend is not None
    assert route.arguments == {8: URL} and route.environment["KUBERNETES_MASTER"] is None

    async def tell(words: str) -> None:
        raise AssertionError(words)

    shown = route.lend(7, invocation, KubectlInspector().inspect(invocation, Files()), tell)
    form = json.loads(shown.content)
    assert form["current-context"] == "prod-1" == form["contexts"][0]["name"]
    assert form["contexts"][0]["context"]["namespace"] == "carts"
    assert form["clusters"][0]["cluster"]["server"] == URL
    assert shown.arguments == {6: "--kubeconfig="}
    bearers, field = clusters._gateway.bearers, f"Bearer {form['users'][0]['user']['token']}"
    bearer = bearers.find(field)
    assert bearer is not None and (bearer.resource, bearer.call) == ("shop", 7)
    shown.close()
    assert bearers.find(field) is None
