"""Of two decisions the stricter one holds, whichever it is of, and what either adds to it stays."""

from __future__ import annotations

import itertools

import pytest

from guardcli.model.decisions import ApprovalTerms, Decision, Recording, Verdict
from guardcli.model.masking import MaskRule
from guardcli.policy.tightening import joined, masking_only, tightened

EMAIL, CARD, STAYS = MaskRule(detect=("email",)), MaskRule(detect=("credit_card",)), MaskRule(allow=("a@b.example",))


def decision(verdict: Verdict, rule: str, **more: object) -> Decision:
    terms = ApprovalTerms() if verdict is Verdict.APPROVE else None
    return Decision(**{"verdict": verdict, "rule": rule, "message": "", "operations": (), "terms": terms, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(("one", "other"), list(itertools.product(Verdict, Verdict)))
def test_the_stricter_verdict_holds_with_its_rule(one: Verdict, other: Verdict) -> None:
    found = tightened(decision(one, "central"), decision(other, "own"))
    order = list(Verdict)
    assert found.verdict is max(one, other, key=order.index)
    assert found.rule == ("own" if order.index(other) > order.index(one) else "central")
    assert {found.rule, *found.matched} == {"central", "own"}
    assert (found.terms is not None) is (found.verdict is Verdict.APPROVE)


def test_masks_limits_and_recordings_of_both_hold_and_nothing_that_lets_stay() -> None:
    central = decision(Verdict.ALLOW, "central", mask=(EMAIL,), recording=Recording.OUTPUT)
    own = decision(Verdict.ALLOW, "own", mask=(CARD, STAYS), recording=Recording.COMMAND)
    found = tightened(central, own)
    assert (found.mask, found.recording) == ((EMAIL, CARD), Recording.OUTPUT)
    assert tightened(decision(Verdict.ALLOW, "x", mask=(STAYS,)), own).mask == (STAYS, CARD)
    assert masking_only([STAYS, MaskRule(allow_matching=("a.*",)), EMAIL]) == (EMAIL,)


TERMS = [
    (ApprovalTerms(("dba",)), ApprovalTerms(), ApprovalTerms(("dba",))),
    (ApprovalTerms(), ApprovalTerms(("dba",)), ApprovalTerms(("dba",))),
    (ApprovalTerms(("dba", "sre")), ApprovalTerms(("sre", "ops")), ApprovalTerms(("sre",))),
    (ApprovalTerms(quorum=2, expires=60.0), ApprovalTerms(expires=30.0), ApprovalTerms(quorum=2, expires=30.0)),
    (ApprovalTerms(all_of=("a",)), ApprovalTerms(all_of=("b", "a")), ApprovalTerms(all_of=("a", "b"))),
    (ApprovalTerms(grant=60.0), ApprovalTerms(grant=60.0), ApprovalTerms()),
    (ApprovalTerms(), ApprovalTerms(justification=True), ApprovalTerms(justification=True)),
]


@pytest.mark.parametrize(("one", "other", "both"), TERMS)
def test_terms_that_satisfy_both(one: ApprovalTerms, other: ApprovalTerms, both: ApprovalTerms) -> None:
    assert joined(one, other) == both
    central, own = (
        decision(Verdict.APPROVE, name, terms=terms, grant_scope=("rule:x",))
        for name, terms in (("central", one), ("own", other))
    )
    found = tightened(central, own)
    assert (found.terms, found.grant_scope) == (both, ())


def test_where_no_group_is_good_enough_for_both_it_is_denied() -> None:
    central, own = (decision(Verdict.APPROVE, name, terms=ApprovalTerms((name,))) for name in ("central", "own"))
    found = tightened(central, own)
    assert (found.verdict, found.rule, found.terms) == (Verdict.DENY, "guard:no-common-approver", None)
