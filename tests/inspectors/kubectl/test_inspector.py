"""Every call beside its harmless twin: what would happen, and what only looks like it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.inspectors.kubectl.inspector import KubectlInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Input, Inspection, Operation

sys.path.insert(0, str(Path(__file__).parents[1]))

from tables import over

HOME = {"HOME": "/home/me"}


class World(NoFacts):
    """Files and standard input from a dictionary."""

    def __init__(self, files: Mapping[str, str], stdin: str | None = None) -> None:
        self.files = files
        self.given = stdin

    def read_file(self, path: str) -> bytes:
        if path not in self.files:
            raise FactUnavailable(f"{path} does not exist")
        return self.files[path].encode()

    def list_directory(self, path: str) -> Sequence[str]:
        names = sorted({name[len(path) + 1 :].split("/")[0] for name in self.files if name.startswith(path + "/")})
        if not names:
            raise FactUnavailable(f"{path} does not exist")
        return names

    def stdin(self) -> bytes:
        if self.given is None:
            raise FactUnavailable("standard input is a terminal")
        return self.given.encode()


def inspect(line: str, files: Mapping[str, str] | None = None, stdin: str | None = None, **env: str) -> Inspection:
    invocation = Invocation("kubectl", ("kubectl", *shlex.split(line)), HOME | env, "/work")
    return KubectlInspector(HOME).inspect(invocation, World(files or {}, stdin))


def effects(inspection: Inspection) -> str:
    """Return all effects of all operations, from harmless to grave."""
    found = {effect for operation in inspection.operations for effect in operation.effects}
    return " ".join(effect.value for effect in Effect if effect in found)


def complete(inspection: Inspection) -> bool:
    return all(operation.complete for operation in inspection.operations)


def targets(inspection: Inspection) -> list[str]:
    return [str(target) for operation in inspection.operations for target in operation.targets]


def only(inspection: Inspection) -> Operation:
    (operation,) = inspection.operations
    return operation


KNOWN = [
    # reading
    ("get pods", "read"),
    ("get pods -A -o wide -w", "read"),
    ("describe pod delete-me", "read"),
    ("logs -f deploy/delete --since=1h", "read"),
    ("top pod -n prod", "read"),
    ("explain pods.spec --recursive", "read"),
    ("api-resources --verbs=delete", "read"),
    ("version --client", "read"),
    ("version --short", "read"),
    ("auth can-i delete pods", "read"),
    ("rollout status deploy/x", "read"),
    ("rollout history deploy/x", "read"),
    ("wait --for=delete pod/x", "read"),
    ("events --for pod/x", "read"),
    ("cluster-info dump", "read"),
    ("config get-contexts", "read"),
    ("", "read"),
    ("help delete", "read"),
    ("delete pod x --help", "read"),
    ("rollout", "read"),
    # creating and changing
    ("create deployment web --image=nginx", "write"),
    ("create namespace x", "write"),
    ("create serviceaccount x", "write"),
    ("create configmap delete --from-literal=a=b", "write"),
    ("scale deploy/x --replicas=0", "write"),
    ("autoscale deploy x --max=3", "write"),
    ("label pod x app=delete", "write"),
    ("annotate pod x note='kubectl delete ns'", "write"),
    ("set image deploy/x c=i", "write"),
    ("rollout restart deploy/x", "write"),
    ("rollout undo deploy/x", "write"),
    ("expose deploy x --port=80", "write"),
    ("cordon n1", "write"),
    ("taint node n1 k=v:NoSchedule", "write"),
    ('patch deploy x -p \'{"spec":{"replicas":2}}\'', "write"),
    ("run x --image=nginx", "write"),
    ("create job j --from=cronjob/x", "write"),
    # deleting
    ("delete pod x", "delete"),
    ("delete pods,svc -l app=x", "delete"),
    ("drain n1", "delete"),
    ("taint node n1 k=v:NoExecute", "write delete"),
    ("delete ns x", "define delete"),
    ("delete namespaces/x", "define delete"),
    ("delete no/n1", "define delete"),
    ("delete pv x", "define delete"),
    ("delete pvc x", "define delete"),
    ("delete crd foos.example.com", "define delete"),
    ("delete customresourcedefinitions.v1.apiextensions.k8s.io x", "define delete"),
    ("delete pods,ns x", "define delete"),
    ("delete project x", "define delete"),
    ("delete machines.cluster.x-k8s.io x", "define delete"),
    ("delete machineconfigs x", "delete"),
    ("delete foos.example.com x", "delete"),
    # rights
    ("create clusterrolebinding x --clusterrole=cluster-admin --user=me", "write privilege"),
    ("create role x --verb=get --resource=pods", "write privilege"),
    ("delete rolebinding x", "delete privilege"),
    ("delete ClusterRole.rbac.authorization.k8s.io x", "delete privilege"),
    ("patch clusterrole x -p '{}'", "write privilege"),
    ("label validatingwebhookconfiguration x a=b", "write privilege"),
    ("set subject rolebinding x --user=me", "write privilege"),
    ("set serviceaccount deploy x admin", "write privilege"),
    ("create token admin", "privilege"),
    ("certificate approve x", "write privilege"),
    ("certificate deny x", "write privilege"),
    ("label ns x pod-security.kubernetes.io/enforce=privileged", "write privilege"),
    ("label ns x team=privileged", "write"),
    ("annotate sa x eks.amazonaws.com/role-arn=arn:aws:iam::1:role/admin", "write privilege"),
    ("patch configmap aws-auth -n kube-system -p '{}'", "write privilege"),
    ("patch configmap other -n kube-system -p '{}'", "write"),
    ('patch deploy x -p \'{"spec":{"template":{"spec":{"hostPID":true}}}}\'', "write privilege"),
    ('patch deploy x -p \'{"spec":{"template":{"spec":{"hostPID":false}}}}\'', "write"),
    (
        'patch pod x --type=json -p \'[{"op":"add","path":"/spec/c/0/securityContext/privileged","value":true}]\'',
        "write privilege",
    ),
    ('patch pod x --type=json -p \'[{"op":"replace","path":"/metadata/labels/a","value":"privileged"}]\'', "write"),
    ('patch pv x -p \'{"metadata":{"finalizers":null}}\'', "write delete"),
    ("patch node x -p 'spec: {taints: [{key: k, effect: NoExecute}]}'", "write delete"),
    ("patch pod x -p 'spec: {tolerations: [{key: k, effect: NoExecute}]}'", "write"),
    ("run x --image=nginx --privileged", "write privilege"),
    ('run x --image=nginx --overrides=\'{"spec":{"hostNetwork":true}}\'', "write privilege"),
    # running something
    ("exec x -- ls /", "read"),
    ("exec x -- rm /tmp/a", "read delete file execute"),
    ("attach x -it", "execute"),
    ("debug x --image=busybox", "write execute"),
    ("debug x --image=busybox --copy-to=y --replace", "write delete execute"),
    ("debug node/n1 --image=busybox", "write execute privilege"),
    ("debug x --image=busybox --profile=sysadmin", "write execute privilege"),
    ("run x -it --rm --image=busybox -- sh", "write execute"),
    ("create job j --image=i -- sh -c x", "write execute"),
    # other paths
    ("port-forward svc/x 8080:80", "network"),
    ("proxy", "network"),
    ("cp ns/x:/etc/passwd .", "read write file"),
    ("cp ./tool x:/bin/tool", "read write file"),
    ("cluster-info dump --output-directory=/tmp/x", "read file"),
    # dry runs and local runs
    ("delete ns x --dry-run=client", "read"),
    ("delete ns x --dry-run=server", "read"),
    ("delete ns x --dry-run", "read"),
    ("delete ns x --dry-run=none", "define delete"),
    ("delete ns x --dry-run client", "read"),
    ("delete ns x --dry-run=client --dry-run=none", "define delete"),
    ("delete ns x --dry-run=Client", "define delete"),
    ("create clusterrole x --verb=get --resource=pods --dry-run=client -o yaml", "read"),
    ("drain n1 --dry-run=server", "read"),
    ("set env deploy/x --list", "read"),
    ("set env deploy/x A=b", "write"),
    # the caller's own configuration
    ("config view", "read"),
    ("config set-context --current --namespace=x", "session"),
    ("config set-context --current --cluster=x", "network privilege"),
    ("config use-context prod", "network"),
    ("config set-cluster x --server=https://x", "network"),
    ("config set-credentials x --token=t", "privilege"),
    ("config set-credentials x --exec-command=/bin/sh", "execute privilege"),
    ("config set users.x.exec.command /bin/sh", "execute privilege"),
    ("config set contexts.x.namespace y", "session"),
    ("config set current-context y", "network"),
    ("config unset users.x", "delete privilege"),
    ("config delete-context x", "session delete"),
    # where to, and as whom
    ("--context prod get pods", "read network"),
    ("get pods --server=https://evil", "read network"),
    ("get pods --insecure-skip-tls-verify", "read network"),
    ("get pods --insecure-skip-tls-verify=false", "read"),
    ("get pods --as=admin", "read privilege"),
    ("get pods --as-group=system:masters", "read privilege"),
    ("get pods --as-user-extra=a=b", "read privilege"),
    ("get pods --token=t", "read privilege"),
    ("get pods --user=admin", "read privilege"),
    ("create rolebinding x --role=y --user=me --dry-run=client", "read"),
    ("get pods --kubeconfig=/tmp/k", "read network execute privilege"),
    ("get pods --profile=cpu", "read file"),
    ("get pods --cache-dir=/tmp/c", "read file"),
    # the API, called directly
    ("get --raw /healthz", "read"),
    ("get --raw '/api/v1/namespaces/x/pods?limit=1'", "read"),
    ("delete --raw /api/v1/namespaces/x", "define delete"),
    ("delete --raw /api/v1/namespaces/x --dry-run=client", "define delete"),
    ("delete --raw /api/v1/namespaces/x/pods/y", "delete"),
    ("delete --raw /apis/rbac.authorization.k8s.io/v1/clusterroles/x", "delete privilege"),
]


@over("line, expected", KNOWN)
def test_what_is_known_has_exactly_these_effects(line: str, expected: str) -> None:
    inspection = inspect(line)
    assert complete(inspection), inspection
    assert effects(inspection) == expected


CONCEDED = [
    ("whoami", "execute unknown"),
    ("create whatever", "write execute unknown"),
    ("rollout whatever x", "execute unknown"),
    ("-- delete pod x", "execute unknown"),
    ("__complete whatever ''", "execute unknown"),
    ("-n x whatever", "execute unknown"),
    ("get pods --whatever", "unknown"),
    ("get pods --whatever --help", "unknown"),
    ("delete pods --whatever x", "delete unknown"),
    ("--whatever get delete pods x", "delete unknown"),
    ("get pods -Z", "unknown"),
    ("get pods -n", "unknown"),
    ("get pods --kuberc=/tmp/rc", "read execute unknown"),
    ("edit deploy x", "write execute unknown"),
    ("apply edit-last-applied deploy x", "write execute unknown"),
    ("create -f /work/pod.yaml --edit --dry-run=client", "read write execute unknown"),
    ("apply -k .", "write network unknown"),
    ("kustomize .", "read network unknown"),
    ("apply -f https://example.com/a.yaml", "write network unknown"),
    ("apply -f https://example.com/a.yaml --dry-run=client", "read network unknown"),
    ("apply -f /work/none.yaml", "write unknown"),
    ("apply -f /work/pod.yaml,/work/role.yaml", "write unknown"),
    ("apply -f /dev/fd/63", "write unknown"),
    ("apply -f -", "write unknown"),
    ("apply -f /work/dir", "write privilege unknown"),
    ("patch deploy x --patch-file=/work/none.yaml", "write unknown"),
    ("patch deploy x -p '{'", "write unknown"),
    ("patch deploy x -p '{spec: {replicas: 2}}'", "write unknown"),
    ("config set whatever y", "session unknown"),
    ("exec x -- sh", "read execute unknown"),
    ("exec x -- /opt/unheard-of", "read execute unknown"),
    ("get --raw /api/v1/nodes/n1/proxy/pods", "read network execute unknown"),
    ("get --raw /api/v1/namespaces/x/pods/y/exec", "read network execute unknown"),
    ("get --raw /api/v1/proxy/nodes/n1/run", "read unknown"),
    ("get --raw /api/v1/namespaces/x/../../pods", "read unknown"),
    ("get --raw /api/v1/%73ecrets", "read unknown"),
    ("get --raw https://example.com/api/v1/secrets", "read unknown"),
    ("get --raw /logs/", "read unknown"),
    ("create --raw /api/v1/namespaces/x/pods -f /work/none.yaml", "write unknown"),
    ("create --raw /api/v1/namespaces/x/pods/y/whatever -f /work/pod.yaml", "write unknown"),
]

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: team}\nspec: {containers: [{name: c, image: i}]}\n"
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n"
FILES = {"/work/pod.yaml": POD, "/work/role.yaml": ROLE, "/work/dir/a.yaml": POD, "/work/dir/b.yml": ROLE}


@pytest.mark.parametrize(("line", "expected"), CONCEDED, ids=[line for line, _ in CONCEDED])
def test_what_is_not_known_is_conceded_with_what_is(line: str, expected: str) -> None:
    inspection = inspect(line, FILES)
    assert not complete(inspection)
    assert effects(inspection) == expected


ALL_OR_SOME = [
    ("delete pods --all", True),
    ("delete pods x", False),
    ("delete pods -A -l app=x", True),
    ("delete pods -l app=x", False),
    ("delete pods -l app", False),
    ("delete pods -l 'app in (a,b),!c'", False),
    ("delete pods -l app!=x", True),
    ("delete pods -l '!app'", True),
    ("delete pods -l 'app notin (a,b)'", True),
    ("delete pods -l ''", True),
    ("delete pods --field-selector=metadata.name!=x", True),
    ("delete pods --field-selector=metadata.name=x", False),
    ("delete pods --all=false x", False),
    ("delete --all_namespaces --all pods", True),
    ("drain n1", True),
    ("rollout restart deployment", True),
    ("rollout restart deployment/x", False),
    ("rollout restart deployment -l app=x", False),
    ("scale deploy --all --replicas=0", True),
    ("label pods --all a=b", True),
    ("taint nodes --all k:NoExecute", True),
    ("delete pods --all --dry-run=client", False),
    ("delete --raw /api/v1/namespaces/x/pods", True),
    ("delete --raw /api/v1/namespaces/x/pods/y", False),
    ("apply -f /work/pod.yaml --prune --all", True),
    ("apply -f /work/pod.yaml --prune -l app=x", False),
    ("apply -f /work/pod.yaml --all", False),
]


@pytest.mark.parametrize(("line", "unbounded"), ALL_OR_SOME, ids=[line for line, _ in ALL_OR_SOME])
def test_a_change_without_a_limit_is_marked(line: str, unbounded: bool) -> None:
    assert any(operation.unbounded for operation in inspect(line, FILES).operations) is unbounded


SENT = [
    ("create --raw /api/v1/namespaces/x/pods -f pod.yaml", "write"),
    ("create --raw /api/v1/namespaces/x/pods -f host.yaml", "write privilege"),
    ("create --raw /api/v1/namespaces/x/serviceaccounts/y/token -f pod.yaml", "write privilege"),
    ("create --raw /api/v1/namespaces/x/pods/y/eviction -f pod.yaml", "write delete"),
    ("replace --raw /apis/rbac.authorization.k8s.io/v1/clusterroles/x -f pod.yaml", "write privilege"),
    ("replace --raw /api/v1/namespaces/x/finalize -f pod.yaml", "write define delete"),
]


@pytest.mark.parametrize(("line", "expected"), SENT, ids=[line for line, _ in SENT])
def test_what_is_sent_to_a_path_counts_as_well_as_the_path(line: str, expected: str) -> None:
    inspection = inspect(line, FILES | {"/work/host.yaml": POD.replace("spec: {", "spec: {hostPID: true, ")})
    assert complete(inspection)
    assert effects(inspection) == expected
    assert [each.index for each in inspection.inputs] == [5]


SECRETS = [
    ("get secrets", True),
    ("get secret/x -o yaml", True),
    ("get pods,Secret.v1. -o json", True),
    ("get pods -l app=secret", False),
    ("describe pod secret", False),
    ("describe secret x", True),
    ("get sealedsecrets", True),
    ("label secret x a=b -o yaml", True),
    ("delete secret x", False),
    ("get --raw /api/v1/secrets", True),
    ("get --raw /api/v1/watch/namespaces/x/secrets", True),
    ("get --raw /api/v1/namespaces/secrets/pods", False),
    ("config view", False),
    ("config view --raw", True),
    ("config view --flatten", True),
    ("config view --raw=false", False),
    ("set env deploy/x --list", False),
    ("set env deploy/x --list --resolve", True),
    ("create token x", True),
    ("get -f /work/secret.yaml", True),
    ("get -f /work/pod.yaml", False),
    ("exec x -- cat /etc/hostname", False),
    ("exec x -- cat /var/run/secrets/kubernetes.io/serviceaccount/token", True),
]


@pytest.mark.parametrize(("line", "sensitive"), SECRETS, ids=[line for line, _ in SECRETS])
def test_a_read_of_secrets_is_marked(line: str, sensitive: bool) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
    found = inspect(line, FILES | {"/work/secret.yaml": secret})
    assert any(operation.sensitive for operation in found.operations) is sensitive


TARGETS = [
    ("get pods", ["object:/pod/*"]),
    ("-n prod get po,deploy.v1.apps x", ["object:prod/pod/x", "object:prod/deployment/x"]),
    ("get po/a svc/b -nprod", ["object:prod/pod/a", "object:prod/service/b"]),
    ("delete PODS a b --namespace=prod", ["object:prod/pod/a", "object:prod/pod/b"]),
    ("get -A Ingress", ["object:*/ingress/*"]),
    ("get widgets.example.com x", ["object:/widgets.example.com/x"]),
    ("logs x", ["object:/pod/x"]),
    ("logs deploy/x", ["object:/deployment/x"]),
    ("drain n1 n2", ["object:/node/n1", "object:/node/n2"]),
    ("cordon -l a=b", ["object:/node/*"]),
    ("create secret generic s", ["object:/secret/s"]),
    ("create configmap c --from-file=k=/etc/passwd", ["object:/configmap/c", "file:/etc/passwd"]),
    ("create quota q", ["object:/resourcequota/q"]),
    ("expose deploy x --port=1 --name=y", ["object:/service/y"]),
    ("cp team/a:/etc/x out", ["object:team/pod/a", "file:/etc/x", "file:/work/out"]),
    ("certificate approve csr/x y", ["object:/certificatesigningrequest/x", "object:/certificatesigningrequest/y"]),
    ("--context prod version", ["object:/context/prod"]),
    ("-s https://me:pw@host:6443/x version", ["host:host:6443"]),
    ("--as a --as-group b version", ["role:a", "role:b"]),
    ("--token hidden version", []),
    ("delete -f pod.yaml", ["object:team/pod/a"]),
    ("delete -n other -f role.yaml", ["object:other/clusterrolebinding/b"]),
]


@pytest.mark.parametrize(("line", "expected"), TARGETS, ids=[line for line, _ in TARGETS])
def test_targets_name_namespace_kind_and_name(line: str, expected: list[str]) -> None:
    assert targets(inspect(line, FILES)) == expected


def test_a_value_is_never_taken_for_a_verb_nor_a_verb_for_a_value() -> None:
    assert only(inspect("-n delete get pods")).action == "get"
    assert only(inspect("--request-timeout delete get pods")).action == "get"
    assert only(inspect("get --sort-by delete pods")).action == "get"
    assert only(inspect("--warnings-as-errors delete pods x")).action == "delete"
    assert only(inspect("--all get delete pods")).action == "delete"


def test_every_document_of_a_file_is_judged_by_itself() -> None:
    first, second = inspect("apply -f x.yaml", {"/work/x.yaml": POD + "---\n" + ROLE}).operations
    assert (first.effects, targets_of(first)) == ({Effect.WRITE}, ["object:team/pod/a"])
    assert (second.effects, targets_of(second)) == ({Effect.WRITE, Effect.PRIVILEGE}, ["object:/clusterrolebinding/b"])


def targets_of(operation: Operation) -> list[str]:
    return [str(target) for target in operation.targets]


def test_deleting_by_file_knows_the_kinds_that_take_more_than_themselves() -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n"
    assert effects(inspect("delete -f x.yaml", {"/work/x.yaml": POD})) == "delete"
    assert effects(inspect("delete -f x.yaml", {"/work/x.yaml": POD + "---\n" + namespace})) == "define delete"
    assert effects(inspect("replace --force -f x.yaml", {"/work/x.yaml": namespace})) == "write define delete"


def test_replacing_by_force_keeps_what_the_new_object_gives_away() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true}\n"
    for verb in ("replace", "apply"):
        assert effects(inspect(f"{verb} --force -f x.yaml", {"/work/x.yaml": pod})) == "write delete privilege"
    assert effects(inspect("delete --force -f x.yaml", {"/work/x.yaml": pod})) == "delete"


def test_more_than_can_be_judged_in_time_is_conceded() -> None:
    assert not complete(inspect("get pods " + "x " * 6_000))
    wide = inspect("delete " + ",".join(f"k{number}" for number in range(200)) + " " + "x " * 200)
    assert all(operation.unbounded for operation in wide.operations)
    big = POD + "# " + "x" * 600_000
    assert complete(inspect("apply -f a.yaml", {"/work/a.yaml": big}))
    assert not complete(inspect("apply -f a.yaml -f b.yaml", {"/work/a.yaml": big, "/work/b.yaml": big}))


def test_standard_input_is_judged_like_a_file() -> None:
    for name in ("-", "/dev/stdin", "/proc/self/fd/0"):
        assert effects(inspect(f"apply -f {name}", stdin=ROLE)) == "write privilege"
        assert effects(inspect(f"apply -f {name}", stdin=POD)) == "write"


@pytest.mark.parametrize(
    ("line", "index", "prefix"),
    [
        ("apply -f pod.yaml", 3, ""),
        ("apply -fpod.yaml", 2, "-f"),
        ("apply -f=pod.yaml", 2, "-f="),
        ("apply -Rfpod.yaml", 2, "-Rf"),
        ("apply --filename pod.yaml", 3, ""),
        ("apply --filename=pod.yaml", 2, "--filename="),
        ("-n x apply --filename=./pod.yaml", 4, "--filename="),
        ("patch deploy x --patch-file=pod.yaml", 4, "--patch-file="),
        ("debug x --custom=pod.yaml", 3, "--custom="),
    ],
)
def test_the_file_that_was_judged_is_handed_over(line: str, index: int, prefix: str) -> None:
    assert inspect(line, FILES).inputs == (Input("/work/pod.yaml", index, prefix),)


def test_two_files_are_two_inputs() -> None:
    inspection = inspect("apply -f pod.yaml -f role.yaml", FILES)
    assert inspection.inputs == (Input("/work/pod.yaml", 3), Input("/work/role.yaml", 5))
    assert effects(inspection) == "write privilege"


@pytest.mark.parametrize(
    ("line", "env", "expected"),
    [
        ("get pods", {"KUBECONFIG": "/tmp/k"}, "read network execute privilege"),
        ("config view --raw", {"KUBECONFIG": "/tmp/k"}, "read file"),
        ("get pods", {"HOME": "/tmp"}, "read network execute privilege"),
        ("get pods", {"KUBERNETES_MASTER": "https://x"}, "read network"),
        ("get pods", {"HTTPS_PROXY": "http://x"}, "read network"),
        ("get pods", {"SSL_CERT_FILE": "/tmp/ca"}, "read network"),
        ("get pods", {"PAGER": "sh", "KUBECTL_COMMAND_HEADERS": "1"}, "read"),
        ("get pods", {"EDITOR": "sh", "KUBECTL_EXTERNAL_DIFF": "sh"}, "read"),
        ("diff -f /work/pod.yaml", {}, "read"),
        ("diff -f /work/pod.yaml", {"KUBECTL_EXTERNAL_DIFF": "sh"}, "read execute"),
        ("diff -f /work/pod.yaml", {"KUBECTL_EXTERNAL_DIFF": "colordiff -N -u"}, "read"),
        ("diff -f /work/pod.yaml", {"KUBECTL_EXTERNAL_DIFF": "colordiff --difftool=sh"}, "read execute"),
        ("get pods", {"KUBERC": "/tmp/rc"}, "read execute unknown"),
        ("get pods", {"KUBERC": "off"}, "read"),
    ],
)
def test_the_environment_counts_like_a_flag(line: str, env: dict[str, str], expected: str) -> None:
    assert effects(inspect(line, FILES, **env)) == expected


def test_a_variable_that_the_session_began_with_is_the_users_own() -> None:
    env = {"KUBECONFIG": "/home/me/prod", "HOME": "/home/me"}
    invocation = Invocation("kubectl", ("kubectl", "get", "pods"), env)
    assert effects(KubectlInspector(env).inspect(invocation, NoFacts())) == "read"
    assert "network" in effects(KubectlInspector({"HOME": "/home/me"}).inspect(invocation, NoFacts()))
    unset = Invocation("kubectl", ("kubectl", "get", "pods"), {"HOME": "/home/me"})
    assert "network" in effects(KubectlInspector(env).inspect(unset, NoFacts()))


def test_a_kuberc_in_the_home_directory_concedes() -> None:
    assert complete(inspect("get pods", {"/home/me/.kube/config": ""}))
    assert not complete(inspect("get pods", {"/home/me/.kube/config": "", "/home/me/.kube/kuberc": ""}))


WEB = {"/work/web/kustomization.yaml": "resources: [pod.yaml, ../base]\nnamespace: x\n", "/work/web/pod.yaml": POD}
BASE = {"/work/base/kustomization.yml": "resources:\n- ../role.yaml\n", "/work/role.yaml": ROLE}


@pytest.mark.parametrize(
    ("line", "changed", "expected"),
    [
        ("kustomize web", {}, "read"),
        ("kustomize web -o out", {}, "read file"),
        ("kustomize web --enable-helm", {}, "read network execute unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "resources: [github.com/a/b]"}, "read network unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "patches: [{path: 'https://x/p'}]"}, "read network unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "generators: [x.yaml]"}, "read network unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "helmCharts: [{name: x}]"}, "read network unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "resources: [../web]"}, "read"),
        ("kustomize web", {"/work/web/Kustomization": ""}, "read network unknown"),
        ("kustomize none", {}, "read network unknown"),
        ("kustomize https://example.com/x", {}, "read network unknown"),
        ("diff -k web", {}, "read"),
        ("get -k web", {}, "read"),
        ("apply -k web --dry-run=client", {}, "read"),
        ("apply -k web", {}, "write privilege unknown"),
        ("apply -k web", {"/work/role.yaml": POD}, "write unknown"),
        ("delete -k web", {"/work/role.yaml": POD}, "delete unknown"),
        ("diff -k https://example.com/x", {}, "read network unknown"),
    ],
)
def test_a_kustomization_is_followed_as_far_as_it_goes(line: str, changed: dict[str, str], expected: str) -> None:
    inspection = inspect(line, WEB | BASE | changed)
    assert effects(inspection) == expected
    assert complete(inspection) is ("unknown" not in expected)


def test_what_exec_pipes_into_a_shell_is_judged_too() -> None:
    assert effects(inspect("exec -i x -- sh", stdin="ls /tmp")) == "read"
    assert "delete" in effects(inspect("exec -i x -- sh", stdin="rm -rf /tmp/x"))
    assert not complete(inspect("exec x -- sh", stdin="ls /tmp"))


def test_what_stands_before_the_dashes_does_not_hide_the_command() -> None:
    assert "delete" in effects(inspect("exec x ls -- rm /tmp/x"))
    assert "delete" in effects(inspect("exec -f /work/pod.yaml ls -- rm /tmp/x", FILES))


HARMLESS = {Effect.READ, Effect.SESSION}
VERBS = ["get", "describe", "delete", "apply", "create", "edit", "exec", "cp", "drain", "rollout", "restart", "config"]
WORDS = st.one_of(
    st.sampled_from(
        [
            *VERBS,
            "view",
            "set",
            "image",
            "secret",
            "--raw",
            "-n",
            "-f",
            "-A",
            "--all",
            "--",
            "--dry-run",
            "--dry-run=client",
            "-",
            "pods",
            "ns/x",
            "-h",
        ]
    ),
    st.text(alphabet="-=,/.af*\udcff", max_size=6),
)


@given(st.lists(WORDS, max_size=7))
def test_any_words_are_judged_without_a_fault(words: list[str]) -> None:
    invocation = Invocation("kubectl", ("kubectl", *words), HOME, "/work")
    inspection = KubectlInspector(HOME).inspect(invocation, World(FILES, POD))
    assert inspection.operations
    for each in inspection.inputs:
        assert invocation.argv[each.index].startswith(each.prefix)


@given(st.lists(WORDS, max_size=4), st.sampled_from(["ns", "pods,namespaces", "crd", "node", "pvc"]))
def test_no_words_around_a_deletion_make_it_pass_for_a_read(words: list[str], kind: str) -> None:
    line = ("kubectl", "delete", kind, "x", *words)
    inspection = KubectlInspector(HOME).inspect(Invocation("kubectl", line, HOME, "/work"), World(FILES, POD))
    excused = {"-h", "--dry-run", "--dry-run=client"} & set(words)
    found = {effect for operation in inspection.operations for effect in operation.effects}
    assert excused or not complete(inspection) or found - HARMLESS


@pytest.mark.parametrize(
    "line",
    [
        "get secret db -o jsonpath={.data.password}",
        "get secrets -o go-template={{.items}}",
        "get --raw /api/v1/namespaces/shop/secrets",
    ],
)
def test_behind_a_gateway_no_form_of_output_shows_a_secret(line: str) -> None:
    argv = ("kubectl", *shlex.split(line))
    for gateway, complete in (("", False), ("shop", True)):
        found = KubectlInspector().inspect(Invocation("kubectl", argv, HOME, gateway=gateway), World({}))
        assert [one.complete for one in found.operations] == [complete]
        assert found.operations[0].sensitive
