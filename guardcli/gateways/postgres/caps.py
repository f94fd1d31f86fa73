"""Limits of a policy on one answer: rows, bytes, findings. What goes over ends the answer with an error.

Rows are cut exactly. A limit on findings holds back the whole batch in which the one too many is, and counts whether
what is found is masked or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from guardcli.gateways.postgres.results import ResultMask
from guardcli.model.limits import Breach, OutputLimit

_length_at = Struct(">I").unpack_from


class Caps:
    """What the limits on one answer have seen so far; `broken` is the one that ended it.

    `counters` has, for each limit on findings, what finds them in the rows as the server sent them.
    """

    def __init__(self, limits: Sequence[OutputLimit], counters: Sequence[tuple[OutputLimit, ResultMask]]) -> None:
        self.broken: OutputLimit | None = None
        self._rows = [limit for limit in limits if limit.rows is not None]
        self._sizes = [limit for limit in limits if limit.size is not None]
        self._counters = counters
        self._seen = self._sent = 0

    def take(self, raw: bytes, masked: bytes, number: int) -> bytes:
        """Return what may be delivered of `number` whole messages, `masked` from `raw`."""
        for limit, counter in self._counters:
            counter.take(raw)
            if sum(counter.findings.get(name, 0) for name in limit.detect) > (limit.findings or 0):
                self.broken = limit
                return b""
        for limit in self._rows:
            if self._seen + number > (limit.rows or 0):
                return self._cut(limit, masked, (limit.rows or 0) - self._seen)
        for limit in self._sizes:
            if self._sent + len(masked) > (limit.size or 0):
                return self._cut(limit, masked, _fitting(masked, (limit.size or 0) - self._sent))
        self._seen += number
        self._sent += len(masked)
        return masked

    def _cut(self, limit: OutputLimit, masked: bytes, number: int) -> bytes:
        self.broken = limit
        if limit.then is Breach.DENY:
            return b""
        at = 0
        for _ in range(number):
            at += 1 + _length_at(masked, at + 1)[0]
        return masked[:at]


def count_messages(messages: bytes) -> int:
    """Return how many whole messages there are."""
    return _fitting(messages, len(messages))


def _fitting(messages: bytes, size: int) -> int:
    """Return how many whole messages fit into `size` bytes."""
    at = count = 0
    while at < len(messages):
        at += 1 + _length_at(messages, at + 1)[0]
        if at > size:
            break
        count += 1
    return count
