"""Signed heads: what all chains were like at a moment, under one signature, each head after the one before.

A head's *leaves* are the sessions that grew since the head before: id, length and last hash of the chain. Its root is
the Merkle tree hash over them in the order of their ids (RFC 9162, 2.1.1: SHA-256, 0x00 before a leaf, 0x01 before a
node), a leaf being the canonical JSON of the three. What is signed is the canonical JSON of number, time, root, count
of leaves, length and last hash of the trail, and the SHA-256 of what was signed before. So whoever has one head and
its key's fingerprint finds whatever was changed, removed or cut off before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from guardcli.model.events import GENESIS, canonical
from guardcli.signing import ForgedError, KeySet, Signature

PURPOSE = "head"

FIELDS = frozenset({"number", "time", "previous", "leaves", "root", "trail", "trail_hash"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """The chain of one session: how many events it had, and the hash of the last."""

    session: str
    events: int
    head: str


@dataclass(frozen=True, slots=True)
class Head:
    """A head as it is kept: the JSON that was signed, the signature as JSON, and its leaves by session."""

    body: str
    signature: str
    leaves: tuple[Leaf, ...]

    @property
    def digest(self) -> str:
        """What the next head calls it: the SHA-256 of what was signed."""
        return hashlib.sha256(self.body.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Mark:
    """What a head says of something: its number and time, a length, and the hash at that length."""

    number: int
    time: str
    length: int
    hash: str


def root(leaves: Sequence[Leaf]) -> str:
    """Return the Merkle tree hash over `leaves`, which are in order."""
    level = [hashlib.sha256(b"\0" + canonical([one.session, one.events, one.head])).digest() for one in leaves]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    while len(level) > 1:  # pairs from the left, an odd one goes up as it is: the same tree as RFC 9162's
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs] + (
            [level[-1]] if len(level) % 2 else []
        )
    return level[0].hex()


def body(number: int, time: str, previous: str, leaves: Sequence[Leaf], trail: int, trail_hash: str) -> bytes:
    """Return what is to be signed."""
    form = {"number": number, "time": time, "previous": previous, "leaves": len(leaves), "root": root(leaves)}
    return canonical({**form, "trail": trail, "trail_hash": trail_hash})


class HeadsCheck:
    """Checks heads one after the other; `keys` are those that they must be signed by, None where none are known."""

    def __init__(self, keys: KeySet | None) -> None:
        self._keys = keys
        self._previous = GENESIS
        self._number = 0

    @property
    def count(self) -> int:
        """How many heads came."""
        return self._number

    @property
    def digest(self) -> str:
        """The digest of the last one."""
        return self._previous

    def add(self, head: Head) -> Iterator[str]:
        """Give what is wrong with the next head, naming it."""
        expected = self._number
        self._number += 1
        form = _parsed(head.body)
        if form is None:
            yield f"head {expected} cannot be read"
        elif form["number"] != expected:
            yield f"head {expected} is missing; {form['number']} stands in its place"
            self._number = form["number"] + 1 if form["number"] > expected else self._number
        else:
            if form["previous"] != self._previous:
                yield f"head {expected} does not follow the head before it"
            if (form["leaves"], form["root"]) != (len(head.leaves), root(head.leaves)):
                yield f"head {expected}: what it says of the sessions was changed"
            if self._keys is not None and (fault := _unsigned(self._keys, head)):
                yield f"head {expected}: {fault}"
        self._previous = head.digest


def _unsigned(keys: KeySet, head: Head) -> str:
    try:
        signature = Signature.parse(json.loads(head.signature))
        keys.verify(PURPOSE, head.body.encode("utf-8", "surrogatepass"), signature)
    except ForgedError as error:
        return error.message
    except (ValueError, RecursionError):
        return "its signature cannot be read"
    return ""


def trail_mark(head: Head) -> Mark | None:
    """Return what `head` says of the trail, None where it cannot be read."""
    form = _parsed(head.body)
    return None if form is None else Mark(form["number"], form["time"], form["trail"], form["trail_hash"])


def session_marks(head: Head) -> Iterator[tuple[str, Mark]]:
    """Give what `head` says of each of its sessions."""
    form = _parsed(head.body) or {"number": -1, "time": ""}
    for leaf in head.leaves:
        yield leaf.session, Mark(form["number"], form["time"], leaf.events, leaf.head)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        return None
    numbers = ("number", "leaves", "trail")
    if not isinstance(form, dict) or form.keys() != FIELDS:
        return None
    if not all(isinstance(form[name], int) for name in numbers):
        return None
    return form if all(isinstance(form[name], str) for name in FIELDS - set(numbers)) else None
