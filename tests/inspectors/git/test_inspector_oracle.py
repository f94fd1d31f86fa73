"""Random calls, run for real when they were judged harmless: git itself says whether the judgement was right.

A call that is complete and only reads must leave files, refs and configuration as they are. One that is complete and
neither deletes nor executes must keep every commit reachable and all uncommitted work somewhere, and must not run
the trap, a program whose name stands among the words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardcli.broker.facts import CallFacts
from guardcli.broker.secret_finder import SecretFinder
from guardcli.inspectors.git.inspector import JUDGES, GitInspector
from guardcli.inspectors.git.options import Value, spec_of
from guardcli.inspectors.names import names
from guardcli.model.effects import Effect
from guardcli.model.invocation import Invocation

GIT = shutil.which("git")
FIND = SecretFinder()
UNCOMMITTED = {"file.txt": b"changed and not committed\n", "untracked.txt": b"never added\n"}
SLOW = {"daemon", "fsmonitor--daemon", "credential-cache--daemon", "maintenance"}
COMMANDS = sorted(name for name in JUDGES if name not in SLOW)
CHANGING = names(
    "fetch pull push checkout switch reset restore branch tag stash worktree merge rebase remote update-ref "
    "reflog notes gc repack rm mv read-tree checkout-index cherry-pick revert commit symbolic-ref replace "
    "merge-file add sparse-checkout update-index clone am apply bisect pack-refs prune-packed"
)
"""Commands that are worth most of the tries, since they can lose something."""
WORDS = [
    "--output=stolen", "--strategy=evil", "--exec=TRAP", "--upload-pack=TRAP", "--force", "--hard", "-f", "-D", "-x",
    "HEAD", "HEAD~1", "main", "feature", "v1", "file.txt", "untracked.txt", ".", "*", ":/", "-", "--", "origin", "tag",
    "evil", "TRAP", "ext::TRAP", "!TRAP", "now", "all", "1", "0", "refs/heads/feature", "refs/heads/*:refs/heads/*",
    "+refs/tags/*:refs/tags/*", "feature:feature", "+main:feature", "HEAD:file.txt", "new", "drop", "pop", "clear",
    "show", "list", "add", "remove", "set", "push", "apply", "run", "foreach", "expire", "delete", "prune", "rename",
    "update", "core.pager", "core.fsmonitor", "alias.x", "user.name", "0000000000000000000000000000000000000000",
]  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("oracle")
    trap = root / "bin" / "TRAP"
    trap.parent.mkdir()
    trap.write_text('#!/bin/sh\necho "$@" >> "$SPRUNG"\n')
    trap.chmod(0o755)
    for name in ("git-evil", "evil", "git-merge-evil", "git-remote-evil"):
        shutil.copy(trap, trap.with_name(name))
    (root / "home").mkdir()
    work = root / "work"
    env = environment(root)
    subprocess.run(
        ["git", "init", "-q", "--template=", "--bare", "-b", "main", "remote.git"], cwd=root, env=env, check=True
    )
    subprocess.run(["git", "init", "-q", "--template=", "-b", "main", "work"], cwd=root, env=env, check=True)
    (work / "file.txt").write_text("first\n")
    for line in (
        "add file.txt",
        "commit -q -m first",
        "remote add origin ../remote.git",
        "push -q -u origin main",
        "checkout -q -b feature",
        "commit -q --allow-empty -m only-on-feature",
        "checkout -q --detach",
        "commit -q --allow-empty -m only-on-the-tag",
        "tag v1",
        "checkout -q main",
        "commit -q --allow-empty -m second",
        "reflog expire --expire=now HEAD",
        "worktree add -q ../wt feature",
    ):
        subprocess.run(["git", *line.split()], cwd=work, env=env, check=True, capture_output=True)
    (root / "wt" / "untracked.txt").write_bytes(b"in the other worktree\n")
    for name, content in UNCOMMITTED.items():
        (work / name).write_bytes(content)
    return root


def environment(root: Path) -> dict[str, str]:
    return {
        "PATH": f"{root / 'bin'}:{os.environ['PATH']}",
        "HOME": str(root / "home"),
        "SPRUNG": str(root / "sprung"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.com",
        "GIT_EDITOR": "true",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CEILING_DIRECTORIES": str(root),
    }


def ask(root: Path, *words: str) -> str:
    work = root / "work"
    return subprocess.run(["git", *words], cwd=work, env=environment(root), capture_output=True, text=True).stdout


def commits(root: Path) -> set[str]:
    """Every commit that a branch, a tag, HEAD or a reflog can still find."""
    return set(ask(root, "rev-list", "--all", "--reflog", "HEAD", "--").split())


def kept(root: Path) -> set[str]:
    """The identities of all contents that are in a worktree, the index, a commit or a stash."""
    found = {
        line.split()[0]
        for line in ask(root, "rev-list", "--objects", "--all", "--reflog", "--indexed-objects").splitlines()
    }
    paths = [
        path
        for place in ("work", "wt")
        for path in (root / place).rglob("*")
        if path.is_file() and ".git" not in path.parts
    ]
    return found | set(ask(root, "hash-object", "--no-filters", *map(str, paths)).split())


def everything(root: Path) -> dict[str, bytes]:
    """All files outside of git's caches, and the refs."""
    ignored = {"index", "ORIG_HEAD", "FETCH_HEAD", "gc.log"}
    files = {}
    for place in ("work", "wt", "remote.git", "home"):
        for path in sorted((root / place).rglob("*")):
            if path.is_file() and path.name not in ignored and "objects" not in path.parts:
                files[str(path.relative_to(root))] = path.read_bytes()
    return files


@st.composite
def calls(draw: st.DrawFn) -> list[str]:
    """A command with a few options of its own, some cut short, and a few words."""
    command = draw(st.sampled_from(sorted(CHANGING) if draw(st.integers(0, 3)) else COMMANDS))
    argv: list[str] = []
    if draw(st.integers(0, 19)) == 0:
        argv += [
            "-c",
            draw(st.sampled_from(["core.pager", "core.fsmonitor", "alias.x", "diff.external", "user.name"])) + "=TRAP",
        ]
    argv.append(command)
    compounds = [name for name in _specs() if name.partition(" ")[0] == command]
    name = draw(st.sampled_from(compounds)) if compounds else command
    argv += name.split()[1:]
    spec = spec_of(name)
    words = st.sampled_from(WORDS)
    for _ in range(draw(st.integers(0, 2))):
        if spec is None:
            argv.append(draw(words))
        elif draw(st.booleans()) and spec.short:
            letter = draw(st.sampled_from(sorted(spec.short)))
            argv.append("-" + letter + draw(st.sampled_from(["", "", "", *sorted(spec.short)])))
            argv += [draw(words)] if spec.short[letter][1] is Value.NEEDED else []
        elif spec.long:
            option = draw(st.sampled_from(sorted(spec.long)))
            cut = draw(st.sampled_from([30, 30, 30, 5]))
            negated = draw(st.sampled_from(["", "", "", "no-"]))
            value = spec.long[option][1]
            attached = "=" + draw(words) if value is not Value.NONE and draw(st.booleans()) else ""
            argv.append(f"--{negated}{option[:cut]}{attached}")
            argv += [draw(words)] if value is Value.NEEDED and not attached else []
    return argv + draw(st.lists(words, max_size=2))


def _specs() -> list[str]:
    from guardcli.inspectors.git.options import _data

    return sorted(_data()["commands"])


def copy(template: Path) -> Path:
    """Return a fresh copy of the template, always at the same place."""
    root = template.parent / "oracle-copy"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(template, root, symlinks=True)
    (root / "work" / ".git" / "worktrees" / "wt" / "gitdir").write_text(f"{root}/wt/.git\n")
    (root / "wt" / ".git").write_text(f"gitdir: {root}/work/.git/worktrees/wt\n")
    return root


class Before(NamedTuple):
    """What a copy holds before anything is run in it: the same for each."""

    files: dict[str, bytes]
    reachable: set[str]
    uncommitted: set[str]


@pytest.fixture(scope="module")
def before(template: Path) -> Before:
    root = copy(template)
    files = everything(root)
    places = ("work/file.txt", "work/untracked.txt", "wt/untracked.txt")
    uncommitted = set(ask(root, "hash-object", "--no-filters", *(f"../{place}" for place in places)).split())
    assert len(uncommitted) == 3 and uncommitted <= kept(root) and everything(root) == files
    return Before(files, commits(root), uncommitted)


@settings(suppress_health_check=list(HealthCheck))
@given(calls())
def test_what_is_judged_harmless_is_harmless_in_git(template: Path, before: Before, argv: list[str]) -> None:
    invocation = Invocation("git", ("git", *argv), environment(template), str(template / "work"))
    facts = CallFacts(invocation.cwd, invocation.env, git_program=GIT, find_secrets=FIND)
    operations = GitInspector().inspect(invocation, facts).operations
    effects = {effect for operation in operations for effect in operation.effects}
    writes_named_file = any(target.kind == "file" for operation in operations for target in operation.targets)
    harmless = effects <= {Effect.READ, Effect.WRITE, Effect.DEFINE} and not writes_named_file
    if not harmless or not all(operation.complete for operation in operations):
        return
    root = copy(template)
    with open(os.devnull) as nothing:
        result = subprocess.run(
            ["git", *argv], cwd=root / "work", env=environment(root), stdin=nothing, capture_output=True, timeout=20
        )
    assert not (root / "sprung").exists(), (argv, result, operations)
    if effects == {Effect.READ}:
        assert everything(root) == before.files, (argv, result, operations)
    assert before.uncommitted <= kept(root), (argv, result, operations)
    assert before.reachable <= commits(root), (argv, result, operations)
