"""Which calls of git's own are a part of a call that was judged."""

from __future__ import annotations

import pytest

from guardcli.broker.parts import command_of, part_of_a_call
from guardcli.model.decisions import Recording, Verdict
from guardcli.model.invocation import Invocation


@pytest.mark.parametrize(
    ("argv", "parent", "expected"),
    [
        ("git rev-list --objects --stdin", "git", True),
        ("git remote-https origin https://host/x", "git", True),
        ("git -c gc.auto=0 maintenance run --auto", "git", True),
        ("git --git-dir x -C y index-pack --stdin", "git", True),
        ("git push --force origin main", "git", False),
        ("git -c a=b push", "git", False),
        ("git config-x", "git", False),
        ("git", "git", False),
        ("git rev-list --all", "", False),
        ("ssh host git-upload-pack x", "git", False),
        ("ssh -x host -s sftp", "scp", True),
        ("ssh -x host -s sftp", "sftp", True),
        ("git push", "scp", False),
        ("scp a host:b", "sftp", False),
    ],
)
def test_only_what_git_starts_by_itself_and_never_what_publishes(argv, parent, expected) -> None:
    words = tuple(argv.split())
    found = part_of_a_call(Invocation(words[0], words, parent=parent))
    assert (found is not None) is expected
    if found is not None:
        assert found.decision.verdict is Verdict.ALLOW
        assert found.decision.recording is Recording.COMMAND


def test_the_command_stands_behind_gits_own_options() -> None:
    assert command_of(("-c", "push", "--no-pager", "log")) == "log"
    assert command_of(("--version",)) == ""
