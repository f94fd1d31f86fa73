# ruff: noqa: E501 - a case is a line
"""What a commit or a push would publish: every way a credential could go unseen, beside what must pass."""

from __future__ import annotations

import base64
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from inspectors.git.publishing import (
    AWS,
    BODY,
    ENV,
    GIT,
    GITHUB,
    KEY,
    OTHER,
    Place,
    Work,
    alarms,
    both,
    left,
    run,
    staged,
)

from guardcli.broker import facts as facts_module
from guardcli.broker.facts import CallFacts
from guardcli.inspectors.git import publish
from guardcli.inspectors.git.inspector import GitInspector
from guardcli.model.invocation import Invocation


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template")
    for line in ("init -q --template= --bare -b main remote.git", "init -q --template= -b main clone"):
        subprocess.run(["git", *line.split()], cwd=root, env=ENV, check=True)
    work = Work(root / "clone")
    work.write("old.txt", f"key = {OTHER}\n")
    work.write("file.txt", "words\n")
    work.write("other.txt", "more words\n")
    for line in ("add .", "commit -q -m first", "remote add origin ../remote.git", "push -q -u origin main"):
        work.git(line)
    work.git("checkout -q -b topic")
    return root


@pytest.fixture
def work(template: Path, tmp_path: Path) -> Work:
    shutil.copytree(template, tmp_path / "copy", copy_function=shutil.copy2)
    work = Work(tmp_path / "copy" / "clone")
    work.git("status")  # the index learns the times of the copy
    return work


LINE = f"key = {AWS}\n"
COMMIT = "git commit -m x"
PUSH = "git push origin topic"

COMMITS: list[tuple[str, Place, str, str]] = [
    ("a new file", staged("new.txt", LINE), COMMIT, "new.txt"),
    ("a changed file", staged("file.txt", "words\n" + LINE), COMMIT, "file.txt"),
    ("a directory", staged("a/b/c.txt", LINE), COMMIT, "a/b/c.txt"),
    ("an ignored file", staged(".env", f"TOKEN={GITHUB}\n"), COMMIT, ".env"),
    ("a private key", staged("id_rsa", KEY), COMMIT, "id_rsa"),
    ("a binary file", staged("x.bin", b"\0\1\2\xff " + AWS.encode() + b"\0\0"), COMMIT, "x.bin"),
    ("utf-16", staged("x.txt", b"\xff\xfe" + LINE.encode("utf-16-le")), COMMIT, "x.txt"),
    ("no newline at the end", staged("x.txt", AWS), COMMIT, "x.txt"),
    ("windows lines", staged("x.txt", f"a\r\n{AWS}\r\n"), COMMIT, "x.txt"),
    ("an odd name", staged("né w\t.txt", LINE), COMMIT, "né w\t.txt"),
    ("no space between", staged("a b", f"k={AWS}"), COMMIT, "a b"),
    ("a value in place of an old one", staged("old.txt", LINE), COMMIT, "old.txt"),
    ("a second value beside an old one", staged("old.txt", f"key = {OTHER}\n{LINE}"), COMMIT, "old.txt"),
    ("amending", staged("new.txt", LINE), "git commit --amend --no-edit", "new.txt"),
    ("all", left("file.txt", LINE), "git commit -a -m x", "file.txt"),
    ("all, in one word", left("file.txt", LINE), "git commit -qam x", "file.txt"),
    ("a path", left("file.txt", LINE), "git commit -m x file.txt", "file.txt"),
    ("a path after dashes", left("file.txt", LINE), "git commit -m x -- file.txt", "file.txt"),
    ("a pattern", left("file.txt", LINE), "git commit -m x 'f*'", "file.txt"),
    ("include", left("file.txt", LINE), "git commit -m x -i file.txt", "file.txt"),
    ("include with the index", both(staged("new.txt", LINE), left("file.txt", "x")),
     "git commit -m x -i file.txt", "new.txt"),
    ("by hand", left("file.txt", LINE), "git commit -p -m x", "file.txt"),
    ("by hand, from the index", both(staged("file.txt", LINE), left("file.txt", "x")), "git commit -p", "file.txt"),
    ("paths from a file", both(left("list", "file.txt"), left("file.txt", LINE)),
     "git commit --pathspec-from-file=list", "file.txt"),
    ("all taken back", both(staged("file.txt", LINE), left("file.txt", "x")),
     "git commit -a --no-all -m x", "file.txt"),
    ("the message", run("status"), f"git commit --allow-empty -m 'key {AWS}'", "(message)"),
    ("the end of the message", run("status"), f"git commit --allow-empty -m x --trailer 'Key: {AWS}'", "(message)"),
    ("the message in a file", left("m", AWS), "git commit --allow-empty -F m", "(message)"),
    ("a name", staged(f"{AWS}.txt", "x"), COMMIT, "(names)"),
    ("a link", lambda work: (os.symlink(f"/{AWS}", work.path / "l"), work.git("add l")), COMMIT, "l"),
    ("intent to add, with all", both(left("n.txt", LINE), run("add -N n.txt")), "git commit -am x", "n.txt"),
    ("relative differences", both(run("config diff.relative true"), staged("new.txt", LINE)), COMMIT, "new.txt"),
    ("an alias", both(run("config alias.ci 'commit -a'"), left("file.txt", LINE)), "git ci -m x", "file.txt"),
    ("attributes", both(left(".gitattributes", "* -diff binary\n"), staged("x.txt", LINE)), COMMIT, "x.txt"),
    ("the first commit", both(run("checkout -q --orphan new"), run("rm -q --cached old.txt"), staged("file.txt", LINE)),
     COMMIT, "file.txt"),
    ("while merging", both(run("checkout -q -b side"), staged("s", "s"), run("commit -q -m s"), run("checkout -q topic"),
                           run("merge -q --no-ff --no-commit side"), staged("new.txt", LINE)), COMMIT, "new.txt"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place", "line", "path"), COMMITS, ids=[case[0] for case in COMMITS])
def test_a_commit_that_would_hold_a_credential_is_told(
    work: Work, name: str, place: Place, line: str, path: str
) -> None:
    place(work)
    operations = work.judge(line)
    assert set(alarms(operations)) == {path}
    assert not any(key in repr(operations) for key in (AWS, GITHUB, BODY[:40]) if key not in line and key not in path)


HARMLESS_COMMITS: list[tuple[str, Place, str]] = [
    ("words", staged("new.txt", "words\n"), COMMIT),
    ("nothing at all", run("status"), COMMIT),
    ("hashes", staged("x.lock", "sha512-" + "q" * 30 + BODY[:56] + "==\n" + "0123456789abcdef" * 4), COMMIT),
    ("the key of the manual", staged("doc.md", "AKIA" + "IOSFODNN7EXAMPLE"), COMMIT),
    ("an address of the manual", staged("doc.md", "postgres://user:password@db.example/x\n"), COMMIT),
    ("a variable", staged("c.yaml", "url: postgres://app:${PASSWORD}@db/x\nkey: $AWS_ACCESS_KEY_ID"), COMMIT),
    ("a public key", staged("k.pub", KEY.replace("RSA PRIVATE", "PUBLIC")), COMMIT),
    ("only the marks of a key", staged("k.py", "PREFIX = '-----BEGIN RSA PRIVATE KEY-----'\n"), COMMIT),
    ("a file beside an old key", staged("old.txt", f"key = {OTHER}\nmore words\n"), COMMIT),
    ("an old key under a new name", run("mv old.txt moved.txt"), COMMIT),
    ("an old key taken out", staged("old.txt", "words\n"), COMMIT),
    ("a change that is not committed", left("file.txt", LINE), COMMIT),
    ("an untracked file", left(".env", LINE), "git commit -am x"),
    ("another file than the path", left("file.txt", LINE), "git commit -m x other.txt"),
    ("another staged file than the path", both(staged("n", LINE), left("other.txt", "x")), "git commit -m x other.txt"),
    ("taken out again before all", both(staged("file.txt", LINE), left("file.txt", "x")), "git commit -am x"),
    ("deleted again before all", both(staged("new.txt", LINE), lambda work: (work.path / "new.txt").unlink()),
     "git commit -am x"),
    ("a file that git shall not look at", both(run("update-index --skip-worktree file.txt"), left("file.txt", LINE)),
     "git commit -am x"),
    ("a submodule", lambda work: work.git(f"update-index --add --cacheinfo 160000,{'1' * 40},sub"), COMMIT),
    ("a tracked file that is a link now", lambda work: ((work.path / "file.txt").unlink(),
     work.write("../secret", LINE), os.symlink("../secret", work.path / "file.txt")), "git commit -am x"),
    ("a message in words", staged("new.txt", "x"), "git commit -m 'take the key AKIA out'"),
    ("a message in a file that is not there", staged("new.txt", "x"), "git commit -F missing"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place", "line"), HARMLESS_COMMITS, ids=[case[0] for case in HARMLESS_COMMITS])
def test_a_commit_without_a_new_credential_passes(work: Work, name: str, place: Place, line: str) -> None:
    place(work)
    assert alarms(work.judge(line)) == {}


def test_a_message_from_standard_input_is_read(work: Work) -> None:
    assert set(alarms(work.judge("git commit --allow-empty -F -", stdin=AWS.encode()))) == {"(message)"}
    assert alarms(work.judge("git commit --allow-empty -F -", stdin=b"words")) == {}


def test_all_means_all_from_a_directory_below_and_from_outside(work: Work) -> None:
    work.commit("sub/x.txt", "x")
    work.write("file.txt", LINE)
    assert set(alarms(work.judge("git commit -am x", at="sub"))) == {"file.txt"}
    assert set(alarms(work.judge("git commit -am x", at="sub", GIT_LITERAL_PATHSPECS="1"))) == {"file.txt"}
    assert set(alarms(work.judge("git -C clone commit -am x", at=".."))) == {"file.txt"}
    line = "git --git-dir=clone/.git --work-tree=clone commit -am x"
    assert set(alarms(work.judge(line, at=".."))) == {"file.txt"}
    assert alarms(work.judge("git commit -m x .", at="sub")) == {}
    assert not all(operation.complete for operation in work.judge("git -c core.worktree=/x commit -am x"))


def test_a_setting_that_narrows_what_differences_show_narrows_nothing(work: Work) -> None:
    work.commit("sub/x.txt", "x")
    work.git("config diff.relative true")
    work.git("config diff.noPrefix true")
    work.add("file.txt", LINE)
    assert set(alarms(work.judge(COMMIT, at="sub"))) == {"file.txt"}
    work.git("commit -q -m x")
    assert set(alarms(work.judge(PUSH, at="sub"))) == {"file.txt"}


def test_what_another_branch_has_already_is_not_new_in_a_merge(work: Work) -> None:
    for line in ("checkout -q -b side", "rm -q --cached file.txt"):
        work.git(line)
    work.commit("side.txt", LINE)
    for line in ("checkout -q -f topic", "merge -q --no-ff --no-commit side"):
        work.git(line)
    assert alarms(work.judge("git commit -m merged")) == {}


def test_no_program_of_the_repository_runs_while_it_is_judged(work: Work, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {sprung}\ncat\n")
    trap.chmod(0o755)
    work.write(".gitattributes", "*.txt filter=own diff=own\n")
    for line in ("filter.own.clean", "filter.own.process", "diff.own.textconv", "diff.own.command", "diff.external",
                 "core.fsmonitor", "gpg.program", "core.sshCommand", "core.pager"):  # fmt: skip
        work.git(f"config {line} {trap}")
    work.git("config log.showSignature true")
    work.git("-c core.fsmonitor= commit -q --allow-empty -m signed")
    signed = work.git("cat-file commit HEAD").replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n\n", 1)
    work.write("../commit", signed)
    work.git(f"-c core.fsmonitor= reset -q --soft {work.git('hash-object -w -t commit ../commit').strip()}")
    work.write("file.txt", LINE)
    sprung.unlink(missing_ok=True)
    assert set(alarms(work.judge("git commit -am x"))) == {"file.txt"}
    assert set(alarms(work.judge("git commit -m x file.txt"))) == {"file.txt"}
    assert not sprung.exists()
    work.git("-c filter.own.clean= -c filter.own.process= -c core.fsmonitor= commit -q -am x")
    sprung.unlink(missing_ok=True)
    assert set(alarms(work.judge(PUSH))) == {"file.txt"}
    assert not sprung.exists()


def later(content: str = LINE, name: str = "new.txt") -> Place:
    return lambda work: work.commit(name, content)


PUSHES: list[tuple[str, Place, str, str]] = [
    ("a new file", later(), PUSH, "new.txt"),
    ("HEAD", later(), "git push origin HEAD", "new.txt"),
    ("at", later(), "git push origin @", "new.txt"),
    ("by default", both(later(), run("config push.default current")), "git push", "new.txt"),
    ("another name", later(), "git push origin HEAD:refs/heads/elsewhere", "new.txt"),
    ("by its id", later(), "git push origin $(HEAD):refs/heads/x", "new.txt"),
    ("by a path to it", both(later(), later("x", "b")), "git push origin HEAD~1:refs/heads/x", "new.txt"),
    ("force", later(), "git push -f origin topic", "new.txt"),
    ("all", later(), "git push --all", "new.txt"),
    ("mirror", later(), "git push --mirror origin", "new.txt"),
    ("a pattern", later(), "git push origin 'refs/heads/*:refs/heads/*'", "new.txt"),
    ("a part of a pattern", later(), "git push origin 'refs/heads/to*:refs/heads/to*'", "new.txt"),
    ("matching", later(), "git push origin :", "new.txt"),
    ("configured", both(later(), run("config remote.origin.push refs/heads/topic:refs/heads/x")),
     "git push", "new.txt"),
    ("a detached head", both(run("checkout -q --detach"), later()), "git push origin HEAD:refs/heads/x", "new.txt"),
    ("taken out by a later commit", both(later(), later("clean\n")), PUSH, "new.txt"),
    ("deleted by a later commit", both(later(), run("rm -q new.txt"), run("commit -q -m gone")), PUSH, "new.txt"),
    ("added and moved", both(later(), run("mv new.txt b.txt"), run("commit -q -m moved")), PUSH, "b.txt"),
    ("a merged branch", both(run("checkout -q -b side"), later(), run("checkout -q topic"), later("x", "b"),
                             run("merge -q --no-ff -m merged side")), PUSH, "new.txt"),
    ("only in the merge itself", both(run("checkout -q -b side"), later("s", "s"), run("checkout -q topic"), later("x", "b"),
                             run("merge -q --no-ff --no-commit side"), later()), PUSH, "new.txt"),
    ("a value in place of an old one", later(name="old.txt"), PUSH, "old.txt"),
    ("the message of a commit", run(f"commit -q --allow-empty -m {AWS}"), PUSH, "commit"),
    ("the message of a tag", run(f"tag -a -m {AWS} v1"), "git push origin v1", "v1"),
    ("a tag by its word", run(f"tag -a -m {AWS} v1"), "git push origin tag v1", "v1"),
    ("all tags", run(f"tag -a -m {AWS} v1"), "git push --tags", "v1"),
    ("tags that follow", run(f"tag -a -m {AWS} v1"), "git push --follow-tags origin topic", "v1"),
    ("tags that follow by setting", both(run(f"tag -a -m {AWS} v1"), run("config push.followTags true")), PUSH, "v1"),
    ("a tag on another commit", both(later(), run("tag light"), run("reset -q --hard HEAD~1")),
     "git push origin light", "new.txt"),
    ("a tag on a file", both(later(), run("tag file HEAD:new.txt"), run("reset -q --hard HEAD~1")),
     "git push origin file", ""),
    ("a note", run(f"notes add -m {AWS}"), "git push origin refs/notes/commits", "*"),
    ("a name", later("x", f"{AWS}.txt"), PUSH, "(names)"),
    ("a name beside HEAD", both(later(), run("update-ref topic main")), PUSH, "new.txt"),
    ("a directory of that name", later(name="topic/x"), PUSH, "topic/x"),
    ("a replaced object", both(later(), run("replace HEAD:new.txt HEAD:file.txt")), PUSH, "new.txt"),
    ("a replaced commit", both(later(), run("replace HEAD main")), PUSH, "new.txt"),
    ("a graft", both(later(), later("clean\n"), lambda work: work.write(".git/info/grafts", work.git("rev-parse HEAD"))),
     PUSH, "new.txt"),
    ("an unmatched remote", later(), "git push ../remote.git topic", "new.txt"),
    ("a remote without refs here", both(later(), run("remote add fork ../fork.git")), "git push fork topic", "new.txt"),
    ("a remote whose name is a pattern", both(later(), run("update-ref refs/remotes/origin/topic HEAD"),
     run("config remote.*.url ../fork.git")), "git push '*' topic", "new.txt"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place", "line", "path"), PUSHES, ids=[case[0] for case in PUSHES])
def test_a_push_that_would_send_a_credential_is_told(work: Work, name: str, place: Place, line: str, path: str) -> None:
    place(work)
    operations = work.judge(line.replace("$(HEAD)", work.git("rev-parse HEAD").strip()))
    found = alarms(operations)
    assert found
    assert path in ("", "*") or any(one.startswith(path) for one in found)
    assert AWS not in repr(operations) or AWS in name or path == "(names)"


HARMLESS_PUSHES: list[tuple[str, Place, str]] = [
    ("nothing new", run("status"), PUSH),
    ("words", later("words"), PUSH),
    ("what the remote has", both(later(), run("push -q origin topic")), PUSH),
    ("what the remote has, under a new name", both(later(), run("push -q origin topic")),
     "git push origin topic:refs/heads/x"),
    ("new words after what the remote has", both(later(), run("push -q origin topic"), later("x", "b")), PUSH),
    ("new words in a file with an old key", later(f"key = {OTHER}\nmore words\n", "old.txt"), PUSH),
    ("an old key moved", both(run("mv old.txt b.txt"), run("commit -q -m moved")), PUSH),
    ("an old key moved and changed", both(run("mv old.txt b.txt"), later(f"a\nkey = {OTHER}\n", "b.txt")), PUSH),
    ("another branch than that with a key", both(run("checkout -q -b side"), later(), run("checkout -q topic"), later("x", "b")),
     PUSH),
    ("what lies in the index", both(later("x", "b"), staged("new.txt", LINE)), PUSH),
    ("a deletion", later(), "git push origin :main"),
    ("a deletion by option", later(), "git push origin --delete main"),
    ("a dry run", later(), "git push -n origin topic"),
    ("the address of a remote that has all", later("x", "b"), "git push ../remote.git topic"),
    ("a branch that is not there", later("x", "b"), "git push origin nowhere"),
    ("a submodule", both(lambda work: work.git(f"update-index --add --cacheinfo 160000,{'1' * 40},sub"), run("commit -q -m s")),
     PUSH),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place", "line"), HARMLESS_PUSHES, ids=[case[0] for case in HARMLESS_PUSHES])
def test_a_push_without_a_new_credential_passes(work: Work, name: str, place: Place, line: str) -> None:
    place(work)
    assert alarms(work.judge(line)) == {}


NOT_FOUND: list[tuple[str, str | bytes]] = [
    ("base64", base64.b64encode(LINE.encode())),
    ("split over lines", f"'{AWS[:10]}' +\n'{AWS[10:]}'\n"),
    ("hexadecimal", LINE.encode().hex()),
]


@pytest.mark.parametrize(("name", "content"), NOT_FOUND, ids=[case[0] for case in NOT_FOUND])
def test_a_value_that_is_disguised_is_not_found(work: Work, name: str, content: str | bytes) -> None:
    work.commit("x.txt", content)
    assert alarms(work.judge(PUSH)) == {}


@pytest.mark.parametrize("bound", ["objects", "bytes", "files", "time"])
def test_over_a_bound_a_person_is_asked(work: Work, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    work.commit("new.txt", "x" * 5000)
    line = "git push origin topic"
    if bound == "files":
        work.add("file.txt", "changed")
        line = COMMIT
    if bound in ("objects", "files"):
        monkeypatch.setattr(publish, "OBJECTS_LIMIT", 0)
    elif bound == "bytes":
        monkeypatch.setattr(facts_module, "SCAN_LIMIT", 4000)
    else:
        monkeypatch.setattr(facts_module, "SCAN_SECONDS", 0.0)
    doubtful = [operation for operation in work.judge(line) if not operation.complete]
    assert [operation.reason.startswith("what it publishes was not looked through: ") for operation in doubtful] == [
        True
    ]


@pytest.mark.parametrize("line", ["git push origin main..topic:refs/heads/x", "git push origin ^main:refs/heads/x",
                                  "git push origin topic^@:refs/heads/x", "git push origin topic^!:refs/heads/x"])  # fmt: skip
def test_a_source_that_is_no_single_revision_is_conceded(work: Work, line: str) -> None:
    work.commit("new.txt", LINE)
    operations = work.judge(line)
    assert not all(operation.complete for operation in operations)


def test_where_nothing_looks_for_secrets_what_would_go_is_not_known(work: Work) -> None:
    work.commit("new.txt", "words")
    for line in (PUSH, "git commit --allow-empty -m x"):
        facts = CallFacts(str(work.path), ENV, git_program=GIT)
        invocation = Invocation("git", tuple(shlex.split(line)), ENV, str(work.path))
        assert not all(operation.complete for operation in GitInspector().inspect(invocation, facts).operations)
