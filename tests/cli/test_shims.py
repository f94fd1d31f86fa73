"""Shims for images: installed twice without harm, removed without a trace, never in a real tool's place."""

import os
import subprocess
from pathlib import Path

import inside
import pytest

from guardcli.broker.shim_binary import shim_binary


def guard(*arguments: str | Path, path: str = "") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PATH": path or os.environ["PATH"]}
    return inside.guard("shims", *arguments, env=env)


def tree(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The part of an image that matters: two directories of the PATH, a real tool in one of them."""
    for name in ("sbin", "bin"):
        (tmp_path / name).mkdir()
    (tmp_path / "bin" / "kubectl").write_text("#!/bin/sh\necho the real kubectl\n")
    (tmp_path / "bin" / "kubectl").chmod(0o755)
    return tmp_path


def install(image: Path) -> subprocess.CompletedProcess[str]:
    return guard("install", "--dir", image / "shims", "--links", image / "sbin", "--links", image / "bin")


def test_every_tool_meets_the_shim_first_and_the_real_one_stays(image: Path) -> None:
    done = install(image)
    assert done.returncode == 0, done.stderr
    assert (image / "sbin" / "kubectl").resolve() == image / "shims" / "guard-shim"
    assert (image / "bin" / "psql").resolve() == image / "shims" / "guard-shim"
    assert (image / "bin" / "kubectl").read_text().startswith("#!")
    assert f"left {image}/bin/kubectl alone" in done.stdout
    assert (image / "shims" / "guard-shim").read_bytes() == shim_binary().read_bytes()


def test_installing_twice_changes_nothing_more(image: Path) -> None:
    install(image)
    before = tree(image)
    again = install(image)
    assert again.returncode == 0, again.stderr
    assert tree(image) == before
    assert (image / "shims" / "links").read_text().count("/sbin/psql\n") == 1


def test_uninstall_leaves_exactly_what_was_there(image: Path) -> None:
    before = tree(image)
    install(image)
    done = guard("uninstall", "--dir", image / "shims")
    assert done.returncode == 0, done.stderr
    assert tree(image) == before


def test_uninstall_keeps_what_took_a_links_place_later(image: Path) -> None:
    install(image)
    (image / "bin" / "git").unlink()
    (image / "bin" / "git").write_text("somebody else's\n")
    (image / "shims" / "notes").write_text("somebody else's\n")
    guard("uninstall", "--dir", image / "shims")
    assert (image / "bin" / "git").read_text() == "somebody else's\n"
    assert tree(image / "shims") == ["notes"]


def test_an_installed_shim_without_a_session_answers_69(image: Path) -> None:
    install(image)
    env = {name: value for name, value in os.environ.items() if not name.startswith("GUARD_")}
    done = subprocess.run([image / "bin" / "git", "--version"], capture_output=True, text=True, env=env)
    assert done.returncode == 69
    assert done.stdout == ""
    assert done.stderr.startswith("guard: ")


def test_list_says_whether_a_shell_would_meet_the_shim(image: Path) -> None:
    install(image)
    usual = f"{image}/sbin:{image}/bin"
    guarded = guard("list", "--dir", image / "shims", path=usual)
    assert guarded.returncode == 0, guarded.stdout
    assert "NOT" not in guarded.stdout
    without_sbin = guard("list", "--dir", image / "shims", path=f"{image}/bin")
    assert without_sbin.returncode == 1
    assert f"NOT first: {image}/bin/kubectl" in without_sbin.stdout


def test_a_directory_that_holds_something_else_is_left_alone(image: Path) -> None:
    done = guard("install", "--dir", image / "bin")
    assert done.returncode == 1
    assert "kubectl is not a shim of guard" in done.stderr
    assert (image / "bin" / "kubectl").read_text().startswith("#!")


@pytest.mark.parametrize("name", ["", "..", "/bin/psql", "a/b", "guard-shim", "links", "-x"])
def test_what_is_no_name_of_a_tool_is_refused(image: Path, name: str) -> None:
    done = guard("install", "--dir", image / "shims", f"--tool={name}")
    assert done.returncode == 78
    assert "is no name of a tool" in done.stderr
    assert not (image / "shims").exists()


def test_the_tools_can_be_chosen(image: Path) -> None:
    assert guard("install", "--dir", image / "shims", "--tool", "terraform", "--tool", "terraform").returncode == 0
    assert tree(image / "shims") == ["guard-shim", "terraform"]


def test_a_policy_can_name_more_tools(image: Path) -> None:
    policy = image / "policy.yaml"
    policy.write_text("version: 1\nname: test\nextends: [pack:default]\ntools: {terraform: {}}\n")
    done = guard("install", "--dir", image / "shims", "--policy", policy)
    assert done.returncode == 0, done.stderr
    assert {"terraform", "psql", "git"} <= set(tree(image / "shims"))


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = guard("install", "--dir", tmp_path / "file" / "shims")
    assert done.returncode == 1
    assert done.stderr.startswith("guard: cannot write")
