"""Which directory an agent may write to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guardcli.isolation.project import find_project


@pytest.fixture(name="home")
def home_fixture(tmp_path: Path) -> Path:
    for name in ("plain/below", "repo/below"):
        (tmp_path / name).mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("cwd", "expected"), [("plain", "plain"), ("plain/below", "plain/below"), ("repo", "repo"), ("repo/below", "repo")]
)
def test_the_project_is_the_work_tree_or_else_the_directory(home, cwd, expected) -> None:
    assert find_project(str(home / cwd), str(home)).directory == str(home / expected)


@pytest.mark.parametrize("above", [".", "..", "../.."])
def test_a_home_or_what_holds_it_is_no_project(home, above) -> None:
    found = find_project(str(home / above), str(home))
    assert (found.directory, bool(found.remark)) == ("", True)


def test_a_repository_at_the_home_makes_it_no_project(home) -> None:
    subprocess.run(["git", "init", "-q", str(home)], check=True)
    assert find_project(str(home / "plain"), str(home)).directory == str(home / "plain")


def test_a_linked_work_tree_brings_its_repository(home) -> None:
    repo, name = home / "repo", ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(repo), *name, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run(["git", "-C", str(repo), "worktree", "add", "-q", str(home / "tree")], check=True)
    assert find_project(str(home / "tree"), str(home)).also == (str(repo / ".git"),)


@pytest.mark.parametrize("text", ["gitdir: /etc", "gitdir: ../../..", "nonsense", "gitdir: /nonexistent", ""])
def test_a_git_file_that_names_no_repository_brings_nothing(home, text) -> None:
    (home / "plain" / ".git").write_text(text)
    assert find_project(str(home / "plain"), str(home)).also == ()
