"""What is needed, and what was said, reads as people say it."""

from __future__ import annotations

import pytest

from guardcli.model.approvals import Approval, ApprovalState, Vote
from guardcli.playback.questions import granted, left, needs, said


def approval(**changes: object) -> Approval:
    texts = dict.fromkeys(("id", "session", "digest", "requester", "tool", "command", "cwd", "rule", "message"), "")
    values = {"state": ApprovalState.PENDING, "effects": (), "targets": (), "groups": (), "quorum": 1}
    return Approval(**{**texts, **values, "created": 0.0, "expires": 90.0, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "1 reviewer"),
        ({"quorum": 2, "groups": ("dba", "ops")}, "2 reviewers of dba, ops"),
        ({"quorum": 0, "all_of": ("dba", "security")}, "one of dba and one of security"),
        ({"groups": ("dba",), "all_of": ("security",)}, "1 reviewer of dba and one of security"),
    ],
)
def test_who_must_say_yes(changes: dict[str, object], words: str) -> None:
    assert needs(approval(**changes)) == words


def test_votes_grants_and_ends() -> None:
    assert said(Vote("ada", True, "", 1.0)) == "yes by ada"
    assert said(Vote("bo", False, "not today", 1.0)) == "no by bo: not today"
    assert granted(approval()) == ""
    assert granted(approval(grant=60.0, grant_scope=("rule", "db"))) == "up to 60 s for rule db"
    assert [left(approval(), at) for at in (0.0, 60.0, 100.0)] == ["1m", "30s", "0s"]
    assert left(approval(state=ApprovalState.DENIED), 0.0) == "-"
