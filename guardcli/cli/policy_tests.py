"""``guard policy test``: runs the tests inside policies."""

from __future__ import annotations

import json

import click

from guardcli.cli.settings import load_settings
from guardcli.judging.trials import Outcome, run_tests
from guardcli.playback.text import inert
from guardcli.policy import load_policy


@click.command(
    epilog="\b\nExamples:\n  guard policy test team.yaml\n  guard policy test pack:default pack:ci\n\n"
    "\b\nExit status: 0 when all tests pass, 1 otherwise."
)
@click.argument("policies", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a test.")
@click.option("--verbose", "-v", is_flag=True, help="Also name the tests that pass.")
def test(policies: tuple[str, ...], as_json: bool, verbose: bool) -> int:
    """Run the tests inside POLICIES, or inside the policy in force."""
    failed = total = 0
    settings = load_settings()
    for source in policies or (settings.policy,):
        for outcome in run_tests(load_policy(source), settings.state_dir / "cache"):
            total += 1
            failed += bool(outcome.fault)
            if as_json:
                click.echo(json.dumps(_as_json(outcome)))
            elif outcome.fault or verbose:
                _report(outcome)
    if not as_json:
        click.echo(f"{total - failed} of {total} tests pass")
    return 1 if failed else 0


def _report(outcome: Outcome) -> None:
    """Print what came of a test."""
    test = outcome.test
    what, fault = inert(outcome.call), inert(outcome.fault)
    mark = click.style("FAIL", fg="red") if outcome.fault else click.style("pass", fg="green")
    click.echo(f"{mark} {test.source}:{test.line}: {what}" + (f"\n     {fault}" if fault else ""))


def _as_json(outcome: Outcome) -> dict[str, object]:
    test = outcome.test
    return {
        "file": test.source,
        "line": test.line,
        "run": list(test.run),
        "sql": test.sql,
        "passed": not outcome.fault,
        "fault": outcome.fault,
        "effect": outcome.decision.verdict.value,
        "rule": outcome.decision.rule,
    }
