"""The real kubectl under the policy that ships; what reached the cluster is told by the cluster's own log."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess

import pytest
from integration.cluster import OTHER, kubernetes

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")

PASSWORD = "correct-horse-battery"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: default}\ndata: {colour: blue}\n"
NOW = ["--approval-wait", "0"]


@pytest.fixture
def sandbox(shared_sandbox):
    """Nothing here looks at what other tests left in the record."""
    return shared_sandbox


@pytest.fixture
def cluster(sandbox):
    """A cluster that the sandbox's kubectl is configured for, under the default pack."""
    sandbox.env["GUARD_POLICY"] = "pack:default"
    sandbox.env.pop("KUBECONFIG", None)
    with kubernetes(sandbox.root) as api:
        api.put("pods", "Pod", "web-1", spec={"containers": [{"name": "c", "image": "i"}]}, status={"phase": "Running"})
        api.put(
            "configmaps", "ConfigMap", "settings", data={"colour": "green"}
        )  # kubectl describe has no order of keys
        api.put("secrets", "Secret", "db", type="Opaque", data={"password": ENCODED})
        yield api


def bare(sandbox, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run kubectl without guard."""
    return subprocess.run(
        ["kubectl", *argv], env=sandbox.env, cwd=sandbox.work, capture_output=True, text=True, timeout=600
    )


def approve(sandbox, refusal: str) -> None:
    """Say yes, as a person on another terminal would."""
    found = re.search(r"approval ([0-9a-f]{8,})", refusal)
    assert found, refusal
    answer = sandbox.guard("approvals", "approve", found.group(1))
    assert answer.returncode == 0, answer.stderr


def test_reading_is_as_without_guard(sandbox, cluster):
    lines = [
        "get pods",
        "get configmaps",
        "get configmap settings -o yaml",
        "describe configmap settings",
        "get pod none",
        "get pods -o name",
    ]
    script = "; ".join(f"kubectl {line}; echo $?" for line in lines)
    done = sandbox.script(script)
    alone = subprocess.run(
        ["sh", "-c", script], env=sandbox.env, cwd=sandbox.work, capture_output=True, text=True, timeout=600
    )
    assert "web-1" in alone.stdout and "settings" in alone.stdout
    # line by line and not in order: kubectl describe shows the keys of data in another order each time
    assert sorted(done.stdout.splitlines()) == sorted(alone.stdout.splitlines())
    assert done.stderr == alone.stderr


def printed(sandbox, lines: list[str]) -> list[str]:
    """Run lines in one session and return what each of them prints on both outputs."""
    script = "\n".join(f"kubectl {line} >out{number} 2>&1" for number, line in enumerate(lines))
    sandbox.script(script, options=NOW)
    return [(sandbox.work / f"out{number}").read_text() for number in range(len(lines))]


def test_a_secret_may_be_looked_at_but_not_into(sandbox, cluster):
    lines = [
        "get secret db -o yaml",
        "get secret db -o json",
        "get secrets -o yaml",
        "get secrets -o json",
        "get secrets,configmaps -o yaml",
        "get --raw /api/v1/namespaces/default/secrets/db",
    ]
    for line, shown in zip(lines, printed(sandbox, lines), strict=True):
        assert ENCODED in bare(sandbox, *line.split()).stdout
        assert "password" in shown, line
        assert ENCODED not in shown and PASSWORD not in shown, line


def test_a_template_of_the_callers_own_waits_for_a_person(sandbox, cluster):
    lines = [
        "get secret db -o jsonpath={.data.password}",
        "get secret db -o jsonpath={.data}",
        "get secret db -o go-template={{.data.password}}",
        "get secret db '-ogo-template={{.data.password|base64decode}}'",
        "get secret db -o custom-columns=P:.data.password",
    ]
    shown = "".join(printed(sandbox, lines))
    assert ENCODED not in shown and PASSWORD not in shown


def test_what_is_not_allowed_never_reaches_the_cluster(sandbox, cluster):
    expected = {
        "delete namespace default": 77,
        "delete ns/default --wait=false": 77,
        "delete pods --all": 77,
        "--server http://127.0.0.1:1 get pods": 77,
        "get pods --as admin": 77,
        "delete pod web-1": 75,
        "exec web-1 -- rm -rf /data": 75,
        "exec -it web-1 -- sh": 75,
        "scale deploy/web --replicas=0": 75,
        "edit configmap settings": 75,
        f"--context {OTHER} get pods": 75,
    }
    script = "\n".join(f"kubectl {line} </dev/null; echo $?" for line in expected)
    done = sandbox.script(script, options=NOW)
    assert [int(status) for status in done.stdout.split()] == list(expected.values()), done.stderr
    assert cluster.requests == []


def test_a_dry_run_and_the_current_context_need_no_person(sandbox, cluster):
    done = sandbox.script(
        "kubectl delete pod web-1 --dry-run=client; echo $?; kubectl config current-context; echo $?", options=NOW
    )
    assert done.stdout.split("\n") == ['pod "web-1" deleted (dry run)', "0", "small", "0", ""], done.stderr
    assert cluster.changes == []


def test_a_yes_lets_exactly_this_file_through(sandbox, cluster):
    manifest = sandbox.work / "web.yaml"
    manifest.write_text(MAP)
    command = ["kubectl", "apply", "-f", "web.yaml", "--validate=false"]
    first = sandbox.run(*command, options=NOW)
    assert first.returncode == 75 and cluster.requests == []
    approve(sandbox, first.stderr)
    manifest.write_text(MAP.replace("blue", "red"))
    changed = sandbox.run(*command, options=NOW)
    assert changed.returncode == 75 and cluster.requests == []
    manifest.write_text(MAP)
    again = sandbox.run(*command, options=NOW)
    assert again.returncode == 0, again.stderr
    assert again.stdout == "configmap/web created\n"
    assert cluster.objects["api/v1/namespaces/default/configmaps/web"]["data"] == {"colour": "blue"}
    assert cluster.changes == ["POST api/v1/namespaces/default/configmaps"]
    assert sandbox.run(*command, options=NOW).returncode == 75


def test_a_yes_deletes_one_pod_once(sandbox, cluster):
    command = ["kubectl", "delete", "pod", "web-1", "--wait=false"]
    first = sandbox.run(*command, options=NOW)
    assert first.returncode == 75 and "api/v1/namespaces/default/pods/web-1" in cluster.objects
    approve(sandbox, first.stderr)
    again = sandbox.run(*command, options=NOW)
    assert (again.returncode, again.stdout) == (0, 'pod "web-1" deleted\n'), again.stderr
    assert cluster.changes == ["DELETE api/v1/namespaces/default/pods/web-1"]


def test_a_log_that_is_followed_arrives_line_by_line(sandbox, cluster):
    process = sandbox.start("kubectl", "logs", "-f", "web-1")
    try:
        first = process.stdout.readline()
        assert first.startswith("first from ") and "ann@corp.io" not in first
        assert not cluster.go.is_set()
        cluster.go.set()
        rest, _ = process.communicate(timeout=600)
        assert (process.returncode, rest) == (0, "last\n")
    finally:
        process.kill()
        process.wait()


def test_a_manifest_on_standard_input_is_what_a_person_sees(sandbox, cluster):
    script = "printf '%s' \"$MAP\" | kubectl apply --validate=false -f -"
    sandbox.env["MAP"] = MAP
    first = sandbox.script(script, options=NOW)
    assert first.returncode == 75 and cluster.requests == []
    approve(sandbox, first.stderr)
    sandbox.env["MAP"] = MAP.replace("blue", "red")
    assert sandbox.script(script, options=NOW).returncode == 75
    sandbox.env["MAP"] = MAP
    assert sandbox.script(script, options=NOW).stdout == "configmap/web created\n"
