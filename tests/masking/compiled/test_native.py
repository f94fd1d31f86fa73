"""What is compiled is held against a plain model in Python, and python-stdnum, on texts that are nearly right."""

from __future__ import annotations

import ctypes.util
import random
import re
from collections.abc import Iterator

import pytest
import stdnum.br.cnpj
import stdnum.br.cpf
import stdnum.es.dni
import stdnum.es.nie
import stdnum.it.codicefiscale
import stdnum.luhn
import stdnum.us.itin
import stdnum.us.ssn

from guardcli.masking.compiled import native
from guardcli.masking.compiled.native import SWEPT, Emitter, Job, Spans, Sweep, library
from guardcli.masking.spans import Span
from guardcli.masking.strategies import replacement
from guardcli.model.errors import UnavailableError
from guardcli.model.masking import MaskRule

SWEEP = Sweep({name: rank for rank, name in enumerate(SWEPT)})
GOOD = {
    "credit_card": "4111111111111111|4111 1111 1111 1111|4111-1111-1111-1111|378282246310005|3782 822463 10005|"
    "5555555555554444|2221000000000009|6011 1111 1111 1117|30569309025904|4222222222222|4222 2222 2222 2|"
    "6304000000000000",
    "iban": "DE89370400440532013000|DE89 3704 0044 0532 0130 00|GB82WEST12345698765432|NO93 8601 1117 947|"
    "MT84MALT011000012345MTLCAST001S",
    "national_id": "536-90-4399|912-90-3456|390.533.447-05|16.727.230/0001-97|AB123456C|AB 12 34 56 C|RCCMNL83S18D969H|"
    "54362315K|54362315-K|X2482300W|X2482300-W|S1234567D",
}
NEAR = b"0123456789ABCDGKXZabz -./_@\x80"
CARD = (
    r"(?<![0-9A-Za-z_])(?:(?<!\.)|(?<=[A-Za-z.]\.)|(?<=\A\.))"
    r"(?:[0-9]{13,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1(?:[0-9]{4}|[0-9])"
    r"|[0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5}|[0-9]{4}([ -])[0-9]{4}\3[0-9]{4}\3[0-9]{4}\3[0-9]{2,3})"
    r"(?![0-9A-Za-z_]|\.[0-9])"
)
ISSUED = (
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|(?:6011|64[4-9]\d|65\d\d|62\d\d|352[89]|35[3-8]\d|220[0-4])\d{12,15}|(?:30[0-5]|3[689]\d)\d{11,16}"
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{12,15}|(?:5019|60[678]\d)\d{12}|63(?:6368|6297)\d{10}"
)
LENGTHS = {"DE": 22, "GB": 22, "NO": 15, "MT": 31}
PERSONS = {
    r"\d{3}-\d{2}-\d{4}": lambda one: stdnum.us.ssn.is_valid(one) or stdnum.us.itin.is_valid(one),
    r"\d{3}\.\d{3}\.\d{3}-\d{2}": stdnum.br.cpf.is_valid,
    r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}": stdnum.br.cnpj.is_valid,
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]": (
        stdnum.it.codicefiscale.is_valid
    ),
    r"\d{8}-?[A-Z]": stdnum.es.dni.is_valid,
    r"[XYZ]\d{7}-?[A-Z]": stdnum.es.nie.is_valid,
}


def nearly(dice: random.Random, good: str) -> bytes:
    """Return one of `good` with one or two bytes changed, or none, and something around it."""
    text = bytearray(dice.choice(good.split("|")).encode())
    for _ in range(dice.choice((0, 1, 1, 2))):
        place = dice.randrange(len(text))
        if dice.random() < 0.7 and chr(text[place]).isalnum():
            text[place] = dice.choice(b"0123456789" if 48 <= text[place] <= 57 else b"ABCDEHLMPRSTXYZK")
        else:
            text[place] = dice.choice(NEAR)
    around = [bytes(dice.choices(NEAR + b"\n  ", k=dice.choice((0, 1, 2, 70)))) for _ in "ab"]
    return around[0] + bytes(text) + around[1]


def swept(name: str, text: bytes) -> list[tuple[int, int]]:
    rank = SWEPT.index(name)
    return [(start, end) for start, end, one, *_ in SWEEP.find(text, 0, 0, len(text))[0] if one == rank]


def cards(text: str) -> Iterator[tuple[int, int]]:
    place = 0
    while (found := re.compile(CARD).search(text, place)) is not None:
        digits = re.sub("[ -]", "", found[0])
        good = re.fullmatch(ISSUED, digits) is not None and stdnum.luhn.is_valid(digits)
        ean = sum(int(one) * (1, 3)[place % 2] for place, one in enumerate(digits)) % 10 == 0
        if good and found[0].isdecimal():
            good = not ean if len(digits) == 13 else len(digits) not in (17, 18)
        if good:
            yield found.span()
        place = found.end() if good else found.start() + 1


def ibans(text: str) -> Iterator[tuple[int, int]]:
    for found in re.finditer(r"(?<!\w)([A-Z]{2})\d\d(?: ?[A-Z0-9]{4})", text, re.ASCII):
        length = LENGTHS.get(found[1], 0)
        spaced = text[found.start() + 4] == " "
        end = found.start() + length + ((length - 1) // 4 if spaced else 0)
        written = text[found.start() : end]
        digits = re.sub(r"(.{4}) (?=.)", r"\1", written) if spaced else written
        if length != len(digits) or re.fullmatch("[A-Z0-9]+", digits) is None or re.match(r"\w", text[end:], re.ASCII):
            continue
        if int("".join(str(int(one, 36)) for one in digits[4:] + digits[:4])) % 97 == 1:
            yield found.start(), end


def test_cards_are_those_of_the_issuers_with_a_right_check_digit() -> None:
    dice = random.Random(1)
    for _ in range(20_000):
        text = nearly(dice, GOOD["credit_card"])
        assert swept("credit_card", text) == list(cards(text.decode("latin-1"))), text


def test_accounts_are_those_of_the_countries_with_right_check_digits() -> None:
    dice = random.Random(2)
    for _ in range(20_000):
        text = nearly(dice, GOOD["iban"])
        others = [span for span in swept("iban", text) if text[span[0] : span[0] + 2].decode() in LENGTHS]
        assert others == list(ibans(text.decode("latin-1"))), text


@pytest.mark.parametrize("shape", PERSONS)
def test_identifiers_are_those_that_stdnum_knows(shape: str) -> None:
    dice = random.Random(3)
    whole = re.compile(rf"(?<![\w.-])(?:{shape})(?![\w-])", re.ASCII)
    for _ in range(20_000):
        text = nearly(dice, GOOD["national_id"])
        seen = text.decode("latin-1")
        known = [found.span() for found in whole.finditer(seen) if PERSONS[shape](found[0])]
        assert [span for span in swept("national_id", text) if re.fullmatch(shape, seen[slice(*span)])] == known, text


@pytest.mark.parametrize("name", GOOD)
def test_what_is_good_is_found_at_every_place_of_a_text(name: str) -> None:
    for good in GOOD[name].split("|"):
        for place in range(130):
            text = b" " * place + good.encode() + b"\n" * (place % 3)
            assert swept(name, text) == [(place, place + len(good))], text


def test_more_findings_than_there_is_room_for_are_all_found() -> None:
    text = b"a@b.co " * 10_000
    assert swept("email", text) == [(7 * number, 7 * number + 6) for number in range(10_000)]


def test_what_may_be_a_telephone_number_is_told_by_its_form() -> None:
    text = b"212-555-1234 x212-555-1234 2125551234 415.555.2671"
    phone = SWEPT.index("phone")
    assert list(SWEEP.find(text, 0, 0, len(text))[1]) == [Span(0, 12, phone), Span(38, 50, phone)]
    text += b" "
    assert SWEEP.find(text * 9000, 0, 0, 9000 * len(text))[1][-1].end == 9000 * len(text) - 1


@pytest.mark.parametrize("signs", [b"+1234567890 ", b"+19 .()/-", b"+2 37(-.5x_\n"])
def test_telephone_numbers_are_those_that_expressions_match(signs: bytes) -> None:
    dice = random.Random(8)
    forms = re.compile(
        rb"(?<![\w+.)\]])\+[1-9][0-9]{0,2}(?:[ .()/-]{0,3}[0-9]){6,13}(?![\w])"
        rb"|(?<![\w+.-])[2-9][0-9]{2}[.-][2-9][0-9]{2}[.-][0-9]{4}(?![\w-])"
    )
    for _ in range(1500):
        parts = (
            dice.choice((b"+1 212", b"555-123", b"212.555.1234", b"+44 20 7946 0958")) if dice.random() < 0.1 else one
            for one in (bytes([byte]) for byte in dice.choices(signs, k=dice.randrange(60)))
        )
        text = b"".join(parts)
        found = [one[:2] for one in SWEEP.find(text, 0, 0, len(text))[1] if one.rank == SWEPT.index("phone")]
        assert set(found) >= {one.span() for one in forms.finditer(text)}, text
        assert all(forms.match(text, start).span() == (start, end) for start, end in found), text


@pytest.mark.parametrize("before", [b"", b" ", b"x", b"0", b":", b"-"])
@pytest.mark.parametrize("after", [b"", b" ", b"\n", b"0", b"x", b"-", b":"])
def test_forms_of_hexadecimal_digits_are_told_by_where_they_end(before: bytes, after: bytes) -> None:
    dice, shape = (
        random.Random(7),
        re.compile(rb"\b(?:[0-9a-f]{24}:[0-9a-f]{64}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})\b"),
    )
    for _ in range(300):
        groups = dice.choice(((24, 64), (32, 8, 8), (32, 8), (23, 64), (24, 63), (40,), (32, 8, 9)))
        digits = [bytes(dice.choices(b"0123456789abcdef", k=size + dice.choice((0, 0, 1)))) for size in groups]
        text = b" " * dice.randrange(70) + before + (b":" if len(groups) == 2 else b"-").join(digits) + after
        ends = [
            place.end for place in SWEEP.find(text, 0, 0, len(text))[1] if place.rank == SWEPT.index("vendor_token")
        ]
        assert ends == [found.end() for found in shape.finditer(text)], text


def test_the_sweep_begins_where_it_is_told_to() -> None:
    text = b"a@b.co\nc@d.org\n4111111111111111\n"
    assert [found[:2] for found in SWEEP.find(text, 7, 7, len(text))[0]] == [(15, 31), (7, 14)]
    assert [found[:2] for found in SWEEP.find(text, 0, 7, 31)[0]] == [(15, 31), (7, 14)]
    assert not SWEEP.find(text, len(text), len(text), len(text))[0]
    assert not SWEEP.find(b"", 0, 0, 0)[0]


def test_no_byte_pattern_makes_it_read_beyond_the_text() -> None:
    dice = random.Random(4)
    for _ in range(3_000):
        text = bytes(dice.choices(b"4AZ0 -./@a\xc3\xa9\n", k=dice.randrange(200)))
        for start, end, *_ in SWEEP.find(text, 0, 0, len(text))[0]:
            assert 0 <= start <= end <= len(text)


SIGNS = (
    "a",
    "z",
    "7",
    "42",
    " ",
    " ",
    "  ",
    "   ",
    "|",
    "│",
    "\t",
    "\n",
    ": ",
    "- ",
    '"',
    '"k": ',
    "k: ",
    "- k: ",
    "{",
    "}",
    "[",
    ", ",
    "true",
    "false",
    "-1.5",
    "é",
    "x" * 12,
    "-",
    ".",
)


def test_what_is_put_together_in_c_is_what_replacement_says() -> None:
    dice = random.Random(5)
    rule = MaskRule(detect=("email",))
    for _ in range(20_000):
        parts = dice.choices(SIGNS, k=dice.randrange(1, 30))
        text = "".join(parts).encode()
        start = dice.randrange(len(text))
        end = dice.randrange(start, len(text)) + 1
        label = dice.choice(("K", "EMAIL", "CREDIT_CARD"))
        span = Span(start, end, 0)
        new, skip = replacement(text, start, end, text[start:end], label, rule, bytes(32))
        wanted = text[:start] + new + text[end + skip :]
        plain = Emitter([f"[{label}]".encode()])
        asked: list[Span] = []

        def replace(
            one: Span, begin: int, new: bytes = new, skip: int = skip, asked: list[Span] = asked
        ) -> tuple[bytes, int]:
            asked.append(one)
            return new, skip

        counts = bytearray(4)
        assert plain.emit(Job(text, 0, len(text), counts), Spans.of([span]), False, bytearray(), replace) == wanted, (
            text,
            span,
        )
        assert int.from_bytes(counts, "little") + len(asked) == 1


def merged(spans: list[Span], personal: bytes) -> list[Span]:
    """Say what the library does, one span after the other."""
    result: list[Span] = []
    for span in sorted(spans):
        if not result or span.start >= result[-1].end:
            result.append(span)
            continue
        last = result[-1]
        if personal[span.rank] and not personal[last.rank]:
            continue
        weaker = personal[last.rank] and not personal[span.rank]
        rank = span.rank if weaker or span.end - span.start > last.end - last.start else last.rank
        rest = span.rest if span.end >= last.end else last.rest
        result[-1] = Span(last.start, max(last.end, span.end), rank, last.drop, rest)
    return result


def test_overlapping_findings_become_one_and_no_byte_of_either_is_left() -> None:
    dice = random.Random(6)
    personal = bytes([0, 1, 0, 1])
    for _ in range(5_000):
        given = []
        for _ in range(dice.randrange(12)):
            start = dice.randrange(40)
            given.append(
                Span(start, start + dice.randrange(1, 9), dice.randrange(4), dice.random() < 0.2, dice.choice((0, 2)))
            )
        spans = Spans.of(given[:4])
        spans.add(given[4:])
        spans.resolve(personal)
        assert list(spans) == merged(given, personal), given


def test_an_installation_without_the_library_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "LIBRARY", "/nonexistent/libguard_mask.so")
    with pytest.raises(UnavailableError, match="pip install"):
        library.__wrapped__()
    monkeypatch.setattr(native, "LIBRARY", ctypes.util.find_library("c") or "libc.so.6")
    with pytest.raises(UnavailableError, match="pip install"):
        library.__wrapped__()
