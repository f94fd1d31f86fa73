"""Calls as people and agents type them, under the default policy: what is harmless passes, what is not is stopped.

``data/TOOL.allowed.jsonl`` holds argument vectors that must pass, ``stopped`` those that must not, ``denied`` those
that nobody may approve. All are judged in one repository, on the branch ``feature/x`` with a remote.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from guardcli.judging.caller import Call, Caller
from guardcli.model.decisions import Verdict
from guardcli.policy import Context, decide, load_policy

DATA = Path(__file__).parent / "data"
TOOLS = ("psql", "kubectl", "git", "ssh")


def calls(tool: str, kind: str, repository: Path) -> list[tuple[str, ...]]:
    lines = (DATA / f"{tool}.{kind}.jsonl").read_text().splitlines()
    return [tuple(word.replace("{repository}", str(repository)) for word in json.loads(line)) for line in lines]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("calls")
    for words in (
        ["init", "-q", "-b", "main"],
        ["config", "user.email", "a@example.com"],
        ["config", "user.name", "A"],
        ["remote", "add", "origin", "git@github.com:shop/app.git"],
        ["commit", "-q", "--allow-empty", "-m", "one"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
        ["branch", "-q", "old"],
        ["tag", "v1"],
        ["checkout", "-q", "-b", "feature/x"],
        ["config", "branch.feature/x.remote", "origin"],
        ["config", "branch.feature/x.merge", "refs/heads/feature/x"],
    ):
        subprocess.run(["git", *words], cwd=root, check=True)
    (root / "README.md").write_text("hello\n")
    (root / "src").mkdir()
    (root / "src" / "app.py").write_text("print(1)\n")
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    subprocess.run(["git", "commit", "-q", "-m", "two"], cwd=root, check=True)
    return root


@pytest.fixture(scope="module")
def caller() -> Caller:
    return Caller(load_policy("pack:default"), Context())


def verdict(caller: Caller, argv: tuple[str, ...], repository: Path) -> Verdict:
    call = Call(argv, cwd=str(repository))
    facts = caller.facts(call)
    return decide(caller.policy, caller.operations(call, facts), caller.context_of(call, facts)).verdict


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    ("kind", "verdicts"),
    [
        ("allowed", {Verdict.ALLOW}),
        ("stopped", {Verdict.APPROVE, Verdict.DENY}),
        ("denied", {Verdict.DENY}),
    ],
)
def test_calls_as_they_are_typed(
    tool: str, kind: str, verdicts: set[Verdict], caller: Caller, repository: Path
) -> None:
    wrong = [
        (found.value, argv)
        for argv in calls(tool, kind, repository)
        if (found := verdict(caller, argv, repository)) not in verdicts
    ]
    assert wrong == []
