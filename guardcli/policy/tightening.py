"""Two decisions about one call put together: the stricter one holds, and what both ask for is asked for. Pure.

The centre's policy decides; one of the machine's own may only make it stricter. It never takes away a mask or a
limit, a person who must say yes, or a recording.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from guardcli.model.decisions import ApprovalTerms, Decision, Recording, Verdict, strictest
from guardcli.model.masking import MaskRule
from guardcli.policy.engine import NO_COMMON_APPROVER


def tightened(central: Decision, own: Decision) -> Decision:
    """Return `central` made as strict as `own`, which is of the same operations."""
    verdict = strictest((central.verdict, own.verdict))
    winner = central if central.verdict is verdict else own
    both = replace(
        winner,
        matched=tuple(dict.fromkeys((*winner.matched, central.rule, *central.matched, own.rule, *own.matched))),
        recording=Recording.OUTPUT if Recording.OUTPUT in (central.recording, own.recording) else Recording.COMMAND,
        mask=tuple(dict.fromkeys((*central.mask, *masking_only(own.mask)))),
        limits=tuple(dict.fromkeys((*central.limits, *own.limits))),
    )
    both = replace(both, matched=tuple(name for name in both.matched if name != both.rule))
    if central.verdict is not verdict or own.verdict is not verdict or verdict is not Verdict.APPROVE:
        return both
    terms = joined(central.terms or ApprovalTerms(), own.terms or ApprovalTerms())
    if terms is None:
        said = "No group may approve this both by the centre's policy and by this machine's own."
        return replace(both, verdict=Verdict.DENY, rule=NO_COMMON_APPROVER, message=said, terms=None, grant_scope=())
    return replace(both, terms=terms, grant_scope=())


def joined(one: ApprovalTerms, other: ApprovalTerms) -> ApprovalTerms | None:
    """Return terms that satisfy both, None where no group is good enough for both. A grant is never given for both."""
    groups = one.groups or other.groups
    if one.groups and other.groups:
        groups = tuple(group for group in one.groups if group in other.groups)
        if not groups:
            return None
    return ApprovalTerms(
        groups=groups,
        quorum=max(one.quorum, other.quorum),
        expires=min(one.expires, other.expires),
        all_of=tuple(dict.fromkeys((*one.all_of, *other.all_of))),
        grant=0.0,
        windows=tuple(dict.fromkeys((*one.windows, *other.windows))),
        justification=one.justification or other.justification,
    )


def masking_only(rules: Iterable[MaskRule]) -> tuple[MaskRule, ...]:
    """Return those of `rules` that mask something and let nothing stay."""
    return tuple(rule for rule in rules if not (rule.allow or rule.allow_matching))
