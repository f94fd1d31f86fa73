"""Values that are known are masked however they are cut and encoded; what only begins like one comes through."""

from __future__ import annotations

import base64
import csv
import io
import json
from urllib.parse import quote

import pytest

from guardcli.masking.exact import ExactValues

VALUES = ["hunter2-Secret", "abcdef", "abcdefg", "abcdefgh", "a~/+é=xyz"]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("size", range(1, 9))
def test_a_value_is_masked_however_the_stream_is_cut(value: str, size: int) -> None:
    stream = ExactValues([value]).stream()
    text = f"a {value} b {value}{value} c {value[:-1]}".encode()
    pieces = [stream.feed(text[at : at + size]) for at in range(0, len(text), size)] + [stream.finish()]
    assert b"".join(pieces) == text.replace(value.encode(), b"[VALUE]")
    assert (stream.held, stream.findings) == (0, {"value": 3})


@pytest.mark.parametrize("value", VALUES)
def test_a_value_within_base64_hex_and_percent_signs_is_masked(value: str) -> None:
    known = ExactValues([value])
    for before in ("", "u", "u:", "usr"):
        for after in ("", "1", "12", "123"):
            data = (before + value + after).encode()
            for form in (
                base64.b64encode(data),
                base64.urlsafe_b64encode(data),
                data.hex().encode(),
                data.hex().upper().encode(),
            ):
                assert "[VALUE]" in known.text(form.decode()), form
    assert known.text(f"p={quote(value, safe='')}&q") == "p=[VALUE]&q"


@pytest.mark.parametrize("value", ["a\"b'c", "a\\b;c", 'x\\"y', "it''s"])
def test_a_value_that_is_escaped_is_masked(value: str) -> None:
    known = ExactValues([value])
    row = io.StringIO()
    csv.writer(row).writerow([value, "1"])
    literal = "'" + value.replace("'", "''") + "'"
    copied = value.replace("\\", "\\\\") + "\t1"
    for written in (json.dumps({"k": value}), row.getvalue(), literal, copied):
        assert known.text(written).count("[VALUE]") == 1, written
        assert value not in known.text(written)


def test_a_silence_lets_out_a_prompt_and_no_beginning_of_a_value() -> None:
    stream = ExactValues(["0000111122223333"]).stream()
    assert (stream.feed(b"Password: 0"), stream.idle()) == (b"Password: ", b"0")
    assert (stream.feed(b" x 0000111"), stream.held) == (b" x ", 7)
    assert stream.idle() == b""
    assert stream.feed(b"122223333!") == b"[VALUE]!"


def test_the_place_of_each_finding_is_told_until_the_observer_has_heard_enough() -> None:
    found: list[tuple[str, int, int]] = []
    stream = ExactValues(["secret-1"]).stream(lambda *what: found.append(what))
    assert stream.feed(b"xy secret-1 secret-1 ") == b"xy [VALUE] [VALUE] "
    stream.hush()
    stream.feed(b"secret-1")
    assert found == [("value", 3, 8), ("value", 12, 8)]
