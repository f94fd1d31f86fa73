from __future__ import annotations

import pytest

from guardcli.gateways.postgres.columns import ColumnRules, Origin
from guardcli.model.masking import MaskRule


@pytest.mark.parametrize(
    ("glob", "origin", "named", "by_name"),
    [
        ("ssn", ("public", "people", "ssn"), True, True),
        ("*.ssn", ("public", "people", "SSN"), True, True),
        ("people.ssn", ("public", "people", "ssn"), True, False),
        ("people.ssn", ("public", "pets", "ssn"), False, False),
        ("peo*.s?n", ("other", "people", "ssn"), True, False),
        ("public.people.ssn", ("public", "people", "ssn"), True, False),
        ("public.people.ssn", ("other", "people", "ssn"), False, False),
        ("public.people.ssn", ("", "people", "ssn"), True, False),
        ("ssn", ("public", "people", "ssn2"), False, True),
    ],
)
def test_a_glob_names_columns_of_tables(glob: str, origin: tuple[str, str, str], named: bool, by_name: bool) -> None:
    rules = ColumnRules([MaskRule(columns=(glob,)), MaskRule(columns=("x",), tools=("kubectl",))], "psql")
    assert (rules.of_origin([Origin(*origin)]) is not None) == named
    assert (rules.of_name("ssn") is not None) == by_name
    assert rules.of_any_table("ssn") is not None
    assert rules.of_name("x") is None


def test_the_first_rule_that_names_a_column_holds() -> None:
    rules = ColumnRules([MaskRule(columns=("a.x",), keep_last=1), MaskRule(columns=("*.x",), keep_last=2)], "psql")
    found = [rules.of_origin([Origin("", table, "x")]) for table in ("a", "b")]
    assert [one.rule.keep_last for one in found if one] == [1, 2]
