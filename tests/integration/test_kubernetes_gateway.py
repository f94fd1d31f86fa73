"""The real kubectl by way of the gateway: what the cluster is asked, with whose credential, and what comes back."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest
from integration.cluster import Cluster, kubernetes

from guardcli.gateways.kubernetes.certificates import make_identity

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")

NOW = ["--approval-wait", "0", "--isolate=off"]
TOKEN = "token-of-the-cluster"
ENCODED = "Y29ycmVjdC1ob3JzZQ=="
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: default}\ndata: {colour: blue}\n"

POLICY = """
version: 1
name: clusters
extends: [pack:default]
resources:
  small:
    kind: kubernetes
    host: 127.0.0.1
    port: %(port)s
    context: small
    expose: KUBECONFIG
    credential: "%(credential)s"
    options: {ca: %(root)s/ca.pem%(options)s}
rules:
%(rules)s
"""
OPEN = """
  - {id: kubectl-changes-ask, match: {tool: kubectl, effects: [read, session, write, delete, execute, file, network], resource: small}, decision: allow}
  - {id: conceded-asks, match: {tool: kubectl, complete: false}, decision: allow}
"""


class Stage:
    """A sandbox and a cluster that is a resource of its policy."""

    def __init__(self, sandbox, api: Cluster) -> None:
        self.sandbox = sandbox
        self.api = api
        self.rule()

    def rule(self, rules: str = "  []", options: str = "", credential: str = "") -> None:
        """Have the policy say this."""
        root = self.sandbox.root
        values = {
            "port": self.api.url.rpartition(":")[2],
            "root": root,
            "options": options,
            "rules": rules,
            "credential": credential or f"file:{root}/token",
        }
        self.sandbox.policy.write_text(POLICY % values)

    def run(self, script: str, *options: str, **keywords: object) -> subprocess.CompletedProcess[str]:
        """Run a script as the agent."""
        return self.sandbox.script(script, options=options or NOW, **keywords)

    def requests(self) -> list[dict[str, object]]:
        """Return what the record says of requests of the newest session."""
        judged = self.sandbox.events(type="judged")
        return [event["data"] for event in judged if "request_sha256" in event["data"]]


@pytest.fixture(scope="module")
def identity():
    return make_identity(datetime.now(UTC))


@pytest.fixture
def stage(shared_sandbox, identity) -> Iterator[Stage]:
    sandbox = shared_sandbox
    sandbox.env.pop("KUBECONFIG", None)
    with kubernetes(sandbox.root, identity.context) as api:
        (sandbox.root / ".kube" / "config").unlink()
        (sandbox.root / "ca.pem").write_bytes(identity.authority)
        (sandbox.root / "token").write_text(TOKEN)
        (sandbox.root / "token").chmod(0o600)
        api.token = TOKEN
        api.cwd = str(sandbox.work)
        api.put("pods", "Pod", "web-1", spec={"containers": [{"name": "c", "image": "i"}]}, status={"phase": "Running"})
        api.put("secrets", "Secret", "db", type="Opaque", data={"password": ENCODED})
        api.put("configmaps", "ConfigMap", "settings", data={"owner": "ann@corp.io", "colour": "green"})
        yield Stage(sandbox, api)


def test_reading_is_recorded_and_masked_on_its_way(stage) -> None:
    script = """
    kubectl get pods -o name
    kubectl get secret db -o 'jsonpath={.data.password}' | base64 -d; echo
    kubectl get secrets -o json; kubectl describe secret db; kubectl get configmap settings -o yaml
    kubectl logs web-1
    kubectl get --raw /api/v1/namespaces/default/secrets/db
    """
    stage.api.go.set()
    done = stage.run(script)
    assert "pod/web-1" in done.stdout and "colour: green" in done.stdout, done.stderr
    assert "*************" in done.stdout
    for gone in (ENCODED, "correct-horse", "ann@corp.io", TOKEN):
        assert gone not in done.stdout + done.stderr
    found = {(one["verb"], one["kind"], one["namespace"], one["name"], one["part_of"]) for one in stage.requests()}
    assert ("list", "pods", "default", "", 1) in found
    assert any(one[:4] == ("get", "secrets", "default", "db") for one in found)
    masked = [event["data"]["findings"] for event in stage.sandbox.events(type="masked")]
    assert {"secret data": 1} in masked
    stage.sandbox.verify()
    hits = stage.sandbox.guard("sessions", "search", "--namespace", "default", "--target", "secret", "--json")
    assert "secrets/db" in hits.stdout, hits.stderr


def test_commands_run_in_a_container_with_their_streams_and_status(stage) -> None:
    stage.rule(OPEN)
    script = """
    kubectl exec web-1 -- sh -c 'echo to ann@corp.io; echo bad >&2; exit 3'; echo "status $?"
    printf 'one\\ntwo' | kubectl exec -i web-1 -- cat; echo
    echo typed | kubectl attach -i web-1
    head -c 300000 /dev/zero | tr '\\0' x >big; kubectl exec -i web-1 -- wc -c <big
    kubectl exec web-1 -- sh -c 'yes 0123456789 | head -n 100000' | md5sum
    """
    done = stage.run(script)
    assert "to [EMAIL]\nstatus 3\none\ntwo\ntyped\n300000\n" in done.stdout, done.stderr
    expected = subprocess.run("yes 0123456789 | head -n 100000 | md5sum", shell=True, capture_output=True, text=True)
    assert expected.stdout in done.stdout
    assert "bad" in done.stderr and "exit code 3" in done.stderr
    ends = [one["data"] for one in stage.sandbox.events(type="ended") if one["data"].get("status") == 101]
    assert len(ends) == 5 and ends[0]["received"] > 20


def test_a_terminal_in_a_container_is_masked(stage) -> None:
    stage.rule(OPEN)
    program = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    inside = "kubectl exec -it web-1 -- sh -c 'test -t 0 && echo terminal of ann@corp.io; exit 4'"
    done = stage.run(f'{sys.executable} -c "{program}" {inside} </dev/null; echo "status $?"')
    assert "terminal of [EMAIL]" in done.stdout and "status 4" in done.stdout, done.stdout + done.stderr


def test_files_are_copied_byte_for_byte(stage) -> None:
    stage.rule(OPEN)
    box = stage.sandbox.work / "box"
    box.mkdir()
    content = bytes(range(256)) * 1000 + b"ann@corp.io\n"
    (box / "there").write_bytes(content)
    (stage.sandbox.work / "here").write_bytes(content[::-1])
    done = stage.run(f"kubectl cp web-1:{box}/there got && kubectl cp here web-1:{box}/put; echo $?")
    assert done.stdout.endswith("0\n"), done.stderr
    assert (stage.sandbox.work / "got").read_bytes() == content
    assert (box / "put").read_bytes() == content[::-1]


@contextmanager
def pages() -> Iterator[int]:
    """Serve HTTP; yield the port."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"from the pod\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


FORWARD = """
import re, subprocess, sys, urllib.request
child = subprocess.Popen(["kubectl", "port-forward", "pod/web-1", ":80"], stdout=subprocess.PIPE, text=True)
port = re.search(r"127.0.0.1:(\\d+)", child.stdout.readline())[1]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for _ in range(3):
    print(opener.open(f"http://127.0.0.1:{port}/", timeout=600).read().decode(), end="")
child.terminate()
child.wait()
"""


@pytest.mark.parametrize("websockets", ["true", "false"])
def test_a_port_is_forwarded_over_either_protocol(stage, websockets: str) -> None:
    stage.rule(OPEN)
    stage.sandbox.env["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = websockets
    with pages() as port:
        stage.api.ports[80] = port
        done = stage.sandbox.python(FORWARD, options=NOW)
    assert done.stdout == "from the pod\n" * 3, done.stderr
    stage.sandbox.env.pop("KUBECTL_PORT_FORWARD_WEBSOCKETS")


def test_a_watch_and_a_log_that_is_followed_arrive_as_they_come(stage) -> None:
    program = """
import subprocess, sys
watch = subprocess.Popen(["kubectl", "get", "secrets", "-w", "-o", "json"], stdout=subprocess.PIPE, text=True)
log = subprocess.Popen(["kubectl", "logs", "-f", "web-1"], stdout=subprocess.PIPE, text=True)
print(log.stdout.readline(), end="", flush=True)
for line in watch.stdout:
    print(line, end="", flush=True)
    if '"name": "late"' in line:
        break
watch.kill(); watch.wait()
print("watched", flush=True)
print(log.stdout.read(), end="")
"""
    late = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "late", "namespace": "default"},
        "data": {"p": ENCODED},
    }
    stage.api.news.put({"type": "ADDED", "object": late})
    path = stage.sandbox.root / "agent.py"
    path.write_text(program)
    process = stage.sandbox.start(sys.executable, str(path), options=NOW)
    try:
        assert process.stdout.readline() == "first from [EMAIL]\n"
        seen = ""
        while "watched\n" not in seen:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            seen += line
        assert not stage.api.go.is_set() and ENCODED not in seen
        stage.api.go.set()
        rest, _ = process.communicate(timeout=600)
        assert rest == "last\n"
    finally:
        process.kill()
        process.communicate()


def test_a_yes_to_the_call_is_a_yes_to_what_it_implies_and_to_nothing_else(stage) -> None:
    other = MAP.replace("name: web", "name: settings").replace("blue", "red, owner: eve@corp.io")
    (stage.sandbox.work / "web.yaml").write_text(f"{MAP}---\n{other}")
    command = "kubectl apply -f web.yaml --validate=false"
    first = stage.run(command)
    assert first.returncode == 75 and stage.api.changes == []
    found = re.search(r"approval ([0-9a-f]{8,})", first.stderr)
    assert found
    shown = stage.sandbox.guard("approvals", "show", found[1]).stdout
    assert "default/configmap/web would be created" in shown and "colour: blue" in shown
    assert "default/configmap/settings would be changed" in shown and "corp.io" not in shown
    assert "-  colour: green" in shown and "+  colour: red" in shown
    assert stage.sandbox.guard("approvals", "approve", found[1]).returncode == 0
    again = stage.run(command)
    assert (again.returncode, again.stdout) == (0, "configmap/web created\nconfigmap/settings configured\n"), (
        again.stderr
    )
    rules = {(one["verb"], one["rule"]) for one in stage.requests()}
    assert {("create", "implied-by-the-call"), ("patch", "implied-by-the-call")} <= rules
    place = "api/v1/namespaces/default/configmaps"
    assert stage.api.changes == [f"POST {place}", f"PATCH {place}/settings"]


AGENT = """
import http.client, json, os, ssl, sys, base64
config = json.load(open(os.environ["KUBECONFIG"]))
cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
host = cluster["server"].removeprefix("https://")
def ask(method, path, body=None, **fields):
    to = http.client.HTTPSConnection(host, context=ssl.create_default_context(cadata=authority), timeout=600)
    to.request(method, path, body, {"Authorization": "Bearer " + user["token"], **fields})
    answer = to.getresponse()
    text = answer.read().decode()
    to.close()
    return answer.status, text
"""


def test_another_client_is_judged_request_by_request(stage) -> None:
    program = (
        AGENT
        + """
pods = "/api/v1/namespaces/default/pods"
print(ask("GET", pods)[0], ask("GET", "/api/v1/namespaces/default/secrets/db"))
for method, path in (("DELETE", pods + "/web-1"), ("DELETE", pods), ("DELETE", "/api/v1/namespaces/default")):
    status, text = ask(method, path)
    print(status, json.loads(text)["reason"], json.loads(text)["message"])
print(ask("GET", pods, **{"Impersonate-User": "admin"})[0])
"""
    )
    done = stage.sandbox.python(program, options=NOW)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("200 (200,") and ENCODED not in done.stdout, done.stderr
    assert lines[1].startswith("403 Forbidden") and "still pending" in lines[1]
    assert "kubectl-sweeps" in lines[2] and "kubectl-roots" in lines[3] and lines[4] == "403"
    assert stage.api.changes == []
    denied = [one["rule"] for one in stage.requests() if one["verdict"] == "deny"]
    assert denied == ["kubectl-sweeps", "kubectl-roots"]


def test_a_request_waits_for_a_person_and_then_goes_on(stage, wait_for) -> None:
    program = AGENT + 'print(ask("DELETE", "/api/v1/namespaces/default/pods/web-1")[0])'
    path = stage.sandbox.root / "agent.py"
    path.write_text(program)
    wanted = "DELETE /api/v1/namespaces/default/pods/web-1"
    others = {one["id"] for one in stage.sandbox.json("approvals", "list")}  # of tests before this one

    def asked() -> list[dict[str, Any]]:
        waiting = stage.sandbox.json("approvals", "list")
        return [one for one in waiting if one["command"] == wanted and one["id"] not in others]

    process = stage.sandbox.start(sys.executable, str(path), options=["--approval-wait", "100", "--isolate=off"])
    try:
        pending = wait_for(asked)
        assert stage.api.changes == []
        assert stage.sandbox.guard("approvals", "approve", pending[0]["id"]).returncode == 0
        out, _ = process.communicate(timeout=600)
        assert out == "200\n"
    finally:
        process.kill()
        process.communicate()
    assert stage.api.changes == ["DELETE api/v1/namespaces/default/pods/web-1"]


def test_the_token_of_a_call_is_worth_nothing_after_it(stage) -> None:
    stage.sandbox.tool(
        "kubectl",
        f'#!/bin/sh\ncat $KUBECONFIG >{stage.sandbox.work}/kept\nexec {shutil.which("kubectl")} "$@"\n',
    )
    program = (
        AGENT
        + """
import subprocess
subprocess.run(["kubectl", "get", "pods", "-o", "name"], check=True)
user["token"] = json.load(open("kept"))["users"][0]["user"]["token"]
print(ask("GET", "/api/v1/pods")[0])
"""
    )
    done = stage.sandbox.python(program, options=NOW)
    assert done.stdout == "pod/web-1\n401\n", done.stderr


def test_spdy_is_let_through_unmasked_only_where_the_policy_says_so(stage) -> None:
    script = 'sed "s/KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true//" /dev/null; kubectl exec web-1 -- echo ann@corp.io'
    old = f'#!/bin/sh\nKUBECTL_REMOTE_COMMAND_WEBSOCKETS=false exec {shutil.which("kubectl")} "$@"\n'
    stage.sandbox.tool("kubectl", old)
    stage.rule(OPEN)
    refused = stage.run(script)
    assert refused.returncode != 0 and "cannot be masked" in refused.stderr, refused.stderr
    stage.rule(OPEN, options=", unmasked_streams: allow")
    let = stage.run(script)
    assert let.stdout == "[EMAIL]\n", let.stderr  # what the tool prints is masked in any case


def test_a_plugin_or_a_certificate_may_be_the_credential(stage, identity) -> None:
    plugin = stage.sandbox.root / "plugin"
    plugin.write_text(
        "#!/bin/sh\n"
        f'echo "$KUBERNETES_EXEC_INFO" >>{stage.sandbox.root}/asked\n'
        'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'
        f'{TOKEN}","expirationTimestamp":"2099-01-01T00:00:00Z"}}}}\'\n'
    )
    plugin.chmod(0o755)
    stage.rule(credential=f"command:{plugin}")
    done = stage.run("kubectl get pods -o name; kubectl get pods -o name")
    assert done.stdout == "pod/web-1\npod/web-1\n", done.stderr
    asked = (stage.sandbox.root / "asked").read_text().splitlines()
    assert len(asked) == 1 and json.loads(asked[0])["kind"] == "ExecCredential"


def test_many_calls_at_once(stage) -> None:
    done = stage.run("for i in $(seq 25); do kubectl get pods -o name & done; wait")
    assert done.stdout == "pod/web-1\n" * 25, done.stderr
    stage.sandbox.verify()


def test_the_cluster_is_reached_from_a_network_of_the_agents_own(stage) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap")
    stage.rule(OPEN)
    script = "kubectl get pods -o name; kubectl exec web-1 -- echo ann@corp.io; cat $KUBECONFIG | head -c 20"
    done = stage.run(script, "--approval-wait", "0", "--isolate=require", "--network", "none")
    assert done.stdout.startswith("pod/web-1\n[EMAIL]\n{"), done.stdout + done.stderr
    assert TOKEN not in done.stdout
