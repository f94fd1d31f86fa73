"""Every call beside its harmless twin: what would happen, and what only looks like it."""

from __future__ import annotations

import shlex

import pytest
from inspectors.kubectl.asking import FILES, HOME, POD, World, complete, effects, inspect, only, targets
from inspectors.tables import over

from guardcli.inspectors.kubectl.inspector import KubectlInspector
from guardcli.model.invocation import Invocation

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


def test_what_exec_pipes_into_a_shell_is_judged_too() -> None:
    assert effects(inspect("exec -i x -- sh", stdin="ls /tmp")) == "read"
    assert "delete" in effects(inspect("exec -i x -- sh", stdin="rm -rf /tmp/x"))
    assert not complete(inspect("exec x -- sh", stdin="ls /tmp"))


def test_what_stands_before_the_dashes_does_not_hide_the_command() -> None:
    assert "delete" in effects(inspect("exec x ls -- rm /tmp/x"))
    assert "delete" in effects(inspect("exec -f /work/pod.yaml ls -- rm /tmp/x", FILES))


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
    for gateway, known in (("", False), ("shop", True)):
        found = KubectlInspector().inspect(Invocation("kubectl", argv, HOME, gateway=gateway), World({}))
        assert [one.complete for one in found.operations] == [known]
        assert found.operations[0].sensitive
