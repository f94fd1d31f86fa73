"""The real kubectl against a small API: what it asks of the server must not be worse than what was judged."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from kubernetes_api import Request, SmallApi

from guardcli.inspectors.kubectl.inspector import KubectlInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Operation

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="needs kubectl")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallApi, Path]]:
    small = SmallApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            while self.headers.get("Transfer-Encoding") == "chunked":
                chunk = self.rfile.read(int(self.rfile.readline(), 16))
                self.rfile.readline()
                body += chunk
                if not chunk:
                    break
            status, form = small.answer(self.command, self.path, body)
            content = json.dumps(form).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    home = tmp_path_factory.mktemp("home")
    (home / ".kube").mkdir()
    form = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "small",
        "contexts": [{"name": "small", "context": {"cluster": "small", "user": "me"}}],
        "clusters": [{"name": "small", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "me", "user": {}}],
    }
    (home / ".kube" / "config").write_text(json.dumps(form))
    yield small, home
    server.shutdown()
    thread.join()
    server.server_close()


class FilesOf(NoFacts):
    """The files of one directory, as the broker would read them."""

    def __init__(self, stdin: bytes) -> None:
        self.content = stdin

    def read_file(self, path: str) -> bytes:
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise FactUnavailable(str(error)) from error

    def stdin(self) -> bytes:
        return self.content


def reads_only(argv: object, stdin: object) -> tuple[Operation, ...]:
    return (Operation("shell", "ls", frozenset({Effect.READ})),)


def judged(home: Path, line: str, stdin: bytes = b"") -> Inspection:
    """Return the judgement, with every command that exec runs taken for a harmless one."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    invocation = Invocation("kubectl", ("kubectl", *shlex.split(line)), env, str(home))
    return KubectlInspector(env, reads_only).inspect(invocation, FilesOf(stdin))


def sent(api: tuple[SmallApi, Path], line: str, stdin: bytes = b"") -> list[Request]:
    """Return what the real kubectl asks of the server."""
    small, home = api
    small.requests.clear()
    small.gone.clear()
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    subprocess.run(
        ["kubectl", *shlex.split(line)], input=stdin, env=env, cwd=home, capture_output=True, timeout=90, check=False
    )
    return list(small.requests)


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: c, image: i}]}\n"
LINES = """
get pods,svc -A
get po/a svc/b
-n x get Deployment.v1.apps a
--request-timeout 9s get --sort-by delete pods
delete pod a
delete pods a b --dry-run=client
delete pods a b --dry-run=server
delete pods a b --dry-run
delete pods a b --dry-run client
delete pods a --dry-run=client --dry-run=none
delete pods a --dry_run=client
delete pods --all
delete --all_namespaces --all pods
delete pods -l a!=b
delete pods,svc one --wait=false
delete pod one --wait=false --cascade orphan
delete ns/one
delete wd one
delete -f pod.yaml
--warnings-as-errors delete pod one
--grace-period 5 delete pod one
delete --raw /api/v1/namespaces/x --dry-run=client
replace --force -f pod.yaml --validate=false
replace --force --dry-run=server -f pod.yaml --validate=false
apply -f pod.yaml --validate=false
apply -f=pod.yaml --validate=false --dry-run=client
apply -fpod.yaml --validate=false --dry-run=server
apply -f pod.yaml --validate=false --force --dry-run=server
apply -f pod.yaml --validate=false --prune --all --dry-run=client
create -f pod.yaml --validate=false
create ns x
create ns x --dry-run=client
create clusterrolebinding b --clusterrole=view --user=u
create job j --from=cronjob/one
label pod one a=c --overwrite
label pod one a=c --overwrite --list
label pod one --list
label --local -f pod.yaml x=y -o yaml
label -f pod.yaml x=y --dry-run=server
label pods --all x=y
annotate pod one x=y
scale deploy one --replicas=3
scale deploy one --replicas=3 --dry-run=server
rollout restart deploy
rollout restart deploy/one
rollout history deploy/one
rollout undo deploy/one --dry-run=client
rollout pause deploy/one
set image deploy/one c=x
set image deploy/one c=x --local -o yaml
set env deploy/one A=b
set env deploy/one --list
set env deploy/one -e A=b --list
set serviceaccount deploy one sa1
set subject clusterrolebinding one --user=u
set selector svc one x=y --dry-run=server
set env --local -f pod.yaml A=b -o yaml
patch --local -f pod.yaml -p '{"metadata":{"labels":{"z":"y"}}}' -o yaml
annotate --local -f pod.yaml x=y --dry-run=none -o yaml
apply --server-side -f pod.yaml --validate=false
apply --server-side -f pod.yaml --validate=false --dry-run=server
apply -f pod.yaml --validate=false --prune --all --prune-allowlist=core/v1/Pod --dry-run=server
replace -f pod.yaml --validate=false --dry-run=server
delete pod one --force --dry-run=server
create job j --from=cronjob/one --dry-run=server
expose deploy one --port=80 --dry-run=server
create secret generic s --from-literal=a=b --dry-run=server
cordon one
cordon node/one --dry-run=client
drain one --force --ignore-daemonsets --delete-emptydir-data
drain one --force --dry-run=server --delete-emptydir-data
taint nodes one k=v:NoExecute
taint no one k=v:NoSchedule --dry-run=client
patch pod one -p '{"metadata":{"labels":{"z":"y"}}}'
patch pod one -p '{"metadata":{"labels":{"z":"y"}}}' --dry-run=server
expose deploy one --port=80
expose pod one --port=80 --name=two --dry-run=client
run x --image=y
run x --image=y --dry-run=client --expose --port=80
run x --image=y --dry-run=server
debug one --image=x --attach=false
auth can-i get pods
auth can-i --list
auth whoami
certificate approve one
create token one
describe pods
diff -f pod.yaml
events
cluster-info dump
explain pods
api-resources
get --raw /api/v1/pods
"""


def names(inspection: Inspection) -> set[str]:
    return {str(target).rpartition("/")[2] for operation in inspection.operations for target in operation.targets}


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_nothing_that_was_judged_a_read_changes_anything(api: tuple[SmallApi, Path], line: str) -> None:
    _, home = api
    (home / "pod.yaml").write_text(POD)
    inspection = judged(home, line)
    changes = [request for request in sent(api, line) if request.changes]
    effects = {effect for operation in inspection.operations for effect in operation.effects}
    assert all(operation.complete for operation in inspection.operations)
    assert not changes or effects - {Effect.READ, Effect.SESSION}
    if any(request.method == "DELETE" for request in changes):
        assert Effect.DELETE in effects
    if any("rbac." in request.path or request.path.endswith(("/token", "/approval")) for request in changes):
        assert Effect.PRIVILEGE in effects
    if changes and line.split()[0] != "drain" and "*" not in names(inspection):
        assert {request.path.split("/")[-1] for request in changes if request.method == "DELETE"} <= names(inspection)


def test_the_small_api_shows_a_change_when_there_is_one(api: tuple[SmallApi, Path]) -> None:
    assert [request.method for request in sent(api, "delete pod one") if request.changes] == ["DELETE"]
    assert [request.method for request in sent(api, "create ns x") if request.changes] == ["POST"]
    assert not any(request.changes for request in sent(api, "get pods"))
