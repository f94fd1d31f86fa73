"""What is compiled finds what stands around names as hyperscan does, and leaves out only what holds no secret."""

from __future__ import annotations

import random
from array import array
from re import _parser as parser  # type: ignore[attr-defined]

import pytest
from masking.compiled import named_model as model
from masking.compiled.test_native_assigned import TELLING_NAMES, piece
from masking.test_scanner_triggers import example

from guardcli.masking import DEFAULT_RULES, Masker
from guardcli.masking.compiled.finders import Table
from guardcli.masking.compiled.native import find, named
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.forms.tails import Tail

MASKER = Masker(DEFAULT_RULES, key=bytes(32))
DETECTORS = {tail: part for kind in REGISTRY.values() for part in kind.parts() for tail in part.tails}
SIFTED = {Tail.NEXT_ARGUMENT, Tail.QUOTED, Tail.SAID, Tail.ARROW}
TABLE = Table([(0, next(iter(DETECTORS[tail].finders), None)) for tail in Tail])
TABLE.compile(Tail)
PARSED = [parser.parse(one) for one in model.EXPRESSIONS.values()]
AROUND = (
    b'"> <|name="|value="|" value="|{ value = "|set("|env("|", "|(@"|set_|with|("|ENV |set -x |config --global set '
    b"|kv put |--body |\n|\n    |#define |# define | is | to | for x has been set to:  | -> | => |key: |id='|</key>\n"
    b'|<key>|":{\n|: |-\n|\r\n|variable |output "|abcdefghijklmnopqrstuvwxyz_0123456789.|Tr0ub4dor+3|`|N\''
    b'|\xe2\x86\x92 |_prod|2|>x|("|with the |.... | for x: |%3D|login app |?|&access_|=abcdef|shared-|plain-text-'
    b"|set x_|user=x,|;pwd={|'--|\nPASSWORD| x = | is generated for | string := \"| <- '| | |-srckey|store| REG_SZ "
    b"|,|;a\tb\n|\r\n"
).split(b"|")


def text(dice: random.Random) -> bytes:
    """Return forms around names, some whole, some cut, some with something between."""
    parts = []
    for _ in range(dice.randrange(1, 12)):
        kind = dice.random()
        if kind < 0.25:
            one = example(dice.choice(PARSED), dice)
            parts.append(one[dice.randrange(3) :] if dice.random() < 0.2 else one)
        elif kind < 0.5:
            parts.append(dice.choice(TELLING_NAMES))
        else:
            parts.append(dice.choice(AROUND) if kind < 0.85 else piece(dice))
    made = b"".join(parts)
    return made.swapcase() if dice.random() < 0.1 else made * dice.choice([1, 1, 1, 3])


def hits(text: bytes, end: int) -> list[tuple[int, int]]:
    found = named(text, 0, end)
    return list(zip(found[::2], found[1::2], strict=True))


def test_every_form_has_its_detector() -> None:
    assert set(DETECTORS) == set(Tail) == set(model.EXPRESSIONS)


@pytest.mark.parametrize("seed", [1, 2])
def test_forms_around_names_are_those_that_hyperscan_finds(seed: int) -> None:
    dice, seen, left_out = random.Random(seed), set(), 0
    for _ in range(1500):
        one = text(dice)
        found, wanted = hits(one, len(one)), model.named(one)
        assert found == sorted(set(found)), one
        assert set(found) <= wanted, one
        for end, number in wanted - set(found):
            assert number in SIFTED, (one, end, number)
            assert not find(one, 0, len(one), array("I", (end, number)), TABLE.entries)[0], (one, end, number)
            left_out += 1
        seen |= {number for _, number in found}
    assert seen == set(Tail)
    assert left_out > 600


def test_more_forms_than_there_is_room_for_are_all_found() -> None:
    one = b"<pwd>x" * 20_000
    assert [end for end, _ in hits(one, len(one))] == [6 * place + 6 for place in range(20_000)]
    assert hits(one, 7) == [(6, Tail.ELEMENT)]
    assert hits(b"", 0) == []
    assert list(named(one, 0, 7, 100)) == [6, 100 + Tail.ELEMENT]


def test_forms_are_looked_for_where_nothing_else_tells_of_a_name() -> None:
    assert MASKER.text('<add key="apiKey" value="Tr0ub4dor+3"/>') == '<add key="apiKey" value="[PASSWORD]"/>'
    assert MASKER.text('<add key="apiKex" value="Tr0ub4dor+3"/>') == '<add key="apiKex" value="Tr0ub4dor+3"/>'
