"""Many expressions at once say what each says by itself, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.policy import expressions
from guardcli.policy.expressions import ExpressionSet, compile_expression

PATTERNS = ("a.b", "^psql", "drop +table", "x$", "(ab)+c?", "é|ü", "", "a{3}", ".*", r"\bid\b", "[^a]", "(?i)DROP")


def of(patterns: tuple[str, ...]) -> tuple[ExpressionSet, dict[int, tuple[str, bool]]]:
    made = ExpressionSet()
    return made, {made.add(pattern, whole): (pattern, whole) for pattern in patterns for whole in (False, True)}


def alone(pattern: str, whole: bool, text: bytes) -> bool:
    expression = compile_expression(pattern)
    return (expression.fullmatch(text) if whole else expression.search(text)) is not None


@given(st.text(alphabet=st.sampled_from("abcx éüdroptable \nid?"), min_size=1, max_size=30))
def test_a_set_matches_as_each_of_its_expressions_does(text: str) -> None:
    made, numbers = of(PATTERNS)
    line = text.encode()
    matching = made.matching(line)
    for number, (pattern, whole) in numbers.items():
        assert (number in matching) is alone(pattern, whole, line), (pattern, whole)


@pytest.mark.parametrize("case", ["few", "long", "no memory"])
def test_where_a_set_does_not_serve_each_runs_by_itself(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    if case == "no memory":
        monkeypatch.setattr(expressions, "_MEMORY", 1 << 12)
    patterns = PATTERNS[:1] if case == "few" else PATTERNS
    text = b"psql drop  table axb" + b" y" * (expressions.SHORT if case == "long" else 1)
    made, numbers = of(patterns)
    matching = made.matching(text)
    assert not isinstance(matching, set)
    for number, (pattern, whole) in numbers.items():
        assert (number in matching) is alone(pattern, whole, text), (pattern, whole)
    assert "0" not in matching  # type: ignore[operator]


def test_a_set_that_runs_out_of_memory_on_a_text_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    made, numbers = of(PATTERNS)
    found = made.matching(b"psql drop table")
    assert isinstance(found, set)

    class Exhausted:
        def Match(self, text: bytes) -> None:
            return None

    other, _ = of(PATTERNS)
    monkeypatch.setattr(ExpressionSet, "_sets", [(Exhausted(), [-1])])
    again = other.matching(b"psql drop table")
    assert [number in again for number in numbers] == [number in found for number in numbers]


def test_an_expression_that_is_not_linear_is_refused() -> None:
    for pattern in ("(", r"(a)\1", "(?=a)b", "a{100000}"):
        with pytest.raises(ValueError, match=r"."):
            compile_expression(pattern)
