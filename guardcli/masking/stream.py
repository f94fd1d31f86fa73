"""The state of one output stream: what is held back, what may go, and what already went.

Rules:
- A complete line goes out at once. Of an unfinished line everything goes that no continuation could turn into
  part of a secret: up to its last word, an open quote, a group of digits, or what is already known to be secret.
- `idle` says that nothing came for a while. The first one lets out what does not look like the beginning of a
  secret; the second puts stars for what does. A word that may begin an address is held back for `_PATIENCE`, and then
  gives way to stars as well; only a word that comes key by key is let out as it is, and no part that came otherwise.
- A line that is longer than `LONG_LINE` goes out piece by piece, far enough behind its end that no detector can
  still change its mind. Memory is bounded by that length and the size of one chunk.
- What was let out by `idle` stays known: if it turns out to be the beginning of a secret, the rest is masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from guardcli.masking.compiled.native import Job, Spans
from guardcli.masking.detector import LOOK_AHEAD, LOOK_BACK
from guardcli.masking.overlong import undecided
from guardcli.masking.plan import Plan
from guardcli.masking.spans import LONG_LINE, Span, State
from guardcli.masking.strategies import replacement
from guardcli.masking.views import SEQUENCE, WRAP

_BLANK = re.compile(rb"[ \t\0\r]")
_EAGER = 4096
"""Up to this length an unfinished line is looked at whenever something comes."""

_ECHO = 4
"""What comes in so small pieces, a character each, is the echo of keys: each shows at once."""
_AT_ONCE = 1
"""Characters of a word that may come together with the one before, as two keys do that are hit at once."""
_CONTINUED = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that begin no character."""
_PATIENCE = 200
"""Calls of `idle` (ten seconds) for which a word is held back that may begin an e-mail address; then it is masked."""

_WINDOW = LONG_LINE + LOOK_BACK + 2 * LOOK_AHEAD
"""Bytes of a line that are looked at together; a longer line is masked piece by piece."""

Observer = Callable[[str, int, int], None]
"""Told of each finding: detector, offset in the stream, length."""


class MaskStream:
    """Masks one stream. Pure: no clock, no I/O; the owner calls `idle` after about 50 ms of silence."""

    def __init__(self, plan: Plan, observer: Observer | None = None) -> None:
        self._plan = plan
        self._observer = observer
        self._state = plan.start
        self._buffer = b""
        self._base = 0
        self._released = 0
        self._offset = 0
        self._masked = False
        self._idles = 0
        self._burst = 0
        self._at_once = 0
        self._counts = bytearray(4 * len(plan.kinds))
        self._room = bytearray()

    @property
    def held(self) -> int:
        """Bytes held back now."""
        return len(self._buffer) - self._released

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired so far."""
        counts: dict[str, int] = {}
        for kind, count in zip(self._plan.kinds, memoryview(self._counts).cast("I"), strict=True):
            if count:
                counts[kind.name] = counts.get(kind.name, 0) + count
        return counts

    def hush(self) -> None:
        """Tell the observer of nothing more; findings go on to be counted."""
        self._observer = None

    def feed(self, data: bytes) -> bytes:
        """Take more of the stream; return what may be let out now."""
        if not data:
            return b""
        self._burst = self._burst + len(data) if self.held and not self._idles else len(data)
        self._idles = 0
        self._buffer += data
        out = b""
        while (step := self._step()) is not None:
            out += step
        if len(self._buffer) - self._base <= _EAGER and _BLANK.search(self._buffer, self._released):
            out += self._release()
        return out

    def idle(self) -> bytes:
        """Return what may be let out because nothing came for a while; call again while `held` is not 0."""
        if not self.held:
            return b""
        self._idles += 1
        if self._idles > _PATIENCE + 1:
            return b""
        end = len(self._buffer)
        spans, _ = self._plan.analyse(self._buffer, self._base, self._state)
        opening, word = self._plan.opening(self._buffer, self._base)
        opening = max(opening, self._released)
        stub = end if self._is_echo(word) else max(word, self._released)
        if self._idles == 1:
            limit = min(opening, stub)
            if spans and spans[-1].end == end:
                limit = min(limit, max(spans[-1].start, self._released))
            return self._emit(Spans.of(span for span in spans if span.start < limit), limit)
        covered = max((span.end for span in spans), default=0)
        if opening < covered < end:  # a whole secret, and perhaps another one behind it
            opening = max(self._plan.opening(self._buffer, covered)[0], self._released)
        hidden = min(opening, stub) if self._idles > _PATIENCE else opening
        if hidden < end and covered <= hidden:
            out = self._emit(spans, hidden) + b"*" * (end - hidden)
            self._released, self._masked = end, True
            return out
        return self._emit(spans, stub if covered <= stub else end)

    def _is_echo(self, word: int) -> bool:
        """Tell whether all that is held, of the word that begins at `word`, is the echo of a key."""
        if self._burst > _ECHO or self.held > self._burst:
            return False
        if self._idles == 1:
            if word >= self._released:
                self._at_once = 0
            shown = SEQUENCE.sub(b"", self._buffer[self._released :]).translate(None, _CONTINUED)
            self._at_once += max(len(shown) - 1, 0)
        return self._at_once <= _AT_ONCE

    def finish(self) -> bytes:
        """Return the rest: the stream has ended."""
        if self._base == len(self._buffer):
            return b""
        spans, _ = self._plan.analyse(self._buffer, self._base, self._state)
        out = self._emit(spans, len(self._buffer))
        self._base = len(self._buffer)
        return out

    def _step(self) -> bytes | None:
        """Mask what comes next for good: whole lines, or a piece of an over-long one; None where there is neither.

        Where lines and pieces end is told by the text alone, so that a user's pattern sees the same however it is cut.
        """
        place = self._base
        while (newline := self._buffer.rfind(b"\n", place, place + _WINDOW)) >= 0:
            place = newline + 1
        if place > self._base:
            out = self._commit(place)
        elif len(self._buffer) - place > _WINDOW:
            out = self._commit_long(self._buffer[: place + _WINDOW])
        else:
            return None
        self._trim()
        return out

    def _commit(self, end: int) -> bytes:
        """Mask whole lines up to `end`."""
        spans, self._state = self._plan.analyse(self._buffer, self._base, self._state, end)
        out = self._emit(spans, end)
        self._base, self._masked = end, False
        if self._state.within or self._state.swallow:
            self._state = State(self._state.followers)
        return out

    def _commit_long(self, text: bytes) -> bytes:
        """Mask the part of an over-long line that nothing behind `text` can change."""
        state = self._state
        spans, after = self._plan.analyse(text, self._base, state)
        end = limit = len(text) - LOOK_AHEAD - LOOK_BACK
        swallow = 0
        for span in spans:
            if span.start < limit < span.end:
                end = span.start if span.start > self._base and not span.rest else span.end
                swallow = span.rest
        if swallow:
            end -= undecided(text[self._base : end], swallow)
        out = self._emit(spans, end)
        self._state = State(after.followers, swallow, True)
        self._base = end
        return out

    def _release(self) -> bytes:
        """Let out of the unfinished line what no continuation can change."""
        spans, _ = self._plan.analyse(self._buffer, self._base, self._state)
        safe = self._plan.safe(self._buffer, self._base, spans)
        return self._emit(spans, safe) if safe > self._released else b""

    def _emit(self, spans: Spans, end: int) -> bytes:
        """Return `buffer[released:end]` with `spans` replaced, and remember how far it went."""
        text, place = self._buffer, self._released
        if not spans:
            out = text[place:end]
        elif b"\x1b" in text or b"\x08" in text:
            out = self._emit_escaped(spans, end)
        else:
            emitter = self._plan.emitter if self._observer is None else self._plan.telling_emitter
            job = Job(text, place, end, self._counts)
            out = emitter.emit(job, spans, self._masked, self._room, self._replace)
        self._masked = bool(spans) and (last := spans[-1]).start < end <= last.end
        self._released = max(end, place)
        return out

    def _emit_escaped(self, spans: Spans, end: int) -> bytes:
        """Return `buffer[released:end]` with `spans` replaced, but for the escape sequences in them."""
        text, place, masked = self._buffer, self._released, self._masked
        pieces: list[bytes] = []
        skip = 0
        for span in spans:
            if span.end <= place or span.start >= end:
                continue
            start = span.start if span.start > place else place
            if start > place + skip:
                pieces.append(text[place + skip : start])
            place = span.end if span.end < end else end
            skip = 0
            if not span.drop and not (masked and span.start < start):
                new, skip = self._replace(span, start)
                pieces.append(new)
            pieces.extend(found[0] for found in SEQUENCE.finditer(text, start, place))
            masked = False
        if place + skip < end:
            pieces.append(text[place + skip : end])
        return b"".join(pieces)

    def _replace(self, span: Span, start: int) -> tuple[bytes, int]:
        """Count one finding, from `start` on, tell of it, and return what replaces it."""
        kind, rule = self._plan.kinds[span.rank], self._plan.rules[span.rank]
        counts = memoryview(self._counts).cast("I")
        counts[span.rank] += 1
        if self._observer is not None:
            self._observer(kind.name, self._offset + start, span.end - start)
        value = WRAP.sub(b"", SEQUENCE.sub(b"", self._buffer[start : span.end]))
        return replacement(self._buffer, start, span.end, value, kind.label, rule, self._plan.key)

    def _trim(self) -> None:
        """Forget what is done, apart from the context that detectors may look back at."""
        cut = self._base - LOOK_BACK
        if cut > 0:
            self._buffer = self._buffer[cut:]
            self._base -= cut
            self._released -= cut
            self._offset += cut
