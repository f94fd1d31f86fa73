"""What git calls amount to: tables of calls against a real repository, the harmless beside the dangerous."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspectors.git.judging import R, W, effects, judge
from inspectors.tables import over

from guardcli.inspectors.git.inspector import split_alias
from guardcli.model.effects import Effect
from guardcli.model.facts import NoFacts
from guardcli.model.operations import Stream

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
    ("git worktree add wt -b new", "worktree add", W),
    ("git worktree add /tmp/wt -b new", "worktree add", W),
    ("git clone https://git.example.com/team/app.git .", "clone", W),
    ("git init sub/dir", "init", W),
    ("git multi-pack-index --object-dir=.git/objects write", "multi-pack-index write", W),
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

    def git(self, cwd: str, arguments: object, *, index: bool = True) -> bytes:
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
