"""An export of the record verifies without the API, and whatever was done to it is named."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import operator
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from guardcli.api.jobs import sign_heads
from guardcli.api.store import Store
from guardcli.api.store.database import open_database, prepare
from guardcli.api.store.exporting import export
from guardcli.api.store.retention import Rules
from guardcli.client.exports import Outcome, verify_export
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import canonical
from guardcli.signing import KeyRing

ID, OTHER = "session-0001", "session-0002"


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


def signed(store: Store, make, keys: KeyRing) -> None:
    """Two sessions, under two heads by two keys."""
    for id in (ID, OTHER):
        store.sessions.open(make.facts(id), "local:tester")
        store.events.append(id, make.usual(id).items, "local:tester")
        sign_heads(store, keys)
        keys.rotate(5.0)


@pytest.fixture(scope="module")
def lines(make, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """One export for all that is done to one."""
    directory = tmp_path_factory.mktemp("export")
    engine = open_database(f"sqlite:///{directory / 'guard.db'}")
    prepare(engine)
    store, keys = Store.over(engine, make.segments(directory)), KeyRing(directory / "keys")
    signed(store, make, keys)
    found = exported(store, keys)
    engine.dispose()
    return found


def exported(store: Store, keys: KeyRing) -> list[bytes]:
    return list(export(store, keys.public(), 1000.0))


def said(outcome: Outcome) -> list[tuple[str, int, str]]:
    return [(one.session, one.sequence, one.message) for one in outcome.faults]


def test_what_was_left_alone_is_whole_without_any_key_of_recordings(store: Store, make, keys: KeyRing) -> None:
    signed(store, make, keys)
    lines = exported(store, keys)
    outcome = verify_export(lines, keys.public().links[0].key.fingerprint)
    assert said(outcome) == []
    assert (outcome.sessions, outcome.events, outcome.heads) == (2, 18, 2)
    assert outcome.bytes > 0
    assert verify_export(lines, expected=outcome.last_head).faults == []
    store.sessions.open(make.facts("session-0003"), "local:tester")
    sign_heads(store, keys)
    known = verify_export(exported(store, keys)).last_head
    assert "is not in it" in said(verify_export(lines, expected=known))[0][2]


def sealed(forms: Iterable[dict[str, Any]]) -> list[bytes]:
    """Return the lines of `forms` with an end that fits: what a forger writes who can sign nothing."""
    lines = [canonical(form) + b"\n" for form in forms if "end" not in form]
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    return [*lines, canonical({"end": {"lines": len(lines), "sha256": digest}}) + b"\n"]


def without(forms: list[dict[str, Any]], drop: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
    return [form for form in forms if not drop(form)]


def of(form: dict[str, Any], id: str) -> bool:
    return form.get("event", {}).get("session") == id or form.get("session", {}).get("id") == id


def change(forms: list[dict[str, Any]], kind: str, number: int, act: Callable[[dict[str, Any]], object]) -> Any:
    act([form for form in forms if kind in form][number])
    return forms


def cut(forms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take the last two events from the first session, and let the session say that it has no more."""
    kept = without(forms, lambda form: of(form, ID) and form.get("event", {}).get("sequence", 0) >= 7)
    session = next(form["session"] for form in kept if of(form, ID) and "session" in form)
    last = next(form["event"] for form in kept if of(form, ID) and form.get("event", {}).get("sequence") == 6)
    session.update(events=7, head=last["hash"], closed=0.0)
    return kept


def swapped(forms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    places = [place for place, form in enumerate(forms) if "event" in form]
    forms[places[3]], forms[places[4]] = forms[places[4]], forms[places[3]]
    return forms


def content(text: bytes) -> dict[str, str]:
    return {"content": base64.b64encode(text).decode()}


HARMS: dict[str, tuple[Callable[[list[dict[str, Any]]], Any], tuple[str, int, str]]] = {
    "an event's data": (
        lambda at: change(at, "event", 2, lambda form: form["event"]["data"].update(command="ls")),
        (ID, 2, "does not match its hash"),
    ),
    "an event removed": (
        lambda at: without(at, lambda form: of(form, ID) and form.get("event", {}).get("sequence") == 3),
        (ID, 3, "missing"),
    ),
    "events swapped": (swapped, (ID, 3, "missing; 4 stands in its place")),
    "a byte of the recording": (
        lambda at: change(at, "event", 4, lambda form: form.update(content(b"x" * form["event"]["data"]["length"]))),
        (ID, 4, "SHA-256"),
    ),
    "a part of the recording removed": (
        lambda at: change(at, "event", 4, lambda form: form.pop("content")),
        (ID, 4, "its part of the recording is missing"),
    ),
    "the tail cut off": (cut, (ID, 7, "where head 0 signed 9")),
    "a session removed": (lambda at: without(at, lambda form: of(form, ID)), (ID, -1, "head 0 signed 9 events of it")),
    "a session and every head removed": (
        lambda at: without(at, lambda form: of(form, ID) or "head" in form),
        (ID, -1, "the trail knows of it"),
    ),
    "whose it is": (
        lambda at: change(at, "session", 0, lambda form: form["session"].update(owner="eve")),
        (ID, -1, "whose session"),
    ),
    "what it said": (
        lambda at: change(at, "session", 0, lambda form: form["session"]["facts"].update(cwd="/")),
        (ID, -1, "when it began was changed"),
    ),
    "an act": (
        lambda at: change(at, "entry", 1, lambda form: form["entry"].update(actor="eve")),
        ("", -1, "entry 1: its content does not match"),
    ),
    "an act removed": (
        lambda at: without(at, lambda form: form.get("entry", {}).get("sequence") == 1),
        ("", -1, "entry 1 is missing"),
    ),
    "the trail's tail": (
        lambda at: without(at, lambda form: form.get("entry", {}).get("sequence", 0) >= 3),
        ("", -1, "the trail ends after 3 entries, where head 1 signed 4"),
    ),
    "a head's text": (
        lambda at: change(
            at, "head", 0, lambda form: form["head"].update(body=form["head"]["body"].replace(":0", ":1"))
        ),
        ("", -1, "head 0"),
    ),
    "a head's signature": (
        lambda at: change(at, "head", 1, lambda form: form["head"].update(signature=at[1]["head"]["signature"])),
        ("", -1, "head 1: the signature"),
    ),
    "a leaf": (
        lambda at: change(at, "head", 0, lambda form: form["head"]["leaves"][0].__setitem__(1, 7)),
        ("", -1, "head 0: what it says of the sessions"),
    ),
    "the first head removed": (lambda at: without(at, lambda form: form is at[1]), ("", -1, "head 0 is missing")),
    "the last head removed": (
        lambda at: without(at, lambda form: form is at[2]),
        ("", -1, "the head that the archive held"),
    ),
    "a key": (
        lambda at: change(at, "export", 0, lambda form: form["keys"]["keys"].pop(0)),
        ("", -1, "the keys: the first key of a set follows on another"),
    ),
    "a line of no kind": (lambda at: [*at, {"more": 1}], ("", -1, "is of no kind")),
    "a line of another form": (lambda at: [*at, {"event": {"session": 1}}], ("", -1, "cannot be read")),
}


@pytest.mark.parametrize("name", HARMS)
def test_whatever_is_done_to_it_is_named(lines: list[bytes], name: str) -> None:
    harm, (session, sequence, words) = HARMS[name]
    forms = [json.loads(line) for line in lines]
    found = said(verify_export(sealed(harm(forms))))
    assert [one for one in found if one[:2] == (session, sequence) and words in one[2]], found


def test_a_changed_byte_anywhere_is_found(lines: list[bytes]) -> None:
    """Whether it is still JSON or not; every 97th byte, over all lines."""
    whole = b"".join(lines)
    for place in range(0, len(whole), 97):
        changed = bytearray(whole)
        changed[place] ^= 1
        try:
            assert verify_export(bytes(changed).splitlines(keepends=True)).faults, place
        except ConfigurationError:
            assert place < len(lines[0])


def paths(form: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give where everything in `form` is, from the outside in."""
    parts = form.items() if isinstance(form, dict) else enumerate(form) if isinstance(form, list) else ()
    for name, value in parts:
        yield (*path, name)
        yield from paths(value, (*path, name))


def harmed(form: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """Return `form` with something else at `path`, or nothing where `value` is a type."""
    copied = json.loads(json.dumps(form))
    place = functools.reduce(operator.getitem, path[:-1], copied)
    if isinstance(value, type):
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copied


@pytest.mark.parametrize("kind", ["export", "head", "session", "event", "entry"])
def test_a_part_that_is_missing_or_of_another_type_is_found(lines: list[bytes], kind: str) -> None:
    """In the last line of each kind, with an end that fits."""
    forms = [json.loads(line) for line in lines]
    number = max(place for place, form in enumerate(forms) if kind in form)
    for path in paths(forms[number]):
        for value in (type, None, True, 2**70, "\ud800", [], {}, [[]]):
            harm = harmed(forms[number], path, value)
            try:
                found = verify_export(sealed([*forms[:number], harm, *forms[number + 1 :]])).faults
            except ConfigurationError:
                assert kind == "export"
                continue
            when = path[-1] == "closed" and isinstance(value, int)  # the trail has its own time of it
            assert found or when or kind == "export", (path, value)


def test_an_export_that_was_cut_or_grew_is_named(lines: list[bytes]) -> None:
    assert "the export has no end" in said(verify_export(lines[:-1]))[0][2]
    assert "after the end" in said(verify_export([*lines, lines[1]]))[0][2]
    assert "not what its end says" in said(verify_export([*lines[:-2], lines[-1]]))[0][2]


def test_another_ones_key_is_not_believed(lines: list[bytes], tmp_path: Path) -> None:
    stranger = KeyRing(tmp_path / "stranger").public().current.fingerprint
    assert "follows on no key that is trusted" in said(verify_export(lines, stranger))[0][2]


def test_what_was_deleted_by_rule_is_told_and_is_no_fault(store: Store, make, keys: KeyRing) -> None:
    signed(store, make, keys)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sessions SET closed=1 WHERE id=:id"), {"id": ID})
    assert list(store.retention.run(Rules(30))) == [ID]
    outcome = verify_export(exported(store, keys))
    assert said(outcome) == []
    assert [(note.session, note.sequence) for note in outcome.notes] == [(ID, 9)]
    forms = [json.loads(line) for line in exported(store, keys)]
    silent = without(forms, lambda form: form.get("entry", {}).get("action") == "recording-deleted")
    assert (ID, 1, "event 1: its part of the recording is missing") in said(verify_export(sealed(silent)))


@pytest.mark.parametrize("line", [b"", b"{}\n", b"[]\n", b"\xff\n", b'{"export":2,"trail":0}\n', b"[" * 100_000])
def test_what_is_no_export_is_said(line: bytes) -> None:
    if not line:
        assert "no end" in said(verify_export([]))[0][2]
        return
    with pytest.raises(ConfigurationError, match="no export"):
        verify_export([line])
