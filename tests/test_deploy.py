"""The examples under deploy/agent: well-formed, without rights that they do not need, and calling what is there."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from guardcli.cli.main import guard

RUN = r"^RUN ((?:.*\\\n)*.*)$"
PLACE = Path(__file__).parent.parent / "deploy" / "agent"


def load(name: str) -> dict[str, Any]:
    return yaml.safe_load((PLACE / name).read_text())


def scripts() -> dict[str, str]:
    steps = load("github-actions.yaml")["jobs"]["agent"]["steps"]
    image, two = (PLACE / "Containerfile").read_text(), (PLACE / "Containerfile.sidecar").read_text()
    return {
        "github": "\n".join(step["run"] for step in steps if "run" in step),
        "gitlab": "\n".join(load("gitlab-ci.yaml")["agent"]["script"]),
        "image": "\n".join(re.findall(RUN, image, re.M)),
        "images": "\n".join(re.findall(RUN, two, re.M)),
    }


@pytest.mark.parametrize("name", scripts())
def test_scripts_are_ones_that_a_shell_reads(name: str) -> None:
    done = subprocess.run(["sh", "-n"], input=scripts()[name], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert scripts()[name].strip()


def calls() -> list[list[str]]:
    lines = [
        shlex.split(line) for text in scripts().values() for line in text.splitlines() if line.startswith("guard ")
    ]
    entry = re.search(r"^ENTRYPOINT (\[.*\])$", (PLACE / "Containerfile").read_text(), re.M)
    assert entry is not None
    sidecar = re.findall(r"^ENTRYPOINT (\[.*\])$", (PLACE / "Containerfile.sidecar").read_text(), re.M)
    broker, agent = map(yaml.safe_load, sidecar)
    return [*lines, [*yaml.safe_load(entry[1]), "bash"], [*broker, "--agent-user", "10002"], [*agent, "bash"]]


@pytest.mark.parametrize("words", calls(), ids=" ".join)
def test_what_they_call_of_guard_is_there_with_these_options(words: list[str]) -> None:
    context = click.Context(guard, info_name="guard")
    command = guard.get_command(context, words[1])
    assert command is not None
    rest = words[2 : words.index("||")] if "||" in words else words[2:]
    command.make_context(words[1], rest, parent=context)


def test_the_image_installs_by_the_installer_and_gives_the_agent_a_user_of_its_own() -> None:
    lines = (PLACE / "Containerfile").read_text().splitlines()
    assert any("/install.sh --system --protect" in line for line in lines)
    assert any("useradd" in line and "-o agent -g agent /work" in line for line in lines)
    assert 'ENTRYPOINT ["guard", "run", "--as-user", "agent", "--"]' in lines


def test_the_pod_has_no_right_that_it_does_not_need() -> None:
    spec = load("pod.yaml")["spec"]
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {
        "drop": ["ALL"],
        "add": ["CHOWN", "SETUID", "SETGID"],  # to become the broker's user and the agent's, and then nothing
    }
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]}
    assert all("value" not in entry for entry in container["env"] if entry["name"] == "GUARD_TOKEN")


def test_the_pod_with_a_sidecar_gives_nobody_a_right_and_the_agent_nothing_of_guards() -> None:
    spec = load("pod-sidecar.yaml")["spec"]
    (broker,), (agent,) = spec["initContainers"], spec["containers"]
    assert spec["shareProcessNamespace"] is True and spec["securityContext"]["runAsNonRoot"] is True
    for container in (broker, agent):
        context = container["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]} and context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
    users = [container["securityContext"]["runAsUser"] for container in (broker, agent)]
    assert len({*users, 0}) == 3 and str(users[1]) == broker["env"][0]["value"]
    assert spec["securityContext"]["fsGroup"] == agent["securityContext"]["runAsGroup"] == users[1]
    assert "env" not in agent and "envFrom" not in agent
    mounts = [{mount["name"]: mount for mount in container["volumeMounts"]} for container in (broker, agent)]
    assert mounts[0].keys() & mounts[1].keys() == {"session"}
    assert mounts[1]["session"]["readOnly"] is True and "readOnly" not in mounts[0]["session"]
    assert mounts[0]["session"]["mountPath"] == mounts[1]["session"]["mountPath"]
