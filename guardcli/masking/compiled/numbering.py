"""The numbering plans of countries as `native` judges telephone numbers by them, made of the tables of `phonenumbers`.

A country's plan is made once so many of its numbers were seen that this pays; until then, and where what is dialled
before a number changes it, the library itself is asked. What the core says is what the library says.
"""

from __future__ import annotations

import ctypes
import re
from array import array
from collections.abc import Sequence
from functools import cache
from struct import Struct
from typing import Any

from guardcli.masking.compiled.automata import Automaton, compile_quickly
from guardcli.masking.compiled.native import Spans, library
from guardcli.masking.compiled.programs import program

HOMES = (
    *("US", "GB", "DE", "FR", "IT", "ES", "NL", "IN", "AU", "BR", "JP", "CN", "PL", "SE", "CH", "AT", "BE", "MX", "ZA"),
    "IE",
)
"""Whose numbering plans a number without a country code is held against; each is the main one of its code."""

_CODES = 1000
_PLANS = Struct(f"<{_CODES + len(HOMES)}Q{_CODES + 1}B7x")
_KNOWN_AT = 8 * (_CODES + len(HOMES))
_REGION = Struct("<Q2QII2QII2Q")
_PLAN = Struct("<3Q4I")
_POINTER = Struct("<Q")
_ENOUGH = 64
"""Numbers of a country for which the library is asked before its plan is made."""

_STATES = 4096
_NO_CODE = 0
_OTHER = re.compile(rb"[^0-9]")
_KINDS = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number"),
    *("pager", "uan", "voicemail", "fixed_line", "mobile"),
)


class Plans:
    """The plans that were made so far, shared by all streams of the process."""

    def __init__(self) -> None:
        self._table = bytearray(_PLANS.size)
        self._memory = (ctypes.c_char * len(self._table)).from_buffer(self._table)
        self._kept: list[object] = []
        self._asked: dict[int, int] = {}
        self.address = ctypes.addressof(self._memory)

    def asked(self, number: bytes, homes: Sequence[str] = HOMES[:1]) -> None:
        """Take note that the library is asked of a number, with its country's code behind ``+`` or 00 or else of one of
        `homes`; their plans are made once so many were.
        """
        import phonenumbers  # only when a number is there: the tables of all countries take time to load

        coded = next((number[len(sign) :] for sign in (b"+", b"00") if number.startswith(sign)), b"")
        digits = _OTHER.sub(b"", coded)[:3]
        known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        codes: Sequence[int] = (
            [code for code in (int(digits[:size]) for size in (1, 2, 3)) if code in known] if digits else []
        )
        key = (codes[0] if codes else _NO_CODE) if coded else -len(homes)
        count = self._asked[key] = self._asked.get(key, 0) + 1
        if count == _ENOUGH:
            self.make([key] if coded else [phonenumbers.country_code_for_region(home) for home in homes])

    def make(self, codes: Sequence[int]) -> None:
        """Make the plans of countries' codes; those that there are not are passed over."""
        import phonenumbers

        known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        for code in codes:
            if code in known and not self._plan_of(code):
                _POINTER.pack_into(self._table, _POINTER.size * code, self._made(code, known[code]))
        for index, home in enumerate(HOMES):
            made = self._plan_of(phonenumbers.country_code_for_region(home))
            _POINTER.pack_into(self._table, _POINTER.size * (_CODES + index), made)
        for code in known:
            self._table[_KNOWN_AT + code] = 1
        self._table[_KNOWN_AT + _CODES] = 1

    def _plan_of(self, code: int) -> int:
        found: int = _POINTER.unpack_from(self._table, _POINTER.size * code)[0]
        return found

    def judge(self, text: bytes, base: int, rank: int, places: Spans) -> Spans:
        """Return the telephone numbers among those of `places` that are of `rank`, and leave in it what is open."""
        found, left = Spans.room(places.count), ctypes.c_size_t()
        found.count = library().guard_telephones(
            *(text, base, rank, self.address, places.address(), places.count, found.address(), ctypes.byref(left))
        )
        places.count = left.value
        return found

    def _made(self, code: int, names: Sequence[str]) -> int:
        from phonenumbers import PhoneMetadata

        tables = [PhoneMetadata.metadata_for_region_or_calling_code(code, name) for name in names]
        regions = b"".join(self._region(one) for one in tables if one is not None)
        main: Any = tables[0]
        changes = bool(main.national_prefix_transform_rule)
        prefixes = map(self._program, (main.national_prefix_for_parsing, main.international_prefix))
        count = len(regions) // _REGION.size
        return self._keep(bytearray(_PLAN.pack(*prefixes, self._keep(bytearray(regions)), code, changes, count, 0)))

    def _region(self, region: Any) -> bytes:
        general = region.general_desc
        kinds = {getattr(region, kind).national_number_pattern for kind in _KINDS if getattr(region, kind) is not None}
        numbers = "|".join(sorted(filter(None, kinds)))
        automata = [*self._automaton(general.national_number_pattern), *self._automaton(numbers)]
        lengths = (_bits(general.possible_length), _bits(general.possible_length_local_only))
        return _REGION.pack(self._program(region.leading_digits), *automata, *lengths)

    def _program(self, expression: str | None) -> int:
        """Return where the program of an expression is, 0 of none. Behind digits nothing but their end follows."""
        if not expression:
            return 0
        made = program(expression.replace("$", "(?![0-9])").encode())
        self._kept.append(made)
        return made.buffer_info()[0]

    def _automaton(self, expression: str) -> tuple[int, int, int, int]:
        made: Automaton = compile_quickly(expression.encode(), _STATES)
        width = max(made.classes) + 1
        rows = array("H", (state * width for row in made.rows for state in row))
        self._kept.append(rows)
        return self._keep(bytearray(made.classes)), rows.buffer_info()[0], made.start * width, made.accepting * width

    def _keep(self, data: bytearray) -> int:
        memory = (ctypes.c_char * len(data)).from_buffer(data)
        self._kept.append(memory)
        return ctypes.addressof(memory)


def _bits(lengths: Sequence[int]) -> int:
    return sum(1 << length for length in lengths if length >= 0)


@cache
def plans() -> Plans:
    """Return the plans of this process."""
    return Plans()
