"""The right inspector for a tool, and a concession from one that fails."""

from __future__ import annotations

import subprocess
import sys

import pytest

from guardcli.inspectors import registry
from guardcli.inspectors.generic import GenericInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection
from guardcli.model.tools import ToolPattern, ToolRules

READS = ToolRules("aws", (ToolPattern("^s3 ls", frozenset({Effect.READ}), "s3 ls"),))


@pytest.mark.parametrize("tool", registry.GUARDED)
def test_every_guarded_tool_has_an_inspector_of_its_own(tool: str) -> None:
    inspector = registry.inspector_for(tool)
    assert inspector.tool == tool
    assert not isinstance(inspector, GenericInspector)
    assert registry.inspect(Invocation(tool, (tool,)), NoFacts()).operations


def test_any_other_tool_is_described_by_the_policy_alone() -> None:
    call = Invocation("aws", ("aws", "s3", "ls"))
    (known,) = registry.inspect(call, NoFacts(), {"aws": READS}).operations
    (unknown,) = registry.inspect(call, NoFacts()).operations
    assert (known.effects, known.complete) == ({Effect.READ}, True)
    assert not unknown.complete


def test_patterns_do_not_excuse_a_tool_that_is_understood() -> None:
    rules = ToolRules("kubectl", (ToolPattern("", frozenset({Effect.READ}), "all is well"),))
    (operation,) = registry.inspect(
        Invocation("kubectl", ("kubectl", "delete", "ns", "x")), NoFacts(), {"kubectl": rules}
    ).operations
    assert Effect.DELETE in operation.effects


class Broken(NoFacts):
    def list_directory(self, path: str) -> list[str]:
        raise ZeroDivisionError


def test_an_inspector_that_fails_has_understood_nothing() -> None:
    call = Invocation("kubectl", ("kubectl", "get", "pods"), {"HOME": "/home/me"})
    result = registry.inspect(call, Broken())
    assert isinstance(result, Inspection)
    (operation,) = result.operations
    assert not operation.complete
    assert "ZeroDivisionError" in operation.reason


@pytest.mark.parametrize(
    ("argv", "read"),
    [
        (["git", "add", *["file"] * 5_000], True),
        (["git", "add", *["file"] * 9_000], False),
        (["git", "commit", "-m", "x" * 100_000], True),
        (["git", "commit", "-m", "x" * 140_000], False),
        (["terraform", *["x"] * 9_000], False),
    ],
    ids=["words", "too many words", "characters", "too many characters", "a tool of the policy"],
)
def test_a_call_is_read_up_to_a_bound(argv: list[str], read: bool) -> None:
    operations = registry.inspect(Invocation(argv[0], tuple(argv)), NoFacts()).operations
    assert any("more than" in operation.reason for operation in operations) is not read


def test_unused_inspectors_cost_nothing() -> None:
    code = (
        "import sys; from guardcli.inspectors import registry; registry.inspector_for('kubectl');"
        "print(sorted({'pglast', 'tree_sitter', 'guardcli.inspectors.git'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_users_own_environment_is_told_from_one_that_was_changed() -> None:
    env = {"HOME": "/home/me", "KUBECONFIG": "/home/me/prod"}
    call = Invocation("kubectl", ("kubectl", "get", "pods"), env)
    assert len(registry.inspect(call, NoFacts(), baseline=env).operations) == 1
    assert len(registry.inspect(call, NoFacts(), baseline={"HOME": "/home/me"}).operations) == 2
    assert len(registry.inspect(call, NoFacts()).operations) == 2
