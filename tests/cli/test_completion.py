"""The completion scripts work in the shells that they are for."""

import os
import shutil
import subprocess
import sys

import pytest


def guard(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "guardcli", *arguments], capture_output=True, text=True, env={**os.environ, **env}
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script_that_asks_guard(shell: str) -> None:
    done = guard("completion", shell)
    assert done.returncode == 0, done.stderr
    assert "_GUARD_COMPLETE" in done.stdout


def test_a_shell_that_is_not_known_is_a_usage_error() -> None:
    done = guard("completion", "tcsh")
    assert done.returncode == 2
    assert "tcsh" in done.stderr


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [("guard po", "policy", "run"), ("guard completion f", "fish", "bash")],
)
def test_guard_answers_what_the_script_asks(typed: str, offered: str, not_offered: str) -> None:
    done = guard(_GUARD_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=str(len(typed.split()) - 1))
    names = [line.partition(",")[2] for line in done.stdout.splitlines()]
    assert offered in names
    assert not_offered not in names


def test_bash_loads_the_script_and_registers_it() -> None:
    bash = shutil.which("bash")
    assert bash is not None
    script = guard("completion", "bash").stdout
    done = subprocess.run([bash, "--norc", "-ec", script + "\ncomplete -p guard"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "guard" in done.stdout
