"""A call that needs a person: waiting, yes, no, late, twice, and from the wrong side."""

from __future__ import annotations

import re
import time

import pytest


@pytest.fixture
def sandbox(shared_sandbox):
    """Nothing here looks at what other tests left in the record."""
    return shared_sandbox


def approval_id(text: str) -> str:
    found = re.search(r"approval ([0-9a-f]{8,})", text)
    assert found, text
    return found.group(1)


def waiting(process) -> str:
    """Return the approval that a started agent waits for."""
    lines = []
    while line := process.stderr.readline():
        lines.append(line)
        if "from another terminal" in line:
            return approval_id("".join(lines))
    raise AssertionError("".join(lines))


def test_a_yes_from_another_terminal_lets_the_call_go_on(sandbox):
    process = sandbox.start("gate", "sh", "-c", "echo done; exit 4")
    identifier = waiting(process)
    listed = sandbox.guard("approvals", "list").stdout
    assert identifier[:8] in listed and "gate sh" in listed
    answer = sandbox.guard("approvals", "approve", identifier, "--reason", "fine")
    assert answer.returncode == 0, answer.stderr
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out) == (4, "done\n"), err
    types = [event["type"] for event in sandbox.events() if event["call"] == 1]
    assert types.index("judged") < types.index("asked") < types.index("decided") < types.index("started")
    sandbox.verify()


def test_a_denial_reaches_the_agent_with_its_reason(sandbox):
    process = sandbox.start("gate", "touch", "ran")
    sandbox.guard("approvals", "deny", waiting(process), "--reason", "not on a Friday")
    _, err = process.communicate(timeout=600)
    assert process.returncode == 77
    assert "not on a Friday" in err
    assert not (sandbox.work / "ran").exists()


def test_no_answer_in_time_is_75_and_never_a_denial(sandbox):
    done = sandbox.run("gate", "touch", "ran", options=["--approval-wait", "0.5"])
    assert done.returncode == 75
    assert "pending" in done.stderr and "denied" not in done.stderr
    assert not (sandbox.work / "ran").exists()


def test_the_same_command_run_again_after_the_yes_goes_through_once(sandbox):
    command = ["gate", "sh", "-c", "echo ran"]
    first = sandbox.run(*command, options=["--approval-wait", "0"])
    assert first.returncode == 75
    identifier = approval_id(first.stderr)
    assert sandbox.run(*command, options=["--approval-wait", "0"]).returncode == 75
    assert sandbox.guard("approvals", "approve", identifier).returncode == 0
    again = sandbox.run(*command, options=["--approval-wait", "0"])
    assert (again.returncode, again.stdout) == (0, "ran\n"), again.stderr
    third = sandbox.run(*command, options=["--approval-wait", "0"])
    assert third.returncode == 75
    assert approval_id(third.stderr) != identifier


@pytest.mark.parametrize(
    "other",
    [
        ["gate", "sh", "-c", "echo other"],
        ["gate", "sh", "-c", "echo ran", "extra"],
        ["gate", "sh", "-c", "echo ra", "n"],
    ],
)
def test_a_yes_is_for_exactly_these_bytes(sandbox, other):
    first = sandbox.run("gate", "sh", "-c", "echo ran", options=["--approval-wait", "0"])
    sandbox.guard("approvals", "approve", approval_id(first.stderr))
    assert sandbox.run(*other, options=["--approval-wait", "0"]).returncode == 75


def test_a_yes_is_for_this_directory(sandbox):
    script = "cd {}; gate sh -c 'echo ran'"
    (sandbox.work / "a").mkdir()
    (sandbox.work / "b").mkdir()
    first = sandbox.script(script.format("a"), options=["--approval-wait", "0"])
    sandbox.guard("approvals", "approve", approval_id(first.stderr))
    assert sandbox.script(script.format("b"), options=["--approval-wait", "0"]).returncode == 75
    assert sandbox.script(script.format("a"), options=["--approval-wait", "0"]).stdout == "ran\n"


def test_a_yes_is_for_this_place_and_this_tool(sandbox):
    first = sandbox.script("PGHOST=staging gate sh -c 'echo ran'", options=["--approval-wait", "0"])
    sandbox.guard("approvals", "approve", approval_id(first.stderr))
    sandbox.tool("other", '#!/bin/sh\nexec "$@"\n')
    text = sandbox.policy.read_text().replace(
        "  gate:", "  other: {patterns: [{match: '.*', effects: [write], action: run}]}\n  gate:"
    )
    sandbox.policy.write_text(text.replace("match: {tool: gate}", "match: {tool: [gate, other]}"))
    for script in (
        "PGHOST=production gate sh -c 'echo ran'",
        "gate sh -c 'echo ran'",
        "PGHOST=staging bash -c \"exec -a gate $(command -v other) sh -c 'echo ran'\"",
    ):
        done = sandbox.script(script, options=["--approval-wait", "0"])
        assert (done.returncode, done.stdout) == (75, ""), script
    assert sandbox.script("PGHOST=staging gate sh -c 'echo ran'", options=["--approval-wait", "0"]).stdout == "ran\n"


def test_a_denial_is_told_to_the_agent_that_comes_back(sandbox):
    command = ["gate", "sh", "-c", "echo ran"]
    first = sandbox.run(*command, options=["--approval-wait", "0"])
    sandbox.guard("approvals", "deny", approval_id(first.stderr), "--reason", "ask ops")
    again = sandbox.run(*command, options=["--approval-wait", "0"])
    assert again.returncode == 77 and "ask ops" in again.stderr
    assert sandbox.run(*command, options=["--approval-wait", "0"]).returncode == 75


@pytest.mark.parametrize(
    "way",
    [
        "{guard} approvals approve {id}",
        "env -u GUARD_SESSION {guard} approvals approve {id}",
        "setsid -f env -u GUARD_SESSION {guard} approvals approve {id} >>said 2>&1 </dev/null; sleep 4; cat said; false",
        'env -i PATH="$PATH" GUARD_RUNTIME_DIR=$GUARD_RUNTIME_DIR GUARD_STATE_DIR=$GUARD_STATE_DIR GUARD_CONFIG_DIR=$GUARD_CONFIG_DIR HOME=$HOME {guard} approvals approve {id}',
    ],
)
def test_an_agent_cannot_approve_itself(sandbox, way):
    import sys

    first = sandbox.run("gate", "touch", "ran", options=["--approval-wait", "0"])
    identifier = approval_id(first.stderr)
    attempt = sandbox.script(way.format(guard=f"{sys.executable} -m guardcli", id=identifier))
    assert attempt.returncode != 0
    assert sandbox.run("gate", "touch", "ran", options=["--approval-wait", "0"]).returncode == 75
    assert not (sandbox.work / "ran").exists()
    assert sandbox.guard("approvals", "approve", identifier).returncode == 0


def test_an_expired_yes_is_none(sandbox):
    text = sandbox.policy.read_text().replace("decision: approve}", "decision: approve, approve: {expires: 1s}}")
    sandbox.policy.write_text(text)
    first = sandbox.run("gate", "touch", "ran", options=["--approval-wait", "0"])
    assert sandbox.guard("approvals", "approve", approval_id(first.stderr)).returncode in (0, 1)
    time.sleep(1.5)
    assert sandbox.run("gate", "touch", "ran", options=["--approval-wait", "0"]).returncode == 75
    assert not (sandbox.work / "ran").exists()


def test_many_calls_of_the_same_bytes_share_one_question_and_one_yes(sandbox):
    script = "for i in 1 2 3 4 5; do gate sh -c 'echo ran' & done; wait"
    process = sandbox.start("sh", "-c", script, options=["--approval-wait", "8"])
    identifier = waiting(process)
    time.sleep(1.5)
    assert sandbox.guard("approvals", "approve", identifier).returncode == 0
    out, err = process.communicate(timeout=600)
    assert out.count("ran") == 1, err


def test_the_justification_and_secrets_in_the_command(sandbox):
    sandbox.env["GUARD_REASON"] = "ticket 42"
    first = sandbox.run("gate", "echo", "password=hunter2hunter2", options=["--approval-wait", "0"])
    shown = sandbox.guard("approvals", "show", approval_id(first.stderr)).stdout
    assert "ticket 42" in shown
    assert "hunter2hunter2" not in shown + first.stderr


TERMS = """
version: 1
name: test
tools: {gate: {patterns: [{match: ".*", effects: [write], action: run}]}}
rules: [{id: gate-asks, match: {tool: gate}, decision: approve, approve: {%s}}]
"""


@pytest.fixture
def terms(sandbox):
    """Give a function that sets what a yes takes."""
    yield lambda text: sandbox.policy.write_text(TERMS % text)


def test_without_a_reason_that_is_required_nobody_is_asked(sandbox, terms):
    terms("justification: required")
    for given in ("", "   "):
        done = sandbox.run("gate", "touch", "ran", env={**sandbox.env, "GUARD_REASON": given})
        assert done.returncode == 77
        assert "GUARD_REASON" in done.stderr and "nothing was run" in done.stderr
    assert not [event for event in sandbox.events() if event["type"] == "asked"]
    done = sandbox.run(
        "gate", "true", options=["--approval-wait", "0"], env={**sandbox.env, "GUARD_REASON": "ticket 7"}
    )
    assert done.returncode == 75 and "pending" in done.stderr


def test_outside_of_its_window_an_approved_call_waits_and_its_yes_is_kept(sandbox, terms):
    terms("window: {until: 2020-01-01}")
    first = sandbox.run("gate", "touch", "ran", options=["--approval-wait", "0"])
    assert first.returncode == 75
    assert sandbox.guard("approvals", "approve", approval_id(first.stderr)).returncode == 0
    again = sandbox.run("gate", "touch", "ran", options=["--approval-wait", "0"])
    assert again.returncode == 75
    assert not (sandbox.work / "ran").exists()
    assert "denied" not in again.stderr


def test_inside_of_its_window_an_approved_call_runs(sandbox, terms):
    terms("window: {from: 2020-01-01}")
    process = sandbox.start("gate", "echo", "ran")
    sandbox.guard("approvals", "approve", waiting(process))
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out) == (0, "ran\n"), err


def test_several_groups_that_must_all_agree_are_never_taken_for_one(sandbox, terms):
    terms("all_of: [dba, security]")
    first = sandbox.run("gate", "touch", "ran", options=["--approval-wait", "0"])
    assert first.returncode == 75
    sandbox.guard("approvals", "approve", approval_id(first.stderr))
    assert sandbox.run("gate", "touch", "ran", options=["--approval-wait", "0"]).returncode == 75
    assert not (sandbox.work / "ran").exists()
