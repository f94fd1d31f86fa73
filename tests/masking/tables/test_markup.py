"""Tables as psql 15 writes them, all formats, borders and separators: a masked column comes out in none of them.

``tests/data/psql_forms.json`` holds what psql printed of a table with the columns id, ssn and note, one of whose values
holds a separator and a line break.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from guardcli.masking import Masker
from guardcli.model.masking import MaskRule

FORMS: dict[str, str] = json.loads((Path(__file__).parents[2] / "data" / "psql_forms.json").read_text())
MASKER = Masker([MaskRule(columns=("*.ssn",))], key=bytes(32))
PARTS = ("12-34", "54", "33", "71", "_8")
UNCERTAIN = {"R;", "z0", "0", "R2", "footer off", "unaligned off", "F", "F2"}
"""Forms in which a value may look like a separator: rather too much is masked there."""
DICE = random.Random(4)


@pytest.mark.parametrize("form", FORMS)
def test_a_masked_column_is_in_no_form_of_output(form: str) -> None:
    text = FORMS[form]
    masked = MASKER.text(text, "psql")
    shown = [part for part in PARTS if part in masked]
    assert shown == (["33"] if form in ("unaligned off", "footer off") else []), masked
    if form not in UNCERTAIN:
        assert [part for part in ("note", "a b", "x") if part in text and part not in masked] == [], masked
        assert masked.count("\n") == text.count("\n")


@pytest.mark.parametrize("form", FORMS)
def test_it_is_masked_alike_however_the_output_is_cut(form: str) -> None:
    data = FORMS[form].encode()
    wanted = MASKER.text(FORMS[form], "psql").encode()
    for place in DICE.sample(range(len(data)), 25):
        stream = MASKER.stream("psql")
        assert stream.feed(data[:place]) + stream.feed(data[place:]) + stream.finish() == wanted, place


@pytest.mark.parametrize("form", FORMS)
def test_a_table_without_the_column_comes_out_byte_for_byte(form: str) -> None:
    text = FORMS[form].replace("ssn", "nnn")
    assert MASKER.text(text, "psql") == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "<table><tr>\n<th>ssn</th><th>n</th></tr>\n<tr><td>1-2</td><td><b>k</b></td></tr>\n</table>\n<td>1-2</td>\n",
            "<table><tr>\n<th>ssn</th><th>n</th></tr>\n<tr><td>[SSN]</td><td><b>k</b></td></tr>\n</table>\n<td>1-2</td>\n",
        ),
        ("id;ssn;n\n1;2;3\n1;2;3;4\nx\n", "id;ssn;n\n1;[SSN];3\n[SSN]\n[SSN]\n"),
        ("id=>ssn=>n\n1=>2=>3\n", "id=>ssn=>n\n1=>[SSN]=>3\n"),
        ("id|ssn;1|12-34;", "id|ssn;[SSN]"),
        ("it is, ssn and more: x\n", "it is, ssn and more: x\n"),
        ("ssn of ann, bob\nssn, nick and more\n", "ssn of ann, bob\nssn, nick and more\n"),
    ],
)
def test_rows_that_do_not_fit_their_header_are_masked(text: str, wanted: str) -> None:
    assert MASKER.text(text) == wanted
