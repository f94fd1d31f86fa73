"""What an approval asks of people, and what they have said, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from guardcli.model.approvals import Approval, ApprovalState, Vote
from guardcli.playback.text import age


def needs(approval: Approval) -> str:
    """Return who must say yes."""
    people = "1 reviewer" if approval.quorum == 1 else f"{approval.quorum} reviewers"
    anybody = f"{people} of {', '.join(approval.groups)}" if approval.groups else people
    parts = [anybody] if approval.quorum else []
    return " and ".join([*parts, *(f"one of {group}" for group in approval.all_of)])


def said(vote: Vote) -> str:
    """Return what one reviewer said."""
    because = f": {vote.reason}" if vote.reason else ""
    return f"{'yes' if vote.approve else 'no'} by {vote.reviewer}{because}"


def granted(approval: Approval) -> str:
    """Return what reviewers may say yes to beyond this one call, nothing where they may not."""
    return f"up to {approval.grant:.0f} s for {' '.join(approval.grant_scope)}" if approval.grant else ""


def left(approval: Approval, at: float) -> str:
    """Return how long a request or a yes still holds at the moment `at`, ``-`` where it does not."""
    held = approval.state in (ApprovalState.PENDING, ApprovalState.APPROVED)
    return age(max(0.0, approval.expires - at)) if held else "-"


def change_lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield each line of an approval's `changes` with what it is: added, removed, place, or nothing of these."""
    marks = {"+": "added", "-": "removed", "@": "place"}
    for line in text.split("\n") if text else ():
        heads = line.startswith(("diff --git ", "--- ", "+++ "))
        yield "place" if heads else marks.get(line[:1], ""), line
