"""The packs against some six hundred calls as agents make them: what default says of each, what the others make of it.

``tests/data/calls`` holds a file a tool: on each line what default says, then the call as a shell reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cli.typed import calls, checkout, judge_of

from guardcli.cli.policy_check import BatchJudge
from guardcli.judging.caller import Caller
from guardcli.judging.trials import run_tests
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation
from guardcli.policy import Context, decide, load_policy, pack_names

TOOLS = ("psql", "kubectl", "ssh", "git")


@pytest.fixture(scope="module")
def repository() -> Iterator[Path]:
    with ExitStack() as stack:
        yield checkout(stack)


@pytest.fixture(scope="module")
def answers(repository):
    """Give a function that judges the calls of a tool by a pack: what default says, the call, the answer."""

    @cache
    def judged(pack: str, tool: str) -> list[tuple[str, str, dict[str, Any]]]:
        ask = judge_of(pack, repository)
        return [(verdict, typed, ask(request)) for verdict, typed, request in calls(tool)]

    return judged


@pytest.mark.parametrize("tool", TOOLS)
def test_default_says_of_every_call_what_it_means_to(answers, tool: str) -> None:
    assert not (wrong := surprises(answers("default", tool))), "\n".join(wrong)


def surprises(judged: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    return [
        f"{verdict} expected, {answer['effect']} by {answer['rule']}: {call}"
        for verdict, call, answer in judged
        if answer["effect"] != verdict
    ]


def test_of_what_agents_do_every_day_less_than_one_in_a_hundred_is_stopped(answers) -> None:
    judged = answers("default", "everyday")
    assert not (wrong := surprises(judged)), "\n".join(wrong)
    stopped = [call for _, call, answer in judged if answer["effect"] != "allow"]
    assert len(judged) > 600 and len(stopped) / len(judged) < 0.01, stopped


def test_nothing_that_does_harm_runs_however_it_is_written(answers) -> None:
    judged = answers("default", "dangerous")
    assert not (wrong := surprises(judged)), "\n".join(wrong)
    assert len(judged) > 800 and "allow" not in {verdict for verdict, _, _ in judged}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("pack", ["read-only", "ci"])
def test_a_pack_without_people_asks_nobody_and_allows_nothing_that_default_denies(
    answers, pack: str, tool: str
) -> None:
    for verdict, call, answer in answers(pack, tool):
        assert answer["effect"] != "approve", (call, answer["rule"])
        assert (verdict, answer["effect"]) != ("deny", "allow"), (call, answer["rule"])


READS = {"read", "session"}


@pytest.mark.parametrize("tool", TOOLS)
def test_read_only_allows_what_only_reads(answers, tool: str) -> None:
    for _, call, answer in answers("read-only", tool):
        effects = {effect for operation in answer["operations"] for effect in operation["effects"]}
        if answer["effect"] == "allow":
            getting = all(operation["action"] in ("fetch", "clone") for operation in answer["operations"])
            assert effects <= READS or (getting and effects <= READS | {"write"}), (call, effects)


@pytest.mark.parametrize(
    ("pack", "tool"), [("production-database", "psql"), ("kubernetes-production", "kubectl"), ("git-protected", "git")]
)
def test_a_pack_for_production_is_nowhere_more_lenient_than_default(answers, pack: str, tool: str) -> None:
    order = ("allow", "approve", "deny")
    for verdict, call, answer in answers(pack, tool):
        assert order.index(answer["effect"]) >= order.index(verdict), (call, answer["rule"])


@pytest.mark.parametrize("pack", pack_names())
def test_every_rule_of_a_pack_and_every_action_that_it_names_is_in_one_of_its_tests(pack: str) -> None:
    policy = load_policy(f"pack:{pack}")
    outcomes = list(run_tests(policy))
    assert [outcome.fault for outcome in outcomes if outcome.fault] == []
    fired = {rule for one in outcomes for rule in (one.decision.rule, *one.decision.matched)}
    actions = {operation.action for one in outcomes for operation in one.decision.operations}
    own = [rule for rule in policy.rules if rule.source == f"pack:{pack}"]
    assert [rule.id for rule in own if rule.id not in fired] == []
    named = {action for rule in own for action in rule.match.actions if "*" not in action}
    assert named - actions <= {"mget", "reget"}  # an sftp's own words for get


@pytest.mark.parametrize(
    ("argv", "default", "ci"),
    [
        (["terraform", "plan"], "allow", "allow"),
        (["terraform", "apply"], "approve", "deny"),
        (["terraform", "state", "rm", "a"], "approve", "deny"),
        (["git", "status"], "allow", "allow"),
    ],
)
def test_a_tool_that_a_policy_adds_is_denied_where_nobody_is_asked(
    argv: list[str], default: str, ci: str, tmp_path: Path
) -> None:
    for pack, expected in (("default", default), ("ci", ci)):
        policy = tmp_path / f"{pack}.yaml"
        policy.write_text(
            f"version: 1\nname: own\nextends: [pack:{pack}]\n"
            "tools: {terraform: {patterns: [{match: ^plan, effects: [read], action: plan},"
            " {match: ^apply, effects: [write], action: apply}]}}\n"
            "rules: [{id: plans, match: {tool: terraform, effects: [read]}, decision: allow}]\n"
        )
        judge = BatchJudge(Caller(load_policy(str(policy)), Context()), {}, str(tmp_path))
        answer = judge.answer(json.dumps({"argv": argv}).encode())
        assert answer["effect"] == expected, (pack, answer)


def test_what_a_policy_says_of_the_unmatched_goes_before_what_it_extends(tmp_path: Path) -> None:
    for said, expected in (("", "deny"), ("unmatched: approve\n", "approve")):
        policy = tmp_path / "own.yaml"
        policy.write_text(f"version: 1\nname: own\nextends: [pack:ci]\n{said}tools: {{probe: {{}}}}\nrules: []\n")
        loaded = load_policy(str(policy))
        operation = Operation("probe", "run", frozenset({Effect.READ}))
        assert decide(loaded, [operation], Context()).verdict.value == expected
