"""What replaces a secret fits its surroundings: tables stay aligned, JSON, YAML and CSV stay what they are."""

from __future__ import annotations

import csv
import json

import pytest
import yaml

from guardcli.masking import Masker
from guardcli.model.masking import DETECTORS, MaskRule, Strategy

MASKERS = {one: Masker([MaskRule(detect=tuple(DETECTORS), strategy=one)], key=bytes(32)) for one in Strategy}
EMAIL = Masker([MaskRule(detect=("email", "credit_card"))], key=bytes(32))

TABLE = """ id |        email        | city
----+---------------------+--------
  1 | ann@corp-mail.org   | Bonn
  2 | b@c.de              | Ulm
  3 | someone@example.com | Aachen
"""


@pytest.mark.parametrize("strategy", Strategy)
def test_the_columns_of_a_table_stay_where_they_are(strategy: Strategy) -> None:
    masked = MASKERS[strategy].text(TABLE)
    bars = [[place for place, char in enumerate(line) if char in "|+"] for line in masked.splitlines()]
    assert all(one == bars[0] for one in bars)
    assert "ann@" not in masked and "someone@" not in masked


def test_columns_apart_by_blanks_stay_where_they_are() -> None:
    assert EMAIL.text("a@b.co   Ready   1\nlong.name@b.co   Ready   1\n") == (
        "[EMAIL]  Ready   1\n[EMAIL]          Ready   1\n"
    )


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to a@b.co now", "to [EMAIL] now"),
        ("x: a@b.co and more", "x: <EMAIL> and more"),
        ("- a@b.co", "- <EMAIL>"),
        ('{"c": 4111111111111111}', '{"c": "[CREDIT_CARD]"}'),
        ('{"c": "4111111111111111"}', '{"c": "[CREDIT_CARD]"}'),
        ("1,a@b.co,4111111111111111", "1,[EMAIL],[CREDIT_CARD]"),
        ("1|a@b.co|x", "1|[EMAIL]|x"),
    ],
)
def test_a_label_fits_what_is_around(text: str, masked: str) -> None:
    assert EMAIL.text(text) == masked


@pytest.mark.parametrize("strategy", Strategy)
def test_json_yaml_and_csv_keep_their_shape(strategy: Strategy) -> None:
    document = {
        "email": "ann@corp-mail.org",
        "password": "hunter2 and more",
        "card": 4111111111111111,
        "list": ["ann@corp-mail.org", "plain"],
        "url": "postgres://app:s3cr3t@db/orders",
    }
    masker = MASKERS[strategy]
    for dump, load in (
        (json.dumps, json.loads),
        (lambda one: json.dumps(one, indent=2), json.loads),
        (yaml.safe_dump, yaml.safe_load),
    ):
        masked = load(masker.text(dump(document)))
        assert masked.keys() == document.keys()
        assert masked["list"][1] == "plain" and len(masked["list"]) == 2
        assert isinstance(masked["email"], str) and isinstance(masked["password"], str)
        assert not any(one in str(masked) for one in ("ann@corp", "hunter2", "41111111", "s3cr3t"))
    long = [["x" * 300, 4111111111111111, ["y"], 4111111111111111, 5105105105105100], {"card": "z"}]
    assert [len(one) for one in json.loads(masker.text(json.dumps(long)))] == [5, 1]
    rows = list(csv.reader(masker.text("1,ann@corp-mail.org,x\r\n2,4111111111111111,y\r\n").splitlines()))
    assert [len(row) for row in rows] == [3, 3] and rows[0][2] == "x"


@pytest.mark.parametrize(("keep", "shown"), [(4, "1111"), (0, ""), (100, "11111111")])
def test_partial_keeps_the_last_characters_and_never_more_than_half(keep: int, shown: str) -> None:
    masker = Masker([MaskRule(detect=("credit_card",), strategy=Strategy.PARTIAL, keep_last=keep)], key=bytes(32))
    assert masker.text("4111111111111111") == "*" * (16 - len(shown)) + shown
