"""The real kubectl by way of the gateway: what the cluster is asked, with whose credential, and what comes back."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cluster import kubernetes

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")

NOW = ["--approval-wait", "0", "--isolate=off"]


def policy(port: int, root: Path) -> str:
    return f"""
version: 1
name: clusters
extends: [pack:default]
resources:
  small: {{kind: kubernetes, host: 127.0.0.1, port: {port}, credential: "file:{root}/token", options: {{tls: disable}}}}
"""


@pytest.fixture
def cluster(shared_sandbox):
    """A cluster that is a resource of the policy."""
    sandbox = shared_sandbox
    sandbox.env.pop("KUBECONFIG", None)
    with kubernetes(sandbox.root) as api:
        server = json.loads((sandbox.root / ".kube" / "config").read_text())["clusters"][0]["cluster"]["server"]
        (sandbox.root / "token").write_text("token-of-the-cluster")
        (sandbox.root / "token").chmod(0o600)
        sandbox.policy.write_text(policy(int(server.rpartition(":")[2]), sandbox.root))
        api.put("pods", "Pod", "web-1", spec={"containers": [{"name": "c", "image": "i"}]}, status={"phase": "Running"})
        api.put("secrets", "Secret", "db", type="Opaque", data={"password": "Y29ycmVjdC1ob3JzZQ=="})
        yield sandbox, api


def test_what_kubectl_asks_is_judged_recorded_and_masked_on_its_way(cluster):
    sandbox, _api = cluster
    done = sandbox.script(
        "kubectl get pods -o name; kubectl get secret db -o 'jsonpath={.type}{.data.password}' >secret; "
        "kubectl get secret db -o json; kubectl describe secret db; echo $?",
        options=NOW,
    )
    assert "pod/web-1" in done.stdout and done.stdout.endswith("0\n"), done.stderr
    assert "Y29ycmVjdC1ob3JzZQ" not in done.stdout
    asked = [event["data"] for event in sandbox.events(type="judged") if "verb" in event["data"]]
    found = {(one["verb"], one["kind"], one["namespace"], one["name"], one["part_of"]) for one in asked}
    assert ("list", "pods", "default", "", 1) in found
    assert any(one[:4] == ("get", "secrets", "default", "db") for one in found)
    masked = [event["data"]["findings"] for event in sandbox.events(type="masked")]
    assert {"secret data": 1} in masked
    sandbox.verify()
