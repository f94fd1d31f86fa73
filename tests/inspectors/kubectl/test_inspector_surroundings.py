"""What stands around a call of kubectl: variables, the user's own settings, a kuberc file."""

from __future__ import annotations

import pytest
from inspectors.kubectl.asking import FILES, complete, effects, inspect

from guardcli.inspectors.kubectl.inspector import KubectlInspector
from guardcli.model.facts import NoFacts
from guardcli.model.invocation import Invocation


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
