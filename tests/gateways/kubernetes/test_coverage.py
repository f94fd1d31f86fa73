# ruff: noqa: E501 - a case is a line
"""A yes to a call is a yes to the requests that its words imply, and to nothing beyond."""

from __future__ import annotations

import json
import shlex

import pytest

from guardcli.gateways.kubernetes.codec.location import read_location
from guardcli.gateways.kubernetes.codec.request_info import read_request_info
from guardcli.gateways.kubernetes.coverage import Coverage, coverage_of
from guardcli.gateways.kubernetes.judging import Asked, judge_request
from guardcli.inspectors.kubectl import KubectlInspector
from guardcli.model.facts import FactUnavailable
from guardcli.model.invocation import Invocation

NS = "/api/v1/namespaces/shop"
APPS = "/apis/apps/v1/namespaces/shop"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
ROOT = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostPID: true}\n"


class Files:
    """Facts with two files and nothing else."""

    def read_file(self, path: str) -> bytes:
        found = {"/map.yaml": MAP, "/root.yaml": ROOT}.get(path)
        if found is None:
            raise FactUnavailable(path)
        return found.encode()

    def __getattr__(self, name: str):
        def missing(*_: object) -> None:
            raise FactUnavailable(name)

        return missing


def coverage(call: str) -> Coverage:
    invocation = Invocation("kubectl", tuple(shlex.split(call)))
    inspection = KubectlInspector().inspect(invocation, Files())
    return coverage_of(invocation, inspection.operations, "shop")


def covered(call: str, method: str, target: str, body: object = None) -> bool:
    info = read_request_info(method, read_location(target))
    data = b"" if body is None else json.dumps(body).encode()
    media = "application/merge-patch+json" if method == "PATCH" else "application/json"
    return coverage(call).covers(info, judge_request(Asked(info, media, data)))


def thing(kind: str, name: str, **parts: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **parts}


IMPLIED = [
    ("kubectl get pods", "GET", "/apis/apps/v1", None),
    ("kubectl delete pod a", "GET", "/openapi/v3", None),
    ("kubectl delete pod a", "DELETE", f"{NS}/pods/a", None),
    ("kubectl delete pod a", "GET", f"{NS}/pods/a", None),
    ("kubectl delete pod a -n other", "DELETE", "/api/v1/namespaces/other/pods/a", None),
    ("kubectl delete pods -l app=web", "DELETE", f"{NS}/pods/a", None),
    ("kubectl delete pods -l app=web", "GET", f"{NS}/pods?labelSelector=app%3Dweb", None),
    ("kubectl delete po,cm a b", "DELETE", f"{NS}/configmaps/b", None),
    ("kubectl delete node n", "DELETE", "/api/v1/nodes/n", None),
    ("kubectl delete ns shop", "DELETE", "/api/v1/namespaces/shop", None),
    ("kubectl apply -f /map.yaml", "PATCH", f"{NS}/configmaps/web", {"data": {"a": "b"}}),
    ("kubectl apply -f /map.yaml", "POST", f"{NS}/configmaps", thing("ConfigMap", "web")),
    ("kubectl create -f /map.yaml", "POST", f"{NS}/configmaps", thing("ConfigMap", "web")),
    ("kubectl apply -f /root.yaml", "POST", f"{NS}/pods", thing("Pod", "web", spec={"hostPID": True})),
    ("kubectl create configmap web --from-literal=a=b", "POST", f"{NS}/configmaps", thing("ConfigMap", "web")),
    ("kubectl scale deploy/web --replicas=3", "PATCH", f"{APPS}/deployments/web/scale", {"spec": {"replicas": 3}}),
    ("kubectl rollout restart deploy/web", "PATCH", f"{APPS}/deployments/web", {"spec": {}}),
    ("kubectl set image deploy/web c=i", "PATCH", f"{APPS}/deployments/web", {"spec": {}}),
    ("kubectl label pod a x=y", "PATCH", f"{NS}/pods/a", {"metadata": {"labels": {"x": "y"}}}),
    ("kubectl exec a -- rm -rf /data", "GET", f"{NS}/pods/a/exec?command=rm&command=-rf&command=/data", None),
    ("kubectl exec a -- rm -rf /data", "POST", f"{NS}/pods/a/exec?command=rm&command=-rf&command=/data", None),
    ("kubectl exec -it a -- sh", "GET", f"{NS}/pods/a/exec?command=sh&stdin=true&tty=true", None),
    ("kubectl exec deploy/web -- sh x", "GET", f"{NS}/pods/web-7/exec?command=sh&command=x", None),
    ("kubectl attach a", "GET", f"{NS}/pods/a/attach", None),
    ("kubectl port-forward svc/web 80", "GET", f"{NS}/pods/web-7/portforward", None),
    ("kubectl cp a:/var/log/x .", "GET", f"{NS}/pods/a/exec?command=tar&command=cf&command=-&command=/var/log/x", None),
    ("kubectl cp x a:/tmp/x", "GET", f"{NS}/pods/a/exec?command=test&command=-d&command=/tmp/x", None),
    ("kubectl cp x a:/tmp/x", "GET", f"{NS}/pods/a/exec?command=tar&command=-xmf&command=-&command=-C&command=/tmp", None),
    ("kubectl drain n", "POST", "/api/v1/namespaces/other/pods/z/eviction", thing("Eviction", "z")),
    ("kubectl drain n", "PATCH", "/api/v1/nodes/n", {"spec": {"unschedulable": True}}),
    ("kubectl create token sa", "POST", f"{NS}/serviceaccounts/sa/token", {}),
    ("kubectl certificate approve c", "PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval", {}),
    ("kubectl run p --image=i", "POST", f"{NS}/pods", thing("Pod", "p")),
    ("kubectl autoscale deploy/web --max=3", "POST", "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers",
     thing("HorizontalPodAutoscaler", "web")),
]  # fmt: skip

BEYOND = [
    ("kubectl delete pod a", "DELETE", f"{NS}/pods/b", None),
    ("kubectl delete pod a", "DELETE", "/api/v1/namespaces/other/pods/a", None),
    ("kubectl delete pod a", "DELETE", f"{NS}/secrets/a", None),
    ("kubectl delete pod a", "DELETE", f"{NS}/pods", None),
    ("kubectl delete pods -l app=web", "DELETE", f"{NS}/pods", None),
    ("kubectl delete pods -l app=web", "DELETE", "/api/v1/pods?labelSelector=app%3Dweb", None),
    ("kubectl delete pod a", "PATCH", f"{NS}/pods/a", {"spec": {}}),
    ("kubectl delete pod a", "POST", "/version", None),
    ("kubectl delete pod a", "GET", "/api/v1/pods", None),
    ("kubectl get pods", "GET", f"{NS}/secrets/db", None),
    ("kubectl get pods", "DELETE", f"{NS}/pods/a", None),
    ("kubectl apply -f /map.yaml", "DELETE", f"{NS}/configmaps/web", None),
    ("kubectl apply -f /map.yaml", "POST", f"{NS}/configmaps", thing("ConfigMap", "other")),
    ("kubectl apply -f /map.yaml", "POST", f"{NS}/pods", thing("Pod", "web")),
    ("kubectl apply -f /map.yaml", "PATCH", f"{NS}/configmaps/web", {"metadata": {"finalizers": []}}),
    ("kubectl create -f /map.yaml", "PATCH", f"{NS}/configmaps/web", {"data": {}}),
    ("kubectl apply -f /map.yaml", "POST", f"{NS}/configmaps/web/token", {}),
    ("kubectl label pod a x=y", "PATCH", f"{NS}/pods/a", {"spec": {"hostNetwork": True}}),
    ("kubectl scale deploy/web --replicas=3", "PATCH", f"{APPS}/deployments/web", {"spec": {}}),
    ("kubectl exec a -- rm -rf /data", "GET", f"{NS}/pods/a/exec?command=rm&command=-rf&command=/etc", None),
    ("kubectl exec a -- rm -rf /data", "GET", f"{NS}/pods/b/exec?command=rm&command=-rf&command=/data", None),
    ("kubectl exec a -- sh", "GET", f"{NS}/pods/a/exec?command=sh&stdin=true", None),
    ("kubectl exec a -- sh", "GET", f"{NS}/pods/a/attach", None),
    ("kubectl attach a", "GET", f"{NS}/pods/a/exec?command=sh", None),
    ("kubectl cp a:/var/log/x .", "GET", f"{NS}/pods/a/exec?command=tar&command=cf&command=-&command=/etc", None),
    ("kubectl cp a:/var/log/x .", "GET", f"{NS}/pods/a/exec?command=sh&command=-c&command=id", None),
    ("kubectl cp a:/x .", "GET", f"{NS}/pods/a/exec?command=tar&command=--to-command=sh&command=cf&command=-", None),
    ("kubectl drain n", "DELETE", f"{NS}/secrets/z", None),
    ("kubectl run p --image=i", "POST", f"{NS}/pods", thing("Pod", "p", spec={"hostPID": True})),
    ("kubectl create token sa", "POST", f"{NS}/serviceaccounts/root/token", {}),
]  # fmt: skip


@pytest.mark.parametrize(("call", "method", "target", "body"), IMPLIED)
def test_what_the_words_of_a_call_imply_is_covered(call: str, method: str, target: str, body: object) -> None:
    assert covered(call, method, target, body)


@pytest.mark.parametrize(("call", "method", "target", "body"), BEYOND)
def test_what_goes_beyond_is_not(call: str, method: str, target: str, body: object) -> None:
    assert not covered(call, method, target, body)


def test_nobody_else_is_acted_as() -> None:
    info = read_request_info("GET", read_location(f"{NS}/pods"))
    operations = judge_request(Asked(info, acting=("admin",)))
    assert not coverage("kubectl get pods").covers(info, operations)


def test_only_a_copy_moves_bytes_that_no_mask_touches() -> None:
    info = read_request_info("GET", read_location(f"{NS}/pods/a/exec?command=tar&command=cf&command=-&command=/x"))
    assert coverage("kubectl cp a:/x .").copies(info)
    assert not coverage("kubectl exec a -- tar cf - /x").copies(info)
