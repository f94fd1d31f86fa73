from __future__ import annotations

import pytest

from guardcli.gateways.postgres.codec.backend import Column, CopyOut, CopyResponse
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.gateways.postgres.columns import ColumnRules
from guardcli.gateways.postgres.copying import copy_terms
from guardcli.gateways.postgres.masked_rows import MaskedCopy
from guardcli.gateways.postgres.mending import Mender
from guardcli.masking import Masker
from guardcli.masking.exact import ExactValues
from guardcli.model.masking import MaskRule, Strategy

RULES = [MaskRule(columns=("secret",), strategy=Strategy.REDACT), MaskRule(detect=("email",))]
MASKER = Masker(RULES, key=b"k" * 32)
COLUMNS = [Column(name, 0, 0, 25, -1, -1, 0) for name in (b"id", b"secret", b"note")]


@pytest.mark.parametrize(
    ("text", "select"),
    [
        ("COPY t TO STDOUT", 'SELECT * FROM ONLY "t"'),
        ('COPY s."T""x" (a, "B c") TO STDOUT', 'SELECT "a", "B c" FROM ONLY "s"."T""x"'),
        ("COPY (SELECT ')', (1) /* ) */ -- (\n) TO STDOUT", "SELECT ')', (1) /* ) */ -- (\n"),
        ("COPY (SELECT 'é(' ) TO STDOUT (FORMAT csv)", "SELECT 'é(' "),
        ("COPY t FROM STDIN", None),
        ("COPY t TO '/tmp/x'", None),
        ("COPY t TO PROGRAM 'x'", None),
        ("SELECT 1", None),
        ("COPY", None),
    ],
)
def test_what_a_copy_gives_is_what_this_select_gives(text: str, select: str | None) -> None:
    terms = copy_terms(text)
    assert (terms.select if terms else None) == select


def copied(options: str, *rows: bytes, format: int = 0, masker: Masker = MASKER) -> list[bytes]:
    terms = copy_terms(f"COPY t TO STDOUT {options}")
    assert terms is not None
    named = ColumnRules(RULES if masker is MASKER else (), "psql")
    rules = [named.of_any_table(column.name.decode()) for column in COLUMNS]
    mender = Mender(masker, "psql")
    mask = MaskedCopy(terms, CopyResponse(0x48, format, (format,) * 3), COLUMNS, rules, mender)
    out = mask.take(b"".join(CopyOut(row).encode() for row in rows))
    found = []
    while out:
        size = 1 + int.from_bytes(out[1:5], "big")
        found.append(out[5:size])
        out = out[size:]
    return found


@pytest.mark.parametrize(
    ("options", "row", "expected"),
    [
        ("", b"1\tsecret\tnote\n", b"1\t[SECRET]\tnote\n"),
        ("", b"1\t\\N\ta@b.example\n", b"1\t\\N\t[EMAIL]\n"),
        ("(DELIMITER '|')", b"1\\||2\\||a\\|\n", b"1\\||[SECRET]|a\\|\n"),
        ("(DELIMITER '|')", b"|2|\n", b"|[SECRET]|\n"),
        ("", b"1\ta\\tb\\\\\tx\\ny a@b.example\n", b"1\t[SECRET]\tx\\ny [EMAIL]\n"),
        ("", b"\t\t\n", b"\t[SECRET]\t\n"),
        ("(DELIMITER '|')", b"1|a\\|b|n\\|a@b.example\n", b"1|[SECRET]|n\\|[EMAIL]\n"),
        ("(NULL 'none')", b"1\tnone\tx\n", b"1\tnone\tx\n"),
        ("(FORMAT csv)", b'1,"a,""b\nc",x\n', b'1,"[SECRET]",x\n'),
        ("(FORMAT csv)", b"1,,\n", b"1,,\n"),
        ("(FORMAT csv)", b'1,"",x\n', b'1,"[SECRET]",x\n'),
        ("(FORMAT csv)", b'1,a,"x,a@b.example"\n', b'1,"[SECRET]","x,[EMAIL]"\n'),
        ("(FORMAT csv, QUOTE '~', ESCAPE '!', DELIMITER ';')", b"1;~a;!~b!!~;x\n", b"1;~[SECRET]~;x\n"),
        ("(DELIMITER '@')", b"1@s@x a\\@b.example\n", b"1@[SECRET]@x [EMAIL]\n"),
        ("(DELIMITER 'Q')", b"1QsQa@b.example\n", b"1Q[SECRET]Q[EMAIL]\n"),
        ("(FORMAT csv, QUOTE '@')", b"1,s,@x a@@b.example@\n", b"1,@[SECRET]@,@x [EMAIL]@\n"),
        ("(FORMAT csv, FORCE_QUOTE *)", b'"1","s","n"\n', b'"1","[SECRET]","n"\n'),
    ],
)
def test_a_row_is_masked_field_by_field(options: str, row: bytes, expected: bytes) -> None:
    assert copied(options, row) == [expected]


@pytest.mark.parametrize(
    ("options", "row", "expected"),
    [
        ("(DELIMITER '@')", b"1@s@x a\\@b.example\n", b"1@s@x [EMAIL]\n"),
        ("(DELIMITER '@')", b"1@b.example@x\n", b"1@b.example@x\n"),
        ("(DELIMITER 'Q')", b"1QsQa@b.example\n", b"1QsQ[EMAIL]\n"),
        ("(DELIMITER '|')", b"1|s|a\\|a@b.example\n", b"1|s|a\\|[EMAIL]\n"),
        ("(FORMAT csv, QUOTE '@')", b"1,s,@x a@@b.example@\n", b"1,s,@x [EMAIL]@\n"),
        ("(FORMAT csv, QUOTE 'b', ESCAPE '@')", b"1,s,bx a@@@b.exampleb\n", b"1,s,bx [EMAIL]b\n"),
    ],
)
def test_detectors_look_into_each_value_where_the_statement_s_own_signs_would_hide_it(
    options: str, row: bytes, expected: bytes
) -> None:
    assert copied(options, row, masker=Masker([MaskRule(detect=("email",))], key=b"k" * 32)) == [expected]


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ("(DELIMITER '-')", b"lent\\-5eCret\\-value"),
        ("(DELIMITER 'C')", b"lent-5e\\Cret-value"),
        ("(FORMAT csv, QUOTE 'e')", b"leent-5eeCreet-valuee"),
        ("(FORMAT csv, QUOTE 'e', ESCAPE 'n')", b"lnennt-5neCrnet-valune"),
        ("(FORMAT csv, QUOTE '~', ESCAPE '-')", b"lent--5eCret--value"),
        ("(FORMAT csv, DELIMITER '-')", b"lent-5eCret-value"),
        ("", b"lent-5eCret-value"),
        ("(FORMAT binary)", b"lent-5eCret-value"),
    ],
)
def test_values_that_were_lent_are_found_as_the_statement_has_them_written(options: str, written: bytes) -> None:
    terms = copy_terms(f"COPY t TO STDOUT {options}")
    values = ExactValues(["lent-5eCret-value"])
    assert terms is not None
    found = values if terms.escapes is None else values.escaped(*terms.escapes)
    assert found.find(b"a" + written + b"b") == [(1, 1 + len(written))]
    assert found.find(b"a lent-5eCret-value b") and not found.find(b"a lent-5eCret b")


def test_a_header_stays_and_the_rows_behind_it_do_not() -> None:
    assert copied("(FORMAT csv, HEADER)", b"id,secret,note\n", b"1,2,3\n") == [b"id,secret,note\n", b'1,"[SECRET]",3\n']


@pytest.mark.parametrize("given", ["", "true", "'TRUE'", "On", "1"])
def test_a_header_is_asked_for_in_any_case(given: str) -> None:
    assert copied(f"(FORMAT csv, HEADER {given})", b"id,secret,note\n") == [b"id,secret,note\n"]


@pytest.mark.parametrize("given", ["off", "'OFF'", "'False'", "fAlse", "0", "'match'", "''"])
def test_the_first_row_is_no_header_where_none_was_asked_for(given: str) -> None:
    assert copied(f"(FORMAT csv, HEADER {given})", b"1,2,a@b.example\n") == [b'1,"[SECRET]","[EMAIL]"\n']


def test_binary_rows_are_masked_and_the_trailer_stays() -> None:
    head = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    row = b"\0\3\0\0\0\1a\0\0\0\1b\xff\xff\xff\xff"
    masked = b"\0\3\0\0\0\1a\0\0\0\x08[SECRET]\xff\xff\xff\xff"
    assert copied("(FORMAT binary)", head + row, row, b"\xff\xff", format=1) == [head + masked, masked, b"\xff\xff"]


@pytest.mark.parametrize("row", [b"1\t2\n", b"1\t2\t3\t4\n"])
def test_a_row_with_another_number_of_fields_ends_the_connection(row: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        copied("", row)
