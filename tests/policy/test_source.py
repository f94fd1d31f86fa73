"""YAML as a tree with places: what is refused, and that nothing a file holds ends the process."""

from __future__ import annotations

import pytest

from guardcli.policy.source import MAX_CHARACTERS, MAX_DEPTH, parse_tree


def faults(text: str) -> list[str]:
    return [str(problem) for problem in parse_tree(text, "p.yaml")[1]]


def test_scalars_stay_the_text_that_was_written() -> None:
    tree, problems = parse_tree("{a: no, b: 12:30, c: 0x10, d: null, e: 'null', f: 1.50, g: '', h: }", "p")
    assert not problems
    assert tree is not None
    assert tree.value == {
        "a": "no", "b": "12:30", "c": "0x10", "d": None, "e": "null", "f": "1.50", "g": "", "h": None
    }  # fmt: skip


def test_every_node_knows_its_line_and_column() -> None:
    tree, _ = parse_tree("a: 1\nrules:\n  - id: x\n    match: {tool: psql}\n", "p")
    assert tree is not None
    found = tree.find(("rules", 0, "match", "tool"))
    assert (found.line, found.column, found.value) == (4, 19, "psql")
    assert tree.find(("rules", 0, "nothing", "there")).line == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: *x\n", "p.yaml:1:4: no anchors and aliases"),
        ("a: !!python/object:os.system x\n", "p.yaml:1:4: the tag"),
        ("a: 1\nb: 2\na: 3\n", "p.yaml:3:1: 'a' is given twice; the first is on line 1"),
        ("? [a]\n: 1\n", "a key is plain text"),
        ("a: 1\n---\nb: 1\n", "p.yaml:2:1: a policy is one document"),
        ("a: [1\nb: 2\n", "not YAML"),
        ("a: \x00\n", "not YAML"),
        ("[" * (MAX_DEPTH + 1), f"nested more than {MAX_DEPTH} deep"),
        ("x" * (MAX_CHARACTERS + 1), "longer than"),
    ],
)
def test_what_a_policy_cannot_be_is_refused_with_its_place(text: str, said: str) -> None:
    assert any(said in fault for fault in faults(text)), faults(text)


@pytest.mark.parametrize("text", ["[" * 300_000, "{a: " * 200_000, "- " * 300_000, "a: &a [*a]", "&a [&b [*a, *b]]"])
def test_no_nesting_and_no_alias_ends_the_process(text: str) -> None:
    assert faults(text)


def test_both_duplicates_of_a_pair_are_reported_and_the_first_is_kept() -> None:
    tree, problems = parse_tree("a: 1\na: 2\nb: 1\nb: 2\n", "p")
    assert tree is not None
    assert tree.value == {"a": "1", "b": "1"}
    assert [problem.line for problem in problems] == [2, 4]
