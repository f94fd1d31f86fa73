"""What an object gives away when it is applied: the harmless twin stands below each."""

from __future__ import annotations

from itertools import product

import pytest
from inspectors.tables import over

from guardcli.inspectors.kubectl.manifests import load_manifests, load_values
from guardcli.inspectors.kubectl.objects import describe, grants
from guardcli.model.effects import Effect

PRIVILEGE = {Effect.PRIVILEGE}

PODS = [
    ("hostPID: true", True),
    ("hostPID: false", False),
    ("hostPID: on", True),
    ("hostPID: no", False),
    ("hostIPC: true", True),
    ("hostNetwork: true", True),
    ("volumes: [{name: v, hostPath: {path: /}}]", True),
    ("volumes: [{name: v, emptyDir: {}}]", False),
    ("volumes: [{name: hostPath, configMap: {name: hostPath}}]", False),
    ("containers: [{securityContext: {privileged: true}}]", True),
    ("containers: [{securityContext: {privileged: false}}]", False),
    ("initContainers: [{securityContext: {privileged: 'yes'}}]", True),
    ("containers: [{securityContext: {capabilities: {add: [SYS_ADMIN]}}}]", True),
    ("containers: [{securityContext: {capabilities: {add: [NET_BIND_SERVICE]}}}]", False),
    ("containers: [{securityContext: {capabilities: {drop: [ALL]}}}]", False),
    ("containers: [{securityContext: {procMount: Unmasked}}]", True),
    ("containers: [{securityContext: {windowsOptions: {hostProcess: true}}}]", True),
    ("containers: [{args: [hostPID, 'privileged: true']}]", False),
    ("a: &a {hostPID: true}\nb: [*a, *a]", True),
]


@over("case, kind", product(PODS, ["Pod", "Deployment", "CronJob", "Workflow"]))
def test_a_pod_that_reaches_its_node_is_a_privilege(kind: str, case: tuple[str, bool]) -> None:
    spec, expected = case
    inner = spec.replace("\n", "\n        ")
    (form,) = load_manifests(f"kind: {kind}\nspec:\n  template:\n    spec:\n        {inner}\n".encode())
    assert (describe(form).added == PRIVILEGE) is expected


OBJECTS = [
    ("{apiVersion: v1, kind: ConfigMap, data: {privileged: 'true'}}", set()),
    ("{apiVersion: v1, kind: Secret, data: {hostPID: dHJ1ZQ==}}", set()),
    ("{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token}", PRIVILEGE),
    ("{apiVersion: v1, kind: ServiceAccount, metadata: {annotations: {a: b}}}", set()),
    ("{apiVersion: v1, kind: ServiceAccount, metadata: {annotations: {eks.amazonaws.com/role-arn: b}}}", PRIVILEGE),
    ("{apiVersion: v1, kind: ConfigMap, metadata: {name: aws-auth}}", PRIVILEGE),
    ("{apiVersion: v1, kind: Namespace, metadata: {name: a}}", set()),
    ("{apiVersion: v1, kind: Namespace, metadata: {labels: {pod-security.kubernetes.io/enforce: x}}}", PRIVILEGE),
    ("{apiVersion: rbac.authorization.k8s.io/v1, kind: Role}", PRIVILEGE),
    ("{apiVersion: example.com/v1, kind: RoleTable}", set()),
    ("{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest}", PRIVILEGE),
    ("{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration}", PRIVILEGE),
    ("{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy}", PRIVILEGE),
    ("{apiVersion: apiregistration.k8s.io/v1, kind: APIService}", {Effect.PRIVILEGE, Effect.DEFINE}),
    ("{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition}", {Effect.DEFINE}),
    (
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, schema: {hostPath: {type: object}}}",
        {Effect.DEFINE},
    ),
    ("{apiVersion: v1, kind: PersistentVolume, spec: {hostPath: {path: /}}}", PRIVILEGE),
    ("{apiVersion: v1, kind: PersistentVolume, spec: {nfs: {path: /}}}", set()),
    ("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy}", {Effect.NETWORK}),
    ("{kind: 7, metadata: [x]}", set()),
    ("{}", set()),
]


@pytest.mark.parametrize(("text", "expected"), OBJECTS, ids=[text for text, _ in OBJECTS])
def test_an_object_adds_what_its_kind_and_content_give_away(text: str, expected: set[Effect]) -> None:
    (form,) = load_manifests(f"---\n# yaml\n{text.replace('{', ' {', 1)}".encode()) if text != "{}" else ({},)
    assert describe(form).added == expected


def test_names_come_from_the_metadata() -> None:
    thing = describe({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"}})
    assert (thing.kind.name, thing.namespace, thing.name) == ("deployment", "b", "a")
    assert describe({"kind": "Pod", "metadata": {"generateName": "a-"}}).name == "a-*"
    assert describe({"apiVersion": "example.com/v1", "kind": "Widget"}).kind.name == "widget.example.com"


def test_a_question_is_not_a_change() -> None:
    assert describe({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}).question
    assert not describe({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}).question


PATCHES = [
    ('[{"op":"add","path":"/spec/hostPID","value":true}]', True),
    ('[{"op":"add","path":"/spec/hostPID","value":false}]', False),
    ('[{"op":"remove","path":"/spec/hostPID"}]', False),
    ('[{"op":"copy","from":"/a","path":"/spec/hostPID"}]', True),
    ('[{"op":"add","path":"/spec/volumes/-","value":{"hostPath":{"path":"/"}}}]', True),
    ('[{"op":"add","path":"/spec/volumes/0/hostPath/path","value":"/"}]', True),
    ('[{"op":"add","path":"/a/capabilities/add/-","value":"SYS_ADMIN"}]', True),
    ('[{"op":"add","path":"/a/capabilities/add/-","value":"NET_BIND_SERVICE"}]', False),
    ('[{"op":"add","path":"/metadata/labels/pod-security.kubernetes.io~1enforce","value":"x"}]', True),
    ('[{"op":"add","path":"/metadata/labels/hostname","value":"x"}]', False),
]


@pytest.mark.parametrize(("text", "expected"), PATCHES, ids=[text for text, _ in PATCHES])
def test_a_json_patch_is_judged_by_its_paths(text: str, expected: bool) -> None:
    assert grants(list(load_values(text.encode()))) is expected
