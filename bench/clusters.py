"""kubectl straight to a small cluster, and by way of guard's Kubernetes gateway, in turn, in one session of guard.

``python bench/clusters.py [ROUNDS]``. The cluster is the small one of the tests, with TLS and a bearer token; it costs
the same on both ways. What the gateway adds is measured with the real kubectl started directly on both; what a guarded
call adds beside that (shim, judgement, masks on its output) is the third line.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent / "tests"))

from stage import Stage, Table, machine  # noqa: E402 - the measurements lie beside this file

ROUNDS = 60
TOKEN = "token-of-the-cluster"

POLICY = """
version: 1
name: bench
extends: [pack:default]
resources:
  small:
    {{kind: kubernetes, host: 127.0.0.1, port: {port}, credential: "file:{root}/token", expose: KUBECONFIG,
     options: {{ca: {root}/ca.pem}}}}
"""

AGENT = """
import json, os, shutil, sys
sys.path.insert(0, {here!r})
from stage import spawned
ways = {{
    "straight": ([{kubectl!r}], {{**os.environ, "KUBECONFIG": {direct!r}}}),
    "gateway": ([{kubectl!r}], dict(os.environ)),
    "guarded": ([shutil.which("kubectl")], dict(os.environ)),
}}
found = {{name: [] for name in ways}}
for number in range({rounds} + 3):
    for name, (program, env) in ways.items():
        took = spawned([*program, "get", "pods"], env)
        if number >= 3:
            found[name].append(took)
print(json.dumps(found))
"""


def measure(rounds: int = ROUNDS) -> Table:
    """Measure, each way in turn."""
    from integration.cluster import kubernetes

    from guardcli.gateways.kubernetes.certificates import make_identity

    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise SystemExit("kubectl is not here")
    before = machine()
    identity = make_identity(datetime.now(UTC))
    with Stage() as stage, kubernetes(stage.root, identity.context) as api:
        root = stage.root
        (root / "ca.pem").write_bytes(identity.authority)
        (root / "token").write_text(TOKEN)
        (root / "token").chmod(0o600)
        api.token = TOKEN
        for number in range(20):
            name = f"web-{number}"
            api.put(
                "pods", "Pod", name, spec={"containers": [{"name": "c", "image": "i"}]}, status={"phase": "Running"}
            )
        direct = json.loads((root / ".kube" / "config").read_text())
        for entry in direct["clusters"]:
            entry["cluster"]["certificate-authority"] = str(root / "ca.pem")
        direct["users"][0]["user"] = {"token": TOKEN}
        (root / "direct").write_text(json.dumps(direct))
        (root / ".kube" / "config").unlink()
        policy = root / "policy.yaml"
        policy.write_text(POLICY.format(port=api.url.rpartition(":")[2], root=root))
        stage.env["GUARD_POLICY"] = str(policy)
        agent = AGENT.format(
            here=str(HERE), kubectl=os.path.realpath(kubectl), direct=str(root / "direct"), rounds=rounds
        )
        found = json.loads(stage.run(sys.executable, "-c", agent))
    base = statistics.median(found["straight"])
    names = {
        "straight": "kubectl straight to the cluster",
        "gateway": "kubectl by way of the gateway",
        "guarded": "the guarded kubectl: shim, gateway, masks and record",
    }
    rows = []
    for key, title in names.items():
        times = sorted(found[key])
        middle, late = statistics.median(times), times[int(len(times) * 0.95)]
        added = "" if key == "straight" else f"{(middle - base) * 1000:+.1f} ms"
        rows.append([title, f"{middle * 1000:.1f} ms", f"{late * 1000:.1f} ms", added])
    notes = [
        f"`kubectl get pods`, 20 pods, {rounds} times each in turn, on {before}.",
        "Each call asks the cluster twice over TLS: for its version, and for the pods. Aim: 5 ms added by the gateway.",
    ]
    return Table("A Kubernetes cluster behind the gateway", notes, ["way", "median", "95 %", "added"], rows)


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS).markdown())
