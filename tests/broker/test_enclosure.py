"""Which tool a shim's name stands for, and what is there before the sandbox is entered."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from guardcli.broker.enclosure import Enclosure, EnclosurePlan
from guardcli.model.errors import UnavailableError


@pytest.fixture
def enclosure():
    ours, theirs = socket.socketpair()
    tools = {"git-remote-https": "git", "git-fetch": "git", "same-as-psql": "psql"}
    programs = {"git-remote-https": shutil.which("cat") or "/bin/cat"}
    with ours, theirs:
        yield Enclosure(EnclosurePlan(b"k" * 32, ours, Path("/bin/true"), tools, programs))


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("psql", ("psql", ())),
        ("same-as-psql", ("psql", ())),
        ("git", ("git", ())),
        ("git-fetch", ("git", ("fetch",))),
        ("git-remote-https", ("git", ("remote-https",))),
        ("git-unknown", ("git-unknown", ())),
    ],
)
def test_a_name_stands_for_a_tool_and_perhaps_its_first_argument(enclosure, name: str, tool) -> None:
    assert enclosure.tool_of(name) == tool


def test_a_program_is_known_by_its_tool_and_by_its_name_once_it_was_run(enclosure) -> None:
    assert enclosure.copies("git") == enclosure.copies_named("git-remote-https") == ()
    real = enclosure.program("git-remote-https", "/nonexistent")
    assert real.fd >= 0 and set(enclosure.copies("git")) == set(enclosure.copies_named("git-remote-https"))
    assert enclosure.copies_named("git") == () and enclosure.copies("psql") == ()


def test_no_file_is_read_before_the_sandbox_is_entered(enclosure) -> None:
    with pytest.raises(UnavailableError, match="not entered yet"):
        _ = enclosure.files
