"""Compiles the rules of a policy: which detectors are on for which tool, and their triggers in one database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import NamedTuple
from weakref import WeakValueDictionary

from guardcli.masking.compiled.finders import Way
from guardcli.masking.detector import Detector
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.encoded.transcoding import STREAMED, Transcoded
from guardcli.masking.encoded.values import Encoded, Search
from guardcli.masking.encoded.wrapped import JOINED, Wrapped
from guardcli.masking.forms.tails import Tail
from guardcli.masking.patterns import Pattern, allowed, values
from guardcli.masking.plan import Plan
from guardcli.masking.scanner import Scanner, digest
from guardcli.masking.spans import State
from guardcli.masking.strategies import substitute
from guardcli.masking.stream import MaskStream, Observer
from guardcli.masking.tables.asides import asides
from guardcli.masking.tables.columns import Column
from guardcli.model.errors import ConfigurationError
from guardcli.model.masking import MaskRule, Strategy

_alive: WeakValueDictionary[str, Scanner] = WeakValueDictionary()
"""The scanners of this process by digest: one is compiled once, whoever needs it."""

_DENIED = "value"
"""The name under which values are found that a policy always masks."""


class Finding(NamedTuple):
    """Bytes from `start` to `end` that `kind` found, and the rule that says what becomes of them."""

    start: int
    end: int
    kind: Detector
    rule: MaskRule


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
        self._kinds: list[tuple[Detector, int]] = []
        for index, rule in enumerate(rules):
            columns = {glob: Column(glob) for glob in rule.columns}
            own = [Pattern(pattern.name, pattern.regex) for pattern in rule.patterns]
            denied = [values(_DENIED, rule.deny)] if rule.deny else []
            self._kinds += [(kind, index) for kind in (*columns.values(), *asides(columns, rule), *denied, *own)]
        self._kinds += [(part, -1) for name, kind in REGISTRY.items() if name in wanted for part in kind.parts()]
        inner = {index: self._inner(rule, load, store) for index, rule in enumerate(rules) if rule.decode}
        self._holds = {self._rules[index]: search for index, search in inner.items()}
        self._kinds += [(Encoded(rules[index].decode, search), index) for index, search in inner.items()]
        pairs = [(index, one) for index, (kind, _) in enumerate(self._kinds) for one in enumerate(kind.triggers)]
        tails = [(index, tail) for index, (kind, _) in enumerate(self._kinds) for tail in kind.tails]
        once = frozenset(number for number, (index, one) in enumerate(pairs) if _is_once(self._kinds[index][0], one[0]))
        self._scanner = _scanner([one for _, (_, one) in pairs], once, [tail for _, tail in tails], load, store)
        self._triggers = [index for index, _ in pairs] + [-1] * (len(Tail) + 1)
        for index, tail in tails:
            self._triggers[self._scanner.first_tail + tail] = index
        self._plans: dict[str, Plan] = {}

    def stream(self, tool: str = "", observer: Observer | None = None) -> MaskStream | Wrapped | Transcoded:
        """Return a filter for one stream of `tool`'s output; without a tool every rule holds.

        `observer` is told of each finding: detector, offset in the stream, length.
        """
        stream: MaskStream | Wrapped = MaskStream(self._plan(tool), observer)
        rules = [rule for rule in self._rules if rule.decode and (not tool or not rule.tools or tool in rule.tools)]
        if joined := [Encoded(rule.decode, self._holds[rule]) for rule in rules if JOINED & set(rule.decode)]:
            stream = Wrapped(stream, lambda text: [found[:2] for one in joined for found in one.find_all(text, 0)])
        wrapped = {encoding for rule in rules for encoding in rule.decode} & STREAMED
        if not wrapped:
            return stream
        searches = [self._holds[rule] for rule in rules]
        return Transcoded(stream, wrapped, lambda text: any(search(text) for search in searches))

    def text(self, text: str, tool: str = "") -> str:
        """Mask one text as a whole: an argument, a statement, a field of an event."""
        stream = self.stream(tool)
        data = stream.feed(text.encode("utf-8", "surrogateescape")) + stream.finish()
        return data.decode("utf-8", "surrogateescape")

    def findings(self, text: bytes, tool: str = "") -> list[Finding]:
        """Return what is secret in `text`, which stands by itself: nothing of it is told to what comes next.

        For who puts together many values, a line each, and replaces them by itself. The findings do not overlap.
        """
        plan = self._plan(tool)
        spans, _ = plan.analyse(text, 0, State())
        return [Finding(one.start, one.end, plan.kinds[one.rank], plan.rules[one.rank]) for one in spans]

    def detects(self, tool: str = "") -> bool:
        """Say whether anything is looked for in `tool`'s output."""
        return bool(self._plan(tool).kinds)

    def substitute(self, value: bytes, label: str, rule: MaskRule) -> bytes:
        """Return what takes the place of a whole value under `rule`, whatever stands around it."""
        if rule.strategy is Strategy.REDACT:
            return b"[%s]" % label.encode()
        return substitute(value, label, rule, self._key, b"*")

    def _inner(
        self,
        rule: MaskRule,
        load: Callable[[str], bytes | None] | None,
        store: Callable[[str, bytes], None] | None,
    ) -> Search:
        """Return what searches decoded text by `rule`."""
        masker = Masker([replace(rule, decode=(), tools=())], key=self._key, load=load, store=store)
        return lambda text: [(one.start, one.end - one.start) for one in masker.findings(text)]

    def _allowed(self, kind: Detector, rule: MaskRule, rules: Sequence[MaskRule]) -> Callable[[bytes], bool] | None:
        """Return what `kind` leaves: what its own rule allows, and the rules that do nothing else."""
        if isinstance(kind, Pattern) and kind.name == _DENIED:
            return None
        held = [rule, *(one for one in rules if not (one.detect or one.columns or one.patterns or one.deny))]
        return allowed(
            [value for one in held for value in one.allow], [re for one in held for re in one.allow_matching]
        )

    def _plan(self, tool: str) -> Plan:
        plan = self._plans.get(tool)
        if plan is None:
            rules = [rule for rule in self._rules if not tool or not rule.tools or tool in rule.tools]
            chosen: list[tuple[int, Detector, MaskRule]] = []
            for index, (kind, owner) in enumerate(self._kinds):
                if owner >= 0:
                    rule = self._rules[owner] if self._rules[owner] in rules else None
                else:
                    rule = next((one for one in rules if kind.name in one.detect), None)
                if rule is not None and (not kind.tools or tool in kind.tools):
                    chosen.append((index, kind, rule))
            ranks = {index: rank for rank, (index, _, _) in enumerate(chosen)}
            plan = self._plans[tool] = Plan(
                self._scanner,
                [kind for _, kind, _ in chosen],
                [rule for _, _, rule in chosen],
                [ranks.get(index, -1) for index in self._triggers],
                self._key,
                [self._allowed(kind, rule, rules) for _, kind, rule in chosen],
            )
        return plan


def _is_once(kind: Detector, place: int) -> bool:
    """Tell whether it is enough to know that the trigger at this place of them is there."""
    begins = bool(kind.finders) and kind.finders[place].way is Way.BEGINNING
    return (
        begins
        or kind.once
        or kind.sifted
        or kind.led
        or place < kind.ruled
        or any(finder.lead for finder in kind.finders)
    )


def _scanner(
    expressions: list[bytes],
    once: Collection[int],
    tails: Sequence[int],
    load: Callable[[str], bytes | None] | None,
    store: Callable[[str, bytes], None] | None,
) -> Scanner:
    name = digest(expressions, once, tails)
    stored = load(name) if load is not None else None
    scanner = (_alive.get(name) if stored is None else None) or Scanner(expressions, stored, once, tails)
    if store is not None and (stored is None or scanner.compiled):
        store(name, scanner.dump())
    _alive[name] = scanner
    return scanner
