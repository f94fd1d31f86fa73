"""ssh: the option grammar as OpenSSH reads it, what its options open or run, and the remote command."""

from __future__ import annotations

import getpass
import random
import shutil
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspectors.ssh.asking import SSH, effects_of, plain, ssh
from inspectors.tables import over

from guardcli.model.effects import Effect
from guardcli.model.facts import NoFacts
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Input

HARMLESS = [
    ["h", "uptime"],
    ["h", "ls", "-la"],
    ["-p", "22", "h", "ls"],
    ["h", "-p", "22", "ls"],
    ["u@h", "ls"],
    ["ssh://u@h:2222", "ls"],
    ["-l", "u", "h", "ls"],
    ["-i", "key", "h", "ls"],
    ["-4", "-q", "-T", "h", "ls"],
    ["-tt", "h", "ls"],
    ["-vvv", "h", "ls"],
    ["-n", "h", "ls"],
    ["-C", "-c", "aes128-ctr", "h", "ls"],
    ["-a", "-x", "h", "ls"],
    ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "h", "ls"],
    ["-oBatchMode=yes", "h", "ls"],
    ["-o", "batchmode yes", "h", "ls"],
    ["-o", "StrictHostKeyChecking=yes", "h", "ls"],
    ["-o", "StrictHostKeyChecking=accept-new", "h", "ls"],
    ["-o", "ProxyCommand=none", "h", "ls"],
    ["-o", "ForwardAgent=no", "h", "ls"],
    ["-o", "ControlMaster=no", "-o", "ControlPath=none", "h", "ls"],
    ["-S", "none", "h", "ls"],
    ["-o", "ServerAliveInterval=30", "h", "ls"],
    ["-o", "LogLevel=ERROR", "h", "ls"],
    ["-o", "SendEnv=LANG", "h", "ls"],
    ["-o", "SendEnv=GIT_PROTOCOL", "h", "ls"],
    ["-o", "SetEnv=LC_ALL=C", "h", "ls"],
    ["-F", "/dev/null", "h", "ls"],
    ["-F", "none", "h", "ls"],
    ["-G", "h"],
    ["-V"],
    ["-Q", "cipher"],
    ["-N", "h"],
    ["-O", "check", "h"],
    ["h", "--", "ls"],
    ["--", "h", "ls"],
    ["h", "echo", "-L", "1:h:2"],
    ["h", "echo 'ssh -L 1:h:2 -o ProxyCommand=x'"],
    [],
    ["-o", "RemoteCommand=uptime", "h"],
]


@pytest.mark.parametrize("words", HARMLESS, ids=" ".join)
def test_what_only_looks_is_complete(words: list[str]) -> None:
    assert plain(ssh(*words)), ssh(*words).operations


DANGEROUS = [
    (["-o", "ProxyCommand=x", "h", "ls"], Effect.EXECUTE),
    (["-oProxyCommand=x", "h", "ls"], Effect.EXECUTE),
    (["-vo", "ProxyCommand=x", "h", "ls"], Effect.EXECUTE),
    (["-voProxyCommand=x", "h", "ls"], Effect.EXECUTE),
    (["-o", "proxycommand x", "h", "ls"], Effect.EXECUTE),
    (["-o", " PROXYCOMMAND = x", "h", "ls"], Effect.EXECUTE),
    (["-o", "ProxyCommand\tx", "h", "ls"], Effect.EXECUTE),
    (["-o", '"ProxyCommand" x', "h", "ls"], Effect.UNKNOWN),
    (["-o", 'ProxyCommand "none" x', "h", "ls"], Effect.EXECUTE),
    (["h", "-o", "ProxyCommand=x", "ls"], Effect.EXECUTE),
    (["-G", "-o", "ProxyCommand=x", "h"], Effect.EXECUTE),
    (["-o", "PermitLocalCommand=yes", "-o", "LocalCommand=x", "h", "ls"], Effect.EXECUTE),
    (["-o", "LocalCommand=x", "h", "ls"], Effect.EXECUTE),
    (["-o", "KnownHostsCommand=x", "h", "ls"], Effect.EXECUTE),
    (["-o", "PKCS11Provider=x.so", "h", "ls"], Effect.EXECUTE),
    (["-I", "x.so", "h", "ls"], Effect.EXECUTE),
    (["-o", "SecurityKeyProvider=x.so", "h", "ls"], Effect.EXECUTE),
    (["-o", "XAuthLocation=x", "h", "ls"], Effect.EXECUTE),
    (["-o", "Match exec x", "h", "ls"], Effect.UNKNOWN),
    (["-o", "Include=x", "h", "ls"], Effect.UNKNOWN),
    (["-o", "NoSuchThing=x", "h", "ls"], Effect.UNKNOWN),
    (["-o", "IgnoreUnknown=*", "-o", "NoSuchThing=x", "h", "ls"], Effect.UNKNOWN),
    (["-o", "Port 22\nProxyCommand x", "h", "ls"], Effect.UNKNOWN),
    (["-J", "j", "h", "ls"], Effect.NETWORK),
    (["-o", "ProxyJump=j", "h", "ls"], Effect.NETWORK),
    (["-A", "h", "ls"], Effect.NETWORK),
    (["-o", "ForwardAgent=yes", "h", "ls"], Effect.NETWORK),
    (["-o", "ForwardAgent=$SSH_AUTH_SOCK", "h", "ls"], Effect.NETWORK),
    (["-X", "h", "ls"], Effect.NETWORK),
    (["-Y", "h", "ls"], Effect.NETWORK),
    (["-K", "h", "ls"], Effect.NETWORK),
    (["-L", "1:h:2", "h", "ls"], Effect.NETWORK),
    (["-L1:h:2", "-N", "h"], Effect.NETWORK),
    (["-fNL1:h:2", "h"], Effect.NETWORK),
    (["h", "-L", "1:h:2", "-N"], Effect.NETWORK),
    (["-R", "1:h:2", "h", "ls"], Effect.NETWORK),
    (["-D", "1080", "h", "ls"], Effect.NETWORK),
    (["-W", "h:22", "j"], Effect.NETWORK),
    (["-w", "0", "h"], Effect.NETWORK),
    (["-o", "LocalForward=1 h:2", "h", "ls"], Effect.NETWORK),
    (["-o", "Tunnel=yes", "h", "ls"], Effect.NETWORK),
    (["-g", "h", "ls"], Effect.NETWORK),
    (["-M", "h", "ls"], Effect.NETWORK),
    (["-S", "/tmp/s", "h", "ls"], Effect.NETWORK),
    (["-o", "ControlPath=/tmp/s", "h", "ls"], Effect.NETWORK),
    (["-o", "ControlMaster=auto", "h", "ls"], Effect.NETWORK),
    (["-O", "forward", "-L", "1:h:2", "h"], Effect.NETWORK),
    (["-O", "stop", "h"], Effect.SESSION),
    (["-o", "StrictHostKeyChecking=no", "h", "ls"], Effect.NETWORK),
    (["-o", "StrictHostKeyChecking=off", "h", "ls"], Effect.NETWORK),
    (["-o", "stricthostkeychecking no", "h", "ls"], Effect.NETWORK),
    (["-o", "StrictHostKeyChecking=no", "-o", "StrictHostKeyChecking=yes", "h", "ls"], Effect.NETWORK),
    (["-o", "UserKnownHostsFile=/dev/null", "h", "ls"], Effect.NETWORK),
    (["-o", "GlobalKnownHostsFile=/tmp/x", "h", "ls"], Effect.NETWORK),
    (["-o", "HostKeyAlias=other", "h", "ls"], Effect.NETWORK),
    (["-o", "VerifyHostKeyDNS=yes", "h", "ls"], Effect.NETWORK),
    (["-o", "CanonicalizeHostname=yes", "h", "ls"], Effect.NETWORK),
    (["-o", "EnableEscapeCommandline=yes", "h", "ls"], Effect.NETWORK),
    (["-o", "SendEnv=AWS_*", "h", "ls"], Effect.UNKNOWN),
    (["-o", "SendEnv=*", "h", "ls"], Effect.UNKNOWN),
    (["-o", "SetEnv=LD_PRELOAD=x", "h", "ls"], Effect.UNKNOWN),
    (["-o", "SetEnv=A=1 PATH=x", "h", "ls"], Effect.UNKNOWN),
    (["-E", "/tmp/log", "h", "ls"], Effect.FILE),
    (["-s", "h", "sftp"], Effect.UNKNOWN),
    (["h", "-s", "sftp"], Effect.UNKNOWN),
    (["-o", "SessionType=subsystem", "h", "sftp"], Effect.UNKNOWN),
    (["-F", "/missing", "h", "ls"], Effect.UNKNOWN),
    (["h"], Effect.UNKNOWN),
    (["-t", "h"], Effect.UNKNOWN),
    (["h", ""], Effect.UNKNOWN),
    (["h", "bash"], Effect.UNKNOWN),
    (["h", "bash", "-i"], Effect.UNKNOWN),
    (["h", "rm", "x"], Effect.DELETE),
    (["h", "rm x"], Effect.DELETE),
    (["h", "ls", ";", "rm", "x"], Effect.DELETE),
    (["h", "ls; rm x"], Effect.DELETE),
    (["h", "--", "rm", "x"], Effect.DELETE),
    (["--", "h", "rm", "x"], Effect.DELETE),
    (["-o", "RemoteCommand=rm x", "h"], Effect.DELETE),
    (["h", "sudo", "ls"], Effect.PRIVILEGE),
    (["h", "ssh h2 rm x"], Effect.DELETE),
    (["h", "kubectl delete pod x"], Effect.DELETE),
    (["h", "psql -c 'DROP TABLE x'"], Effect.DEFINE),
    (["-7", "h", "ls"], Effect.UNKNOWN),
    (["--x", "h", "ls"], Effect.UNKNOWN),
    (["-p"], Effect.UNKNOWN),
    (["-P", "tag", "h", "ls"], Effect.UNKNOWN),
    (["-P", "h", "ls"], Effect.UNKNOWN),
    (["@h", "ls"], Effect.UNKNOWN),
    (["h;x", "ls"], Effect.UNKNOWN),
    (["ssh://h/path", "ls"], Effect.UNKNOWN),
]


@over("words, effect", DANGEROUS)
def test_what_opens_runs_or_weakens_something_says_so(words: list[str], effect: Effect) -> None:
    assert effect in effects_of(ssh(*words))


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (["h", "ls"], "h"),
        (["u@h", "ls"], "u@h"),
        (["u@v@h", "ls"], "u@v@h"),
        (["-p", "22", "u@h", "ls"], "u@h:22"),
        (["-p22", "-p", "23", "h", "ls"], "h:22"),
        (["ssh://u@h:55", "ls"], "u@h:55"),
        (["ssh://h:55", "-p", "66", "ls"], "h:55"),
        (["-p", "66", "ssh://h:55", "ls"], "h:66"),
        (["-l", "x", "u@h", "ls"], "x@h"),
        (["u@h", "-l", "x", "ls"], "u@h"),
        (["-o", "User=x", "h", "ls"], "x@h"),
        (["-o", "HostName=real", "h", "ls"], "real"),
        (["-o", "HostName=%h.example.com", "h", "ls"], "h.example.com"),
        (["H.Example", "ls"], "h.example"),
        (["fe80::1", "ls"], "[fe80::1]"),
    ],
    ids=str,
)
def test_the_target_is_the_host_that_is_really_reached(words: list[str], target: str) -> None:
    for found in ssh(*words).operations:
        assert str(found.targets[0]) == f"host:{target}"


WORDS = [
    ["-p", "22"], ["-p2200"], ["-l", "u"], ["-lv"], ["-4"], ["-vq"], ["-vp", "33"], ["--"], ["-o", "Port=44"],
    ["-o", "user w"], ["-oPort 55"], ["-tt"], ["h"], ["u@h"], ["ssh://x@k:66"], ["ssh://k"], ["uptime"], ["-"],
    ["-o", "HostName=real"], ["-C"], ["-n"], ["-e", "none"], ["-c", "aes128-ctr"], ["-b", "127.0.0.1"], ["-T"],
]  # fmt: skip


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs ssh (package openssh-client)")
def test_the_option_grammar_is_that_of_ssh_itself() -> None:
    chance = random.Random(7)
    compared = 0
    for _ in range(250):
        words = [word for part in chance.choices(WORDS, k=chance.randrange(1, 6)) for word in part]
        real = subprocess.run(
            ["ssh", "-F", "none", "-G", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        operations = ssh("-F", "none", "-G", *words).operations
        if real.returncode or not all(found.complete for found in operations):
            continue
        told = dict(line.split(" ", 1) for line in real.stdout.splitlines() if " " in line)
        name = operations[0].targets[0].name
        user, _, rest = name.rpartition("@")
        host, _, port = rest.partition(":")
        assert host == told["hostname"], words
        assert (user or getpass.getuser()) == told["user"], words
        assert (port or "22") == told["port"], words
        compared += 1
    assert compared > 60


CONFIG = [
    ("Host h\n  User u\n  Port 2222\n", True, "u@h:2222"),
    ("Host other\n  ProxyCommand x\n", True, "h"),
    ("HOST *\n  HostName real\n", True, "real"),
    ("Host h !h\n  ProxyCommand x\n", True, "h"),
    ("# ProxyCommand x\n\nHost *\n\tCompression yes\n", True, "h"),
    ("ProxyCommand x\n", False, "h"),
    ("Host h\nProxyCommand=x\n", False, "h"),
    ("Host other h\nproxycommand x\n", False, "h"),
    ("Host ?\nProxyCommand x\n", False, "h"),
    ("Match all\nLocalForward 1 h:2\n", False, "h"),
    ("Match exec x\nUser u\n", False, "u@h"),
    ("Include x\n", False, "h"),
    ("Host *\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n", False, "h"),
    ("Nonsense\n", False, "h"),
    ("Host *\nRemoteCommand rm x\n", False, "h"),
    ("\xff", False, "h"),
]


@pytest.mark.parametrize(("text", "harmless", "target"), CONFIG)
def test_a_named_configuration_file_is_read_and_handed_on(text: str, harmless: bool, target: str) -> None:
    words = ["-F", "c", "h"] if "RemoteCommand" in text else ["-F", "c", "h", "ls"]
    inspection = ssh(*words, files={"/w/c": text.encode("latin-1")})
    assert plain(inspection) is harmless
    assert {str(found.targets[0]) for found in inspection.operations} == {f"host:{target}"}
    if text != "\xff":
        assert inspection.inputs == (Input("/w/c", 2, "", elsewhere=True),)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-F", "c", "h", "ls"], Input("/w/c", 2, elsewhere=True)),
        (["-vFc", "h", "ls"], Input("/w/c", 1, "-vF", elsewhere=True)),
    ],
    ids=str,
)
def test_the_broker_can_put_a_copy_in_the_place_of_the_file(words: list[str], expected: Input) -> None:
    assert ssh(*words, files={"/w/c": b""}).inputs == (expected,)


@pytest.mark.parametrize(
    ("words", "stdin", "harmless", "effect"),
    [
        (["h", "bash"], b"ls\n", True, Effect.READ),
        (["h", "bash", "-s"], b"rm x\n", False, Effect.DELETE),
        (["h", "sh -s -- a"], b"ls\n", True, Effect.READ),
        (["h", "sudo bash"], b"ls\n", False, Effect.PRIVILEGE),
        (["h"], b"ls\n", True, Effect.READ),
        (["h"], b"rm x\n", False, Effect.DELETE),
        (["-T", "h"], b"ls\n", True, Effect.READ),
        (["h"], b"", False, Effect.UNKNOWN),
        (["h", "bash"], b"\xff\n", False, Effect.UNKNOWN),
        (["h", "python3"], b"x", False, Effect.UNKNOWN),
        (["-n", "h", "bash"], b"rm x\n", False, Effect.UNKNOWN),
        (["h", "cat > f"], b"x", False, Effect.FILE),
        (["h", "cat"], b"rm x", True, Effect.READ),
    ],
    ids=str,
)
def test_what_a_remote_shell_reads_is_judged(words: list[str], stdin: bytes, harmless: bool, effect: Effect) -> None:
    inspection = ssh(*words, stdin=stdin)
    assert plain(inspection) is harmless
    assert effect in effects_of(inspection)


def test_a_terminal_or_an_unreadable_input_of_a_remote_shell_concedes() -> None:
    for kind in (Stdin.TERMINAL, Stdin.STREAM):
        invocation = Invocation("ssh", ("ssh", "h", "bash"), stdin=kind)
        assert Effect.UNKNOWN in effects_of(SSH.inspect(invocation, NoFacts()))


@pytest.mark.parametrize(
    ("name", "value", "harmless"),
    [
        ("SSH_ASKPASS", "/usr/lib/ssh/ssh-askpass", True),
        ("SSH_ASKPASS", "/tmp/x", False),
        ("SSH_SK_PROVIDER", "internal", True),
        ("SSH_SK_PROVIDER", "/tmp/x.so", False),
        ("SSH_PKCS11_HELPER", "/tmp/x", False),
        ("SSH_AUTH_SOCK", "/run/agent", True),
    ],
)
def test_variables_that_make_ssh_run_something_are_seen(name: str, value: str, harmless: bool) -> None:
    assert plain(ssh("h", "ls", env={name: value})) is harmless


LINE = "-o -F -p 22 -L -- - h u@h ssh://h ls rm ProxyCommand=x -G -V -N -s c = Port ' $( -oX \udcff é -J \n"
ARGUMENTS = st.sampled_from([*LINE.split(" "), ""])


@given(st.lists(ARGUMENTS | st.text(max_size=8), max_size=10), st.sampled_from(["", "git"]), st.binary(max_size=30))
def test_no_call_raises(words: Sequence[str], parent: str, content: bytes) -> None:
    inspection = ssh(*words, parent=parent, files={"/w/c": content}, stdin=content)
    assert all(found.complete or found.reason for found in inspection.operations)
