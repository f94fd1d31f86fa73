from __future__ import annotations

import pytest

from guardcli.gateways.postgres.withheld import may_hold_values, without_values

CAST = "SELECT mail::regclass FROM people"


@pytest.mark.parametrize(
    ("state", "place", "text", "expected"),
    [
        (b"22P02", b"", CAST, True),
        (b"22P02", b"8", CAST, True),
        (b"42P01", b"", CAST, True),  # a value that was no table's name
        (b"42P01", b"8", CAST, False),  # a table that the text itself names
        (b"42704", b"", "SELECT lo_get(salary::oid) FROM people", True),
        (b"3F000", b"", "SELECT has_schema_privilege(mail, 'usage') FROM people", True),
        (b"54000", b"", "SELECT chr(2000000000 + ascii(mail)) FROM people", True),
        (b"42P01", b"", "DROP TABLE pets", False),
        (b"42P01", b"", "DROP TABLE pets; SELECT mail::regclass FROM people", True),
        (b"42704", b"", "COPY (SELECT mail::regclass FROM people) TO STDOUT", True),
        (b"34000", b"", "FETCH c", False),
        (b"57014", b"", CAST, False),
    ],
)
def test_what_may_hold_a_value_is_told_from_what_cannot(state: bytes, place: bytes, text: str, expected: bool) -> None:
    fields = {ord("C"): state, ord("P"): place} if place else {ord("C"): state}
    assert may_hold_values(fields, text) is expected


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        (
            "M",
            'invalid input syntax for type integer: "a@b.example"',
            'invalid input syntax for type integer: "[masked]"',
        ),
        (
            "M",
            'invalid input syntax for type integer: ""a@b.example"',
            'invalid input syntax for type integer: "[masked]"',
        ),
        ("M", 'relation "a" b@c "d" does not exist', 'relation "[masked]" does not exist'),
        ("M", "large object 97 does not exist", "large object [masked] does not exist"),
        ("M", "value too long for type character varying(10)", "value too long for type character varying(10)"),
        ("M", "division by zero", "division by zero"),
        ("D", "Key (mail)=(a@b.example) already exists.", "withheld by guard: it may hold values of masked columns"),
        ("q", "a@b.example", "withheld by guard: it may hold values of masked columns"),
    ],
)
def test_values_are_left_out_of_words(code: str, words: str, expected: str) -> None:
    assert without_values(ord(code), words) == expected
