"""Signatures hold for what they are on and nothing else; rings rotate, and sets of keys follow on."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardcli.model.errors import ConfigurationError, UnavailableError
from guardcli.model.events import canonical
from guardcli.signing import ForgedError, KeyRing, KeySet, Link, Signature, SigningKey

MESSAGE = b'{"digest":"00"}'


def grown(*keys: SigningKey) -> KeySet:
    found = KeySet((Link(keys[0].public, 0.0),))
    for at, (old, new) in enumerate(pairwise(keys), 1):
        found = found.followed_by(old, new, float(at))
    return found


ONE, TWO, THREE, OTHER = (SigningKey.new() for _ in range(4))
KEYS = grown(ONE, TWO, THREE)


def test_a_signature_holds_for_its_message_and_purpose_alone() -> None:
    signature = ONE.sign("policy", MESSAGE)
    KEYS.verify("policy", MESSAGE, signature)
    for purpose, message in (
        ("head", MESSAGE),
        ("policy", MESSAGE + b" "),
        ("policy", b""),
        ("polic", b"y\n" + MESSAGE),
    ):
        with pytest.raises(ForgedError):
            KEYS.verify(purpose, message, signature)


@settings(max_examples=60)
@given(st.integers(0, 63), st.integers(1, 255))
def test_a_signature_with_one_byte_changed_does_not_hold(place: int, change: int) -> None:
    signature = ONE.sign("policy", MESSAGE)
    value = bytearray(signature.value)
    value[place] ^= change
    with pytest.raises(ForgedError):
        KEYS.verify("policy", MESSAGE, Signature(signature.key, bytes(value)))


def test_a_signature_by_a_key_that_is_not_known_does_not_hold() -> None:
    with pytest.raises(ForgedError, match="not known"):
        KEYS.verify("policy", MESSAGE, OTHER.sign("policy", MESSAGE))
    borrowed = Signature(ONE.public.id, OTHER.sign("policy", MESSAGE).value)
    with pytest.raises(ForgedError, match="does not hold"):
        KEYS.verify("policy", MESSAGE, borrowed)


def test_a_set_is_read_as_it_was_written() -> None:
    read = KeySet.parse(json.loads(canonical(KEYS.as_json())))
    assert read == KEYS and read.current == THREE.public
    assert read.pinned([TWO.public.fingerprint]) is read
    assert read.grown_from(grown(ONE)) is read and read.grown_from(read) is read
    assert THREE.public.fingerprint.startswith(THREE.public.id) and len(THREE.public.id) == 16


def without_the_last(form: dict) -> None:
    form["keys"].pop(1)


def another_in_between(form: dict) -> None:
    form["keys"][1]["key"] = base64.b64encode(OTHER.public.raw).decode()
    form["keys"][1]["id"] = OTHER.public.id


def an_id_of_another(form: dict) -> None:
    form["keys"][0]["id"] = OTHER.public.id


def a_later_time(form: dict) -> None:
    form["keys"][2]["since"] += 1


def a_time_that_is_none(form: dict) -> None:
    form["keys"][2]["since"] = float("nan")


def the_other_way(form: dict) -> None:
    form["keys"].reverse()


def halves_exchanged(form: dict) -> None:
    link = form["keys"][1]
    link["before"], link["own"] = link["own"], link["before"]


def one_twice(form: dict) -> None:
    form["keys"].append(form["keys"][2])


def something_more(form: dict) -> None:
    form["more"] = 1


def a_first_that_follows(form: dict) -> None:
    form["keys"].pop(0)


def loose_base64(form: dict) -> None:
    form["keys"][0]["key"] = form["keys"][0]["key"] + "\n"


def none_at_all(form: dict) -> None:
    form["keys"].clear()


HARMS = [
    without_the_last,
    another_in_between,
    an_id_of_another,
    a_later_time,
    a_time_that_is_none,
    the_other_way,
    halves_exchanged,
    one_twice,
    something_more,
    a_first_that_follows,
    loose_base64,
    none_at_all,
]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_set_that_does_not_follow_on_is_refused(harm: Callable[[dict], None]) -> None:
    form = json.loads(canonical(KEYS.as_json()))
    harm(form)
    with pytest.raises(ForgedError):
        KeySet.parse(form)


@pytest.mark.parametrize("form", [None, [], {}, {"keys": {}}, {"keys": [1]}, {"keys": [{}]}, "x", {"keys": [None]}])
def test_what_is_no_set_is_refused(form: object) -> None:
    with pytest.raises(ForgedError):
        KeySet.parse(form)


@pytest.mark.parametrize("form", [None, {}, {"key": "a"}, {"key": 1, "value": ""}, {"key": "a", "value": "AAAA"}])
def test_what_is_no_signature_is_refused(form: object) -> None:
    with pytest.raises(ForgedError):
        Signature.parse(form)


def test_a_set_that_forgets_or_exchanges_what_is_known_is_refused() -> None:
    for found in (grown(ONE), grown(OTHER), grown(ONE, TWO, OTHER), grown(ONE, OTHER, THREE)):
        with pytest.raises(ForgedError, match="does not follow on"):
            found.grown_from(KEYS)
    with pytest.raises(ForgedError, match="no key that is trusted"):
        grown(OTHER).pinned([ONE.public.fingerprint])
    with pytest.raises(ForgedError):
        KEYS.pinned([ONE.public.id])
    with pytest.raises(ForgedError):
        KEYS.pinned([])


def test_a_ring_is_made_on_first_use_for_its_owner_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: KeyRing(tmp_path / "keys").public(), range(8)))
    assert len(made) == 1
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert "PrivateKey" not in repr(KeyRing(tmp_path / "keys")) and len(list((tmp_path / "keys").iterdir())) == 2


def test_a_rotation_is_seen_by_all_and_old_signatures_hold(tmp_path: Path) -> None:
    ring, beside = KeyRing(tmp_path), KeyRing(tmp_path)
    first = beside.sign("head", MESSAGE)
    known = ring.public()
    rotated = ring.rotate(5.0)
    second = beside.sign("head", MESSAGE)
    assert second.key == rotated.current.id != first.key
    for signature in (first, second):
        beside.public().verify("head", MESSAGE, signature)
    assert rotated.grown_from(known) == beside.public()
    assert [path.name for path in tmp_path.glob("*.key")] == [f"{rotated.current.id}.key"]


def test_a_ring_that_is_spoilt_is_never_replaced_silently(tmp_path: Path) -> None:
    id = KeyRing(tmp_path).public().current.id
    (tmp_path / f"{id}.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="read by others"):
        KeyRing(tmp_path).public()
    (tmp_path / f"{id}.key").write_bytes(b"x" * 32)
    (tmp_path / f"{id}.key").chmod(0o600)
    with pytest.raises(ConfigurationError, match="another key"):
        KeyRing(tmp_path).sign("head", MESSAGE)
    (tmp_path / f"{id}.key").unlink()
    with pytest.raises(UnavailableError):
        KeyRing(tmp_path).rotate(1.0)
    (tmp_path / "keys.json").write_text("[" * 100_000)
    with pytest.raises(ConfigurationError, match="no set of keys"):
        KeyRing(tmp_path).public()
