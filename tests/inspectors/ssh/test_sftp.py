"""sftp: its options, and each command of what it is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.inspectors.ssh.sftp import SftpInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Input, Inspection


class Batch(NoFacts):
    """Facts of one batch file and of a standard input."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content

    def read_file(self, path: str) -> bytes:
        if path != "/w/b" or self.content is None:
            raise FactUnavailable(f"{path} is missing")
        return self.content

    def stdin(self) -> bytes:
        return self.read_file("/w/b")


def sftp(*words: str, content: bytes | None = None, stdin: Stdin = Stdin.NULL) -> Inspection:
    invocation = Invocation("sftp", ("sftp", *words), cwd="/w", stdin=stdin)
    return SftpInspector().inspect(invocation, Batch(content))


def effects_of(inspection: Inspection) -> set[Effect]:
    return {effect for found in inspection.operations for effect in found.effects}


@pytest.mark.parametrize(
    ("command", "effects"),
    [
        ("ls -la", {Effect.READ}),
        ("cd /x", {Effect.READ}),
        ("pwd", {Effect.READ}),
        ("lls", {Effect.READ}),
        ("lls -l; rm x", {Effect.EXECUTE}),
        ("get a b", {Effect.READ, Effect.FILE}),
        ("GET a", {Effect.READ, Effect.FILE}),
        ("put a", {Effect.WRITE, Effect.FILE}),
        ("-put a", {Effect.WRITE, Effect.FILE}),
        ("put a .ssh/authorized_keys", {Effect.WRITE, Effect.FILE, Effect.PRIVILEGE}),
        ("mkdir d", {Effect.WRITE, Effect.FILE}),
        ("rm a", {Effect.DELETE, Effect.FILE}),
        ("-rm a", {Effect.DELETE, Effect.FILE}),
        ("@rm a", {Effect.DELETE, Effect.FILE}),
        ("@ - rm a", {Effect.DELETE, Effect.FILE}),
        ('"rm" a', {Effect.DELETE, Effect.FILE}),
        ("r\\m a", {Effect.DELETE, Effect.FILE}),
        ("rmdir a", {Effect.DELETE, Effect.FILE}),
        ("rename a b", {Effect.WRITE, Effect.DELETE, Effect.FILE}),
        ("chmod 777 a", {Effect.PRIVILEGE, Effect.WRITE, Effect.FILE}),
        ("symlink a b", {Effect.WRITE, Effect.FILE}),
        ("!rm x", {Effect.EXECUTE}),
        ("-!rm x", {Effect.EXECUTE}),
        ("!", {Effect.EXECUTE}),
        ("nonsense", {Effect.FILE, Effect.UNKNOWN}),
        ("get 'a", {Effect.FILE, Effect.UNKNOWN}),
        ("# rm a", {Effect.READ}),
        ("", {Effect.READ}),
    ],
)
def test_each_command_of_a_batch_is_judged(command: str, effects: set[Effect]) -> None:
    inspection = sftp("-b", "b", "u@h", content=command.encode())
    assert effects_of(inspection) == effects
    assert inspection.inputs == (Input("/w/b", 2),)
    assert {str(found.targets[0]) for found in inspection.operations} == {"host:u@h"}
    assert effects_of(sftp("h", content=command.encode(), stdin=Stdin.STREAM)) == effects


@pytest.mark.parametrize(
    ("words", "effects"),
    [
        (["h:/x"], {Effect.READ, Effect.FILE}),
        (["h:/x", "y"], {Effect.READ, Effect.FILE}),
        (["sftp://u@h:22/x"], {Effect.READ, Effect.FILE}),
        (["[fe80::1]:/x"], {Effect.READ, Effect.FILE}),
        (["h"], {Effect.FILE, Effect.UNKNOWN}),
        (["h:d/"], {Effect.FILE, Effect.UNKNOWN}),
        (["-b", "missing", "h"], {Effect.FILE, Effect.UNKNOWN}),
        (["-S", "./x", "h:/x"], {Effect.READ, Effect.FILE, Effect.EXECUTE}),
        (["-D", "./x", "h:/x"], {Effect.READ, Effect.FILE, Effect.EXECUTE}),
        (["-s", "/tmp/x", "h:/x"], {Effect.READ, Effect.FILE, Effect.EXECUTE, Effect.UNKNOWN}),
        (["-s", "sftp", "h:/x"], {Effect.READ, Effect.FILE}),
        (["-o", "ProxyCommand=x", "h:/x"], {Effect.READ, Effect.FILE, Effect.EXECUTE}),
        (["-J", "j", "h:/x"], {Effect.READ, Effect.FILE, Effect.NETWORK}),
        (["-A", "h:/x"], {Effect.READ, Effect.FILE, Effect.NETWORK}),
        (["-P", "22", "h:/x"], {Effect.READ, Effect.FILE}),
        (["-Z", "h:/x"], {Effect.FILE, Effect.UNKNOWN}),
        (["-h"], {Effect.READ}),
        ([], {Effect.READ}),
    ],
    ids=str,
)
def test_options_and_destinations(words: list[str], effects: set[Effect]) -> None:
    assert effects_of(sftp(*words)) == effects


def test_a_path_that_may_be_a_directory_is_followed_by_what_is_typed() -> None:
    assert Effect.DELETE in effects_of(sftp("h:d", content=b"rm x\n", stdin=Stdin.STREAM))
    assert Effect.UNKNOWN in effects_of(sftp("h:d", stdin=Stdin.TERMINAL))
    assert Effect.DELETE not in effects_of(sftp("h:f", "to", content=b"rm x\n", stdin=Stdin.STREAM))


def test_a_download_of_a_secret_is_marked() -> None:
    assert sftp("h:/etc/shadow").operations[0].sensitive
    assert sftp("-b", "b", "h", content=b"get .ssh/id_rsa").operations[0].sensitive
    assert not sftp("h:/etc/hosts").operations[0].sensitive


@given(
    st.lists(st.sampled_from(["-b", "b", "h", "h:x", "[", "@[", "]:", ":", "sftp://"]) | st.text(max_size=6)),
    st.binary(),
)
def test_no_call_raises(words: list[str], content: bytes) -> None:
    assert sftp(*words, content=content, stdin=Stdin.STREAM).operations
