"""Every scalar below a key that a rule names is masked, whatever the style, and the shape of the document stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from guardcli.masking import Masker
from guardcli.model.masking import MaskRule, Strategy

MASKERS = {one: Masker([MaskRule(columns=("*.ssn",), strategy=one)], key=bytes(32)) for one in Strategy}
REDACT = MASKERS[Strategy.REDACT]
DOCUMENTS: list[Any] = [
    {
        "a": {"ssn": ["12-34", 3, None, True, {"x": "yes please", "z": [1, "q w", -2.5e3]}], "other": "kept"},
        "ssn": {"p": 1.5, "q": "t: u", "r": {"s": "café"}},
        "k": [{"ssn": "1234567"}, {"ssn": -2.5}, {"ssn": True, "t": 1}, {"ssn": [[1, 2], [3, [4]]], "t": [1, 2]}],
    },
    {
        "ssn": "a: b\nc",
        "x": "many\nlines: y\nz",
        "l": [{"ssn": ["x: y", "long " * 40]}, {"ssn": {"deep": {"er": ["a\n b"]}}}],
        "t": "kept",
    },
    {"ssn": [], "t": {"ssn": {}}, "u": [{"ssn": ["#hash", "- dash", "'single'", '"double"', "*star", "&and", "[x]"]}]},
]
STYLES: dict[str, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    "JSON": (json.dumps, json.loads),
    "JSON, compact": (lambda one: json.dumps(one, separators=(",", ":")), json.loads),
    "JSON, indented": (lambda one: json.dumps(one, indent=2), json.loads),
    "YAML": (yaml.safe_dump, yaml.safe_load),
    "YAML, flow": (lambda one: yaml.safe_dump(one, default_flow_style=True), yaml.safe_load),
    "YAML, wide flow": (lambda one: yaml.safe_dump(one, default_flow_style=True, width=9000), yaml.safe_load),
}


def shape(document: Any, below: bool = False) -> Any:
    """Return `document` with a mark for each scalar that must be masked."""
    if isinstance(document, dict):
        return {key: shape(value, below or key == "ssn") for key, value in document.items()}
    if isinstance(document, list):
        return [shape(value, below) for value in document]
    return None if document is None else "masked" if below else document


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("strategy", Strategy)
def test_all_below_a_key_is_masked_and_the_shape_stays(strategy: Strategy, style: str) -> None:
    dump, load = STYLES[style]
    for document in DOCUMENTS:
        masked = MASKERS[strategy].text(dump(document))
        assert shape(load(masked)) == shape(document), masked
        if strategy is Strategy.REDACT:
            assert set(scalars(load(masked))) <= {"[SSN]", "<SSN>"} | set(scalars(shape(document))), masked


def scalars(document: Any) -> list[str]:
    if isinstance(document, dict):
        return [one for value in document.values() for one in scalars(value)]
    if isinstance(document, list):
        return [one for value in document for one in scalars(value)]
    return [str(word) for word in str(document).split() if document is not None]


@pytest.mark.parametrize("style", STYLES)
def test_what_is_nested_is_masked_alike_over_every_split(style: str) -> None:
    data = STYLES[style][0](DOCUMENTS[0]).encode()
    wanted = REDACT.text(data.decode()).encode()
    for place in range(len(data)):
        stream = REDACT.stream()
        assert stream.feed(data[:place]) + stream.feed(data[place:]) + stream.finish() == wanted, place


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ssn:\n  - a b\n  - c: d\n    e: f\nt: k\n", "ssn:\n  - <SSN>\n  - c: <SSN>\n    e: <SSN>\nt: k\n"),
        ("- ssn:\n  - a\n  - b\n- t: k\n", "- ssn:\n  - <SSN>\n  - <SSN>\n- t: k\n"),
        ("ssn:\n  a: |\n    x: y\n     z\n  b: k\nt: k\n", "ssn:\n  a: |\n    [SSN]\n     [SSN]\n  b: <SSN>\nt: k\n"),
        ('ssn:\n  "a: b\n   c" \nt: k\n', 'ssn:\n  "[SSN]\n[SSN]" \nt: k\n'),
        ("ssn: &x !!map {a: b,\n  c: [d]}\nt: {e: f}\n", "ssn: &x !!map {a: <SSN>,\n  c: [<SSN>]}\nt: {e: f}\n"),
        ("ssn: !!float |-\n  2.5\nt: k\n", "ssn: !!float |-\n  [SSN]\nt: k\n"),
        (
            'x "{\\"ssn\\": [\\"a\\", {\\"b\\": \\"c\\"}]}" y',
            'x "{\\"ssn\\": [\\"[SSN]\\", {\\"b\\": \\"[SSN]\\"}]}" y',
        ),
        ("ssn:\nt: k\n", "ssn:\nt: k\n"),
        ('{"ssn": [}\nt: k\n', '{"ssn": [}\nt: k\n'),
        ('"ssnx": ["a"], "nossn": ["b"]', '"ssnx": ["a"], "nossn": ["b"]'),
    ],
)
def test_lists_and_maps_of_every_style(text: str, wanted: str) -> None:
    assert REDACT.text(text) == wanted


def test_a_list_too_long_to_look_at_goes_to_the_end_of_its_line() -> None:
    text = json.dumps({"ssn": [f"value {number}" for number in range(4000)]}) + "\nnext\n"
    masked = REDACT.text(text)
    assert "value" not in masked and masked.endswith("\nnext\n")


def test_what_is_never_closed_is_masked_to_the_end() -> None:
    assert "secret" not in REDACT.text('{"ssn": ["secret 1",\n"secret 2",\n "secret 3"\n')
