"""The part of masking that is compiled: what must be looked at closely wherever it may stand, at the speed of a pipe.

Its sources are in ``native/``. It is a library of plain C, bound by ctypes: it fits every CPython, keeps no state
between two calls and does no I/O, and other threads run on while it works.
"""

from __future__ import annotations

import ctypes
import os.path
import struct
from collections.abc import Mapping
from functools import cache

from guardcli.model.errors import UnavailableError

LIBRARY = os.path.join(os.path.dirname(os.path.dirname(__file__)), "_native", "libguard_mask.so")
VERSION = 1
SWEPT = ("credit_card", "iban", "national_id", "email", "phone")
"""Detectors whose forms the sweep finds, in its own order; it judges all but the last, whose `find` is called."""

_OFF = 255
_SPAN = struct.Struct("<IIBBBx")
_ROOM = 4096
"""Findings for which there is room at first; the sweep is run again where there are more."""

Found = tuple[int, int, int, int, int]
"""Start, end, rank, and zeros for `drop` and `rest`; start and end are one where a detector must look closely."""


class Sweep:
    """Finds forms that have no literal to search for. Immutable; safe to share between threads."""

    def __init__(self, ranks: Mapping[str, int]) -> None:
        """`ranks` gives each detector that is on its number. Raises UnavailableError where there is no library."""
        self._library = library()
        self._ranks = bytes(ranks.get(name, _OFF) for name in SWEPT)
        self._any = any(rank != _OFF for rank in self._ranks)

    def find(self, text: bytes, start: int) -> list[Found]:
        """Return what begins in `text[start:]`, each detector's findings in order."""
        if not self._any:
            return []
        room = _ROOM
        while True:
            found = ctypes.create_string_buffer(room * _SPAN.size)
            count = self._library.guard_sweep(text, len(text), start, self._ranks, found, room)
            if count <= room:
                return list(_SPAN.iter_unpack(memoryview(found)[: count * _SPAN.size]))
            room = count


def is_noise(text: bytes, start: int) -> bool:
    """Tell whether what stands before `start` is bytes that no text has. NUL and escape sequences are text here.

    Only the 32 bytes before count: they are known when `start` is reached, however the bytes are cut.
    """
    return bool(library().guard_noise(text, len(text), start))


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
    loaded.guard_sweep.restype = ctypes.c_size_t
    loaded.guard_sweep.argtypes = (
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
    )
    loaded.guard_noise.restype = ctypes.c_bool
    loaded.guard_noise.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t)
    return loaded
