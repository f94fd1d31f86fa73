"""The tree over the leaves is that of RFC 9162, and a head that was touched is named."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest

from guardcli.client.heads import PURPOSE, Head, HeadsCheck, Leaf, body, root, trail_mark
from guardcli.model.events import GENESIS, canonical
from guardcli.signing import KeySet, Link, SigningKey


def leaves(count: int) -> tuple[Leaf, ...]:
    return tuple(Leaf(f"session-{number:04}", number + 1, f"{number:064x}") for number in range(count))


def by_the_book(data: list[bytes]) -> bytes:
    """The recursive definition of RFC 9162, 2.1.1."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\0" + data[0]).digest()
    split = 1 << ((len(data) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + by_the_book(data[:split]) + by_the_book(data[split:])).digest()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 33, 100])
def test_the_root_is_that_of_the_book(count: int) -> None:
    some = leaves(count)
    data = [canonical([leaf.session, leaf.events, leaf.head]) for leaf in some]
    assert root(some) == by_the_book(data).hex()


OLD, NEW, FOREIGN = SigningKey.new(), SigningKey.new(), SigningKey.new()
KEYS = KeySet((Link(OLD.public, 0.0),)).followed_by(OLD, NEW, 5.0)


def story(count: int = 4) -> list[Head]:
    """Heads by one key and then by the next."""
    found: list[Head] = []
    for number in range(count):
        previous = found[-1].digest if found else GENESIS
        text = body(number, f"2026-01-01T00:0{number}:00.000000Z", previous, leaves(number), number * 2, "t" * 64)
        signature = (OLD if number < 2 else NEW).sign(PURPOSE, text)
        found.append(Head(text.decode(), canonical(signature.as_json()).decode(), leaves(number)))
    return found


def faults(heads: list[Head]) -> list[str]:
    check = HeadsCheck(KEYS)
    return [message for head in heads for message in check.add(head)]


def test_heads_by_keys_that_follow_on_each_other_hold() -> None:
    assert faults(story()) == []
    mark = trail_mark(story()[3])
    assert mark is not None
    assert (mark.number, mark.length) == (3, 6)


def edited(head: Head, **changes: object) -> Head:
    return dataclasses.replace(head, body=canonical({**json.loads(head.body), **changes}).decode())


def signed_by(head: Head, key: SigningKey, purpose: str = PURPOSE) -> Head:
    signature = canonical(key.sign(purpose, head.body.encode()).as_json()).decode()
    return dataclasses.replace(head, signature=signature)


HARMS = {
    "the time": (lambda at: edited(at, time="2027"), "head 2: the signature by key"),
    "the trail's length": (lambda at: edited(at, trail=1), "head 2: the signature by key"),
    "the root": (lambda at: edited(at, root="0" * 64), "head 2: what it says of the sessions was changed"),
    "a leaf's length": (
        lambda at: dataclasses.replace(at, leaves=(dataclasses.replace(at.leaves[0], events=9), *at.leaves[1:])),
        "head 2: what it says of the sessions was changed",
    ),
    "a leaf taken out": (
        lambda at: dataclasses.replace(at, leaves=at.leaves[1:]),
        "head 2: what it says of the sessions",
    ),
    "leaves swapped": (
        lambda at: dataclasses.replace(at, leaves=at.leaves[::-1]),
        "head 2: what it says of the sessions",
    ),
    "another's key": (lambda at: signed_by(at, FOREIGN), "head 2: key"),
    "a signature for something else": (lambda at: signed_by(at, NEW, "policy"), "head 2: the signature by key"),
    "no signature": (lambda at: dataclasses.replace(at, signature="null"), "head 2: this is no signature"),
    "no JSON": (lambda at: dataclasses.replace(at, signature="{"), "head 2: its signature cannot be read"),
    "no body": (lambda at: dataclasses.replace(at, body="[" * 100_000), "head 2 cannot be read"),
    "a field more": (lambda at: edited(at, more=1), "head 2 cannot be read"),
    "a field of another kind": (lambda at: edited(at, trail="6"), "head 2 cannot be read"),
}


@pytest.mark.parametrize("name", HARMS)
def test_whatever_is_done_to_a_head_is_named(name: str) -> None:
    harm, words = HARMS[name]
    heads = story()
    heads[2] = harm(heads[2])
    assert faults(heads)[0].startswith(words)


def test_every_byte_of_a_head_counts() -> None:
    heads = story(2)
    for place in range(len(heads[1].body)):
        changed = heads[1].body[:place] + chr(ord(heads[1].body[place]) ^ 1) + heads[1].body[place + 1 :]
        assert faults([heads[0], dataclasses.replace(heads[1], body=changed)]), place


def test_a_head_that_is_missing_or_out_of_order_is_named() -> None:
    heads = story()
    assert faults([heads[0], *heads[2:]])[0] == "head 1 is missing; 2 stands in its place"
    assert faults([heads[0], heads[2], heads[1], heads[3]])[0] == "head 1 is missing; 2 stands in its place"
    rewritten = signed_by(edited(heads[1], time="2027"), OLD)
    assert faults([heads[0], rewritten, *heads[2:]]) == ["head 2 does not follow the head before it"]
