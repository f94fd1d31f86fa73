"""What every detector is: a trigger for the first pass over everything, a close look where it fires."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import ClassVar

from guardcli.masking.compiled.finders import Finder
from guardcli.masking.compiled.native import Spans
from guardcli.masking.followers.follower import Follower
from guardcli.masking.forms.tails import Tail

LOOK_BACK = 4608
"""No detector looks further back than this many bytes before the place where its trigger fired."""

LOOK_AHEAD = 10240
"""No detector looks further ahead than this many bytes; a value of 8,000 and more goes on as `overlong` says."""


class Detector:
    """One kind of secret.

    `triggers` are hyperscan expressions (on bytes). They say where a close look is worth the time: each should
    end at a fixed place of the secret, hold a literal, and fire seldom on clean text. What has no literal, such as
    groups of digits, would make the first pass slow: `native` finds it. `tails` are such triggers too: forms around
    a telling name, which `native` finds where a name is. `finders` say, for each trigger and then each tail, how
    `native` takes that close look; without them `find` does, or what the detector has in its place. `opening` is a
    Python expression for what, at the end of the text so far, may be the beginning of a secret that deserves to be
    held back even when nothing more comes for a while, with one group around that beginning; empty where a single word
    is all there is.
    `stub` is one for what may begin a secret but is as likely a word: it is held back for a while, and then let out.
    Of one that is `ruled`, so many of its first triggers are reported once a block, and `headings` says where all end.
    The triggers of one that is `led` are reported once a block and say no more than that it is worth the time to lead
    a follower, who `begin` returns for the first line of the block, over all lines: it finds by itself where what it
    follows begins, behind lines with one of `ends`, expressions for their last bytes.
    A detector that is `once` has the trigger reported once a block, and its `find_block`, or else its `find_all`, finds
    all there is; one with `blanks` may find what holds blanks whose beginning nothing gives away.
    """

    name: ClassVar[str]
    label: str
    triggers: tuple[bytes, ...] = ()
    tails: tuple[Tail, ...] = ()
    finders: tuple[Finder, ...] = ()
    opening: ClassVar[bytes] = b""
    stub: ClassVar[bytes] = b""
    personal: ClassVar[bool] = False
    once: ClassVar[bool] = False
    sifted: ClassVar[bool] = False
    ruled: ClassVar[int] = 0
    led: ClassVar[bool] = False
    ends: tuple[bytes, ...] = ()
    tools: ClassVar[frozenset[str]] = frozenset()
    blanks: bool = False

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return the detectors that together find this kind; each bears its name."""
        return (cls(),)

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return start and end of the secret for a trigger that ended at `at`, or None when there is none.

        The answer depends on the line around `at` alone (between two newlines), within `LOOK_BACK` and
        `LOOK_AHEAD`; it does not depend on where `text` begins or ends beyond those. None here: what `native` finds
        needs no closer look.
        """
        return None

    def find_swept(self, text: bytes, start: int, end: int) -> tuple[int, int] | None:
        """Return the secret whose form `native` found from `start` to `end`, if it is one."""
        raise NotImplementedError

    def judge_swept(self, text: bytes, base: int, rank: int, places: Spans) -> Spans:
        """Return what of `places` is secret, as of `rank`, and begins from `base` on; leave in `places` those of which
        `find_swept` must be asked, and those of others.
        """
        return Spans.room(0)

    def find_all(self, text: bytes, at: int) -> Sequence[tuple[int, int, int]]:
        """Return what `find` does, where one trigger may stand for several secrets, in order, each with its `rest`:
        0, or the number of the rest in `overlong` that goes with it.
        """
        found = self.find(text, at)
        return () if found is None else ((*found, 0),)

    def find_block(self, text: bytes, base: int, end: int, rank: int) -> Spans:
        """Return all secrets in `text[:end]` that begin from `base` on, as of `rank`, for a detector that is `once`."""
        raise NotImplementedError

    def places(self, text: bytes, end: int) -> Iterable[int]:
        """Return where the trigger of a detector that is `sifted` ends in `text[:end]`; places may be left out at which
        `find` finds nothing.
        """
        raise NotImplementedError

    def headings(self, text: bytes, end: int, whole: bool, hits: array[int], number: int) -> Sequence[int]:
        """Return, in order, where in `text[:end]` triggers of a detector that is `ruled` end, of which `begin` must be
        asked: those that are reported once, if one was and so `whole`, and the other one, which is of this number among
        the `hits`.
        """
        raise NotImplementedError

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where lines begin that a follower must see, and the follower, for a trigger that ended at `at`."""
        return None

    def first(self) -> Follower | None:
        """Return the follower that must see the first line of a stream, if any."""
        return None
