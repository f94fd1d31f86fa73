"""Asks the inspector about a git call, with the facts of a real repository."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from guardcli.broker.facts import CallFacts
from guardcli.broker.secret_finder import SecretFinder
from guardcli.inspectors.git.inspector import GitInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Operation

GIT = shutil.which("git")

FIND = SecretFinder()

R, W, LOST = "read", "write", "write delete"


def judge(
    line: str, env: dict[str, str], cwd: Path, facts: Facts | None = None, *, parent: str = "", terminal: bool = False
) -> Inspection:
    words = shlex.split(line)
    settings = dict(env)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        settings[name] = value
    facts = facts or CallFacts(str(cwd), settings, git_program=GIT, find_secrets=FIND)
    invocation = Invocation("git", tuple(words), settings, str(cwd), stdout_is_terminal=terminal, parent=parent)
    return GitInspector().inspect(invocation, facts)


def effects(operations: tuple[Operation, ...]) -> frozenset[Effect]:
    return frozenset(effect for operation in operations for effect in operation.effects)
