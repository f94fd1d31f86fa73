"""Puts rules, detectors and the compiled triggers together, and finds what is secret in a piece of text.

Two passes: hyperscan runs all triggers over a block at once and, on clean text, finds nothing; where a trigger
fires, its detector looks closely at that line. Everything that is decided depends on the line around, on the
state of a key block that began before, and on nothing else: the result is the same however the bytes are cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from guardcli.masking.detector import LOOK_AHEAD, Detector
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.keyblock import KeyBlock, begins_body
from guardcli.masking.scanner import Hit, Scanner, digest
from guardcli.masking.spans import LONG_LINE, Span, State
from guardcli.masking.stream import MaskStream, Observer
from guardcli.masking.views import CUT_OFF, View
from guardcli.model.errors import ConfigurationError
from guardcli.model.masking import MaskRule

_REST = re.compile(rb"[^\s\"'<>\0]*")
_SPLIT_WORD = re.compile(rb"(?:\A|(?<=[ \t\0\r]))[0-9A-Z+(][0-9A-Z().-]{0,40}(?:[ -][0-9A-Z().-]{0,40}){0,12}\Z")
_LAST_BLANK = re.compile(rb".*[ \t\0\r]", re.DOTALL)
_QUOTE = re.compile(rb"[\"']")


class Plan:
    """What holds for one tool: which detectors, under which rule. Immutable, shared by its streams."""

    def __init__(self, scanner: Scanner, triggers: Sequence[str], rules: dict[str, MaskRule], key: bytes) -> None:
        """`triggers` names the detector of each trigger; `rules` holds the rule of each detector that is on."""
        self.kinds: list[Detector] = [kind() for name, kind in REGISTRY.items() if name in rules]
        self.rules: list[MaskRule] = [rules[kind.name] for kind in self.kinds]
        self.key = key
        self._scanner = scanner
        ranks = {kind.name: rank for rank, kind in enumerate(self.kinds)}
        self._ranks = [(ranks[name],) if name in ranks else () for name in triggers]
        self._ranks.append(tuple(rank for rank, kind in enumerate(self.kinds) if kind.forms))
        self._blocks = ranks.get("private_key", -1)
        openings = [kind.opening for kind in self.kinds if kind.opening]
        self._openings = re.compile(b"(?:" + b"|".join(openings) + rb")\Z") if openings else None

    def analyse(self, text: bytes, base: int, state: State) -> tuple[list[Span], State]:
        """Find what is secret in `text[base:]`; what lies before `base` is context. Spans do not overlap."""
        if not self.kinds:
            return [], state
        if b"\x1b" in text or b"\x08" in text:
            spans, state = self._through_views(text, base, state)
        else:
            spans, state = self._find(text, base, state, self._scanner.scan(text))
        return (_resolve(spans, self.kinds) if len(spans) > 1 else spans), state

    def opening(self, text: bytes, base: int) -> int:
        """Return where, at the end of `text`, something begins that looks like a secret so far; else the end."""
        if self._openings is None:
            return len(text)
        view = View(text[base:], joined=True)
        found = self._openings.search(view.text)
        return base + view.origin(found.start(found.lastindex or 0)) if found is not None else len(text)

    def safe(self, text: bytes, base: int, spans: list[Span]) -> int:
        """Return up to where the unfinished line `text[base:]` can go out whatever comes next."""
        if not self.kinds:
            return len(text)
        tail = text[base:]
        view = View(tail, joined=True) if b"\x1b" in tail or b"\x08" in tail else None
        seen = view.text if view is not None else tail
        blank = _LAST_BLANK.match(seen)
        place = blank.end() if blank is not None else 0
        digits = _SPLIT_WORD.search(seen)
        if digits is not None:
            place = min(place, digits.start())
        quotes = [quote.start() for quote in _QUOTE.finditer(seen)]
        for sign in (b'"', b"'"):
            if seen.count(sign) % 2:
                place = min(place, max(quote for quote in quotes if seen[quote : quote + 1] == sign))
        if self._openings is not None and (found := self._openings.search(seen)) is not None:
            place = min(place, found.start(found.lastindex or 0))
        safe = base + (view.origin(place) if view is not None else place)
        if view is not None and (cut := CUT_OFF.search(tail)) is not None:
            safe = min(safe, base + cut.start())
        return min(safe, spans[0].start) if spans else safe

    def _through_views(self, text: bytes, base: int, state: State) -> tuple[list[Span], State]:
        found: list[Span] = []
        after = state
        for joined in (True, False):
            view = View(text, joined)
            hits = self._scanner.scan(view.text)
            if not hits and state.block is None and not state.swallow:
                continue
            spans, after = self._find(view.text, view.place(base), state, hits)
            for span in spans:
                start = view.origin(span.start)
                end = len(text) if span.end >= len(view.text) else view.origin(span.end - 1) + 1
                found.append(Span(start, end, span.rank, span.drop))
        found.sort(key=lambda span: (span.start, span.rank))
        return found, after

    def _find(self, text: bytes, base: int, state: State, hits: list[Hit]) -> tuple[list[Span], State]:
        spans: list[Span] = []
        if state.swallow:
            rest = _REST.match(text, base)
            end = rest.end() if rest is not None else base
            spans.append(Span(base, end, 0, True))
            state = State(state.block, end == len(text))
        bodies: list[int] = []
        done = [0] * len(self.kinds)
        for at, trigger in hits:
            for rank in self._ranks[trigger]:
                if at <= done[rank]:
                    break
                if rank == self._blocks and at > base and (body := begins_body(text, at)) >= 0:
                    bodies.append(body)
                    break
                found = self.kinds[rank].find(text, at)
                if found is None:
                    continue
                start, end = found
                if end - start >= LOOK_AHEAD and (rest := _REST.match(text, end)) is not None:
                    end = rest.end()
                done[rank] = end
                if start >= base:
                    spans.append(Span(start, end, rank))
                break
        if bodies or state.block is not None:
            blocked, block = self._follow(text, base, state.block, bodies)
            spans += blocked
            state = State(block, state.swallow)
        spans.sort(key=lambda span: (span.start, span.rank))
        return spans, state

    def _follow(
        self, text: bytes, base: int, block: KeyBlock | None, bodies: list[int]
    ) -> tuple[list[Span], KeyBlock | None]:
        """Mask the lines of key blocks, from the state before `base` and from each place where a body begins."""
        spans: list[Span] = []
        place = base
        starts = iter(bodies)
        while True:
            while block is None:
                body = next(starts, -1)
                if body < 0:
                    return spans, None
                if body >= place:
                    place, block = body, KeyBlock()
            if place >= len(text):
                return spans, block
            newline = text.find(b"\n", place)
            end = newline if newline >= 0 else len(text)
            if end - place > LONG_LINE:
                block = None
                continue
            gone, block = block.line(text, place, end)
            if gone is not None:
                spans.append(Span(gone[0], gone[1], self._blocks, gone[2]))
            place = end + 1


def _resolve(spans: list[Span], kinds: Sequence[Detector]) -> list[Span]:
    """Make spans disjoint: what covers more wins its label, and no byte of either gets out.

    Where a credential and personal data overlap, the credential alone is masked: ``user:PASSWORD@host`` looks like an
    address to whom does not see the URL around it.
    """
    result: list[Span] = []
    for span in spans:
        if not result or span.start >= result[-1].end:
            result.append(span)
            continue
        last = result[-1]
        if kinds[span.rank].personal and not kinds[last.rank].personal:
            continue
        larger = span if span.end - span.start > last.end - last.start else last
        rank = span.rank if kinds[last.rank].personal and not kinds[span.rank].personal else larger.rank
        result[-1] = Span(last.start, max(last.end, span.end), rank, last.drop)
    return result


class Masker:
    """The rules of a policy, compiled. Immutable and safe to share between threads."""

    def __init__(
        self,
        rules: Sequence[MaskRule],
        *,
        key: bytes,
        load: Callable[[str], bytes | None] | None = None,
        store: Callable[[str, bytes], None] | None = None,
    ) -> None:
        """Compile `rules`. `key` is 32 bytes, one per session: values hashed under it join within the session.

        `load` and `store` may keep the compiled patterns between runs: both get a digest that names them.
        Raises ConfigurationError for an unknown detector or a key of another length.
        """
        if len(key) != 32:
            raise ConfigurationError(f"the masking key has {len(key)} bytes, not 32")
        unknown = sorted({name for rule in rules for name in rule.detect} - REGISTRY.keys())
        if unknown:
            raise ConfigurationError(
                f"unknown detectors: {', '.join(unknown)}", hint=f"known are {', '.join(sorted(REGISTRY))}"
            )
        self._rules = tuple(rules)
        self._key = key
        wanted = {name for rule in rules for name in rule.detect}
        pairs = [(name, trigger) for name, kind in REGISTRY.items() if name in wanted for trigger in kind.triggers]
        self._triggers = [name for name, _ in pairs]
        forms = [form for name, kind in REGISTRY.items() if name in wanted for form in kind.forms]
        merged = rb"\b(?:" + b"|".join(forms or [b"guard has no form here"]) + b")"
        self._scanner = _scanner([*(trigger for _, trigger in pairs), merged], load, store)
        self._plans: dict[str, Plan] = {}

    def stream(self, tool: str = "", observer: Observer | None = None) -> MaskStream:
        """Return a filter for one stream of `tool`'s output; without a tool every rule holds.

        `observer` is told of each finding: detector, offset in the stream, length.
        """
        return MaskStream(self._plan(tool), observer)

    def text(self, text: str, tool: str = "") -> str:
        """Mask one text as a whole: an argument, a statement, a field of an event."""
        stream = self.stream(tool)
        data = stream.feed(text.encode("utf-8", "surrogateescape")) + stream.finish()
        return data.decode("utf-8", "surrogateescape")

    def _plan(self, tool: str) -> Plan:
        plan = self._plans.get(tool)
        if plan is None:
            rules: dict[str, MaskRule] = {}
            for rule in self._rules:
                if not tool or not rule.tools or tool in rule.tools:
                    for name in rule.detect:
                        rules.setdefault(name, rule)
            plan = self._plans[tool] = Plan(self._scanner, self._triggers, rules, self._key)
        return plan


def _scanner(
    expressions: list[bytes],
    load: Callable[[str], bytes | None] | None,
    store: Callable[[str, bytes], None] | None,
) -> Scanner:
    name = digest(expressions)
    stored = load(name) if load is not None else None
    scanner = Scanner(expressions, stored)
    if scanner.compiled and store is not None:
        store(name, scanner.dump())
    return scanner
