"""What is quick is judged at once; what may take time is left to a thread, and judged the same there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from guardcli.broker.facts import CallFacts
from guardcli.broker.judge import QUICK_BYTES, QUICK_CHARACTERS, Judge
from guardcli.broker.ruling import Ruling
from guardcli.broker.shell_trial import ShellTrial
from guardcli.broker.standing import Standing
from guardcli.model.decisions import Verdict
from guardcli.model.invocation import Invocation
from guardcli.policy import load_policy

LONG = " ".join(f"/srv/file-{n}" for n in range(100))


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with ThreadPoolExecutor(1) as patience:
        yield Judge(Standing(Ruling(load_policy("pack:default"))), "agent", (), {}, patience)


@pytest.fixture(scope="module")
def trial() -> Iterator[ShellTrial]:
    one = ShellTrial()
    yield one
    one.close()


@pytest.mark.parametrize(
    ("argv", "at_once", "verdict"),
    [
        (("ssh", "h", "uptime"), True, Verdict.ALLOW),
        (("ssh", "h", "rm -rf /srv"), True, Verdict.DENY),
        (("ssh", "h", f"ls {LONG}"), False, Verdict.ALLOW),
        (("ssh", "h", f"rm {LONG}"), False, Verdict.DENY),
        (("psql", "-X", "-c", "SELECT 1"), True, Verdict.ALLOW),
        (("psql", "-X", "-c", "SELECT " + "1," * QUICK_CHARACTERS + "1"), False, Verdict.ALLOW),
        (("psql", "-X", "-f", "short.sql"), True, Verdict.ALLOW),
        (("psql", "-X", "-f", "long.sql"), False, Verdict.ALLOW),
    ],
)
def test_a_long_call_is_judged_beside_the_loop_and_alike(
    judge: Judge, trial: ShellTrial, tmp_path: Path, argv: tuple[str, ...], at_once: bool, verdict: Verdict
) -> None:
    (tmp_path / "short.sql").write_text("SELECT 1;\n")
    (tmp_path / "long.sql").write_text("SELECT 1;\n" + " " * QUICK_BYTES)
    invocation = Invocation(argv[0], argv, {}, cwd=str(tmp_path))
    facts = CallFacts(str(tmp_path), {}, try_shell=trial.for_one_call())
    found = judge.judge_now(invocation, facts)
    assert (found is not None) is at_once
    judged = found or asyncio.run(judge.judge(invocation, facts))
    assert judged.decision.verdict is verdict, judged.decision
