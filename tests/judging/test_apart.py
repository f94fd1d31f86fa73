"""The tests of a bundle are run in a process of their own, which has nothing of the API's and an end."""

from __future__ import annotations

import pytest

from guardcli.judging import apart
from guardcli.model.errors import ConfigurationError, UnavailableError
from guardcli.policy.bundles import packed

POLICY = """\
version: 1
name: team
rules:
  - {id: no-drop, match: {tool: psql, effects: [define, delete]}, decision: deny}
  - {id: no-push, match: {tool: git, effects: [write]}, decision: deny}
  - {id: rest, match: {tool: psql}, decision: allow}
tests:
  - {run: [psql, -c, "DROP TABLE orders"], expect: deny, rule: no-drop}
  - {run: [git, push, origin, main], repository: {ahead: 1}, expect: deny, rule: no-push}
"""
WRONG = (
    '  - {run: [psql, -c, "SELECT 1"], expect: deny}\n  - {run: [psql, -c, "SELECT 2"], expect: allow, rule: no-drop}\n'
)


def bundle(text: str) -> bytes:
    return packed("team.yaml", {"team.yaml": text})


def test_tests_that_pass_say_nothing() -> None:
    apart.check(bundle(POLICY))


def test_each_test_that_fails_is_named_with_its_line() -> None:
    with pytest.raises(ConfigurationError) as caught:
        apart.check(bundle(POLICY + WRONG))
    said = str(caught.value)
    assert "2 of 4 tests fail" in said and "no-push" not in said
    assert "team.yaml:10: psql -c SELECT 1: expected deny, got allow by rest" in said
    assert "team.yaml:11: psql -c SELECT 2: expected the rule no-drop, got rest" in said


def test_tests_without_an_end_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SECONDS", 0.01)
    with pytest.raises(ConfigurationError, match="longer than"):
        apart.check(bundle(POLICY))


def test_what_cannot_be_run_is_no_pass() -> None:
    with pytest.raises(UnavailableError, match="cannot be run"):
        apart.check(b"{}")
