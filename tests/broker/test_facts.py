"""The broker's facts: bounded, remembered, never hanging, never running what a repository names."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from guardcli.broker import facts as module
from guardcli.broker.facts import CallFacts
from guardcli.model.facts import FactUnavailable

GIT = shutil.which("git")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}


@pytest.fixture
def repository(tmp_path: Path, env: dict[str, str]) -> Path:
    path = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True, env=env)
    return path


def test_a_file_is_read_once_and_its_digest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_bytes(b"SELECT 1")
    facts = CallFacts(str(tmp_path), {})
    assert facts.read_file(str(path)) == b"SELECT 1"
    path.write_bytes(b"DROP TABLE x")
    assert facts.read_file(str(path)) == b"SELECT 1"
    assert facts.inputs == ((f"file:{path}", digest(b"SELECT 1")),)
    assert facts.files == {str(path): b"SELECT 1"}


def test_a_refusal_is_remembered_too(tmp_path: Path) -> None:
    facts = CallFacts(str(tmp_path), {})
    path = tmp_path / "late"
    with pytest.raises(FactUnavailable):
        facts.read_file(str(path))
    path.write_bytes(b"now it is here")
    with pytest.raises(FactUnavailable, match="No such file"):
        facts.read_file(str(path))


def test_a_link_to_a_regular_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    assert CallFacts("/", {}).read_file(str(tmp_path / "link")) == b"x"


@pytest.mark.parametrize("name", ["fifo", "directory", "missing", "nul\0byte", "device"])
def test_what_is_no_readable_regular_file_is_refused_without_waiting(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    path = "/dev/zero" if name == "device" else str(tmp_path / name)
    facts = CallFacts("/", {})
    with pytest.raises(FactUnavailable):
        facts.read_file(path)
    assert facts.files == {}
    assert facts.inputs == ()


@pytest.mark.parametrize(("size", "fits"), [(10, True), (11, False)])
def test_the_bound_of_a_file_is_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, fits: bool) -> None:
    monkeypatch.setattr(module, "FILE_LIMIT", 10)
    (tmp_path / "f").write_bytes(b"x" * size)
    facts = CallFacts("/", {})
    if fits:
        assert facts.read_file(str(tmp_path / "f")) == b"x" * size
    else:
        with pytest.raises(FactUnavailable, match="larger than 10 bytes"):
            facts.read_file(str(tmp_path / "f"))


def test_all_files_together_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILES_LIMIT", 15)
    facts = CallFacts("/", {})
    for name in "ab":
        (tmp_path / name).write_bytes(b"x" * 10)
    facts.read_file(str(tmp_path / "a"))
    with pytest.raises(FactUnavailable, match="together"):
        facts.read_file(str(tmp_path / "b"))


def test_a_directory_is_listed_sorted_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).touch()
    facts = CallFacts("/", {})
    assert facts.list_directory(str(tmp_path)) == ("a", "b", "c")
    assert facts.inputs == ((f"directory:{tmp_path}", digest(b"a\0b\0c")),)
    monkeypatch.setattr(module, "DIRECTORY_LIMIT", 2)
    with pytest.raises(FactUnavailable, match="more than 2 names"):
        CallFacts("/", {}).list_directory(str(tmp_path))
    with pytest.raises(FactUnavailable):
        facts.list_directory(str(tmp_path / "a"))


def piped(content: bytes) -> int:
    read, write = os.pipe()
    os.write(write, content)
    os.close(write)
    return read


def test_standard_input_is_read_to_its_end_and_kept() -> None:
    fd = piped(b"DROP TABLE x;")
    facts = CallFacts("/", {}, stdin_fd=fd)
    assert facts.stdin_bytes is None
    assert facts.stdin() == facts.stdin() == b"DROP TABLE x;"
    assert facts.stdin_bytes == facts.stdin_prefix == b"DROP TABLE x;"
    assert facts.inputs == (("stdin", digest(b"DROP TABLE x;")),)
    os.close(fd)


def test_too_long_a_standard_input_is_refused_but_not_a_byte_of_it_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STDIN_LIMIT", 10)
    fd = piped(b"0123456789abcdef")
    facts = CallFacts("/", {}, stdin_fd=fd)
    with pytest.raises(FactUnavailable, match="longer than 10 bytes"):
        facts.stdin()
    assert facts.stdin_bytes is None
    assert facts.stdin_prefix + os.read(fd, 100) == b"0123456789abcdef"
    assert facts.inputs == ()
    os.close(fd)


def test_standard_input_at_the_bound_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STDIN_LIMIT", 10)
    fd = piped(b"0123456789")
    assert CallFacts("/", {}, stdin_fd=fd).stdin() == b"0123456789"
    os.close(fd)


def test_waiting_for_standard_input_ends_when_the_call_is_gone() -> None:
    read, write = os.pipe()
    cancelled = os.eventfd(0)
    os.write(write, b"some")
    facts = CallFacts("/", {}, stdin_fd=read, cancel_fd=cancelled)
    threading.Timer(0.05, os.eventfd_write, (cancelled, 1)).start()
    with pytest.raises(FactUnavailable, match="gone"):
        facts.stdin()
    assert facts.stdin_bytes is None
    for fd in (read, write, cancelled):
        os.close(fd)


def test_no_standard_input_is_refused() -> None:
    with pytest.raises(FactUnavailable, match="no standard input"):
        CallFacts("/", {}).stdin()


def test_the_configuration_of_a_repository_is_read_with_every_value(repository: Path, env: dict[str, str]) -> None:
    with (repository / ".git" / "config").open("a") as config:
        config.write(
            '[alias]\n st = status\n two = "!echo a\\nb"\n[Remote "Ori.gin"]\n Fetch = a\n fetch = b\n[x]\n y\n'
        )
    facts = CallFacts(str(repository), env, git_program=GIT)
    values = facts.git_config(str(repository))
    assert values["alias.st"] == ("status",)
    assert values["alias.two"] == ("!echo a\nb",)
    assert values["remote.Ori.gin.fetch"] == ("a", "b")
    assert values["x.y"] == ("true",)
    assert "core.hookspath" not in values


def test_the_environment_and_the_options_of_the_call_decide_which_configuration(
    repository: Path, env: dict[str, str], tmp_path: Path
) -> None:
    env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "alias.ci", "GIT_CONFIG_VALUE_0": "commit"}
    facts = CallFacts("/", env, git_program=GIT)
    values = facts.git_config(str(tmp_path), ("-C", "repository"))
    assert values["alias.ci"] == ("commit",)
    assert values["core.bare"] == ("false",)
    assert "core.bare" not in facts.git_config(str(tmp_path))


def test_plumbing_is_asked_and_remembered(repository: Path, env: dict[str, str]) -> None:
    facts = CallFacts(str(repository), env, git_program=GIT)
    assert facts.git(str(repository), ("symbolic-ref", "HEAD")) == b"refs/heads/main\n"
    subprocess.run(["git", "symbolic-ref", "HEAD", "refs/heads/other"], cwd=repository, env=env, check=True)
    assert facts.git(str(repository), ("symbolic-ref", "HEAD")) == b"refs/heads/main\n"
    assert [name for name, _ in facts.inputs] == [f"git:{repository}\0symbolic-ref\0HEAD"]


def test_outside_a_repository_git_says_so(tmp_path: Path, env: dict[str, str]) -> None:
    env["GIT_CEILING_DIRECTORIES"] = str(tmp_path.parent)
    with pytest.raises(FactUnavailable, match="not a git repository"):
        CallFacts("/", env, git_program=GIT).git(str(tmp_path), ("rev-parse", "HEAD"))


@pytest.mark.parametrize("cwd", ["", "/nonexistent"])
def test_a_missing_git_or_directory_is_refused(cwd: str, env: dict[str, str]) -> None:
    with pytest.raises(FactUnavailable):
        CallFacts(cwd, env).git(cwd, ("version",))
    with pytest.raises(FactUnavailable):
        CallFacts(cwd, env, git_program="/nonexistent/git").git(cwd, ("version",))


def test_asking_runs_no_program_that_the_repository_or_the_environment_names(
    repository: Path, env: dict[str, str], tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    sprung = tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "pager.config", "core.editor"):
        subprocess.run(["git", "config", key, str(trap)], cwd=repository, env=env, check=True)
    names = [
        "GIT_PAGER",
        "PAGER",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_EXTERNAL_DIFF",
        "GIT_EDITOR",
        "GIT_ASKPASS",
        "GIT_PROXY_COMMAND",
    ]
    hostile = (
        env
        | dict.fromkeys(names, str(trap))
        | {"GIT_TRACE": str(sprung), "GIT_TEST_FSMONITOR": str(trap), "GIT_EXEC_PATH": str(tmp_path)}
    )
    facts = CallFacts(str(repository), hostile, git_program=GIT)
    facts.git_config(str(repository))
    facts.git(str(repository), ("ls-files", "--modified"))
    facts.git(str(repository), ("status", "--porcelain"))
    facts.git(str(repository), ("--list-cmds=others",))
    assert not sprung.exists()


def test_git_that_prints_too_much_or_takes_too_long_is_ended(
    tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "git"
    program.write_text('#!/bin/sh\ncase "$2" in slow) exec sleep 60;; *) exec cat /dev/zero;; esac\n')
    program.chmod(0o755)
    monkeypatch.setattr(module, "GIT_SECONDS", 0.3)
    monkeypatch.setattr(module, "_OFF", ())
    facts = CallFacts("/", env, git_program=str(program))
    with pytest.raises(FactUnavailable, match="longer than"):
        facts.git("/", ("slow",))
    with pytest.raises(FactUnavailable, match="printed more than"):
        facts.git("/", ("loud",))


def test_objects_and_changed_files_are_answered_once(repository: Path, env: dict[str, str]) -> None:
    (repository / "a").write_text("SECRET")
    subprocess.run(["git", "add", "a"], cwd=repository, check=True, env=env)
    asked: list[bytes] = []

    def find(content: bytes) -> frozenset[tuple[str, str]]:
        asked.append(content)
        return frozenset({("word", "1")})

    facts = CallFacts(str(repository), env, git_program=GIT, find_secrets=find)
    expected = {":a": frozenset({("word", "1")})}
    assert facts.git_secrets(str(repository), (), (":a", "missing", "two\nlines")) == expected
    assert facts.git_changed(str(repository), (), ()) == {}
    (repository / "a").write_text("changed")
    assert facts.git_secrets(str(repository), (), (":a", "missing", "two\nlines")) == expected
    assert facts.git_changed(str(repository), (), ()) == {}
    assert asked == [b"SECRET"]
    assert CallFacts("/", env, git_program=GIT).git_changed(str(repository), (), ()) == {"a": f"{repository}/a"}


def test_without_a_finder_content_is_unknown_and_not_clean(repository: Path, env: dict[str, str]) -> None:
    (repository / "a").write_text("words")
    subprocess.run(["git", "add", "a"], cwd=repository, check=True, env=env)
    facts = CallFacts(str(repository), env, git_program=GIT)
    with pytest.raises(FactUnavailable, match="nothing looks for secrets"):
        facts.find_secrets(b"words")
    with pytest.raises(FactUnavailable, match="nothing looks for secrets"):
        facts.git_secrets(str(repository), (), (":a",))


def test_the_scan_of_objects_is_bounded(repository: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "a").write_text("x" * 1000)
    subprocess.run(["git", "add", "a"], cwd=repository, check=True, env=env)
    monkeypatch.setattr(module, "SCAN_LIMIT", 900)
    monkeypatch.setattr(module, "INDEX_LIMIT", 20)
    facts = CallFacts(str(repository), env, git_program=GIT, find_secrets=lambda content: frozenset())
    with pytest.raises(FactUnavailable, match="more than 900 bytes"):
        facts.git_secrets(str(repository), (), (":a",))
    with pytest.raises(FactUnavailable, match="more than 20 bytes"):
        facts.git_changed(str(repository), (), ())
