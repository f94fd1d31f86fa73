"""A bundle holds all that its policy is made of; an answer about it holds for its question alone, and whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardcli.model.errors import ConfigurationError
from guardcli.model.events import canonical
from guardcli.policy.bundles import (
    PURPOSES,
    Answer,
    Assigned,
    Order,
    Published,
    Question,
    Statement,
    gather,
    message,
    opened,
    packed,
    sha256,
    unpacked,
    verify,
)
from guardcli.policy.loader import load_policy, read_source
from guardcli.signing import ForgedError, KeySet, Link, SigningKey

TEXT = """\
version: 1
name: team
rules:
  - {id: reads, match: {tool: psql, effects: [read]}, decision: allow}
"""

KEY, OTHER = SigningKey.new(), SigningKey.new()
KEYS = KeySet((Link(KEY.public, 0.0),))
NONCE, BEARER = "0" * 32, "b" * 64
QUESTION = Question(NONCE, BEARER, 3)


def signed(statement: Statement, key: SigningKey = KEY) -> dict[str, str]:
    return key.sign(PURPOSES[type(statement)], message(statement)).as_json()


def published(content: bytes, version: int = 7) -> Published:
    return Published(version, "team", opened(content).digest, sha256(content), "token:root", 5.0, "why")


def answered(content: bytes, /, key: SigningKey = KEY, **changes: object) -> dict[str, Any]:
    version = published(content)
    answer = Answer(3, "agents", 7, version.content, BEARER, ("agents",), NONCE, 6.0)
    answer = replace(answer, **changes)  # type: ignore[arg-type]
    bundle = {"published": asdict(version), "signature": signed(version), "content": content.decode()}
    whole = {"answer": asdict(answer), "signature": signed(answer, key), "keys": KEYS.as_json(), "bundle": bundle}
    return json.loads(canonical(whole))


CONTENT = packed("team.yaml", {"team.yaml": TEXT})
LAXER = packed("team.yaml", {"team.yaml": TEXT.replace("[read]", "[read, write, delete]")})


def test_a_bundle_holds_every_file_and_comes_to_the_same_policy(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("version: 1\nname: base\nextends: [pack:default]\n")
    (tmp_path / "team").mkdir()
    top = tmp_path / "team" / "team.yaml"
    top.write_text(TEXT + "extends: [../base.yaml]\n")
    content, policy = gather(str(top), read_source)
    assert set(unpacked(content)[1]) == {"team.yaml", "../base.yaml", "pack:default"}
    assert opened(content).digest == policy.digest == load_policy(str(top)).digest
    assert str(tmp_path) not in content.decode()
    assert opened(gather("pack:default", read_source)[0]).digest == load_policy("pack:default").digest


def test_a_bundle_reads_no_file_that_it_does_not_hold(tmp_path: Path) -> None:
    (tmp_path / "here.yaml").write_text(TEXT)
    for name in (str(tmp_path / "here.yaml"), "../x.yaml", "pack:default"):
        with pytest.raises(ConfigurationError, match="not in the bundle"):
            opened(packed("a.yaml", {"a.yaml": f"version: 1\nname: a\nextends: ['{name}']\n"}))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"[" * 10**5, b'{"policy":"a","files":{"a":1}}', b'{"policy":1}']
)
def test_what_is_no_bundle_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigurationError):
        opened(content)


def test_a_policy_with_a_fault_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text(TEXT.replace("effects", "effectz"))
    with pytest.raises(ConfigurationError) as told:
        gather(str(tmp_path / "team.yaml"), read_source)
    assert str(told.value.problems[0]).startswith("team.yaml:4:")
    with pytest.raises(ConfigurationError, match="at most"):
        packed("a", {"a": "x" * (5 << 20)})


def test_an_answer_that_holds_gives_the_policy() -> None:
    found = verify(answered(CONTENT), KEYS, QUESTION)
    assert (found.version, found.content, found.answer.groups) == (7, CONTENT, ("agents",))
    none = verify({**answered(CONTENT, version=0, content="", group=""), "bundle": None}, KEYS, QUESTION)
    assert (none.version, none.published) == (0, None)


def test_an_answer_may_leave_out_what_is_known_and_nothing_else() -> None:
    form = {**answered(CONTENT), "bundle": None}
    known = verify(answered(CONTENT), KEYS, QUESTION)
    assert verify(form, KEYS, QUESTION, known).content == CONTENT
    for wrong in (None, Assigned(known.answer, KEYS, None, b""), replace(known, content=LAXER)):
        with pytest.raises(ForgedError):
            verify(form, KEYS, QUESTION, wrong)


def exchanged_content(form: dict[str, Any]) -> None:
    form["bundle"]["content"] = LAXER.decode()


def a_laxer_bundle_that_was_published_too(form: dict[str, Any]) -> None:
    form["bundle"] = answered(LAXER)["bundle"]


def an_answer_as_it_was_before(form: dict[str, Any]) -> None:
    form.update(answered(CONTENT, nonce="1" * 32))


def an_answer_to_somebody_else(form: dict[str, Any]) -> None:
    form.update(answered(CONTENT, bearer="c" * 64))


def an_answer_to_nobody_in_particular(form: dict[str, Any]) -> None:
    form.update(answered(CONTENT, bearer=""))


def an_older_serial(form: dict[str, Any]) -> None:
    form.update(answered(CONTENT, serial=2))


def nothing_assigned_unsigned(form: dict[str, Any]) -> None:
    form["answer"].update(version=0, content="")


def another_key(form: dict[str, Any]) -> None:
    form.update(answered(CONTENT, key=OTHER))


def another_key_under_the_same_name(form: dict[str, Any]) -> None:
    form["signature"]["value"] = signed(Answer(**form["answer"]), OTHER)["value"]


def the_order_s_signature(form: dict[str, Any]) -> None:
    order = Order(3, "agents", 7, form["answer"]["content"], 100, "published", "token:root", 6.0)
    form["signature"] = signed(order)


def no_signature(form: dict[str, Any]) -> None:
    del form["signature"]


def an_empty_signature(form: dict[str, Any]) -> None:
    form["bundle"]["signature"] = {}


def no_bundle(form: dict[str, Any]) -> None:
    form["bundle"] = None


def a_part_more(form: dict[str, Any]) -> None:
    form["answer"]["more"] = 1


def a_number_as_text(form: dict[str, Any]) -> None:
    form["answer"]["serial"] = "3"


def true_for_one(form: dict[str, Any]) -> None:
    form["answer"]["serial"] = True


HARMS = [
    exchanged_content,
    a_laxer_bundle_that_was_published_too,
    an_answer_as_it_was_before,
    an_answer_to_somebody_else,
    an_answer_to_nobody_in_particular,
    an_older_serial,
    nothing_assigned_unsigned,
    another_key,
    another_key_under_the_same_name,
    the_order_s_signature,
    no_signature,
    an_empty_signature,
    no_bundle,
    a_part_more,
    a_number_as_text,
    true_for_one,
]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_what_somebody_in_the_middle_did_is_refused(harm: Callable[[dict[str, Any]], None]) -> None:
    form = answered(CONTENT)
    harm(form)
    with pytest.raises(ForgedError):
        verify(form, KEYS, QUESTION)


def test_an_answer_by_a_key_that_was_rotated_away_is_refused_and_its_bundle_is_not() -> None:
    rotated = KEYS.followed_by(KEY, OTHER, 1.0)
    with pytest.raises(ForgedError, match="signs no more"):
        verify(answered(CONTENT), rotated, QUESTION)
    assert verify(answered(CONTENT, key=OTHER), rotated, QUESTION).content == CONTENT


WHOLE = canonical(answered(CONTENT))
SAME = verify(answered(CONTENT), KEYS, QUESTION)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_byte_of_an_answer_can_be_changed_to_any_effect(place: int, change: int) -> None:
    """A change is refused, or it is one that JSON does not see, or one to what nobody looks at: its effect is none."""
    tampered = bytearray(WHOLE)
    tampered[place] ^= change
    try:
        found = verify(json.loads(tampered), KEYS, QUESTION)
    except (ValueError, ForgedError):
        return
    assert found == SAME
