"""When yeses are enough."""

from __future__ import annotations

import pytest

from guardcli.model.decisions import ApprovalTerms


@pytest.mark.parametrize(
    ("terms", "yeses", "enough"),
    [
        (ApprovalTerms(), [], False),
        (ApprovalTerms(), [[]], True),
        (ApprovalTerms(quorum=2), [["a"]], False),
        (ApprovalTerms(quorum=2), [["a"], ["b"]], True),
        (ApprovalTerms(("dba",)), [["sre"]], False),
        (ApprovalTerms(("dba", "sre")), [["sre"]], True),
        (ApprovalTerms(("dba",), quorum=2), [["dba"], ["sre"]], False),
        (ApprovalTerms(all_of=("dba", "security")), [["dba"]], False),
        (ApprovalTerms(all_of=("dba", "security")), [["dba", "security"]], False),
        (ApprovalTerms(all_of=("dba", "security")), [["dba"], ["security"]], True),
        (ApprovalTerms(all_of=("dba", "security")), [["dba", "security"], ["dba"]], True),
        (ApprovalTerms(all_of=("dba", "security")), [["dba", "security"], ["security"]], True),
        (ApprovalTerms(all_of=("dba", "security")), [["dba"], ["dba"], ["dba"]], False),
        (ApprovalTerms(all_of=("a", "b", "c")), [["a", "b"], ["b", "c"], ["a"]], True),
        (ApprovalTerms(all_of=("a", "b", "c")), [["a", "b"], ["a", "b"], ["a", "b"]], False),
        (ApprovalTerms(("sre",), all_of=("dba",)), [["dba"]], False),
        (ApprovalTerms(("sre",), all_of=("dba",)), [["sre"]], False),
        (ApprovalTerms(("sre",), all_of=("dba",)), [["sre"], ["dba"]], True),
        (ApprovalTerms(("sre",), all_of=("dba",)), [["sre", "dba"]], True),
        (ApprovalTerms(("sre",), quorum=2, all_of=("dba",)), [["sre", "dba"], ["dba"]], False),
    ],
)
def test_a_quorum_and_one_of_each_group_must_say_yes(terms, yeses, enough) -> None:
    assert terms.satisfied_by(yeses) is enough
    assert terms.satisfied_by(yeses[::-1]) is enough
    assert not enough or len(yeses) >= terms.people


@pytest.mark.parametrize(
    ("terms", "groups", "counts"),
    [
        (ApprovalTerms(), [], True),
        (ApprovalTerms(("dba",)), ["sre"], False),
        (ApprovalTerms(("dba",)), ["dba"], True),
        (ApprovalTerms(all_of=("dba", "sre")), ["web"], False),
        (ApprovalTerms(all_of=("dba", "sre")), ["sre"], True),
        (ApprovalTerms(quorum=2, all_of=("dba",)), ["web"], True),
        (ApprovalTerms(("web",), all_of=("dba",)), ["dba"], True),
    ],
)
def test_whose_yes_counts_for_anything(terms, groups, counts) -> None:
    assert terms.may_say_yes(groups) is counts
