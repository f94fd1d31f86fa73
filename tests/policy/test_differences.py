"""Versions are compared with the one before of the same name, file by file."""

from __future__ import annotations

import pytest

from guardcli.policy import differences as module
from guardcli.policy.differences import differences, last_before

VERSIONS = [(1, "team"), (2, "ops"), (3, "team"), (5, "team")]


@pytest.mark.parametrize(("version", "name", "found"), [(5, "team", 3), (3, "team", 1), (1, "team", 0), (9, "none", 0)])
def test_the_version_before_has_the_same_name(version: int, name: str, found: int) -> None:
    assert last_before(VERSIONS, version, name) == found


def test_files_that_came_went_or_changed_are_told_and_others_not() -> None:
    before = {"a": "one\ntwo\n", "gone": "x\n", "same": "s\n"}
    found = dict(differences(before, {"a": "one\nthree\n", "new": "y\n", "same": "s\n"}))
    assert list(found) == ["a", "gone", "new"]
    assert found["a"] == ["@@ -1,2 +1,2 @@", " one", "-two", "+three"]
    assert (found["gone"][-1], found["new"][-1]) == ("-x", "+y")
    assert differences(before, before) == []


def test_what_is_too_long_to_be_compared_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINES_MAX", 3)
    assert differences({"a": "1\n2\n"}, {"a": "1\n3\n"}) == [("a", ["  too long to be compared here"])]
