"""Below a column's name that tells of a secret values are found; below other names, and words below half a one, not."""

from __future__ import annotations

import pytest

from guardcli.masking import Masker
from guardcli.model.masking import MaskRule

MASKER = Masker([MaskRule(detect=("named_value",))], key=bytes(32))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            " id | password   | name\n----+------------+-----\n  7 | yT7PeD5BW5 | bob\n  8 | tweety     | x\n(1 row)\n",
            " id | password   | name\n----+------------+-----\n  7 | [PASSWORD] | bob\n  8 | [PASSWORD] | x\n(1 row)\n",
        ),
        (
            "-[ RECORD 1 ]-+----\nid            | 7\ndb_password   | yT7PeD5BW5\nname | bob\n",
            "-[ RECORD 1 ]-+----\nid            | 7\ndb_password   | [PASSWORD]\nname | bob\n",
        ),
        ("SET\nid,api_key,n\n7,yT7PeD5BW5,x\n8,,y\n", "SET\nid,api_key,n\n7,[PASSWORD],x\n8,,y\n"),
        ("user|pwd\nroot|hunter2\n", "user|pwd\nroot|[PASSWORD]\n"),
        (
            " id │ pwd        \n────┼────────────\n  7 │ yT7PeD5BW5 \n(1 row)\n",
            " id │ pwd        \n────┼────────────\n  7 │ [PASSWORD] \n(1 row)\n",
        ),
        ("SET\r\nid,pwd\r\n7,yT7PeD5BW5\r\n", "SET\r\nid,pwd\r\n7,[PASSWORD]\r\n"),
        (" token | n\n-------+---\n the   | 4\n", " token | n\n-------+---\n the   | 4\n"),
        (
            " has_password | n\n--------------+---\n yT7PeD5BW5   | 4\n",
            " has_password | n\n--------------+---\n yT7PeD5BW5   | 4\n",
        ),
        (" id | name\n----+------------\n  7 | yT7PeD5BW5\n", " id | name\n----+------------\n  7 | yT7PeD5BW5\n"),
        (
            " Column   | Type\n----------+-----\n password | text\n",
            " Column   | Type\n----------+-----\n password | text\n",
        ),
        ("the password\n------------\nSome text here 12x.\n", "the password\n------------\nSome text here 12x.\n"),
        (" password\n----------\n changeme\n *****\n", " password\n----------\n changeme\n *****\n"),
    ],
)
def test_a_column_whose_name_tells_is_masked(text: str, expected: str) -> None:
    assert MASKER.text(text, "psql") == expected
    data = text.encode()
    for cut in range(1, len(data)):
        stream = MASKER.stream("psql")
        assert stream.feed(data[:cut]) + stream.feed(data[cut:]) + stream.finish() == expected.encode(), cut
