# ruff: noqa: E501 - a case is a line
"""A request comes to the same operations as the call of kubectl that makes it; harmless and dangerous side by side."""

from __future__ import annotations

import json

import pytest

from guardcli.gateways.kubernetes.codec.location import read_location
from guardcli.gateways.kubernetes.codec.request_info import read_request_info
from guardcli.gateways.kubernetes.codec.status import Refusal
from guardcli.gateways.kubernetes.judging import Asked, judge_request

SHOP = "/api/v1/namespaces/shop"
JSON = "application/json"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"image": "i"}]}}
ROOT_POD = {**POD, "spec": {"hostPID": True, "containers": [{"image": "i"}]}}
BINDING = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "mine"}}


def judged(method: str, target: str, body: object = None, media: str = JSON, acting: tuple[str, ...] = ()):
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return judge_request(Asked(read_request_info(method, read_location(target)), media, data, acting))


@pytest.mark.parametrize(
    ("method", "target", "action", "effects", "named"),
    [
        ("GET", "/version", "get", "read", "//version"),
        ("GET", "/apis/apps/v1", "get", "read", "//apis/apps/v1"),
        ("GET", f"{SHOP}/pods", "get", "read", "shop/pod/*"),
        ("GET", "/api/v1/pods", "get", "read", "*/pod/*"),
        ("GET", f"{SHOP}/pods?watch=1", "get", "read", "shop/pod/*"),
        ("GET", f"{SHOP}/pods/a", "get", "read", "shop/pod/a"),
        ("GET", f"{SHOP}/pods/a/log", "logs", "read", "shop/pod/a"),
        ("GET", "/apis/example.com/v1/namespaces/shop/widgets/w", "get", "read", "shop/widgets.example.com/w"),
        ("GET", "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods", "get", "read", "shop/pod/*"),
        ("DELETE", f"{SHOP}/pods/a", "delete", "delete", "shop/pod/a"),
        ("DELETE", f"{SHOP}/pods/a?dryRun=All", "delete", "read", "shop/pod/a"),
        ("DELETE", "/api/v1/namespaces/shop", "delete", "delete define", "shop/namespace/shop"),
        ("DELETE", "/api/v1/nodes/n", "delete", "delete define", "*/node/n"),
        ("POST", f"{SHOP}/pods/a/eviction", "drain", "delete", "shop/pod/a"),
        ("POST", f"{SHOP}/serviceaccounts/a/token", "create token", "privilege", "shop/serviceaccount/a"),
        ("PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval", "certificate approve",
         "write privilege", "*/certificatesigningrequest/c"),
        ("PUT", "/api/v1/namespaces/shop/finalize", "replace", "write delete define", "shop/namespace/shop"),
        ("POST", f"{SHOP}/pods/a/binding", "create", "write privilege", "shop/pod/a"),
        ("PATCH", f"{SHOP}/pods/a/ephemeralcontainers", "debug", "write execute", "shop/pod/a"),
        ("GET", f"{SHOP}/pods/a/attach", "attach", "execute", "shop/pod/a"),
        ("GET", f"{SHOP}/pods/a/portforward", "port-forward", "network", "shop/pod/a"),
        ("PUT", "/apis/apps/v1/namespaces/shop/deployments/a/scale", "scale", "write", "shop/deployment/a"),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "create", "read",
         "*/selfsubjectaccessreview/*"),
        ("PATCH", "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/r", "patch", "write privilege",
         "shop/role/r"),
    ],
)  # fmt: skip
def test_what_a_request_does(method: str, target: str, action: str, effects: str, named: str) -> None:
    (found,) = judged(method, target)
    assert found.complete, found.reason
    assert (found.tool, found.action, str(found.targets[0])) == ("kubectl", action, f"object:{named}")
    assert {effect.value for effect in found.effects} == set(effects.split())


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/version"),
        ("GET", "/logs/kube-apiserver.log"),
        ("GET", "/debug/pprof/heap"),
        ("GET", "/API/v1/namespaces/shop/secrets"),
        ("GET", f"{SHOP}/services/s/proxy/admin"),
        ("GET", "/api/v1/nodes/n/proxy/run/x"),
        ("GET", "/api/v1/proxy/namespaces/shop/services/s/x"),
        ("POST", f"{SHOP}/pods/a/unheardof"),
        ("GET", f"{SHOP}/pods/a/log/more"),
        ("GET", f"{SHOP}/pods/a/exec"),
    ],
)
def test_what_is_not_known_is_conceded(method: str, target: str) -> None:
    assert not all(one.complete for one in judged(method, target))


@pytest.mark.parametrize(
    ("query", "unbounded"),
    [
        ("", True),
        ("?labelSelector=app%3Dweb", False),
        ("?labelSelector=app!%3Dweb", True),
        ("?labelSelector=%21app", True),
        ("?fieldSelector=metadata.name%3Da", False),
        ("?labelSelector=", True),
    ],
)
def test_a_deletion_without_a_limit_is_unbounded(query: str, unbounded: bool) -> None:
    assert judged("DELETE", f"{SHOP}/pods{query}")[0].unbounded is unbounded


@pytest.mark.parametrize(
    ("method", "target", "sensitive"),
    [
        ("GET", f"{SHOP}/secrets/db", True),
        ("GET", f"{SHOP}/secrets?watch=1", True),
        ("GET", f"{SHOP}/configmaps/db", False),
        ("DELETE", f"{SHOP}/secrets/db", False),
        ("POST", f"{SHOP}/serviceaccounts/a/token", True),
        ("GET", "/apis/bitnami.com/v1/namespaces/shop/sealedsecrets", True),
    ],
)
def test_secrets_are_sensitive(method: str, target: str, sensitive: bool) -> None:
    assert judged(method, target)[0].sensitive is sensitive


@pytest.mark.parametrize(
    ("method", "target", "body", "media", "effects", "complete"),
    [
        ("POST", f"{SHOP}/pods", POD, JSON, "write", True),
        ("POST", f"{SHOP}/pods", ROOT_POD, JSON, "write privilege", True),
        ("POST", f"{SHOP}/pods?dryRun=All", ROOT_POD, JSON, "read", True),
        ("POST", f"{SHOP}/pods", BINDING, JSON, "write privilege", True),
        ("PUT", f"{SHOP}/pods/a", ROOT_POD, JSON, "write privilege", True),
        ("POST", f"{SHOP}/pods", b"kind: Pod\napiVersion: v1\nspec: {hostNetwork: yes}", "application/yaml",
         "write privilege", True),
        ("PATCH", f"{SHOP}/pods/a", ROOT_POD, "application/apply-patch+yaml", "write privilege", True),
        ("PATCH", f"{SHOP}/pods/a", {"spec": {"hostIPC": True}}, "application/merge-patch+json", "write privilege", True),
        ("PATCH", f"{SHOP}/pods/a", {"metadata": {"labels": {"a": "b"}}}, "application/merge-patch+json", "write", True),
        ("PATCH", f"{SHOP}/pods/a", {"metadata": {"finalizers": None}}, "application/strategic-merge-patch+json",
         "write delete", True),
        ("PATCH", f"{SHOP}/pods/a", [{"op": "add", "path": "/spec/hostPID", "value": True}],
         "application/json-patch+json", "write privilege", True),
        ("PATCH", "/api/v1/nodes/n", {"spec": {"taints": [{"effect": "NoExecute", "key": "k"}]}},
         "application/merge-patch+json", "write delete", True),
        ("POST", f"{SHOP}/pods", b"k8s\0", "application/vnd.kubernetes.protobuf", "write unknown", False),
        ("POST", f"{SHOP}/pods", b"{", JSON, "write unknown", False),
        ("POST", f"{SHOP}/pods", b'{"kind":"Pod","kind":"Node"}', JSON, "write unknown", False),
        ("POST", f"{SHOP}/pods", [POD, POD], JSON, "write unknown", False),
        ("POST", f"{SHOP}/pods", {"kind": "List", "items": [POD, ROOT_POD]}, JSON, "write privilege unknown", False),
        ("DELETE", f"{SHOP}/pods/a?dryRun=All", {"propagationPolicy": "Background"}, JSON, "delete", True),
        ("DELETE", f"{SHOP}/pods/a", {"dryRun": ["All"]}, JSON, "read", True),
    ],
)  # fmt: skip
def test_what_a_body_brings_is_judged(
    method: str, target: str, body: object, media: str, effects: str, complete: bool
) -> None:
    (found,) = judged(method, target, body, media)
    assert {effect.value for effect in found.effects} == set(effects.split())
    assert found.complete is complete


@pytest.mark.parametrize(
    ("command", "effects", "complete", "sensitive"),
    [
        ("command=ls&command=/app", "read", True, False),
        ("command=rm&command=-rf&command=/data", "read delete execute", True, False),
        ("command=cat&command=/etc/shadow", "read", True, True),
        ("command=sh&command=-c&command=ls", "read", True, False),
        ("command=sh&stdin=true", "read execute unknown", False, False),
    ],
)
def test_the_command_of_an_exec_is_read_as_a_shell_would(
    command: str, effects: str, complete: bool, sensitive: bool
) -> None:
    found = judged("GET", f"{SHOP}/pods/a/exec?{command}")[0]
    assert (found.action, str(found.targets[0])) == ("exec", "object:shop/pod/a")
    assert {effect.value for effect in found.effects} >= set(effects.split()) - {"delete"}
    assert (found.complete, found.sensitive) == (complete, sensitive)


def test_the_clients_that_a_command_calls_are_judged_as_themselves() -> None:
    found = judged("POST", f"{SHOP}/pods/a/exec?command=psql&command=-c&command=DROP+TABLE+a")
    assert any(one.tool == "psql" and "define" in {effect.value for effect in one.effects} for one in found)


def test_acting_as_somebody_else_is_an_operation_of_its_own() -> None:
    found = judged("GET", f"{SHOP}/pods", acting=("admin",))
    assert [one.action for one in found] == ["get", "impersonate"]
    assert [str(target) for target in found[1].targets] == ["role:admin"]


@pytest.mark.parametrize(
    ("method", "target", "body", "media"),
    [
        ("PUT", f"{SHOP}/secrets/db", {"kind": "Secret", "apiVersion": "v1", "data": {"p": "KioqKg=="}}, JSON),
        ("PUT", f"{SHOP}/secrets/db", {"kind": "Secret", "apiVersion": "v1", "stringData": {"p": "****"}}, JSON),
        ("PATCH", f"{SHOP}/secrets/db", {"data": {"p": "Kg=="}}, "application/merge-patch+json"),
        ("PATCH", f"{SHOP}/secrets/db", [{"op": "replace", "path": "/data/p", "value": "Kio="}],
         "application/json-patch+json"),
    ],
)  # fmt: skip
def test_what_guard_shows_in_place_of_a_secret_is_not_written_back(
    method: str, target: str, body: object, media: str
) -> None:
    with pytest.raises(Refusal):
        judged(method, target, body, media)


def test_a_secret_of_ones_own_is_written() -> None:
    body = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "db"}, "data": {"p": "Y29ycmVjdA=="}}
    assert judged("PUT", f"{SHOP}/secrets/db", body)[0].complete
