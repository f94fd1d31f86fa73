"""Finds what is secret in a piece of text, by the detectors that are on for one tool.

Two passes: hyperscan runs all triggers over a block at once and, on clean text, finds nothing; where a trigger
fires, its detector looks closely at that line. Everything that is decided depends on the line around, on the
state of a key block that began before, and on nothing else: the result is the same however the bytes are cut.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain

from guardcli.masking.compiled.beginnings import Beginnings
from guardcli.masking.compiled.finders import Finder, Table, Way
from guardcli.masking.compiled.native import Emitter, Row, Spans, Sweep, find, numbers_of
from guardcli.masking.detector import Detector
from guardcli.masking.followers.follower import Follower
from guardcli.masking.followers.led import Beginning, Begins, Led, anywhere, asked, first_of
from guardcli.masking.overlong import BOUND, reach, rest_of
from guardcli.masking.scanner import Scanner
from guardcli.masking.sieve import Ending
from guardcli.masking.spans import Span, State
from guardcli.masking.views import CUT_OFF, Unwrapped, View, is_wrapped
from guardcli.model.masking import MaskRule, Strategy

_SPLIT_WORD = re.compile(rb"(?:\A|(?<=[ \t\0\r]))[0-9A-Z+(][0-9A-Z().-]{0,40}(?:[ -][0-9A-Z().-]{0,40}){0,12}\Z")
_LONGEST_NUMBER = 64
_LAST_BLANK = re.compile(rb".*[ \t\0\r]", re.DOTALL)
_OPENING = 4096
"""Bytes at the end of an unfinished line in which the beginning of a secret is looked for."""
_BORDER = re.compile(rb"[^\s:] \Z")
_QUOTE = re.compile(rb"[\"']")


class Plan:
    """What holds for one tool: which detectors, under which rule. Immutable, shared by its streams."""

    def __init__(
        self,
        scanner: Scanner,
        kinds: Sequence[Detector],
        rules: Sequence[MaskRule],
        triggers: Sequence[int],
        key: bytes,
        allowed: Sequence[Callable[[bytes], bool] | None],
    ) -> None:
        """Take the detectors that are on, each with its rule, best first.

        `triggers` holds, for each trigger of `scanner`, the index of its detector among `kinds`, -1 for one that is
        off. `allowed` tells for each detector which values stay.
        """
        self.kinds = kinds
        self.rules = rules
        self.key = key
        self._allowed = allowed if any(allowed) else ()
        self._whole_lines = any(kind.blanks for kind in kinds)
        self._scanner = scanner
        self._ranks = triggers
        self._sweep = Sweep({kind.name: rank for rank, kind in enumerate(kinds)})
        self._personal = bytes(kind.personal for kind in kinds)
        self.emitter = Emitter([_plain_label(kind, rule) for kind, rule in zip(kinds, rules, strict=True)])
        self.telling_emitter = Emitter([b""] * len(kinds))
        self._finders = [kind.find for kind in kinds]
        self._sure = [rank for rank, kind in enumerate(kinds) if type(kind).judge_swept is not Detector.judge_swept]
        self._sweepers = [kind.find_swept for kind in kinds]
        self._special = frozenset(rank for rank, kind in enumerate(kinds) if _is_special(type(kind)))
        self._blocks = frozenset(
            rank for rank, kind in enumerate(kinds) if type(kind).find_block is not Detector.find_block
        )
        self._block_triggers = frozenset(number for number, rank in enumerate(triggers) if rank in self._blocks)
        self._sifted = frozenset(number for number, rank in enumerate(triggers) if rank >= 0 and kinds[rank].sifted)
        self._ruled = _numbers_of(triggers, {rank for rank, kind in enumerate(kinds) if kind.ruled})
        self._led = _numbers_of(triggers, {rank for rank, kind in enumerate(kinds) if kind.led})
        self._beginnings = Beginnings(_beginnings_of(kinds, triggers))
        self._table = Table(_finders_of(kinds, triggers, self._blocks | self._ruled.keys() | self._led.keys()))
        self._openings = Ending(_different(kind.opening for kind in kinds))
        self._stubs = Ending(_different(kind.stub for kind in kinds))
        first = ((rank, kind.first()) for rank, kind in enumerate(kinds))
        self.start = State(tuple((rank, follower) for rank, follower in first if follower is not None))

    def analyse(self, text: bytes, base: int, state: State, end: int = -1) -> tuple[Spans, State]:
        """Find what is secret in `text[base:end]`, or to its end; what lies before `base` is context.

        `end` is one of a line. Spans do not overlap.
        """
        if not self.kinds:
            return Spans.of(()), state
        end = len(text) if end < 0 else end
        if b"\x1b" in text or b"\x08" in text or is_wrapped(text):
            spans, state = self._through_views(text[:end], base, state)
        else:
            spans, state = self._find(text, base, state, end)
        spans.resolve(self._personal)
        return spans, state

    def opening(self, text: bytes, base: int) -> tuple[int, int]:
        """Return where, at the end of `text`, something begins that looks like a secret so far, and where something
        does that may be one or a word; for what there is not, the end.
        """
        base = max(base, len(text) - _OPENING)
        view = Unwrapped(View(text[base:], joined=True))
        places = []
        for ending in (self._openings, self._stubs):
            found = ending.search(view.text)
            places.append(base + view.origin(found) if found >= 0 else len(text))
        return places[0], places[1]

    def safe(self, text: bytes, base: int, spans: Spans) -> int:
        """Return up to where the unfinished line `text[base:]` can go out whatever comes next."""
        if not self.kinds:
            return len(text)
        if self._whole_lines:
            return base
        tail = text[base:]
        escaped = b"\x1b" in tail or b"\x08" in tail or is_wrapped(tail)
        view = Unwrapped(View(tail, joined=True)) if escaped else None
        seen = view.text if view is not None else tail
        blank = _LAST_BLANK.match(seen)
        place = blank.end() if blank is not None else 0
        digits = _SPLIT_WORD.search(seen, max(0, len(seen) - _LONGEST_NUMBER))
        if digits is not None:
            place = min(place, digits.start())
        quotes = [quote.start() for quote in _QUOTE.finditer(seen)]
        for sign in (b'"', b"'"):
            if seen.count(sign) % 2:
                place = min(place, max(quote for quote in quotes if seen[quote : quote + 1] == sign))
        for ending in (self._openings, self._stubs):
            found = ending.search(seen)
            if found < 0 and ending is self._openings and _BORDER.search(seen):
                found = ending.search(seen[:-1])  # the blank may be one at the border of a terminal
            if found >= 0:
                place = min(place, found)
        safe = base + (view.origin(place) if view is not None else place)
        if view is not None and (cut := CUT_OFF.search(tail)) is not None:
            safe = min(safe, base + cut.start())
        return min(safe, spans[0].start) if spans else safe

    def _through_views(self, text: bytes, base: int, state: State) -> tuple[Spans, State]:
        found: list[Span] = []
        after = state
        joined, shown = View(text, joined=True), View(text, joined=False)
        views: list[View | Unwrapped] = [joined] if joined.text == shown.text else [joined, shown]
        if is_wrapped(joined.text):
            views.append(Unwrapped(joined))
        for view in views:
            spans, seen = self._find(view.text, view.place(base), state, len(view.text))
            after = seen if seen is not state else after
            for span in spans:
                start = view.origin(span.start)
                end = len(text) if span.end >= len(view.text) else view.origin(span.end - 1) + 1
                found.append(Span(start, end, span.rank, span.drop, span.rest))
        return Spans.of(found), after

    def _find(self, text: bytes, base: int, state: State, end: int) -> tuple[Spans, State]:
        """Run both first passes; where they find nothing, nothing is copied."""
        line = _line_of(text, base)
        hits = self._scanner.scan(text, end, _line_of(text, line - 1) if line else 0)
        swept, places = self._sweep.find(text, line, base, end)
        for rank in self._sure if places else ():
            swept.join(self.kinds[rank].judge_swept(text, base, rank, places))
        if places:
            swept.add(self._judged(text, base, places))
        fired = numbers_of(hits, len(self._ranks)) if hits else set()
        headed = self._headings(text, end, hits, fired) if hits else {}
        left = self._search(text, base, end, hits, fired, swept) if hits else []
        if not left and not headed and not state.followers and not state.swallow and not self._allowed:
            return swept, state
        spans, state = self._look(text[:end], base, state, left, headed, swept)
        swept.add(spans)
        if self._allowed:
            return Spans.of(span for span in swept if not self._stays(span, text)), state
        return swept, state

    def _judged(self, text: bytes, base: int, places: Spans) -> list[Row]:
        """Return the forms in `places` that their detectors confirm and that begin from `base` on."""
        sweepers, rows = self._sweepers, []
        for start, stop, rank, _, _ in places.rows():
            found = sweepers[rank](text, start, stop)
            if found is not None and found[0] >= base:
                rows.append((found[0], found[1], rank, False, 0))
        return rows

    def _search(
        self, text: bytes, base: int, end: int, hits: array[int], fired: set[int], found: Spans
    ) -> list[tuple[int, int]]:
        """Add what is found around `hits`, by triggers that `fired`, by those detectors that search a block as a whole,
        and by `finders`; return the other hits, which deserve a closer look.
        """
        for rank in {self._ranks[trigger] for trigger in fired & self._block_triggers}:
            found.join(self.kinds[rank].find_block(text, base, end, rank))
        if sifted := fired & self._sifted:
            others = (hit for hit in zip(hits[::2], hits[1::2], strict=True) if hit[1] not in sifted)
            worth = ((at, number) for number in sifted for at in self.kinds[self._ranks[number]].places(text, end))
            hits = array("I", chain.from_iterable(chain(others, worth)))
        if begun := self._beginnings & fired:
            sure, places = self._beginnings.find(text, _line_of(text, base), base, end, begun)
            found.join(sure)
            found.add(self._judged(text, base, places))
        self._table.compile(fired)
        spans, left = find(text, base, end, hits, self._table.entries)
        found.join(spans)
        return sorted(zip(left[::2], left[1::2], strict=True))

    def _headings(self, text: bytes, end: int, hits: array[int], fired: set[int]) -> dict[int, Begins]:
        """Return what finds where lines end behind which a follower may begin, by the ranks of the detectors that must
        tell.
        """
        found: dict[int, Begins] = {}
        for rank, numbers in self._ruled.items():
            whole = not fired.isdisjoint(numbers[:-1])
            if (whole or numbers[-1] in fired) and (
                ends := self.kinds[rank].headings(text, end, whole, hits, numbers[-1])
            ):
                found[rank] = asked(text, ends, self.kinds[rank].begin)
        for rank, numbers in self._led.items():
            if not fired.isdisjoint(numbers):
                found[rank] = anywhere(text, end, self.kinds[rank].begin)
        return found

    def _look(
        self,
        text: bytes,
        base: int,
        state: State,
        hits: list[tuple[int, int]],
        headed: Mapping[int, Begins],
        walked: Spans,
    ) -> tuple[list[Row], State]:
        """Look closely where triggers fired, and lead followers from line to line, also behind those that are `headed`;
        what is found in lines that are walked over goes there.
        """
        spans: list[Row] = []
        if state.swallow:
            end = reach(text, base, state.swallow)
            rest = state.swallow if end == len(text) else 0
            spans.append((base, end, 0, True, rest))
            state = State(state.followers, rest, state.within)
        begun: dict[int, list[Beginning]] = {}
        found_all: Sequence[tuple[int, int, int]]
        done = [0] * len(self.kinds)
        finders, ranks, special = self._finders, self._ranks, self._special
        for at, trigger in hits:
            rank = ranks[trigger]
            if at <= done[rank]:
                continue
            if rank in special:
                if (body := self.kinds[rank].begin(text, at)) is not None:
                    begun.setdefault(rank, []).append(body)
                    continue
                found_all = self.kinds[rank].find_all(text, at)
            else:
                found = finders[rank](text, at)
                if found is None:
                    continue
                found_all = ((*found, 0),)
            for start, end, rest in found_all:
                if rest or end - start >= BOUND:
                    rest = rest or rest_of(text, start, end)
                    end = reach(text, end, rest)
                done[rank] = end
                if start >= base and end > start:
                    spans.append((start, end, rank, False, rest if end == len(text) else 0))
        if begun or headed or state.followers:
            begins = {**{rank: first_of(known) for rank, known in begun.items()}, **headed}
            state = State(self._follow(text, base, state, begins, spans, walked), state.swallow, state.within)
        return spans, state

    def _stays(self, span: Span, text: bytes) -> bool:
        """Tell whether the policy allows the value to be seen."""
        test = None if span.drop or span.rest else self._allowed[span.rank]
        return test is not None and test(text[span.start : span.end])

    def _follow(
        self,
        text: bytes,
        base: int,
        state: State,
        begun: Mapping[int, Begins],
        spans: list[Row],
        walked: Spans,
    ) -> tuple[tuple[int, Follower], ...]:
        """Add to `spans` what followers mask, those from before `base` and those that begin; return who goes on."""
        after = []
        active = dict(state.followers)
        if state.within:
            base = text.find(b"\n", base) + 1 or len(text)
        for rank in sorted({*active, *begun}):
            last = Led(rank, spans, walked).run(text, base, active.get(rank), begun.get(rank, first_of(())))
            if last is not None:
                after.append((rank, last))
        return tuple(after)


def _line_of(text: bytes, base: int) -> int:
    """Return where the line of `base` begins, or the text where that is further back."""
    return base if base == 0 or text[base - 1] == 0x0A else text.rfind(b"\n", 0, base) + 1


def _finders_of(
    kinds: Sequence[Detector], triggers: Sequence[int], blocks: Collection[int]
) -> list[tuple[int, Finder | None]]:
    """Return, for each trigger, the rank of its detector and its finder; -1 for triggers that need no look there."""
    pairs = zip(triggers, _in_order(kinds, triggers), strict=True)
    return [
        (-1, None) if rank in blocks or (finder is not None and finder.way is Way.BEGINNING) else (rank, finder)
        for rank, finder in pairs
    ]


def _beginnings_of(kinds: Sequence[Detector], triggers: Sequence[int]) -> dict[int, tuple[int, Finder]]:
    """Return the finders that look where words begin, with their ranks, by the numbers of their triggers."""
    return {
        number: (triggers[number], finder)
        for number, finder in enumerate(_in_order(kinds, triggers))
        if finder is not None and finder.way is Way.BEGINNING
    }


def _in_order(kinds: Sequence[Detector], triggers: Sequence[int]) -> list[Finder | None]:
    """Return the finder of each trigger, None where there is none."""
    left = [iter(kind.finders) for kind in kinds]
    return [next(left[rank], None) if rank >= 0 else None for rank in triggers]


def _numbers_of(triggers: Sequence[int], ranks: Collection[int]) -> dict[int, list[int]]:
    """Return the numbers of the triggers of detectors of some ranks, by rank."""
    found: dict[int, list[int]] = {}
    for number, rank in enumerate(triggers):
        if rank in ranks:
            found.setdefault(rank, []).append(number)
    return found


def _is_special(kind: type[Detector]) -> bool:
    """Tell whether a trigger may begin a follower, or stand for several secrets."""
    return kind.begin is not Detector.begin or kind.find_all is not Detector.find_all


def _different(forms: Iterable[bytes]) -> list[bytes]:
    """Return `forms` that are not empty, each once."""
    return [form for form in dict.fromkeys(forms) if form]


def _plain_label(kind: Detector, rule: MaskRule) -> bytes:
    """Return what `replacement` puts where nothing around asks for more; nothing for a rule that looks at the value."""
    looks = rule.strategy is not Strategy.REDACT or kind.name == "column"
    return b"" if looks else b"[%s]" % kind.label.encode()
