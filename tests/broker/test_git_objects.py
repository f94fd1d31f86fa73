"""Reading what git prints about objects and its index: whole, cut anywhere, and in a form that is not git's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from guardcli.broker import git_objects
from guardcli.broker.facts import CallFacts
from guardcli.broker.git_objects import ObjectScan, changed_files
from guardcli.model.facts import FactUnavailable, Found

GIT = shutil.which("git")
OUTPUT = (
    b"1111 blob 9\na SECRET\n\n2222 tree 6\nSECRET\n3333 missing\n4444 commit 6\nSECRET\n"
    b"5555 tag 5\nwords\n6666 blob 0\n\n"
)
NAMES = ("1", "2", "3", "4", "5", "6")
FOUND = {"1": frozenset({("x", "a SECRET\n")}), "4": frozenset({("x", "SECRET")})}


def find(content: bytes) -> frozenset[Found]:
    return frozenset({("x", content.decode())} if b"SECRET" in content else ())


def scan(*chunks: bytes) -> dict[str, frozenset[Found]]:
    objects = ObjectScan(NAMES, find)
    for chunk in chunks:
        objects.feed(chunk)
    return dict(objects.finish())


def test_objects_are_looked_through_but_for_trees_and_what_is_missing() -> None:
    assert scan(OUTPUT) == FOUND


def test_the_result_is_the_same_wherever_the_output_is_cut() -> None:
    for at in range(len(OUTPUT)):
        assert scan(OUTPUT[:at], OUTPUT[at:]) == FOUND
    assert scan(*(OUTPUT[at : at + 1] for at in range(len(OUTPUT)))) == FOUND


def test_an_output_that_ends_early_is_refused() -> None:
    for at in range(len(OUTPUT)):
        with pytest.raises(FactUnavailable):
            scan(OUTPUT[:at])


def test_a_large_object_is_looked_through_in_pieces_that_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_objects, "PIECE", 10)
    monkeypatch.setattr(git_objects, "OVERLAP", 6)
    for size in range(6, 80):
        for at in range(size - 5):
            content = b"." * at + b"SECRET" + b"." * (size - at - 6)
            objects = ObjectScan(("a", "b"), find)
            objects.feed(b"0 blob %d\n" % size)
            for start in range(0, size, 7):
                objects.feed(content[start : start + 7])
            objects.feed(b"\n1 blob 5\nwords\n")
            assert set(objects.finish()) == {"a"}


@pytest.mark.parametrize(
    "output", [b"words\n", b"1111 blob many\nx\n", b"1111 blob\n", b"x" * 70_000, b"1 blob -1\n\n"]
)
def test_an_output_in_another_form_is_refused(output: bytes) -> None:
    with pytest.raises(FactUnavailable):
        scan(output)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    path.mkdir()
    for name in ("same", "edited", "deleted", "linked", "skipped", "assumed", "odd\nname"):
        (path / name).write_text("words\n")
        os.utime(path / name, (1_500_000_000, 1_500_000_000))
    for line in (
        "init -q .",
        "add .",
        "update-index --skip-worktree skipped",
        "update-index --assume-unchanged assumed",
    ):
        subprocess.run(["git", *line.split()], cwd=path, check=True)
    return path


def changed(path: Path, *pathspecs: str) -> dict[str, str]:
    facts = CallFacts(str(path), {"PATH": os.environ["PATH"]}, git_program=GIT)
    return dict(facts.git_changed(str(path), (), pathspecs))


def test_files_are_known_as_changed_by_their_size_and_times(repository: Path) -> None:
    assert changed(repository) == {}
    for name in ("edited", "skipped", "assumed", "odd\nname"):
        (repository / name).write_text("others\n")
    (repository / "deleted").unlink()
    (repository / "linked").unlink()
    (repository / "linked").symlink_to("same")
    (repository / "untracked").write_text("x")
    expected = {"deleted": "", "edited": f"{repository}/edited", "linked": "", "odd\nname": f"{repository}/odd\nname"}
    assert changed(repository) == expected
    assert changed(repository, "edited", "same") == {"edited": f"{repository}/edited"}


def test_a_forged_time_does_not_hide_a_change_of_the_same_size(repository: Path) -> None:
    (repository / "same").write_text("WORDS\n")
    os.utime(repository / "same", (1_500_000_000, 1_500_000_000))
    assert set(changed(repository)) == {"same"}


def test_a_listing_in_another_form_is_refused() -> None:
    for listing in (b"x", b"100644 00 0\tname\0", b"100644 00 0\tname\0  ctime: 1:2\n"):
        with pytest.raises(FactUnavailable):
            changed_files(listing, "/")
    assert changed_files(b"", "/") == {}
