"""What whoever is asked about a push is shown: the very commits that were judged, what is lost, and the diff."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from guardcli.broker.facts import CallFacts
from guardcli.inspectors.git.inspector import GitInspector
from guardcli.inspectors.git.preview import preview
from guardcli.model.facts import FactUnavailable
from guardcli.model.invocation import Invocation

GIT = shutil.which("git")
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.com" for who in ("AUTHOR", "COMMITTER")},
}
HOSTILE = "\x1b]0;owned\x07\u202eevil"


class Clone:
    """A clone whose remote is known to have two commits of ``main`` and one of ``old`` more."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, line: str) -> str:
        words = ["git", *shlex.split(line)]
        return subprocess.run(words, cwd=self.path, env=ENV, capture_output=True, text=True, check=True).stdout

    def commit(self, name: str, content: str, message: str) -> None:
        (self.path / name).write_text(content)
        self.git(f"add -- {shlex.quote(name)}")
        self.git(f"commit -q -m {shlex.quote(message)}")

    def facts(self) -> CallFacts:
        return CallFacts(str(self.path), ENV, git_program=GIT, find_secrets=lambda content: frozenset())

    def shown(self, line: str, facts: CallFacts | None = None, between: str = "") -> str:
        """Return what is shown of a call; `between` is what happens after the judgement."""
        facts = facts or self.facts()
        call = Invocation("git", tuple(shlex.split(line)), ENV, str(self.path))
        operations = GitInspector().inspect(call, facts).operations
        if between:
            self.commit("swapped.txt", between, between)
        text = preview(call, facts, operations)
        return text and f"{text}\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clone = Clone(tmp_path_factory.mktemp("template"))
    for line in ("init -q --template= -b main", "remote add origin https://git.example.com/app.git"):
        clone.git(line)
    for line in ("alias.out 'push origin main'", "diff.evil.command 'touch ran'", "diff.evil.textconv 'touch ran'"):
        clone.git(f"config {line}")
    (clone.path / ".git" / "info").mkdir()
    (clone.path / ".git" / "info" / "attributes").write_text("* diff=evil\n")
    clone.commit("app.py", "one\ntwo\nthree\n", "first")
    clone.commit("app.py", "one\n2\nthree\n", "second")
    clone.git("update-ref refs/remotes/origin/main HEAD")
    clone.git("checkout -q -b old")
    clone.commit("old.py", "old\n", "only there")
    clone.git("update-ref refs/remotes/origin/old HEAD")
    clone.git("checkout -q main")
    return clone.path


@pytest.fixture
def clone(template: Path, tmp_path: Path) -> Clone:
    shutil.copytree(template, tmp_path / "clone")
    return Clone(tmp_path / "clone")


@pytest.mark.parametrize("line", ["git push origin main", "git push", "git -C . push origin HEAD:main", "git out"])
def test_a_push_shows_its_commits_and_the_diff_to_what_the_remote_has(clone: Clone, line: str) -> None:
    clone.commit("app.py", "one\n2\n3\n", "third")
    clone.commit("new.py", "new\n", "fourth")
    text = clone.shown(line)
    assert text.startswith("2 commits would go\n")
    assert "Ada <ada@example.com>\n      third" in text and "fourth" in text
    assert " 2 files changed, 2 insertions(+), 1 deletion(-)" in text
    assert "-three\n+3\n" in text and "+new\n" in text
    assert "second" not in text and "lost" not in text and not (clone.path / "ran").exists()


def test_what_a_later_commit_changed_back_is_named_though_no_diff_shows_it(clone: Clone) -> None:
    clone.commit("new.py", "secret\n", "in")
    clone.git("rm -q new.py")
    clone.git("commit -q -m out")
    text = clone.shown("git push origin main")
    assert text.startswith("2 commits would go\n") and "diff --git" not in text


def test_a_forced_push_names_what_the_remote_would_lose(clone: Clone) -> None:
    clone.git("reset -q --hard HEAD~1")
    clone.commit("app.py", "other\n", "instead")
    text = clone.shown("git push --force origin main")
    assert "1 commit would go\n" in text and "      instead" in text
    assert "1 commit would be lost at origin/refs/heads/main\n" in text and "      second" in text
    assert "-2\n" in text and "+other\n" in text


def test_a_forced_push_of_less_shows_what_goes_away(clone: Clone) -> None:
    text = clone.shown("git push --force origin HEAD~1:main")
    assert text.startswith("no commit would go")
    assert "1 commit would be lost at origin/refs/heads/main\n" in text and "-2\n+two\n" in text


def test_what_the_agents_own_refs_hide_is_named_and_whose_word_it_is(clone: Clone) -> None:
    clone.commit("app.py", "evil\n", "third")
    clone.git("update-ref refs/remotes/origin/main HEAD")
    text = clone.shown("git push origin main")
    assert text.startswith("no commit would go: by the agent's own refs the remote has all of them\n1 commit pushed, ")
    assert "Ada <ada@example.com>\n      third\n" in text


def test_where_the_diff_begins_is_said(clone: Clone) -> None:
    clone.commit("new.py", "new\n", "third")
    head, before = clone.git("rev-parse HEAD HEAD~1").split()
    words = "which by the agent's own refs the remote has:\n"
    assert f"{head[:12]} against refs/remotes/origin/main, {words}" in clone.shown("git push origin main")
    assert f"{head[:12]} against {before[:12]}, {words}" in clone.shown("git push origin HEAD:refs/heads/new")


def test_a_deleted_branch_shows_the_commits_that_were_only_there(clone: Clone) -> None:
    text = clone.shown("git push origin --delete old")
    assert "would be lost at origin/refs/heads/old\n" in text and "only there" in text


def test_a_new_branch_is_held_against_where_it_leaves_what_the_remote_has(clone: Clone) -> None:
    clone.git("checkout -q -b topic")
    clone.commit("new.py", "new\n", "topic")
    text = clone.shown("git push -u origin topic")
    assert text.startswith("1 commit would go\n") and "+new\n" in text and "app.py" not in text


def test_the_first_push_of_all_shows_all(clone: Clone) -> None:
    for ref in ("main", "old"):
        clone.git(f"update-ref -d refs/remotes/origin/{ref}")
    text = clone.shown("git push origin main")
    assert text.startswith("2 commits would go\n") and "create mode 100644 app.py" in text and "+one\n" in text


def test_what_moves_after_the_judgement_is_not_shown_and_is_noticed(clone: Clone) -> None:
    clone.commit("app.py", "judged\n", "judged")
    facts = clone.facts()
    text = clone.shown("git push origin main", facts, between="swapped")
    assert "judged" in text and "swapped" not in text
    assert not facts.still_so()
    again = clone.facts()
    clone.shown("git push origin main", again)
    assert again.still_so()


def test_a_large_push_is_counted_and_its_diff_left_out_where_git_prints_too_much(clone: Clone) -> None:
    clone.commit("big.txt", "x" * 78 + "\n" + "line of much text\n" * 300_000, "big")
    text = clone.shown("git push origin main")
    assert "300001 +" in text and "the diff is not shown: git printed more than" in text


def test_hostile_names_and_messages_stay_text(clone: Clone) -> None:
    clone.commit("a\x1b[31m.py", f"{HOSTILE}\n", f"subject {HOSTILE}")
    text = clone.shown("git push origin main")
    assert f"subject {HOSTILE}" in text  # whoever shows it makes it inert; nothing is lost before that


@pytest.mark.parametrize("line", ["git status", "git commit -m x", "git nonsense", "git fetch origin"])
def test_only_a_push_has_a_preview(clone: Clone, line: str) -> None:
    assert clone.shown(line) == ""


def test_what_cannot_be_asked_is_said(clone: Clone) -> None:
    with pytest.raises(FactUnavailable):
        clone.shown("git push origin main", CallFacts(str(clone.path), ENV, git_program=None))


def test_a_file_that_only_seems_to_be_the_pushed_one_does_not_stand_in_for_it(clone: Clone) -> None:
    for line in ("config core.trustctime false", "config core.checkStat minimal"):
        clone.git(line)
    clone.commit("app.py", "evil\n", "third")
    file = clone.path / "app.py"
    for content in ("evil\n", "good\n"):
        clone.git("update-index --refresh")
        file.write_text(content)
        os.utime(file, (1e9, 1e9))
        if content == "evil\n":
            clone.git("update-index --refresh")
    text = clone.shown("git push origin main")
    assert "+evil\n" in text and "good" not in text


def test_a_submodule_that_asks_to_be_ignored_is_shown(clone: Clone) -> None:
    clone.git("config submodule.s.ignore all")
    (clone.path / ".gitmodules").write_text('[submodule "s"]\n\tpath = s\n\turl = ./s\n\tignore = all\n')
    clone.git("add .gitmodules")
    clone.git(f"update-index --add --cacheinfo 160000,{'1' * 40},s")
    clone.git("commit -q -m submodule")
    text = clone.shown("git push origin main")
    assert f"+Subproject commit {'1' * 40}\n" in text and "create mode 160000 s" in text


@pytest.mark.parametrize("subject", ["plain", "x \u0a01 y", "\u0a0a\u280a"])
def test_an_encoding_of_the_repositorys_own_forges_no_commit(clone: Clone, subject: str) -> None:
    clone.git("config i18n.logOutputEncoding UTF-16LE")
    clone.commit("app.py", "new\n", subject)
    text = clone.shown("git push origin main")
    assert text.startswith("1 commit would go\n") and f"Ada <ada@example.com>\n      {subject}\n" in text
    assert "+new\n" in text
