"""Holding the output of one call against its limits, over all its streams, while it passes.

Rows and bytes are counted behind the mask, in what would be delivered. Findings are counted before it, by a finder of
their own, so that they count whether they are masked or not; what a finder has not made up its mind about waits here,
and so nothing of the finding that is one too many has gone when it is found. A silence lets go what waits, for a prompt
must appear, but not from the place on where another look finds one too many. Memory is bounded by what a finder holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from guardcli.model.limits import Breach, OutputLimit

Observer = Callable[[str, int, int], None]
"""Told of each finding: detector, offset in the stream, length."""


class Mask(Protocol):
    """The part of `guardcli.masking.MaskStream` that a stream needs."""

    @property
    def held(self) -> int:
        """Bytes held back now."""
        ...

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired."""
        ...

    def hush(self) -> None:
        """Tell the observer of nothing more."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Take output, return what may be let out."""
        ...

    def idle(self) -> bytes:
        """Return what may be let out after a silence."""
        ...

    def finish(self) -> bytes:
        """Return the rest."""
        ...


MakeFinder = Callable[[tuple[str, ...], Observer], Mask]
"""Gives a stream that tells of all that the named detectors find."""


class Limits:
    """What the limits of one call have seen so far. `broken` is the one that ended it, None while none has."""

    def __init__(self, limits: Sequence[OutputLimit], make_finder: MakeFinder) -> None:
        self.broken: OutputLimit | None = None
        self._limits = tuple(limits)
        self._make_finder = make_finder
        self._found = dict.fromkeys(self._limits, 0)
        self._rows = self._size = 0

    def __bool__(self) -> bool:
        return bool(self._limits)

    def around(self, mask: Mask, text: bool = True) -> Mask:
        """Return `mask` as these limits let it deliver; rows and findings are counted in `text` only."""
        return _Limited(mask, self, text) if self._limits else mask

    def finders(self, breach: Callable[[OutputLimit, int], None]) -> list[Mask]:
        """Return a finder for each limit on findings; `breach` is told of the first one too many, and where it is."""
        return [self._finder(limit, breach) for limit in self._limits if limit.findings is not None]

    def _finder(self, limit: OutputLimit, breach: Callable[[OutputLimit, int], None]) -> Mask:
        def found(detector: str, offset: int, length: int) -> None:
            self._found[limit] += 1
            if self._found[limit] == (limit.findings or 0) + 1:
                breach(limit, offset)

        return self._make_finder(limit.detect, found)

    def harmless(self, text: bytes) -> int:
        """Return how much of `text`, which is not counted yet, holds no finding that would be one too many."""
        end = len(text)
        for limit in self._limits:
            if limit.findings is not None and text:
                places: list[int] = []
                finder = self._make_finder(limit.detect, lambda _, offset, length, into=places: into.append(offset))  # type: ignore[misc]
                finder.feed(text)
                finder.finish()
                left = max(0, limit.findings - self._found[limit])
                end = min(end, *places[left:][:1]) if len(places) > left else end
        return end

    def admit(self, data: bytes, text: bool) -> bytes:
        """Return how much of `data` may still be delivered, and count it."""
        if self.broken is not None and self.broken.then is Breach.DENY:
            return b""
        end = len(data)
        for limit in self._limits:
            room = self._room(limit, data, text)
            if room < end:
                end, self.broken = room, limit
        if self.broken is not None and self.broken.then is Breach.DENY:
            return b""
        self._size += end
        self._rows += data.count(b"\n", 0, end) if text else 0
        return data[:end]

    def _room(self, limit: OutputLimit, data: bytes, text: bool) -> int:
        """Return how many bytes of `data` are within `limit`."""
        if limit.size is not None:
            return min(len(data), max(0, limit.size - self._size))
        if limit.rows is None or not text:
            return len(data)
        end, left = 0, limit.rows - self._rows
        if data.count(b"\n") < left:
            return len(data)
        for _ in range(left):
            end = data.index(b"\n", end) + 1
        return end


class _Limited:
    """A mask whose output is held against limits.

    `_unsure` is what a finder has not made up its mind about; so much of its beginning as `_gone` says a silence has
    let go already.
    """

    def __init__(self, mask: Mask, limits: Limits, text: bool) -> None:
        self._mask = mask
        self._limits = limits
        self._text = text
        self._finders = limits.finders(self._breach) if text else []
        self._unsure = b""
        self._gone = 0
        self._sure = 0
        self._cut = -1
        self._cause: OutputLimit | None = None

    @property
    def held(self) -> int:
        """Bytes held back now."""
        return len(self._unsure) - self._gone + self._mask.held

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector of the mask fired."""
        return self._mask.findings

    def hush(self) -> None:
        """Let the mask tell its observer of nothing more."""
        self._mask.hush()

    def feed(self, data: bytes) -> bytes:
        """Take output, return what may be delivered."""
        if self._limits.broken is not None:
            return b""
        self._unsure += data
        for finder in self._finders:
            finder.feed(data)
        return self._go_on()

    def idle(self) -> bytes:
        """Return what may be delivered after a silence."""
        if self._limits.broken is not None:
            return b""
        out = b""
        if self._gone < len(self._unsure):
            end = max(self._gone, self._limits.harmless(self._unsure))
            out, self._gone = self._mask.feed(self._unsure[self._gone : end]), end
        return self._limits.admit(out + self._mask.idle(), self._text)

    def finish(self) -> bytes:
        """Return the rest, as far as it may be delivered."""
        if self._limits.broken is not None:
            return b""
        for finder in self._finders:
            finder.finish()
        out = self._go_on()
        return out if self._limits.broken is not None else out + self._limits.admit(self._mask.finish(), self._text)

    def _breach(self, limit: OutputLimit, offset: int) -> None:
        if self._cause is None or offset < self._cut:
            self._cause, self._cut = limit, offset

    def _go_on(self) -> bytes:
        """Mask what every finder is done with; up to the finding that is one too many where there is one."""
        if self._cause is None:
            return self._limits.admit(self._pass_on(max((one.held for one in self._finders), default=0)), self._text)
        limit = self._cause
        out = self._pass_on(max(0, self._sure + len(self._unsure) - self._cut)) + self._mask.finish()
        if limit.then is Breach.DENY:
            self._limits.broken = limit
            return b""
        out = self._limits.admit(out, self._text)
        self._limits.broken = self._limits.broken or limit
        return out

    def _pass_on(self, kept: int) -> bytes:
        """Mask all but the last `kept` bytes that are unsure."""
        end = len(self._unsure) - kept
        ready = self._unsure[self._gone : end] if end > self._gone else b""
        if end > 0:
            self._unsure, self._gone, self._sure = self._unsure[end:], max(0, self._gone - end), self._sure + end
        return self._mask.feed(ready) if ready else b""
