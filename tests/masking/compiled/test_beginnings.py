"""What begins with a word is found wherever it stands, and its trigger is there too."""

from __future__ import annotations

import random
import re
from re import _parser as parser  # type: ignore[attr-defined]

import pytest
from masking.compiled import finders_model as model
from masking.compiled.test_finders import ALL, FINDERS, texts
from masking.test_scanner_triggers import example

from guardcli.masking.compiled.beginnings import Beginnings, words
from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.scanner import Scanner

WORDS = (
    (rb"(?<!\w)(?i:ssn|social.?security|itin)[ ]", {b"ssn ", b"social", b"itin "}),
    (rb"xox[abce]-(?:[0-9]-)?", {b"xoxa-", b"xoxb-", b"xoxc-", b"xoxe-"}),
    (rb"\bs(?:e|\xc3\xa9)r?x", {b"sex", b"serx", b"s\xc3\xa9x", b"s\xc3\xa9rx"}),
    (rb"(?:ab){2}c{2,3}d", {b"ababcc"}),
    (rb"(?:tax|taxpayer)x*", {b"tax"}),
    (rb"abcdefghijklmnop", {b"abcdefgh"}),
)
ANY = Judge(Question.ANY)
BEGINNING = [finder for finder in FINDERS if finder.way is Way.BEGINNING]


def found(finders: list[Finder], text: bytes, base: int = 0) -> list[tuple[int, int]]:
    """Return what `finders` of one detector find, all of them fired."""
    made = Beginnings(dict(enumerate((0, finder) for finder in finders)))
    return [one[:2] for one in made.find(text, 0, base, len(text), made & range(len(finders)))[0]]


def modelled(finder: Finder, text: bytes) -> list[tuple[int, int]]:
    plain, place, spans = re.compile(finder.value), 0, []
    while place < len(text):
        one = plain.match(text, place)
        group = one.lastindex or 0 if one is not None else 0
        if (
            one is not None
            and model.is_secret(finder.judge, one[group])
            and not model.is_public(finder, text, one.start(group))
        ):
            spans.append(one.span(group))
            place = one.end(group)
        else:
            place += 1
    return spans


@pytest.mark.parametrize(("expression", "wanted"), WORDS)
def test_the_words_that_an_expression_begins_with_are_told(expression: bytes, wanted: set[bytes]) -> None:
    assert words(expression) == wanted


@pytest.mark.parametrize("expression", [rb"\w+x", rb"(?:ab)?[^x]", rb"x*y", rb".a"])
def test_what_may_begin_with_anything_is_refused(expression: bytes) -> None:
    with pytest.raises(ValueError, match="may begin with anything"):
        words(expression)


def test_all_that_the_model_finds_is_found_and_no_more() -> None:
    dice, count = random.Random(3), 0
    others = [example(parser.parse(finder.value), dice)[:200] for finder in BEGINNING]
    for finder in BEGINNING:
        for _ in range(8):
            text = texts(finder, others, dice)
            assert found([finder], text) == modelled(finder, text), (finder, text)
            count += len(modelled(finder, text))
    assert count >= 5


def test_wherever_a_value_is_its_trigger_is_reported() -> None:
    dice, count = random.Random(4), 0
    pairs = [pair for part in ALL for pair in zip(part.triggers, part.finders, strict=False)]
    for finder in BEGINNING:
        several = [trigger for trigger, other in pairs if other == finder]
        scanner, plain = Scanner(several), re.compile(finder.value)
        for _ in range(20):
            text = texts(finder, several, dice)
            ends = scanner.scan(text)[::2]
            for one in plain.finditer(text):
                assert any(one.start() < end <= one.end() for end in ends), (finder, text, one)
                count += 1
    assert count > 300


def test_words_within_words_are_found_in_any_case_and_only_where_a_finder_is_asked() -> None:
    one, other = (Finder(Way.BEGINNING, word + rb" (x\w+)", ANY) for word in (rb"(?i)social", rb"(?i)al"))
    assert found([one, other], b"SOCIAL xab AL xcd soc\xffial xef") == [(7, 10), (14, 17), (26, 29)]
    both = Beginnings({5: (0, one), 9: (1, other)})
    assert both & {1, 9} == {1}
    assert [tuple(span)[:3] for span in both.find(b"social xab", 0, 0, 10, {1})[0]] == [(7, 10, 1)]


def test_only_what_begins_behind_the_base_and_none_within_another_is_told() -> None:
    finder = Finder(Way.BEGINNING, rb"key (\w+(?: key \w+)?)", ANY)
    text = b"key aa key bb key cc\nkey dd"
    assert found([finder], text) == [(4, 13), (18, 20), (25, 27)]
    assert found([finder], text, 5) == [(18, 20), (25, 27)]
    assert len(found([finder], b"key a\n" * 5000)) == 5000
