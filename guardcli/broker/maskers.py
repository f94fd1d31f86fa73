"""The masks of a session: those of its policy, and the very values that it was lent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from guardcli.broker.learned import Learned
from guardcli.broker.limits import Mask, Observer
from guardcli.broker.secret_finder import SecretFinder
from guardcli.masking import Masker, Stream
from guardcli.masking.cache import PatternCache
from guardcli.masking.exact import ExactValues
from guardcli.model.masking import MaskRule
from guardcli.model.secrets import Secret

TEXTS_MAX, TEXT_MAX = 512, 4096
"""So many short texts, commands and directories for the most part, are remembered with what became of them."""


class Maskers:
    """Gives masks: the policy's, and for rules with masking of their own those as well, compiled once."""

    def __init__(self, rules: Sequence[MaskRule], cache: PatternCache) -> None:
        self._rules = tuple(rules)
        self._cache = cache
        self._key = secrets.token_bytes(32)
        self._compiled: dict[tuple[MaskRule, ...], Masker] = {}
        self._finders: dict[tuple[MaskRule, ...], Masker] = {}
        self._texts: dict[str, str] = {}
        self._learned = Learned()
        self.secrets = SecretFinder(cache.load, cache.store)

    def adopt(self, rules: Sequence[MaskRule]) -> None:
        """Mask by `rules` from now on; what is being delivered stays under those before."""
        if tuple(rules) != self._rules:
            self._rules = tuple(rules)
            for remembered in (self._compiled, self._finders, self._texts):
                remembered.clear()

    def text(self, text: str) -> str:
        """Return `text` as the record may hold it: with everything masked that the policy masks for any tool."""
        if not self._rules:
            return self._learned.text(text)
        known = self._texts.get(text)
        if known is None:
            known = self.masker(()).text(self._learned.text(text))
            if len(self._texts) >= TEXTS_MAX:
                self._texts.clear()
            if len(text) <= TEXT_MAX:
                self._texts[text] = known
        return known

    def learn(self, secret: Secret) -> None:
        """Mask what `secret` holds from now on, wherever it shows."""
        if self._learned.learn(secret):
            self._texts.clear()

    @property
    def exact(self) -> ExactValues | None:
        """What finds the very values that the session was lent."""
        return self._learned.exact

    def stream(self, tool: str, extra: tuple[MaskRule, ...], observer: Observer) -> Mask:
        """Return a fresh mask for one output stream of `tool`; `extra` goes before the policy's own rules."""
        return self._learned.before(self.masker(extra).stream(tool, observer), observer)

    def finder(self, detectors: tuple[str, ...], observer: Observer) -> Stream:
        """Return a stream that tells `observer` of all that `detectors` find, but for what the policy lets stay, in all
        encodings that a rule of the policy names.
        """
        allowing = (one for one in self._rules if not (one.detect or one.columns or one.patterns or one.deny))
        encodings = tuple(dict.fromkeys(one for rule in self._rules for one in rule.decode))
        rules = (MaskRule(detect=detectors, decode=encodings), *allowing)
        masker = self._finders.get(rules)
        if masker is None:
            masker = self._finders[rules] = self._compile(rules)
        return masker.stream(observer=observer)

    def rules(self, extra: tuple[MaskRule, ...]) -> tuple[MaskRule, ...]:
        """Return all rules that hold, `extra` before the policy's own."""
        return extra + self._rules

    def masker(self, extra: tuple[MaskRule, ...]) -> Masker:
        """Return these rules compiled."""
        masker = self._compiled.get(extra)
        if masker is None:
            masker = self._compiled[extra] = self._compile(self.rules(extra))
        return masker

    def _compile(self, rules: tuple[MaskRule, ...]) -> Masker:
        return Masker(rules, key=self._key, load=self._cache.load, store=self._cache.store)
