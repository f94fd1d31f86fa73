"""A small Kubernetes API: it tells of its resources, answers what is asked, and remembers every request."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

RESOURCES = {
    "v1": "pods:Pod:po services:Service:svc secrets:Secret configmaps:ConfigMap:cm serviceaccounts:ServiceAccount:sa "
    "replicationcontrollers:ReplicationController:rc persistentvolumeclaims:PersistentVolumeClaim:pvc events:Event:ev "
    "-nodes:Node:no -namespaces:Namespace:ns -persistentvolumes:PersistentVolume:pv",
    "apps/v1": "deployments:Deployment:deploy statefulsets:StatefulSet:sts daemonsets:DaemonSet:ds "
    "replicasets:ReplicaSet:rs",
    "batch/v1": "jobs:Job cronjobs:CronJob:cj",
    "autoscaling/v2": "horizontalpodautoscalers:HorizontalPodAutoscaler:hpa",
    "rbac.authorization.k8s.io/v1": "roles:Role rolebindings:RoleBinding -clusterroles:ClusterRole "
    "-clusterrolebindings:ClusterRoleBinding",
    "certificates.k8s.io/v1": "-certificatesigningrequests:CertificateSigningRequest:csr",
    "apiextensions.k8s.io/v1": "-customresourcedefinitions:CustomResourceDefinition:crd,crds",
    "authorization.k8s.io/v1": "-selfsubjectaccessreviews:SelfSubjectAccessReview "
    "-selfsubjectrulesreviews:SelfSubjectRulesReview",
    "authentication.k8s.io/v1": "-selfsubjectreviews:SelfSubjectReview",
    "example.com/v1": "widgets:Widget:wd",
}
"""Resources of the small API, a group and version a row; ``-`` marks what belongs to no namespace."""


@dataclass
class Resource:
    plural: str
    kind: str
    short: list[str]
    namespaced: bool
    version: str

    def discovery(self) -> dict[str, object]:
        verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        form: dict[str, object] = {"name": self.plural, "singularName": self.kind.lower(), "kind": self.kind}
        return {**form, "namespaced": self.namespaced, "verbs": verbs, "shortNames": self.short, "categories": ["all"]}

    def example(self, name: str, namespace: str) -> dict[str, object]:
        template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        spec: dict[str, object] = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template}
        if self.kind == "Pod":
            spec = dict(template["spec"])
        if self.kind in ("Service", "ReplicationController"):
            spec = {"selector": {"a": "b"}, "ports": [{"port": 1}], "template": template}
        metadata = {"name": name, "uid": "u", "resourceVersion": "1", "labels": {"a": "b"}}
        if self.namespaced:
            metadata["namespace"] = namespace
        form = {"apiVersion": self.version, "kind": self.kind, "metadata": metadata}
        if self.kind in ("Secret", "ConfigMap"):
            return {**form, "data": {"k": "dg=="}}
        if self.kind not in ("Node", "Namespace", "ServiceAccount") and "rbac" not in self.version:
            form["spec"] = spec
        if self.kind == "Pod":
            form["status"] = {"phase": "Running", "containerStatuses": [{"name": "c", "ready": True}]}
        return form


def resources() -> dict[str, Resource]:
    found = {}
    for version, row in RESOURCES.items():
        for entry in row.split():
            plural, kind, *short = entry.removeprefix("-").split(":")
            names = short[0].split(",") if short else []
            found[f"{version}/{plural}"] = Resource(plural, kind, names, entry[0] != "-", version)
    return found


TABLE = resources()


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes

    @property
    def changes(self) -> bool:
        """Whether it changes something: all but reads, questions and dry runs do."""
        if self.method == "GET" or self.path.endswith("reviews"):
            return False
        # the options of a deletion travel in its body, as JSON or as protobuf
        return (
            self.query.get("dryRun") != ["All"]
            and b'"dryRun":["All"]' not in self.body
            and b"*\x03All" not in self.body
        )


def _failure(code: int, reason: str) -> tuple[int, object]:
    form = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no", "reason": reason, "code": code}
    return code, form


@dataclass
class SmallApi:
    """A server that tells of its resources, has every object that is asked for, and remembers what was asked."""

    requests: list[Request] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, object]:
        path = urlsplit(target).path.strip("/")
        query = parse_qs(urlsplit(target).query)
        self.requests.append(Request(method, path, query, body))
        if method == "GET" and (form := self.about(path)) is not None:
            return 200, form
        steps = path.split("/")
        group = steps[1] if steps[0] == "api" else "/".join(steps[1:3])
        rest = steps[2:] if steps[0] == "api" else steps[3:]
        namespace = "default"
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        resource = TABLE.get(f"{group}/{rest[0]}") if rest else None
        if resource is None or rest[2:] in (["exec"], ["attach"], ["portforward"]):
            return _failure(403, "Forbidden")
        if "watch" in query:
            return 200, {"type": "DELETED", "object": resource.example("one", namespace)}
        if method == "DELETE":
            self.gone.add(path)
        if len(rest) == 1 and method != "POST":
            items = [] if self.gone else [resource.example("one", namespace)]
            return 200, {"apiVersion": group, "kind": resource.kind + "List", "metadata": {}, "items": items}
        if method == "GET" and path in self.gone:
            return _failure(404, "NotFound")
        return 200, resource.example("new" if len(rest) == 1 else rest[1], namespace)

    def about(self, path: str) -> object | None:
        if path == "version":
            return {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
        if path == "api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "apis":
            groups = [version.split("/") for version in RESOURCES if "/" in version]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*group) for group in groups]}
        version = path.removeprefix("apis/").removeprefix("api/")
        if path not in (f"apis/{version}", f"api/{version}") or version not in RESOURCES:
            return None
        known = [each.discovery() for each in TABLE.values() if each.version == version]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": known}


def _group(name: str, version: str) -> dict[str, object]:
    entry = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [entry], "preferredVersion": entry}
