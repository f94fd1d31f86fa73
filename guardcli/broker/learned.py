"""Masks, wherever they show, the very values that a session was lent: passwords, tokens, what stands in key files.

A value shorter than `LENGTH_MIN` is left: masked everywhere, it would garble what has nothing to do with it. What is
learned is kept in memory and, unlike the policy's patterns, never written to the cache.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from guardcli.broker.limits import Mask, Observer
from guardcli.masking.compiled.chosen import is_chosen
from guardcli.masking.exact import ExactValues
from guardcli.model.secrets import Secret

LENGTH_MIN = 6
"""Characters of the shortest value that is masked."""
LONG = 16
"""Characters from which on what a file assigns is masked without a look at what it is."""
VALUES_MAX = 1000
"""So many values are masked; a session that is lent more has the newest ones masked."""
KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{16,}")
ASSIGNED = re.compile(r"[=:]\s*[\"']?([^\"'\s,}]+)")


class Learned:
    """The values that were lent so far."""

    def __init__(self) -> None:
        self._values: dict[str, None] = {}
        self._known: ExactValues | None = None

    def learn(self, secret: Secret) -> bool:
        """Mask what `secret` holds from now on; tell whether that is new."""
        new = [value for value in _values(secret.reveal()) if value not in self._values]
        self._values.update(dict.fromkeys(new))
        while len(self._values) > VALUES_MAX:
            del self._values[next(iter(self._values))]
        if new:
            self._known = ExactValues(self._values)
        return bool(new)

    @property
    def exact(self) -> ExactValues | None:
        """What finds these values, None where there are none; another object with each that is new."""
        return self._known

    def text(self, text: str) -> str:
        """Return `text` masked."""
        return self._known.text(text) if self._known is not None else text

    def before(self, mask: Mask, observer: Observer) -> Mask:
        """Return `mask` with these values masked before it looks."""
        return mask if self._known is None else Chained(self._known.stream(observer), mask)


class Chained:
    """Two masks, one behind the other."""

    def __init__(self, first: Mask, second: Mask) -> None:
        self._first = first
        self._second = second

    @property
    def held(self) -> int:
        """Bytes held back now."""
        return self._first.held + self._second.held

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired."""
        return Counter(self._first.findings) + Counter(self._second.findings)

    def hush(self) -> None:
        """Tell the observer of nothing more."""
        self._first.hush()
        self._second.hush()

    def feed(self, data: bytes) -> bytes:
        """Take output, return what may be let out."""
        return self._second.feed(self._first.feed(data))

    def idle(self) -> bytes:
        """Return what may be let out after a silence."""
        return self._second.feed(self._first.idle()) + self._second.idle()

    def finish(self) -> bytes:
        """Return the rest."""
        return self._second.feed(self._first.finish()) + self._second.finish()


def _values(text: str) -> Iterator[str]:
    """Yield what is secret in `text`: all of it, or of several lines what is assigned there and what is a key's."""
    lines = text.splitlines()
    if len(lines) == 1 and not text.lstrip().startswith("{"):
        if len(text) >= LENGTH_MIN:
            yield lines[0]
        return
    for line in lines:
        bare = line.strip()
        if KEY_LINE.fullmatch(bare):
            yield bare
        for found in ASSIGNED.finditer(line):
            value = found[1]
            if len(value) >= LONG or (len(value) >= LENGTH_MIN and is_chosen(value.encode("utf-8", "surrogateescape"))):
                yield value
