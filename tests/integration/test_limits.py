"""Limits of output on real tools: what goes over is ended, the agent is told, the record says so."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from integration.servers import postgres

POLICY = """
version: 1
name: test
tools:
  probe: {patterns: [{match: ".*", effects: [read], action: run}]}
  plain: {patterns: [{match: ".*", effects: [read], action: run}]}
rules:
  - {id: probe-runs, match: {tool: probe}, decision: allow}
  - {id: probe-runs-however-long, match: {tool: probe, complete: false}, decision: allow}
  - {id: plain-runs, match: {tool: plain}, decision: allow, record: command, limits: [{rows: 3, then: deny}]}
limits:
%s
mask: [{detect: [email]}]
"""
ROWS = "  - {id: few-rows, rows: 3, message: Ask for a page.}"
PEOPLE = "  - {id: few-people, findings: 2, detect: [personal], then: deny}"
BYTES = "  - {id: small, bytes: 1kB}"
MACHINES = "  - {id: few-machines, findings: 1, detect: [ip_address]}"


@pytest.fixture
def limited(shared_sandbox):
    """Give a sandbox whose policy has the limits that are asked for."""
    sandbox = shared_sandbox

    def make(limits: str):
        sandbox.policy.write_text(POLICY % limits)
        sandbox.tool("plain", '#!/bin/sh\nexec "$@"\n')
        return sandbox

    return make


def test_rows_beyond_the_limit_are_cut_and_the_agent_is_told_in_one_line(limited):
    sandbox = limited(ROWS)
    done = sandbox.script("probe seq 1 1000000; echo status $?; probe seq 1 3; echo status $?")
    assert done.stdout == "1\n2\n3\nstatus 74\n1\n2\n3\nstatus 0\n"
    said = [line for line in done.stderr.splitlines() if line.startswith("guard: ")]
    assert said == [
        "guard: cut off by limit few-rows: the output held more than 3 rows; it is not whole. Ask for a page."
    ]
    (event,) = sandbox.events(type="limited")
    assert event["call"] == 1
    assert event["data"] == {
        "limit": "few-rows",
        "then": "cut",
        "reason": "more than 3 rows",
        "delivered": {"stdout": 6, "stderr": 0},
    }
    ended = next(event for event in sandbox.events(type="ended") if event["call"] == 1)
    assert ended["data"]["streams"]["stdout"]["bytes"] == 6
    sandbox.verify()
    shown = sandbox.guard("sessions", "show", sandbox.sessions()[0]["id"]).stdout
    assert "limited" in shown and "cut off by limit few-rows: more than 3 rows" in shown
    replayed = sandbox.guard("sessions", "replay", "--no-wait", sandbox.sessions()[0]["id"]).stdout
    assert "cut off by limit few-rows" in replayed


def test_of_what_holds_too_many_people_nothing_more_is_shown(limited):
    sandbox = limited(PEOPLE)
    text = "printf 'one ann@corp.io\\n'; printf 'bob@corp.io\\n'; {}sleep 1; printf 'x carl@corp.io\\nafter\\n'"
    done = sandbox.script(f'probe sh -c "{text.format("")}"; echo status $?')
    assert done.stdout == "one [EMAIL]\n[EMAIL]\nstatus 77\n"
    assert "guard: denied by limit few-people: the output held more than 2 of" in done.stderr
    assert "carl" not in done.stdout + done.stderr and "after" not in done.stdout
    assert sandbox.events(type="limited")[0]["data"]["then"] == "deny"
    masked = sandbox.events(type="masked")[0]["data"]
    assert masked["findings"]["email"] >= 2 and masked["places"]["email"][:2] == [4, 16]


def test_what_is_not_masked_counts_too(limited):
    sandbox = limited(MACHINES)
    done = sandbox.script("probe echo 10.1.2.3 10.1.2.4; echo status $?")
    assert done.stdout == "10.1.2.3 status 74\n"
    assert "more than 1 of ip_address" in done.stderr


def test_a_line_that_is_cut_in_its_middle_stands_apart_from_what_guard_says(limited):
    sandbox = limited(BYTES)
    done = sandbox.script("probe sh -c 'head -c 100000 /dev/zero | tr \"\\0\" x' 2>&1")
    assert done.stdout.startswith("x" * 1000 + "\nguard: cut off by limit small: ")
    assert done.stdout.count("x" * 1000) == 1


def test_the_tool_is_ended_and_what_it_started_finds_nobody_to_write_to(limited):
    sandbox = limited(ROWS)
    done = sandbox.script(
        "probe sh -c 'trap \": >asked; echo still here >&2\" TERM; seq 1 100; while :; do sleep 0.01; done'; echo status $?"
    )
    assert done.stdout == "1\n2\n3\nstatus 74\n"
    assert "still here" not in done.stderr
    assert (sandbox.work / "asked").exists()


def test_a_rule_that_keeps_only_the_command_still_has_its_limit(limited):
    sandbox = limited(ROWS)
    done = sandbox.script("plain printf 'ann@corp.io\\n2\\n3\\n'; echo status $?; plain seq 1 4; echo status $?")
    assert done.stdout == "ann@corp.io\n2\n3\nstatus 0\nstatus 77\n"
    assert "denied by limit plain-runs" in done.stderr
    identifier = sandbox.sessions()[0]["id"]
    assert "ann@corp.io" not in sandbox.guard("sessions", "export", identifier).stdout


def test_a_terminal_is_cut_as_well(limited):
    sandbox = limited(ROWS)
    master, slave = pty.openpty()
    agent = subprocess.Popen(
        [sys.executable, "-m", "guardcli", "run", "--", "sh", "-c", "probe seq 1 1000; echo status $?"],
        env=sandbox.env,
        cwd=sandbox.work,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    seen = b""
    try:
        while piece := os.read(master, 4096):
            seen += piece
    except OSError:
        pass
    agent.wait(60)
    os.close(master)
    assert seen.replace(b"\r", b"").startswith(b"1\n2\n3\nguard: cut off by limit few-rows"), seen
    assert b"\nstatus 74\n" in seen.replace(b"\r", b""), seen


@pytest.mark.parametrize(
    ("variables", "out", "said"),
    [
        ({"PGTARGETSESSIONATTRS": "read-write"}, "1\n2\n3\n4\n5\nstatus 74\n1\n", "guard: cut off by limit few-rows"),
        ({}, "status 1\n1\n", "guard: the answer has more than 5 rows (limit few-rows)"),
    ],
    ids=["its own way", "a gateway"],
)
def test_a_long_answer_of_psql_is_ended_on_the_server_too(limited, variables, out, said):
    sandbox = limited(ROWS)
    sandbox.policy.write_text(
        "version: 1\nname: test\nextends: pack:default\nlimits:\n  - {id: few-rows, rows: 5, tools: psql}\n"
    )
    with postgres() as env:
        sandbox.env.update(env, **variables)
        endless = "SELECT generate_series(1, 1000000000)"
        done = sandbox.script(f"psql -At -v FETCH_COUNT=10 -c '{endless}'; echo status $?; git --version | grep -c git")
        assert done.stdout == out, done.stderr
        assert said in done.stderr
        question = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%1000000000%%' AND pid <> pg_backend_pid()"
        for _ in range(100):
            left = subprocess.run(
                ["psql", "-At", "-c", question], env={**os.environ, **env}, capture_output=True, text=True
            ).stdout.strip()
            if left == "0":
                break
        assert left == "0"
