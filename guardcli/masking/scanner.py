"""The first pass: one hyperscan database over all triggers, scanned block by block.

Where it finds a telling name, the compiled core looks for what stands around such names.
"""

from __future__ import annotations

import hashlib
import threading
from array import array
from collections.abc import Callable, Collection, Sequence

import hyperscan

from guardcli.masking.compiled.native import named
from guardcli.masking.forms.names import TELLING
from guardcli.model.errors import ConfigurationError

_NAME = rb"(?i)" + TELLING
_NOTHING = b"guard has no expression here"


class Scanner:
    """A compiled set of expressions. Safe to share between threads: each gets a scratch space of its own."""

    def __init__(
        self,
        expressions: Sequence[bytes],
        stored: bytes | None = None,
        once: Collection[int] = (),
        tails: Sequence[int] = (),
    ) -> None:
        """Compile `expressions`, or load `stored` (from `dump`) when it fits this machine's hyperscan.

        Those whose numbers are in `once` are reported once a scan. Where there are `tails`, forms are looked for around
        names, and reported by their numbers from `first_tail` on: all of them.
        """
        loaded = _load(stored)
        self.compiled = loaded is None
        self._gate = len(expressions)
        self._tails = bool(tails)
        if tails:
            expressions, once = [*expressions, _NAME], {*once, self._gate}
        self._database = _compile(expressions or [_NOTHING], once) if loaded is None else loaded
        self._scratch = hyperscan.Scratch(self._database)
        self._local = threading.local()

    def dump(self) -> bytes:
        """Return the compiled form, for the next start."""
        dumped: bytes = hyperscan.dumpb(self._database)
        return dumped

    @property
    def first_tail(self) -> int:
        """The number of the first of the tails: `Tail`'s own come on top of it."""
        return self._gate + 1

    def scan(self, text: bytes, end: int = -1, start: int = 0) -> array[int]:
        """Return every hit in `text[start:end]`, or to its end: where it ends, and its number.

        `start` is one of a line. Those of the expressions come by where they end, and then those of tails, but for such
        as hold no secret.
        """
        hits = array("I")
        add = hits.append
        gate = self._gate if self._tails else -1
        passed: list[int] = []

        def record(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            if number == gate:
                passed.append(end)
            else:
                add(start + end)
                add(number)

        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = self._scratch.clone()
        end = len(text) if end < 0 else end
        block = text if end == len(text) and not start else memoryview(text)[start:end]
        self._database.scan(block, match_event_handler=record, scratch=scratch)  # type: ignore[type-var]  # any buffer
        if passed:
            hits.extend(named(text, start, end, self.first_tail))
        return hits


def digest(expressions: Sequence[bytes], once: Collection[int] = (), tails: Sequence[int] = ()) -> str:
    """Name the compiled form of `expressions`; one of another version of hyperscan is refused when it is loaded."""
    state = hashlib.sha256(bytes(tails))
    for number, expression in enumerate(expressions):
        state.update(len(expression).to_bytes(4, "big") + expression + (b"1" if number in once else b"0"))
    return state.hexdigest()


def _load(stored: bytes | None) -> hyperscan.Database | None:
    if stored is None:
        return None
    try:
        return hyperscan.loadb(stored, hyperscan.HS_MODE_BLOCK)
    except hyperscan.error:
        return None


def _compile(expressions: Sequence[bytes], once: Collection[int]) -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=list(expressions),
            ids=list(range(len(expressions))),
            elements=len(expressions),
            flags=[hyperscan.HS_FLAG_SINGLEMATCH if number in once else 0 for number in range(len(expressions))],
        )
    except hyperscan.error as error:
        raise ConfigurationError(f"the masking patterns do not compile: {error}") from error
    return database


StoredLoader = Callable[[str], bytes | None]
"""Given a digest, returns what was stored under it."""
