"""The part of masking that is compiled: what must be done wherever a secret may stand, at the speed of a pipe.

Its sources are in ``native/``. It is a library of plain C, bound by ctypes: it fits every CPython, keeps no state
between two calls and does no I/O, and other threads run on while it works.
"""

from __future__ import annotations

import ctypes
import os.path
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from functools import cache
from itertools import compress
from struct import Struct
from typing import Any, NamedTuple

import guardcli
from guardcli.masking.spans import Span
from guardcli.model.errors import UnavailableError

LIBRARY = os.path.join(os.path.dirname(guardcli.__file__), "_native", "libguard_mask.so")
VERSION = 21
SWEPT = ("credit_card", "iban", "national_id", "email", "phone", "vendor_token")
"""Detectors whose forms the sweep finds, in its own order; the last two judge them by their `find`."""

LABEL_MAX = 63
RANKS = 255
"""There are fewer detectors in a plan than this."""
_OFF = 255
_SPAN = Struct("<IIBBBx")
_HIT = 8
_LABEL = Struct(f"<B{LABEL_MAX}s")
_PROGRESS = Struct("<QQQQBxxxxxxx")
BYTES_A_SIGN = 32
"""There is room for one assignment in so many bytes at first; where there are more, all are looked for again."""

_BYTES_A_LED_VALUE = 4
"""As LEAST in ``native/finders.c``."""

STEPS_A_BYTE = 96
"""What finding may take on a line: three times what lines take that hold nothing but secrets, side by side."""

_ROOM_MAX = 4096
"""Findings for which there is room at first; the sweep is run again where there are more."""

Row = tuple[int, int, int, bool, int]
"""A finding as plain values, in the order of `Span`, which is one."""

Replace = Callable[[Span, int], tuple[bytes, int]]
"""Given a finding and where the text goes on, returns what replaces it and how many blanks behind it go too."""


class Spans:
    """Findings as the library knows them."""

    __slots__ = ("_packed", "count")

    def __init__(self, packed: bytearray, count: int) -> None:
        """`packed` holds `count` findings, and perhaps room behind them."""
        self._packed = packed
        self.count = count

    @classmethod
    def of(cls, spans: Iterable[Row]) -> Spans:
        """Return `spans` as they are."""
        packed = bytearray().join(_SPAN.pack(*span) for span in spans)
        return cls(packed, len(packed) // _SPAN.size)

    @classmethod
    def room(cls, count: int) -> Spans:
        """Return none, with room for so many."""
        return cls(bytearray(count * _SPAN.size), 0)

    def __bool__(self) -> bool:
        return self.count > 0

    def __iter__(self) -> Iterator[Span]:
        return (Span(*span) for span in self.rows())

    def rows(self) -> Iterator[Row]:
        """Return the findings as plain rows: start, end, rank, drop and rest."""
        return _SPAN.iter_unpack(memoryview(self._packed)[: self.count * _SPAN.size])

    def __getitem__(self, index: int) -> Span:
        return Span(*_SPAN.unpack_from(self._packed, (index if index >= 0 else self.count + index) * _SPAN.size))

    def join(self, others: Spans) -> None:
        """Put `others` behind these."""
        if others.count:
            self._packed[self.count * _SPAN.size :] = memoryview(others._packed)[: others.count * _SPAN.size]
            self.count += others.count

    def add(self, spans: Sequence[Row]) -> None:
        """Put `spans` behind these."""
        if spans:
            self._packed[self.count * _SPAN.size :] = b"".join([_SPAN.pack(*span) for span in spans])
            self.count += len(spans)

    def resolve(self, personal: bytes) -> None:
        """Sort the findings and make them disjoint; `personal` has a byte for each rank."""
        if self.count > 1:
            self.count = library().guard_resolve(self.address(), self.count, personal)

    def address(self) -> Any:
        """Return the memory, for a call of the library."""
        return _memory(self._packed)


class Sweep:
    """Finds forms that have no literal to search for. Immutable; safe to share between threads."""

    def __init__(self, ranks: Mapping[str, int]) -> None:
        """`ranks` gives each detector that is on its number. Raises UnavailableError where there is no library."""
        self._library = library()
        self._ranks = bytes(ranks.get(name, _OFF) for name in SWEPT)
        self._any = any(rank != _OFF for rank in self._ranks)

    def find(self, text: bytes, start: int, base: int, end: int) -> tuple[Spans, Spans]:
        """Return what begins in `text[base:end]`, each detector's findings in order; `text[start:end]` is looked at.

        With them the forms anywhere behind `start` that their detector must judge.
        """
        room = min(_ROOM_MAX, (end - start) // 4 + 8) if self._any else 0
        while room:
            found, places = Spans.room(room), Spans.room(room)
            looks = ctypes.c_size_t()
            found.count = self._library.guard_sweep(
                text, end, start, base, self._ranks, found.address(), places.address(), ctypes.byref(looks), room
            )
            places.count = looks.value
            if max(found.count, places.count) <= room:
                return found, places
            room = max(found.count, places.count)
        return Spans.room(0), Spans.room(0)


def assigned(text: bytes, base: int, end: int, rank: int) -> Spans:
    """Return what is assigned to telling names in `text[:end]` and begins from `base` on, in order, as of `rank`."""
    room = end // BYTES_A_SIGN + 8
    while True:
        signs, found, count = bytearray(4 * room), Spans.room(room), ctypes.c_size_t()
        places = library().guard_assigned(
            text, end, base, rank, _memory(signs), found.address(), ctypes.byref(count), room
        )
        if places <= room:
            found.count = count.value
            return found
        room = places


def named(text: bytes, start: int, end: int, first: int = 0) -> array[int]:
    """Return where forms of `tails` end in `text[start:end]`, in order, each followed by its number, counted from
    `first`; those that can hold no secret may be left out.
    """
    room = (end - start) // BYTES_A_SIGN + 8
    while True:
        hits, count = array("I", bytes(room * _HIT)), ctypes.c_size_t()
        places = library().guard_named(text, end, start, first, hits.buffer_info()[0], ctypes.byref(count), room)
        if places <= room:
            return hits[: 2 * count.value]
        room = places


def numbers_of(hits: array[int], most: int) -> set[int]:
    """Return the numbers of `hits`, all of them below `most`."""
    seen = bytearray(most)
    library().guard_numbers(hits.buffer_info()[0], len(hits) // 2, _memory(seen))
    return set(compress(range(most), seen))


def find(
    text: bytes, base: int, end: int, hits: array[int], entries: bytearray, steps: int = STEPS_A_BYTE
) -> tuple[Spans, array[int]]:
    """Return what stands around `hits` in `text[:end]` and begins from `base` on, and the hits that have no finder.

    `entries` has one for each number: where its finder is, 0 where there is none, and its rank. A line that takes more
    `steps` for each of its bytes is masked as a whole.
    """
    count = len(hits) // 2
    most = count + end // _BYTES_A_LED_VALUE + 1
    found, left = Spans.room(most), ctypes.c_size_t()
    found.count = library().guard_find(
        text, end, base, hits.buffer_info()[0], count, _memory(entries), steps, found.address(), ctypes.byref(left)
    )
    return found, hits[: 2 * left.value]


def beginnings(text: bytes, start: int, base: int, end: int, known: bytes) -> tuple[Spans, Spans]:
    """Return what begins with words in `text[start:end]` and from `base` on, and the forms that detectors must judge.

    `known` is what `guardcli.masking.compiled.beginnings` packs of the words and of who looks there.
    """
    room = (end - start) // BYTES_A_SIGN + 8
    while True:
        found, places, left = Spans.room(room), Spans.room(room), ctypes.c_size_t()
        found.count = library().guard_beginnings(
            text, end, start, base, known, found.address(), places.address(), ctypes.byref(left), room
        )
        places.count = left.value
        if max(found.count, places.count) <= room:
            return found, places
        room = max(found.count, places.count)


def webtokens(text: bytes, end: int) -> Sequence[int]:
    """Return where the ninth byte ends of what may be the header of a JSON Web Token in `text[:end]`."""
    return _ends(library().guard_webtokens, text, end)


def cookies(text: bytes, end: int) -> Sequence[int]:
    """Return where the first byte of a cookie's value ends in each header in `text[:end]`."""
    return _ends(library().guard_cookies, text, end)


def _ends(find: Callable[..., int], text: bytes, end: int) -> Sequence[int]:
    room = end // BYTES_A_SIGN + 8
    while True:
        ends = bytearray(4 * room)
        count = find(text, end, _memory(ends), room)
        if count <= room:
            return memoryview(ends).cast("I")[:count]
        room = count


class Question(IntEnum):
    """What is asked of a value; of those from `ANY` on a judge alone asks, and `GIVEN`."""

    PLACEHOLDER = 0
    DUMMY = 1
    CHOSEN = 2
    STRING = 4
    FORMATTED_STRING = 5
    STRICT_STRING = 6
    FORMATTED_STRICT_STRING = 7
    ANY = 8
    TOKEN = 9
    BODY = 10
    LOGIN = 11
    PAIR = 12
    COOKIE = 13
    GIVEN = 14
    RANDOM = 15
    MATERIAL = 16
    ADDRESS = 17
    DIALLED = 18
    IDENTIFIED = 19
    TELEPHONE = 20
    AMERICAN = 21
    GENERATED = 22
    ACCOUNT = 23
    ENCODED = 24
    ENCODED_HEAD = 25
    ARMOURED = 26
    IDENTIFIER = 64
    """And, on top of it, the number of the word before the identifier."""


def judge(value: bytes, question: int) -> bool:
    """Answer a `Question` of `value`."""
    return bool(library().guard_value(value, len(value), question))


def judge_word(value: bytes, following: int, code: bool, strict: bool, shell: bool) -> bool:
    """Tell whether a word is secret, as `rightside` says; `following` is the next byte, -1 where there is none."""
    return bool(library().guard_word(value, len(value), following, code, strict, shell))


class Job(NamedTuple):
    """What is put together: `text[place:end]`; `counts` holds four bytes a rank, one more for each label."""

    text: bytes
    place: int
    end: int
    counts: bytearray


class Emitter:
    """Puts a text together again without its secrets. Immutable; safe to share between threads."""

    def __init__(self, labels: Sequence[bytes]) -> None:
        """`labels` has one for each rank, empty where a rule wants more than a label."""
        self._library = library()
        fitting = (label if len(label) <= LABEL_MAX else b"" for label in labels)
        self._labels = b"".join(_LABEL.pack(len(label), label) for label in fitting)
        self._longest = max((len(label) for label in labels), default=0) + 2

    def emit(self, job: Job, spans: Spans, masked: bool, room: bytearray, replace: Replace) -> bytes:
        """Return `job.text[job.place:job.end]` with `spans` replaced. `masked` says that the label of a span that
        begins before `job.place` went out already. What needs more than a label is asked of `replace`. `room` is the
        caller's, for use again.
        """
        most = len(job.text) - job.place + spans.count * self._longest
        if len(room) < most:
            room.extend(bytes(most - len(room)))
        state = bytearray(_PROGRESS.pack(job.place, 0, 0, 0, masked))
        progress, counted, found, out = _memory(state), _memory(job.counts), spans.address(), _memory(room)
        pieces: list[bytes] = []
        while True:
            self._library.guard_emit(
                job.text, len(job.text), job.end, found, spans.count, self._labels, counted, progress, out
            )
            place, _, index, written, _ = _PROGRESS.unpack(state)
            pieces.append(ctypes.string_at(out, written))
            if index == spans.count:
                return b"".join(pieces) if len(pieces) > 1 else pieces[0]
            span = spans[index]
            new, skip = replace(span, place)
            pieces.append(new)
            _PROGRESS.pack_into(state, 0, min(span.end, job.end), skip, index + 1, 0, False)


def view(text: bytes, joined: bool) -> tuple[bytes, Sequence[int], Sequence[int]]:
    """Return `text` without escape sequences, and where its pieces begin, in it and in `text`, with the end of both.

    `joined` leaves all of them out; otherwise what moves the cursor becomes a blank, and strings are shown.
    """
    most = 2 * (text.count(b"\x1b") + text.count(b"\b")) + 2
    seen, raw, pieces = bytearray(4 * most), bytearray(4 * most), ctypes.c_size_t()
    out = bytearray(len(text))
    length = library().guard_view(
        text, len(text), joined, _memory(out), _memory(seen), _memory(raw), ctypes.byref(pieces)
    )
    starts = [memoryview(places).cast("I")[: pieces.value] for places in (seen, raw)]
    return bytes(memoryview(out)[:length]), starts[0], starts[1]


def _memory(data: bytearray) -> Any:
    """Return where `data` lies, for a call; an array of its length would be a new type for each length."""
    return ctypes.byref(ctypes.c_char.from_buffer(data or bytearray(1)))


@cache
def library() -> ctypes.CDLL:
    """Load the library. Raises UnavailableError where there is none, or one of another version."""
    try:
        loaded = ctypes.CDLL(LIBRARY)
        loaded.guard_mask_version.restype = ctypes.c_uint
        found = loaded.guard_mask_version()
    except (OSError, AttributeError) as error:
        raise UnavailableError(
            f"masking cannot load its library: {error}", hint="install guard again: pip install . compiles it"
        ) from error
    if found != VERSION:
        raise UnavailableError(
            f"{LIBRARY} is of version {found}, not {VERSION}", hint="install guard again: pip install . compiles it"
        )
    text, size, memory = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p
    truth, byte = ctypes.c_bool, ctypes.c_uint8
    for function, result, arguments in (
        (loaded.guard_sweep, size, (text, size, size, size, text, memory, memory, memory, size)),
        (loaded.guard_resolve, size, (memory, size, text)),
        (loaded.guard_emit, None, (text, size, size, memory, size, text, memory, memory, memory)),
        (loaded.guard_view, size, (text, size, truth, memory, memory, memory, ctypes.POINTER(size))),
        (loaded.guard_assigned, size, (text, size, size, byte, memory, memory, ctypes.POINTER(size), size)),
        (loaded.guard_named, size, (text, size, size, ctypes.c_uint32, memory, ctypes.POINTER(size), size)),
        (loaded.guard_numbers, None, (memory, size, memory)),
        (loaded.guard_find, size, (text, size, size, memory, size, memory, size, memory, ctypes.POINTER(size))),
        (
            *(loaded.guard_beginnings, size),
            (text, size, size, size, text, memory, memory, ctypes.POINTER(size), size),
        ),
        (loaded.guard_program, ctypes.c_uint, (memory, text, size, size, ctypes.c_uint, memory)),
        (loaded.guard_webtokens, size, (text, size, memory, size)),
        (loaded.guard_cookies, size, (text, size, memory, size)),
        (loaded.guard_matches, size, (text, size, size, byte, text, memory, size)),
        (loaded.guard_value, truth, (text, size, ctypes.c_uint)),
        (loaded.guard_word, truth, (text, size, ctypes.c_int, truth, truth, truth)),
        (loaded.guard_identifier, ctypes.c_uint, (text, size, ctypes.c_uint)),
        (loaded.guard_headings, size, (text, size, ctypes.c_uint, truth, memory, size, ctypes.c_uint, memory, size)),
        (loaded.guard_rows, size, (text, size, size, memory, memory, size, ctypes.POINTER(size))),
        (loaded.guard_led, size, (text, size, size, memory, memory, size, ctypes.POINTER(size))),
        (loaded.guard_telephone, ctypes.c_uint, (memory, text, size, truth)),
        (loaded.guard_telephones, size, (text, size, byte, memory, memory, size, memory, ctypes.POINTER(size))),
        (loaded.guard_noise, truth, (text, size, size)),
    ):
        function.restype, function.argtypes = result, arguments
    return loaded
