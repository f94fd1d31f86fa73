"""Kubernetes Secrets in JSON on one line, in YAML and pretty JSON, and bootstrap tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question, judge
from guardcli.masking.detector import Detector
from guardcli.masking.followers.compiled import Compiled, Kind
from guardcli.masking.followers.follower import Follower
from guardcli.masking.overlong import BRACE
from guardcli.masking.sieve import Sieve

_PAIR = re.compile(rb"\\?\"[\w.-]{1,253}\\?\"[ \t]*:[ \t]*\\?\"([^\"\\\n]*)(\\?\"[ \t]*(,[ \t]*)?)?")
_OPEN = rb"\"(?:data|stringData)\\?\"[ \t]{0,8}:[ \t]{0,8}\{[ \t]{0,8}\\?\""
_KEY_OPEN = rb"[\w.-]{1,253}\\?\"[ \t]*:[ \t]*\\?\""
_KIND = re.compile(rb"\\?\"kind\\?\"[ \t]*:[ \t]*\\?\"Secret\\?\"")
_OTHER = (
    re.compile(
        rb"\\?\"kind\\?\"[ \t]{0,8}:[ \t]{0,8}\\?\"(?!Secret\\?\")\w{1,60}\\?\"[ \t]{0,8},[ \t]{0,8}\\?"
        + _OPEN
        + rb"\Z"
    ),
    re.compile(
        rb"[ \t]{0,8}\}[ \t]{0,8},[ \t]{0,8}\\?\"kind\\?\"[ \t]{0,8}:[ \t]{0,8}\\?\"(?!Secret\\?\")\w{1,60}\\?\""
    ),
)
"""What stands before and behind the data of an object that says itself that it is no Secret."""
_BOOTSTRAP = rb"[a-z0-9]{6}\.[a-z0-9]{16}(?![A-Za-z0-9.])"
_NEAR = 4000
_REACH = 6000
_LONGEST_KEY = 300


class Kubernetes(Detector):
    """Find the values of a Secret in YAML and pretty-printed JSON, as ``native/secretdata.c`` does."""

    name = "kubernetes"
    label = "KUBERNETES_SECRET"
    led: ClassVar[bool] = True
    triggers = (rb"(?:data|stringData)\"?:[ \t{\r\n]",)
    ends = (rb"[\n \"+-](?:data|stringData)\"?:[ \t]{0,8}\{?[ \t]{0,8}",)
    opening = rb"\"(?:data|stringData)\\?\"[ \t]{0,8}:[ \t]{0,8}\{([^}\n]{1,4096})"
    stub = rb"\"(?:data|stringData)\\?\"[ \t]{0,8}:[ \t]{0,8}\{([^\n]{1,4096})"

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, and those for Secrets on one line, bootstrap tokens, and errors that quote a Secret."""
        return cls(), Inline(), Bootstrap(), Quoted()

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return who finds where ``data:`` stands alone on its line, from `at` on."""
        return at, Compiled(Kind.SECRET_DATA)


class Bootstrap(Detector):
    """Find bootstrap tokens: given to `kubeadm`, and listed by it."""

    name = Kubernetes.name
    label = Kubernetes.label
    triggers = (
        rb"(?i)(?:--token|bootstrap.?token)[ \t:=\"']{1,8}[a-z0-9]{6}\.[a-z0-9]{16}",
        rb"(?:[0-9]Z|<never>)[ \t]{2,20}(?:authentication|signing)",
    )
    finders = (
        Finder(Way.TOKEN, _BOOTSTRAP, Judge(), rb"(?<![A-Za-z0-9.])[a-z0-9]", distances=(23,)),
        Finder(Way.SHAPE, _BOOTSTRAP + rb"(?=[ \t])", Judge(), ahead=1, distances=(130, 110)),
    )
    opening = rb"(?<![A-Za-z0-9.])([a-z0-9]{6}\.[a-z0-9]{1,16}(?:[ \t]{2}[^\n]{0,80})?)"


class Quoted(Detector):
    """Find what the API server quotes of a Secret whose data is no base64: a piece that may begin within a name."""

    name = Kubernetes.name
    label = Kubernetes.label
    triggers = (rb"Secret[^\n]{0,400}error found in #[0-9]{1,6} byte of \.\.\.\|[^\n]",)
    finders = (
        Finder(
            Way.SHAPE,
            rb"error found in #[0-9]{1,6} byte of \.\.\.\|([^\n]{1,4000})",
            Judge(),
            ahead=4096,
            distances=(60,),
        ),
    )


class Inline(Detector):
    """Find the values of a Secret on one line."""

    name = Kubernetes.name
    label = Kubernetes.label
    triggers = (_OPEN,)
    sifted = True

    @cached_property
    def _expressions(self) -> tuple[Sieve, re.Pattern[bytes]]:
        """Where an opening is that a pair follows, and all of an opening."""
        return Sieve(_OPEN + _KEY_OPEN), re.compile(_OPEN)

    def places(self, text: bytes, end: int) -> Iterator[int]:
        """Return where openings end that a pair follows."""
        sieve, opening = self._expressions
        place = 0
        while (place := sieve.search(text, place, end)) >= 0:
            if (found := opening.match(text, place, end)) is not None:
                yield found.end()
            place += 1

    def find_all(self, text: bytes, at: int) -> Sequence[tuple[int, int, int]]:
        """Return the values behind the opening that ends at `at`."""
        return _inline(text, at)


def _inline(text: bytes, at: int) -> Sequence[tuple[int, int, int]]:
    """Return the values; where they go on beyond the reach, all up to the closing brace goes with the last one."""
    begin = at - (2 if text[at - 2] == 0x5C else 1)
    end = begin + _REACH
    values, place, goes_on = [], begin, False
    while (pair := _PAIR.match(text, place, end)) is not None:
        place = pair.end()
        values.append((*pair.span(1), 0))
        goes_on = pair[2] is None if place < end else True
        if pair[2] is None:
            break
    if not values:
        return ()
    goes_on = goes_on or (end - place < _LONGEST_KEY and text[place - 1 : place] in (b",", b" "))
    low = max(text.rfind(b"\n", max(0, at - _NEAR), at) + 1, at - _NEAR, 0)
    newline = text.find(b"\n", place, place + _NEAR)
    named = b"stringData" in text[max(0, at - 40) : at] or _KIND.search(
        text, low, newline if newline >= 0 else place + _NEAR
    )
    if not named and (_OTHER[0].search(text, max(0, at - 120), at) or _OTHER[1].match(text, place)):
        return ()
    if not named and not all(judge(text[first:last], Question.ENCODED + goes_on) for first, last, _ in values):
        return ()
    if goes_on:
        values[-1] = (values[-1][0], place, BRACE)
    return [value for value in values if value[1] > value[0]]
