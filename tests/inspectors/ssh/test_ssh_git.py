"""ssh as the transport of git: what git itself calls passes untouched, and nothing else passes as that."""

from __future__ import annotations

import pytest
from inspectors.ssh.asking import plain, ssh

from guardcli.model.effects import Effect
from guardcli.model.operations import Stream

GIT = [
    ("git-upload-pack '/srv/x.git'", "git-upload-pack", Effect.READ),
    ("git-upload-pack 'x.git'", "git-upload-pack", Effect.READ),
    ("git upload-pack '/x'", "git-upload-pack", Effect.READ),
    ("git-upload-archive '/x'", "git-upload-archive", Effect.READ),
    ("git-receive-pack '/x'", "git-receive-pack", Effect.WRITE),
    ("git-upload-pack '/it'\\''s'", "git-upload-pack", Effect.READ),
    ("git-upload-pack '/hey'\\!''", "git-upload-pack", Effect.READ),
]


@pytest.mark.parametrize(("command", "action", "effect"), GIT)
def test_the_transport_of_git_itself_passes_untouched(command: str, action: str, effect: Effect) -> None:
    inspection = ssh("-o", "SendEnv=GIT_PROTOCOL", "git@h", command, parent="git")
    (found,) = inspection.operations
    assert (found.action, found.effects, found.complete) == (action, {effect}, True)
    assert inspection.output is Stream.BINARY


@pytest.mark.parametrize(("command", "action", "effect"), GIT)
def test_the_transport_of_git_called_by_the_agent_is_conceded(command: str, action: str, effect: Effect) -> None:
    inspection = ssh("git@h", command)
    assert inspection.output is Stream.TEXT
    assert [found.action for found in inspection.operations] == [f"{action} called directly"]
    assert not inspection.operations[0].complete


@pytest.mark.parametrize(
    "command",
    [
        "git-upload-pack '/x'; rm x",
        "git-upload-pack '/x' '/y'",
        "git-upload-pack --upload-pack=x '/x'",
        "git-upload-pack '-x'",
        'git-upload-pack "$(rm x)"',
        "git-upload-pack $(rm x)",
        "git-upload-pack '/x' > f",
        "git-upload-pack '/x'\nrm x",
        "git-upload-pack  '/x'",
        "GIT_TRACE=1 git-upload-pack '/x'",
        "/tmp/git-upload-pack '/x'",
        "git-shell '/x'",
        "git-upload-pack '/x' | cat",
        "sudo git-upload-pack '/x'",
        "git-upload-pack '/x'\\''; rm x '",
    ],
)
def test_nothing_beside_the_transport_passes_as_it(command: str) -> None:
    inspection = ssh("h", command, parent="git")
    if inspection.output is Stream.BINARY:  # a quote inside the path is still one path
        assert command.endswith("x '")
        return
    assert not {found.action for found in inspection.operations} & {"git-upload-pack", "git-receive-pack"}
    assert not plain(inspection)
