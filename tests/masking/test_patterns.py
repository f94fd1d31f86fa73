"""A policy's own patterns and values are found, what it allows stays, and none of them takes more than linear time."""

from __future__ import annotations

import random
import re
import time

import pytest

from guardcli.masking import Masker
from guardcli.masking.patterns import Pattern
from guardcli.model.errors import ConfigurationError
from guardcli.model.masking import MaskPattern, MaskRule, Strategy

KEY = bytes(range(32))
ORDER = MaskPattern("order", "ORD-[0-9]{4,}")
TWO = MaskPattern("two-words", r"foo\s+bar")
MASKER = Masker(
    [
        MaskRule(patterns=(ORDER, TWO), deny=("hunter 2", "s.x"), allow=("ORD-1234", "hunter 2")),
        MaskRule(detect=("email", "password"), allow_matching=(r".*@corp\.org",)),
        MaskRule(allow=("a@b.de",)),
    ],
    key=KEY,
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x ORD-12345, ORD-123\n", "x [ORDER], ORD-123\n"),
        ("ORD-1234 ORD-12345\n", "ORD-1234 [ORDER]\n"),
        ("foo   bar foo\nbar\n", "[TWO_WORDS] foo\nbar\n"),
        ("hunter 2 s.x sax\n", "[VALUE] [VALUE] sax\n"),
        ("me@corp.org you@other.org a@b.de\n", "me@corp.org [EMAIL] a@b.de\n"),
        ("password=a@b.de password=a@b.dex\n", "password=a@b.de password=[PASSWORD]\n"),
        ("\x1b[1mOR\x1b[0mD-99999\n", "\x1b[1m[ORDER]\x1b[0m\n"),
    ],
)
def test_patterns_denied_and_allowed_values_hold_over_every_split(text: str, wanted: str) -> None:
    data = text.encode()
    for place in range(len(data) + 1):
        stream = MASKER.stream()
        assert stream.feed(data[:place]) + stream.feed(data[place:]) + stream.finish() == wanted.encode()


def test_a_pattern_that_may_hold_blanks_waits_for_its_end() -> None:
    stream = MASKER.stream()
    assert stream.feed(b"x foo ") + stream.feed(b"bar ORD-12") == b""
    assert stream.idle() == b"x [TWO_WORDS] "
    assert stream.feed(b"345\n") == b"[ORDER]\n"


@pytest.mark.parametrize(
    ("regex", "text", "held"),
    [
        ("ORD-[0-9]{4,}", "Receiving main", 0),
        ("ORD-[0-9]{4,}", "build 0000", 0),
        ("ORD-[0-9]{4,}", "order O", 1),
        ("ORD-[0-9]{4,}", "order (ORD-1", 5),
        ("ORD-[0-9]{4,}", "order xORD-1", 6),
        ("[0-9]{6,}", "build 0000", 4),
        ("[0-9]{6,}", "to main", 0),
        ("(?i)abc", "see aB", 2),
        ("(?:ORD|INV)-[0-9]+", "see IN", 2),
        (".*x", "see it", 2),
    ],
)
def test_a_word_waits_only_where_a_match_may_begin_in_it(regex: str, text: str, held: int) -> None:
    stream = Masker([MaskRule(patterns=(MaskPattern("own", regex),))], key=bytes(32)).stream()
    shown = stream.feed(text.encode()) + stream.idle() + stream.idle()
    assert (shown, stream.held) == (text[: len(text) - held].encode(), held)


def test_a_pattern_has_the_strategy_and_the_tools_of_its_rule() -> None:
    rule = MaskRule(patterns=(ORDER,), strategy=Strategy.PARTIAL, keep_last=2, tools=("psql",))
    masker = Masker([MaskRule(detect=("email",)), rule], key=KEY)
    assert masker.text("ORD-12345", "psql") == "*******45"
    assert masker.text("ORD-12345", "git") == "ORD-12345"


@pytest.mark.parametrize(
    ("regex", "reason"),
    [(r"(a)\1", "linear time"), ("a(?=b)", "linear time"), ("a*", "nothing at all"), ("(", "linear time")],
)
def test_a_pattern_that_cannot_serve_is_refused(regex: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        Masker([MaskRule(patterns=(MaskPattern("own", regex),))], key=KEY)


def test_a_denied_value_of_several_lines_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="line break"):
        Masker([MaskRule(deny=("a\nb",))], key=KEY)


@pytest.mark.parametrize("regex", ["(a+)+b", "(a|a)*c", "(.*)(.*)(.*)x", "[a-z]+@", "a", "(?:a{0,30}){0,30}b"])
def test_a_hostile_pattern_takes_linear_time(regex: str) -> None:
    masker = Masker([MaskRule(patterns=(MaskPattern("own", regex),))], key=KEY)

    def cost(size: int) -> float:
        best = float("inf")
        for _ in range(2):
            stream, begin = masker.stream(), time.process_time()
            for _ in range(size // 4096):
                stream.feed(b"a" * 4095 + b"\n")
            stream.finish()
            best = min(best, time.process_time() - begin)
        return best

    assert cost(1 << 16) < 0.05 + 16 * cost(1 << 14)


def test_denied_values_are_taken_as_they_are() -> None:
    odd = r"a.b*c[d](e)|f\g$^{1}"
    masker = Masker([MaskRule(deny=(odd, "ü"))], key=KEY)
    assert masker.text(f"x {odd} y ü acb") == "x [VALUE] y [VALUE] acb"
    assert re.escape(odd) != odd


@pytest.mark.parametrize(
    ("regex", "text", "masked"),
    [
        ("[^ ]", "ab c\nd\n", "[OWN] [OWN]\n[OWN]\n"),
        (r"[\s\S]", "ab\n\ncd", "[OWN]\n\n[OWN]"),
        (r"a\nb", "a\nb", "a\nb"),
        (r"\d{2}", "12345 67", "[OWN]5 [OWN]"),
        ("a|ab|bcd", "abcd x", "[OWN] x"),
    ],
)
def test_matches_side_by_side_are_one_and_end_with_their_line(regex: str, text: str, masked: str) -> None:
    masker = Masker([MaskRule(patterns=(MaskPattern("own", regex),))], key=bytes(32))
    assert masker.text(text) == masked
    for place in range(len(text)):
        stream = masker.stream()
        assert (
            stream.feed(text[:place].encode()) + stream.feed(text[place:].encode()) + stream.finish()
        ).decode() == masked


@pytest.mark.parametrize("regex", ["a.*c", "[a-z]+[0-9]", "([a-z] )+q", "^.{20}", ".{30}$", "c|cab"])
def test_a_pattern_finds_the_same_in_lines_of_any_length_however_they_are_cut(regex: str) -> None:
    dice = random.Random(regex)
    masker = Masker([MaskRule(patterns=(MaskPattern("own", regex),))], key=bytes(32))
    lines = [bytes(dice.choices(b"aabbbcqx 19 ", k=size)) for size in (200_000, 50, 90_000, 57_856, 57_857, 3)]
    data = b"\n".join([lines[0][:70_000] + b"b" * 60_000 + lines[0], *lines])
    whole = masker.stream()
    wanted = whole.feed(data) + whole.finish()
    for size in (1 << 20, 100_003, 57_857, 30_000, 9_001):
        stream = masker.stream()
        pieces = [stream.feed(data[place : place + size]) for place in range(0, len(data), size)]
        assert b"".join(pieces) + stream.finish() == wanted, (regex, size)


PARTS = [
    *[
        "a",
        "b",
        "ab",
        "aa",
        "1",
        " ",
        ".",
        r"\d",
        r"\w",
        r"\D",
        r"\W",
        "[a-c]",
        "[^a]",
        r"[\d.-]",
        "[a-]",
        r"\.",
        r"\ ",
        "A",
    ],
    *["a|b", "(a|ab)", "(?:a|aa|b)*b", "(x+x+)+y|q", "a{2,3}", "[ab]{1,2}?", "b+?", "a??b", "(?:)", "ä", "x{0}"],
]
PIECES = [*[bytes([one]) for one in b"aabbABx1.- \n\0\r\xc3\xa4qy"], b"aaab", b"xxxy", b"a.b"]


def pattern(dice: random.Random) -> Pattern | None:
    """Return a pattern made of some parts; None where they make none."""
    made = "".join(
        dice.choice(PARTS) + dice.choice(["", "", "", "|", "*", "+", "?", "{2}"]) for _ in range(dice.randrange(1, 5))
    )
    try:
        return Pattern("own", dice.choice(["", "", "(?i)"]) + made)
    except ConfigurationError:
        return None


def test_an_automaton_matches_what_re2_does() -> None:
    dice, compared, some = random.Random(11), 0, 0
    while compared < 800:
        one = pattern(dice)
        if one is None or one._matcher is None:
            continue
        text = b"".join(dice.choices(PIECES, k=dice.randrange(60)))
        end, base = dice.choice([len(text), dice.randrange(len(text) + 1)]), dice.randrange(len(text) + 1)
        wanted = [(start, last, 3, False, 0) for start, last, _ in one.find_all(text[:end], 0) if start >= base]
        found = one._matcher.find(text, base, end, 3)
        compared += found is not None
        some += len(wanted)
        assert found is None or list(found.rows()) == wanted, (one._regex, text, base, end)
    assert some > 400


@pytest.mark.parametrize(
    "regex", [r"a\b", "^a", "a$", r"\pL", "[[:alpha:]]", "[a&&b]", "(?s).", "a{1,999}", r"\x41", "é"]
)
def test_what_an_automaton_may_read_otherwise_is_left_to_re2(regex: str) -> None:
    own = Pattern("own", regex)
    assert own._matcher is None
    text = b"a A \xc3\xa9 &b\n"
    rows = [(start, last, 0, False, 0) for start, last, _ in own.find_all(text, 0)]
    assert list(own.find_block(text, 0, len(text), 0).rows()) == rows


def test_a_text_that_would_take_many_steps_is_left_to_re2() -> None:
    own, text = Pattern("own", "a*b"), (b"a" * 4000 + b"\n") * 8
    assert own._matcher is not None
    assert own._matcher.find(text, 0, len(text), 0) is None
    assert not own.find_block(text, 0, len(text), 0)
    assert list(own.find_block(text + b"xaab", 0, len(text) + 4, 0).rows()) == [(32009, 32012, 0, False, 0)]


def test_a_match_that_is_overlong_goes_on_as_the_text_does() -> None:
    own, text = Pattern("own", "x"), b"x" * 9000 + b"yy z\n"
    assert list(own.find_block(text, 0, len(text), 0).rows()) == [(0, 9002, 0, False, 0)]


def test_after_very_many_matches_the_rest_is_one() -> None:
    own, text = Pattern("own", "x"), b"x " * 100_100
    found = list(own.find_block(text, 0, len(text), 0).rows())
    assert [len(found), found[-1]] == [100_001, (199_999, 200_200, 0, False, 0)]
    assert [(start, last) for start, last, *_ in found] == [(one[0], one[1]) for one in own.find_all(text, 0)]
