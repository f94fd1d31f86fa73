"""How the secret around a trigger is found, as values: what stands where, and what the secret must be.

``native/finders.c`` does the finding, for all triggers of a text in one call; it matches as Python's `re` does.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import cache
from struct import Struct
from typing import NamedTuple

from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.programs import program

_FINDER = Struct("<10I7Q")
_ENTRY = Struct("<QQ")
_NO_RANK = 255
_DISTANCES = 6


class Way(IntEnum):
    """What is looked for around a trigger, as in ``native/finders.c``."""

    FORM = 0
    """A value behind a head, on the line of the trigger; it begins up to `ahead` bytes behind the trigger's end, with 0
    shortly before it. With a `lead` the head stands up to 400 bytes behind that, and each one on the line counts.
    """
    TOKEN = 1
    """A value that begins with the head, at one of the `distances` before the trigger's end, or else (`ahead` is not 0)
    anywhere up to 128 bytes before it. What matches `against` on the 40 bytes before makes it public.
    """
    SHAPE = 2
    """A value around the trigger's end, on its line: from the first distance before it to `ahead` behind it; it may end
    so much before the trigger does as the second distance says.
    """
    AUTHORITY = 3
    """The value that begins at the last ``://`` before the trigger's end, and is none that begins with the head."""
    BEGINNING = 4
    """Everything that matches the value, wherever one of the words stands that it begins with: `beginnings` finds it.
    The trigger is reported once a text, so it must be there wherever the value is.
    """


class Finder(NamedTuple):
    """One way to find a secret. `value` matches it, in its last group; with `whole` all of the match is masked, and the
    group is judged.
    """

    way: Way
    value: bytes
    judge: Judge
    head: bytes = b""
    ahead: int = 0
    distances: Sequence[int] = ()
    whole: bool = False
    against: bytes = b""
    lead: bytes = b""
    plans: int = 0


class Packed(NamedTuple):
    """A finder as the library knows it, and what it points to."""

    address: int
    kept: tuple[array[int], ...]


@cache
def packed(finder: Finder) -> Packed:
    """Return `finder` with its programs; it is compiled for the first trigger that is seen."""
    parts = (finder.head, finder.value, finder.judge.wants, finder.judge.declines, finder.against, finder.lead)
    programs = [program(one) if one else array("I") for one in parts]
    distances = (*finder.distances, *(0,) * (_DISTANCES - len(finder.distances)))
    addresses = (one.buffer_info()[0] if one else 0 for one in programs)
    made = array(
        "B",
        _FINDER.pack(
            finder.way, finder.ahead, finder.judge.question, finder.whole, *distances, *addresses, finder.plans
        ),
    )
    return Packed(made.buffer_info()[0], (made, *programs))


def entry(address: int, rank: int) -> bytes:
    """Return who finds as the library knows it: where its finder is, 0 where there is none, and its rank."""
    return _ENTRY.pack(address, rank)


class Table:
    """The finders of one plan by the numbers of their triggers, each compiled when its trigger is first seen."""

    def __init__(self, finders: Sequence[tuple[int, Finder | None]]) -> None:
        """`finders` has a rank for each number, -1 where a trigger needs no look, and who looks: None for Python."""
        self.entries = bytearray().join(entry(0, rank if rank >= 0 else _NO_RANK) for rank, _ in finders)
        self._waiting = {number: finder for number, (_, finder) in enumerate(finders) if finder is not None}
        self._kept: list[Packed] = []

    def compile(self, fired: Iterable[int]) -> None:
        """See to it that the finders of `fired` are there."""
        for number in self._waiting.keys() & fired:
            made = packed(self._waiting[number])
            self._kept.append(made)
            _, rank = _ENTRY.unpack_from(self.entries, number * _ENTRY.size)
            _ENTRY.pack_into(self.entries, number * _ENTRY.size, made.address, rank)
        for number in fired:
            self._waiting.pop(number, None)
