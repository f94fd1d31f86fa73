"""Rows that are walked over are judged as one by one; what is no heading begins nothing; identifiers are stdnum's."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Sequence

import pytest

from guardcli.masking.compiled.native import Question, Spans, judge
from guardcli.masking.detectors.national_id import NationalId, is_identifier
from guardcli.masking.detectors.phone import Phone
from guardcli.masking.followers.follower import Follower
from guardcli.masking.tables.headed import AlignedRows
from guardcli.masking.tables.headings import NAMES
from guardcli.masking.tables.rows import UNNUMBERED, Cells, Layout, Rows, Walker, headings
from guardcli.masking.tables.telling import TellingColumns, telling_columns

KINDS = [
    *telling_columns("named_value", "PASSWORD"),
    *(part for kind in (Phone, NationalId) for part in kind.parts() if isinstance(part, TellingColumns)),
]
COLUMNS = (
    *("password", "pwd", "api_key", "apiKey", "Token", "phone", "mobile_no", "ssn", "tax_id", "id", "name", "Straße"),
    *("has_password", "the_token", "user-password", '"password"', "a b", "API KEY", "NAME", "客户", "toKen"),
)  # fmt: skip
VALUES = (
    *("", " ", "changeme", "*****", "NULL", "hunter2", "müller7X!", "日本語pass9", "a│b", "x|y", 'q"q', "a,b", "…"),
    *("🎉9aX", "\\.", "it .", "x+", "yT7PeD5BW5", "s3cr3t-Value", "0171 5551234", "+49 30 123456", "(212) 555-1234"),
    *("123-45-6789", "536-90-4399", "536904399", "390.533.447-05", "X2482300W", "131052-308T", "T08LL0001A", "1"),
)  # fmt: skip
RULES = {"|": ("+", "-"), "│": ("┼", "─"), "║": ("╬", "═")}


def aligned(dice: random.Random, names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    edge = dice.choice(list(RULES))
    cross, line = RULES[edge]
    widths = [max(map(len, column)) + 2 for column in zip(names, *rows, strict=True)]
    put = [
        edge.join(f" {cell}".ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (names, *rows)
    ]
    framed = dice.random() < 0.4
    ruler = cross.join(line * width for width in widths)
    put.insert(1, ruler)
    if framed:
        put = [cross + one + cross if one == ruler else edge + one + edge for one in [*put, ruler]]
        put[0] = "│".join(put[0].split("│")).replace("+", "|") if edge == "|" else put[0]
    return put


def records(dice: random.Random, names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    forms = ("{} | {}", "{} | {}", "| {} | {}  |", "│ {} │ {} │", "{}: {}", " | {1}", "{} {}", "{} | {} +")
    markers = ("-[ RECORD 1 ]---", "├─[ RECORD 2 ]─┤", "* Record 3", "+-[ RECORD 4 ]-+", "[ RECORD 5 ]")
    lines = []
    for row in rows:
        lines.append(dice.choice(markers))
        lines += [dice.choice(forms).format(*pair) for pair in zip(names, row, strict=True)]
    return lines


def delimited(dice: random.Random, names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    sign, quoted = dice.choice(",|;\t"), dice.random() < 0.3

    def written(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if quoted or (sign in cell and dice.random() < 0.8) else cell

    return [sign.join(names), *(sign.join(map(written, row[: -1 if dice.random() < 0.05 else None])) for row in rows)]


LAYOUTS: Sequence[Callable[[random.Random, Sequence[str], Sequence[Sequence[str]]], list[str]]] = (
    aligned,
    records,
    delimited,
)


def table(dice: random.Random) -> bytes:
    """Return a table, most often a whole one, and perhaps what may stand behind it."""
    columns = dice.randrange(1, 5)
    rows = [dice.choices(VALUES, k=columns) for _ in range(dice.randrange(7))]
    lines = dice.choice(LAYOUTS)(dice, dice.choices(COLUMNS, k=columns), rows)
    lines += dice.choice(([], ["(3 rows)"], [""], ["----"], ["password", "--"], ["└──"]))
    made = bytearray(dice.choice(["\n", "\n", "\n", "\r\n"]).join([*lines, ""]).encode())
    if dice.random() < 0.1 and made:
        made[dice.randrange(len(made))] = dice.randrange(256)
    return bytes(made)


def led(follower: Follower | None, text: bytes, place: int, walks: bool) -> set[tuple[int, int]]:
    """Return what a follower masks from `place` on; where it `walks`, it judges by itself only what is not plain."""
    found, walked = set(), Spans(bytearray(), 0)
    while follower is not None and place < len(text):
        if walks and isinstance(follower, Walker):
            place, follower = follower.walk(text, place, 0, walked)
        end = text.find(b"\n", place)
        end = end if end >= 0 else len(text)
        if place < len(text):
            gone, follower = follower.line(text, place, end)
            found |= {(one.start, one.end) for one in gone}
        place = end + 1
    return found | {(one.start, one.end) for one in walked}


def test_rows_that_are_walked_over_are_judged_as_one_by_one() -> None:
    dice, found, begun = random.Random(11), 0, 0
    for _ in range(250):
        text = b"x\n" + b"".join(table(dice) for _ in range(dice.randrange(1, 3)))
        for kind in KINDS:
            for at in {place + 1 for place in range(len(text)) if text[place] == 0x0A}:
                beginning = kind.begin(text, at)
                if beginning is not None:
                    begun += 1
                    seen = led(beginning[1], text, at, False)
                    assert led(beginning[1], text, at, True) == seen, (text, at, kind.triggers)
                    found += len(seen)
    assert found > 350
    assert begun > 250


def test_what_is_left_out_as_no_heading_begins_nothing() -> None:
    dice, left_out = random.Random(12), 0
    for _ in range(150):
        text = b"x\n" + b"".join(table(dice) for _ in range(dice.randrange(1, 4)))
        ends = [place + 1 for place in range(len(text)) if text[place] == 0x0A]
        hits = array("I", (one for at in ends for one in (at, 7)))
        for kind in KINDS:
            seen = headings(text, len(text), kind._cells.names, True, hits, 7)
            assert list(seen) == sorted(set(seen) & set(ends))
            followed = 0
            for at in ends:
                if (beginning := kind.begin(text, at)) is None:
                    continue
                if text[text.rfind(b"\n", 0, at - 1) + 1 : at].lower().find(b" record ") >= 0 and at not in seen:
                    followed += 1  # another one stands before it, and its follower goes on to here
                    continue
                assert at in seen, (text, at, beginning)
            left_out += len(ends) - len(seen) - followed
    assert left_out > 1500


def test_a_character_is_as_wide_as_the_terminal_shows_it() -> None:
    codes = [*range(0xA1, 0x3000), *range(0x3000, 0xD800, 13), *range(0xE000, 0x20000, 29)]
    text = "".join(f"{chr(code) * 3}56789abcdefg\n" for code in codes).encode()
    rows = AlignedRows([(5, 9)])
    assert led(rows, text, 0, True) == led(rows, text, 0, False)


@pytest.mark.parametrize("separator", ["", "-", ".", " ", "/"])
def test_an_identifier_of_a_column_is_one_of_python_stdnum_where_the_core_is_sure(separator: str) -> None:
    dice, sure = random.Random(13), 0
    cells = Cells(Question.IDENTIFIED, UNNUMBERED)
    for _ in range(300):
        length = dice.randrange(1, 19)
        value = "".join(dice.choices("0123456789", k=length))
        if dice.random() < 0.3:
            place = dice.choice([0, length - 1, dice.randrange(length)])
            value = value[:place] + dice.choice("ABCDXYZTKRfhp") + value[place + 1 :]
        for place in sorted(dice.choices(range(length + 1), k=dice.randrange(4)), reverse=True):
            value = value[:place] + separator + value[place:]
        value = value.strip()
        line = value.encode() + b"\n"
        walked = Spans(bytearray(), 0)
        stop, _ = Rows(Layout.DELIMITED, [0], b"\t", 1).walk(line, 0, 0, walked, cells)
        if stop == len(line) and value:
            sure += 1
            assert bool(walked) == is_identifier(value.encode()), value
        assert not is_identifier(value.encode()) or judge(value.encode(), Question.IDENTIFIED), value
    assert sure > 60


def test_every_name_has_its_number() -> None:
    assert [kind._cells.names for kind in KINDS] == list(range(len(NAMES)))
