"""ssh, scp, sftp and git log in with keys that only guard has; what else would like to is refused."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.servers import sshd

MODES = ["off", "require"]
USER = pwd.getpwuid(os.getuid()).pw_name

POLICY = """
version: 1
name: keys
resources:
  box: {{kind: ssh, host: [127.0.0.1, box], port: {port}, credential: "file:{keys}/user",
        options: {{known_hosts: {keys}/known, user: {user}}}}}
tools:
  probe: {{patterns: [{{match: ".*", effects: [read], action: run}}]}}
rules:
  - {{id: all, match: {{tool: "*"}}, decision: allow}}
  - {{id: conceded, match: {{tool: "*", complete: false}}, decision: allow}}
isolation: {{show: [{shown}]}}
"""


class Box:
    """An sshd, with the user's key where guard alone finds it."""

    def __init__(self, directory: Path, port: str) -> None:
        self.port = port
        self.keys = directory / "keys"
        self.shown = directory / "shown"
        self.keys.mkdir(mode=0o700)
        self.shown.mkdir()
        os.rename(directory / "user", self.keys / "user")
        shutil.copy(directory / "known", self.keys / "known")
        shutil.copy(directory / "known", self.shown / "known")
        self.options = f"-o UserKnownHostsFile={self.shown}/known -o BatchMode=yes -o IdentityFile=/nonexistent"

    def policy(self, **changes: str) -> str:
        text = POLICY.format(port=self.port, keys=self.keys, user=USER, shown=self.shown)
        for before, after in changes.items():
            text = text.replace(before, after)
        return text


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    directory = tmp_path_factory.mktemp("box")
    with sshd(directory) as server:
        directory.chmod(0o755)
        yield Box(directory, server["port"])


def run(sandbox, mode: str, text: str, **keywords):
    return sandbox.script(text, options=[f"--isolate={mode}"], **keywords)


@pytest.fixture
def keyed(shared_sandbox, box: Box):
    shared_sandbox.policy.write_text(box.policy())
    return shared_sandbox


@pytest.mark.parametrize("mode", MODES)
def test_ssh_scp_sftp_and_git_log_in_with_a_key_that_only_guard_has(keyed, box: Box, mode: str) -> None:
    work = keyed.work
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(work / "bare.git")], check=True)
    text = f"""
        env | grep -c SSH_AUTH_SOCK; cat {box.keys}/user 2>/dev/null | grep -c BEGIN
        ssh -p {box.port} {box.options} {USER}@127.0.0.1 echo by ssh
        echo sent > file; scp -q -P {box.port} {box.options} file {USER}@127.0.0.1:{work}/by-scp && cat by-scp
        scp -O -q -P {box.port} {box.options} {USER}@127.0.0.1:{work}/file back && cat back
        echo "put file {work}/by-sftp" > batch; sftp -q -P {box.port} {box.options} -b batch {USER}@127.0.0.1 >/dev/null; cat by-sftp
        {f"export GIT_SSH_COMMAND='ssh {box.options}'" if mode == "require" else ""}
        git -c init.defaultBranch=main clone -q ssh://{USER}@127.0.0.1:{box.port}{work}/bare.git c ; cd c
        git config user.name a; git config user.email a@example.org; git commit -q --allow-empty -m by-git
        git push -q origin HEAD:main && git fetch -q && git log origin/main --format=%s
    """
    if mode == "off":  # a shell stands between git and an ssh with options, and what a shell starts is the agent's own
        keyed.tool("ssh", f'#!/bin/sh\nexec /usr/bin/ssh {box.options} "$@"\n')
    done = run(keyed, mode, text)
    seen = "1" if mode == "off" else "0"  # the file is there for who looks: that is what isolation is for
    assert done.stdout.split("\n") == ["0", seen, "by ssh", "sent", "sent", "sent", "by-git", ""], done.stderr
    lent = [event["data"] for event in keyed.events(type="lent")]
    assert {(one["resource"], one["user"], one["for"]) for one in lent} == {("box", USER, "ssh")}
    assert len(lent) == 7 and all(one["key"].startswith("SHA256:") for one in lent)
    assert not keyed.events(type="refused")


def test_nobody_but_the_ssh_of_the_call_is_answered_and_after_it_nobody(keyed, box: Box) -> None:
    """The agent knows the socket: it looks in the session's directory, and in the environment of its own ssh."""
    (keyed.root / "ask.py").write_text(
        "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ntry:\n s.connect(sys.argv[1])\n s.sendall(b'\\0\\0\\0\\1\\x0b')\n"
        " print('answered' if s.recv(9) else 'closed')\nexcept OSError as e: print('gone' if e.errno in (2, 111) else 'closed')\n"
    )
    text = f"""
        ssh -p {box.port} {box.options} {USER}@127.0.0.1 'echo ready; cat' < hold > said &
        exec 3> hold
        while ! grep -q ready said; do sleep 0.05; done
        for socket in $(dirname $GUARD_SOCKET)/c/*; do {sys.executable} {keyed.root}/ask.py $socket; SSH_AUTH_SOCK=$socket ssh-add -l; echo $?; done
        exec 3>&-; wait
        {sys.executable} {keyed.root}/ask.py $socket; ls $(dirname $GUARD_SOCKET)/c | wc -l
    """
    os.mkfifo(keyed.work / "hold")
    done = run(keyed, "off", text)
    asked, status, after, left = done.stdout.split()
    assert (asked, status != "0", after, left) == ("closed", True, "gone", "0"), done.stderr
    assert len(keyed.events(type="lent")) == 1
    reasons = [event["data"]["reason"] for event in keyed.events(type="refused")]
    assert reasons == ["a program other than the ssh of this call asked"] * 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("user: " + USER, "user: somebody"), "but as somebody"),
        (("keys}/known", "nothing"), "is none that is known for box"),
        (("host: [127.0.0.1, box]", "host: [elsewhere.example]"), ""),
    ],
)
def test_another_user_an_unknown_host_and_another_resource_are_refused(keyed, box: Box, change, told: str) -> None:
    before, after = change
    text = box.policy().replace(before, after)
    if before.startswith("keys"):
        (box.keys / "none").write_text("")
        text = box.policy().replace(f"{box.keys}/known", f"{box.keys}/none")
    keyed.policy.write_text(text)
    done = run(keyed, "off", f"ssh -p {box.port} {box.options} {USER}@127.0.0.1 echo in")
    assert (done.stdout, done.returncode) == ("", 255)
    assert not keyed.events(type="lent")
    assert [told in event["data"]["reason"] for event in keyed.events(type="refused")] == [True] * bool(told)


@pytest.mark.parametrize("mode", MODES)
def test_a_configuration_file_is_read_as_it_was_judged_by_ssh_and_by_the_ssh_of_others(keyed, box, mode: str) -> None:
    (keyed.work / "cfg").write_text(
        f"Host box\n HostName 127.0.0.1\n Port {box.port}\n User {USER}\n BatchMode yes\n"
        f" UserKnownHostsFile {box.shown}/known\n IdentityFile /nonexistent\n"
    )
    work = keyed.work
    text = f"""
        ssh -F cfg box echo by ssh; ssh -Fcfg box echo glued
        echo sent > file; scp -q -F cfg file box:{work}/by-scp && cat by-scp
        echo "put file {work}/by-sftp" > batch; sftp -q -F cfg -b batch box > /dev/null; cat by-sftp
        mkfifo hold; ssh -F cfg box 'echo ready; cat' < hold > said & exec 3> hold
        while ! grep -q ready said; do sleep 0.05; done
        for copy in /run/guard/c/*; do test -f $copy && (echo evil > $copy || chmod 600 $copy || rm -f $copy) 2>&1; done | grep -c -v 'Read-only\\|denied'
        exec 3>&-; wait; ls /run/guard/c 2>/dev/null | grep -c -v none
    """
    done = run(keyed, mode, text)
    assert done.stdout.split("\n") == ["by ssh", "glued", "sent", "sent", "0", "0", ""], done.stderr
