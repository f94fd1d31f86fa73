"""Which forms of kubectl's output print values without their keys, beside those that do not."""

from __future__ import annotations

import pytest

from guardcli.inspectors.kubectl.flags import parse
from guardcli.inspectors.kubectl.form import unlabelled

ANY = None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", set()),
        ("-o wide", set()),
        ("-o json", set()),
        ("-oyaml", set()),
        ("-o jsonpath={.spec.ssn}", {"spec", "ssn"}),
        ("-o jsonpath=.spec.ssn", {"spec", "ssn"}),
        ("-o jsonpath={.items[*].metadata.name}", {"items", "metadata", "name"}),
        ("-o jsonpath={.spec['ssn']}", {"spec", "ssn"}),
        ("-o jsonpath={.data.a\\.b/ssn}", ANY),
        ("-o jsonpath={.data['a.b/ssn']}", {"data", "a.b/ssn", "a", "b", "ssn"}),
        ("-o jsonpath={..ssn}", {"ssn"}),
        ("-o jsonpath={.items[*]}", {"items"}),
        ("-o jsonpath={.items[?(@.spec.ssn==1)].metadata.name}", {"items", "metadata", "name"}),
        ("-o jsonpath={.}", set()),
        ("-o jsonpath={.spec.*}", ANY),
        ("-o jsonpath={.spec[*]}", ANY),
        ("-o jsonpath={..}", ANY),
        ("-o jsonpath", ANY),
        ("-o jsonpath={range|.items[*]}{.metadata.name}{'\\n'}{end}", {"items", "metadata", "name"}),
        ("-o jsonpath={range|.items[*]}{@.spec.ssn}{end}", {"items", "spec", "ssn"}),
        ("-o jsonpath={range|.spec[*]}{@}{end}", ANY),
        ("-o jsonpath={range|.items[*].spec}{.*}{end}", ANY),
        ("-o jsonpath-as-json={.items[*].spec.ssn}", {"items", "spec", "ssn"}),
        ("-o jsonpath-file=f", ANY),
        ("-o go-template={{.spec.ssn}}", ANY),
        ("-o go-template-file=f", ANY),
        ("--template={{.spec.ssn}}", ANY),
        ("--no-headers", ANY),
        ("--no-headers=false", set()),
        ("-o json --no-headers", set()),
        ("-o custom-columns-file=f", ANY),
        ("-o custom-columns=SSN:.spec.*", ANY),
    ],
)
def test_an_output_tells_which_keys_it_shows_without_a_name(words: str, expected: set[str] | None) -> None:
    argv = ["get", "people", *(word.replace("|", " ") for word in words.split())]
    shown = unlabelled(parse(argv))
    if expected is None:
        assert shown is not None and shown.columns is None
    else:
        assert set().union(*(names for _, names in (shown.columns or () if shown else ()))) == expected


def test_a_custom_column_stands_under_its_own_name_where_masking_knows_a_header() -> None:
    line = parse(["get", "people", "-o", "custom-columns=SSN:.spec.ssn,X:.spec.ssn,id:.spec.id"])
    shown = unlabelled(line)
    assert shown is not None
    assert shown.columns == (
        ("SSN", frozenset({"spec", "ssn"})),
        ("X", frozenset({"spec", "ssn"})),
        ("", frozenset({"spec", "id"})),
    )
    assert all(not label for label, _ in unlabelled(parse(
        ["get", "people", "-o", "custom-columns=SSN:.spec.ssn", "--no-headers"])).columns)  # fmt: skip
