"""Policies and operations by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target
from guardcli.policy import Policy, load_policy
from guardcli.policy.loader import read_source

Load = Callable[..., Policy]


@pytest.fixture
def load() -> Load:
    """Load a policy from text; ``others`` are further files by name. The head is written for you."""

    def loaded(body: str, **others: str) -> Policy:
        files = {"main.yaml": f"version: 1\nname: main\n{body}"}
        files |= {f"{name}.yaml": f"version: 1\nname: {name}\n{text}" for name, text in others.items()}
        return load_policy(
            "main.yaml", lambda source: files[source].encode() if source in files else read_source(source)
        )

    return loaded


@pytest.fixture
def operation() -> Callable[..., Operation]:
    """Make an operation: ``operation("psql", "update", "write", targets=["table:public/orders"])``."""

    def made(tool: str, action: str, *effects: str, targets: list[str] | None = None, **flags: bool) -> Operation:
        found = [Target(*target.split(":", 1)) for target in targets or []]
        reason = "" if flags.get("complete", True) else "something is hidden"
        return Operation(tool, action, frozenset(map(Effect, effects)), tuple(found), reason=reason, **flags)

    return made
