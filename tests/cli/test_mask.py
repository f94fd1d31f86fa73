"""`guard mask` as a process: a filter that flushes, keeps prompts visible, and explains without showing."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TEXT = b"mail ann@corp-mail.org\nplain\n  password=hunter2 x\n"


def command(tmp_path: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    env = {**os.environ, "HOME": str(tmp_path), "GUARD_RUNTIME_DIR": str(tmp_path / "run")}
    return [sys.executable, "-m", "guardcli", "mask", *arguments], env


def run(tmp_path: Path, data: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    argv, env = command(tmp_path, *arguments)
    return subprocess.run(argv, input=data, env=env, capture_output=True, timeout=600, check=False)


def test_masks_what_the_default_knows(tmp_path: Path) -> None:
    done = run(tmp_path, TEXT)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        b"mail [EMAIL]\nplain\n  password=[PASSWORD] x\n",
        b"",
    )


def test_masks_as_for_a_tool(tmp_path: Path) -> None:
    assert run(tmp_path, TEXT, "--tool", "git").stdout == b"mail ann@corp-mail.org\nplain\n  password=[PASSWORD] x\n"


def test_masks_by_a_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nname: x\nmask:\n  - {detect: [email], with: mask}\n")
    assert (
        run(tmp_path, TEXT, "--policy", str(policy)).stdout == b"mail *****************\nplain\n  password=hunter2 x\n"
    )


def test_a_policy_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    done = run(tmp_path, TEXT, "--policy", str(tmp_path / "none.yaml"))
    assert (done.returncode, done.stdout) == (78, b"")
    assert done.stderr.startswith(b"guard: ")


def test_explains_where_and_never_what(tmp_path: Path) -> None:
    done = run(tmp_path, TEXT, "--explain")
    assert done.stdout == b"1:6: email (17 bytes)\n3:12: password (7 bytes)\n"
    assert b"hunter2" not in done.stdout + done.stderr
    lines = [json.loads(line) for line in run(tmp_path, TEXT, "--explain", "--json").stdout.splitlines()]
    assert lines[1] == {"detector": "password", "line": 3, "column": 12, "length": 7}


def test_masks_by_the_policy_in_force(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nname: x\nmask:\n  - {detect: [email], with: mask}\n")
    argv, env = command(tmp_path)
    done = subprocess.run(argv, input=TEXT, env={**env, "GUARD_POLICY": str(policy)}, capture_output=True, timeout=600)
    assert (done.returncode, done.stdout) == (0, b"mail *****************\nplain\n  password=hunter2 x\n")


def test_says_what_is_wrong_with_how_it_was_called(tmp_path: Path) -> None:
    done = run(tmp_path, TEXT, "--json")
    assert (done.returncode, done.stdout) == (2, b"") and b"--explain" in done.stderr
    argv, env = command(tmp_path)
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", *argv]
    done = subprocess.run(shell, env=env, capture_output=True, timeout=600, check=False)
    assert (done.returncode, done.stdout) == (74, b"") and done.stderr.startswith(b"guard: "), done
    assert b"Traceback" not in done.stderr


def test_help_has_examples_and_exit_statuses(tmp_path: Path) -> None:
    shown = run(tmp_path, b"", "--help").stdout
    assert b"guard mask --tool psql" in shown and b"Exits 0" in shown


def test_binary_data_comes_out_byte_for_byte(tmp_path: Path) -> None:
    data = bytes(range(256)) * 300
    assert run(tmp_path, data).stdout == data


def test_the_summary_counts_by_detector(tmp_path: Path) -> None:
    assert run(tmp_path, TEXT, "--explain").stderr == b"guard: 2 found: 1 email, 1 password\n"
    assert run(tmp_path, b"plain\n", "--explain").stderr == b"guard: 0 found\n"


def test_nothing_in_nothing_out(tmp_path: Path) -> None:
    assert run(tmp_path, b"").stdout == b""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    argv, env = command(tmp_path)
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    yield process
    process.kill()
    process.wait(60)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def receive(process: subprocess.Popen[bytes], size: int) -> bytes:
    assert process.stdout is not None
    data = b""
    while len(data) < size and select.select([process.stdout], [], [], 30)[0]:
        more = os.read(process.stdout.fileno(), size - len(data))
        if not more:
            break
        data += more
    return data


def test_a_line_a_prompt_and_a_word_appear_without_waiting_for_the_end(live: subprocess.Popen[bytes]) -> None:
    assert live.stdin is not None
    for piece in (b"line\n", b"Password: ", b"\n", b"login:"):
        live.stdin.write(piece)
        live.stdin.flush()
        assert receive(live, len(piece)) == piece


def test_a_reader_that_is_gone_ends_it_quietly(live: subprocess.Popen[bytes]) -> None:
    assert live.stdin is not None and live.stdout is not None and live.stderr is not None
    live.stdin.write(b"first\n")
    live.stdin.flush()
    assert receive(live, 6) == b"first\n"
    live.stdout.close()
    with contextlib.suppress(BrokenPipeError):
        for _ in range(100):
            live.stdin.write(b"more\n" * 1000)
            live.stdin.flush()
    assert live.wait(60) == 141
    assert live.stderr.read() == b""
