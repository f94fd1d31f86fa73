"""Verifies an export of the whole record, offline: lines of JSON, one thing each.

==============  =====================================================================================================
``export``      the first: the form's version, when it was made, how long the trail was then, the public keys, and the
                head that the archive held
``head``        a signed head and its leaves, in order
``session``     what a session says of itself; its events follow
``event``       an event, an ``output`` event with its part of the recording in Base64, or how that is damaged
``unreadable``  why the next event could not be read
``entry``       an entry of the trail
``end``         the last: how many lines came before it, and their SHA-256
==============  =====================================================================================================

The keys are those of the export itself: that they are the API's own is known by a fingerprint from elsewhere. The
same way, a digest of a head that was kept elsewhere shows that nothing was set back to before it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from guardcli.client.chains import ChainCheck, Claims, TrailCheck, deletions, facts_fault
from guardcli.client.faults import Fault
from guardcli.client.heads import Head, HeadsCheck, Leaf, Mark, session_marks, trail_mark
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import EventType, parse_event
from guardcli.signing import ForgedError, KeySet

VERSION = 1

LINE_MAX = 32 * 1024 * 1024
"""Bytes of a line; an event with its part of the recording is far less."""

ALL = 2**62
"""Deleted up to here: what is missing is held against the trail once that has come."""

FACTS = frozenset({"session-opened", "session-closed", "recording-deleted"})

TEXT, NUMBER, PARTS = (str,), (int, float), (dict,)

Types = Mapping[str, tuple[type, ...]]

SESSION: Types = {
    "id": TEXT,
    "identity": TEXT,
    "owner": TEXT,
    "facts": PARTS,
    "closed": NUMBER,
    "events": (int,),
    "head": TEXT,
}

ENTRY: Types = {
    "sequence": (int,),
    "time": TEXT,
    "actor": TEXT,
    "action": TEXT,
    "subject": TEXT,
    "data": PARTS,
    "previous": TEXT,
    "hash": TEXT,
}

HEAD: Types = {"body": TEXT, "signature": TEXT, "leaves": (list,)}

LEAF: Types = {"session": TEXT, "events": (int,), "head": TEXT}


@dataclass(slots=True)
class Outcome:
    """What was looked at and found; `keys` are the fingerprints of the keys that heads were checked with."""

    sessions: int = 0
    events: int = 0
    bytes: int = 0
    heads: int = 0
    last_head: str = ""
    keys: tuple[str, ...] = ()
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


def verify_export(lines: Iterable[bytes], pinned: str = "", expected: str = "") -> Outcome:
    """Check an export, line by line; memory grows with the number of sessions and heads, not with what they recorded.

    `pinned` is the whole fingerprint of a key that must be among those that signed, `expected` the digest of a head
    that must be there. Raises ConfigurationError for what is no export.
    """
    return _Reader(pinned, expected).read(lines)


class _Reader:
    def __init__(self, pinned: str, expected: str) -> None:
        self.outcome = Outcome()
        self._pinned = pinned
        self._expected = expected
        self._heads = HeadsCheck(None)
        self._trail: TrailCheck | None = None
        self._trail_marks: list[Mark] = []
        self._marks: dict[str, list[Mark]] = {}
        self._latest: Head | None = None
        self._length = 0
        self._claims: dict[str, Claims] = {}
        self._acts: dict[str, list[Mapping[str, Any]]] = {}
        self._missing: dict[str, list[int]] = {}
        self._check: ChainCheck | None = None
        self._session = ""
        self._kinds: dict[str, Callable[[Any], None]] = {
            "head": self._head,
            "session": self._begin,
            "unreadable": self._unreadable,
            "entry": self._entry,
        }

    def read(self, lines: Iterable[bytes]) -> Outcome:
        digest = hashlib.sha256()
        count = 0
        end: Mapping[str, Any] | None = None
        for line in lines:
            if end is not None:
                self._fault("lines were added after the end of the export")
                break
            form = _form(line, count + 1)
            if "end" in form:
                end = form["end"]
                continue
            digest.update(line)
            self._take(form, count)
            count += 1
        if not isinstance(end, dict):
            self._fault("the export has no end: it was cut off")
        elif end != {"lines": count, "sha256": digest.hexdigest()}:
            self._fault("the export is not what its end says: lines of it were changed, removed or added")
        self._finish()
        return self.outcome

    def _take(self, form: Mapping[str, Any], count: int) -> None:
        if count == 0:
            self._header(form)
            return
        try:
            if "event" in form:
                self._event(form)
                return
            for kind, act in self._kinds.items():
                if kind in form:
                    act(form[kind])
                    return
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._fault(f"line {count + 1} cannot be read: {type(error).__name__}")
            return
        self._fault(f"line {count + 1} is of no kind that an export has")

    def _header(self, form: Mapping[str, Any]) -> None:
        if form.get("export") != VERSION or not isinstance(form.get("trail"), int):
            raise ConfigurationError("this is no export of the record", hint="guard audit export --format record")
        self._length = form["trail"]
        try:
            keys = KeySet.parse(form["keys"]) if form.get("keys") is not None else None
            if keys is not None and self._pinned:
                keys.pinned([self._pinned])
            self._heads = HeadsCheck(keys)
            self.outcome.keys = tuple(link.key.fingerprint for link in keys.links) if keys else ()
        except ForgedError as error:
            self._fault(f"the keys: {error.message}")
        latest = form.get("latest")
        if isinstance(latest, dict):
            self._latest = Head(str(latest.get("body")), str(latest.get("signature")), ())
        if self._pinned and not self.outcome.keys:
            self._fault("nothing in it is signed by the key that was named")

    def _head(self, form: Mapping[str, Any]) -> None:
        known = _typed(form, HEAD)
        leaves = (_typed(dict(zip(LEAF, leaf, strict=True)), LEAF) for leaf in known["leaves"])
        head = Head(known["body"], known["signature"], tuple(Leaf(**leaf) for leaf in leaves))
        for message in self._heads.add(head):
            self._fault(message)
        if mark := trail_mark(head):
            self._trail_marks.append(mark)
        for session, mark in session_marks(head):
            self._marks.setdefault(session, []).append(mark)
        if self._latest is not None and self._latest.body == head.body:
            self._latest = None
        if head.digest == self._expected:
            self._expected = ""

    def _begin(self, form: Mapping[str, Any]) -> None:
        self._end()
        id = _typed(form, {"id": TEXT})["id"]
        self.outcome.sessions += 1
        if "unreadable" in form:
            said = f"what is kept of the session cannot be read: {form['unreadable']}"
            self.outcome.faults.append(Fault(id, -1, said))
            self._session, self._check = id, None
            self._claims[id] = Claims(id, "", "", {}, 0.0, 0, "")
            return
        claims = Claims(**_typed(form, SESSION))
        self._claims[id], self._session = claims, id
        self._check = ChainCheck(id, claims.events, claims.head, ALL, self._marks.get(id, ()))

    def _event(self, form: Mapping[str, Any]) -> None:
        event = parse_event(form["event"])
        self.outcome.events += 1
        if self._check is None:
            return
        content = base64.b64decode(form["content"], validate=True) if "content" in form else None
        if event.type is EventType.OUTPUT and content is None and "damage" not in form:
            self._missing.setdefault(self._session, []).append(event.sequence)
        self.outcome.bytes += len(content or b"")
        self.outcome.faults.extend(self._check.add(event, content, str(form.get("damage", ""))))

    def _unreadable(self, why: str) -> None:
        if self._check is not None:
            self.outcome.faults.append(self._check.unreadable(str(why)))

    def _end(self) -> None:
        if self._check is not None:
            self.outcome.faults.extend(self._check.end())
            self._check = None

    def _entry(self, form: Mapping[str, Any]) -> None:
        self._end()
        _typed(form, ENTRY)
        if self._trail is None:
            self._trail = TrailCheck(self._trail_marks)
        if message := self._trail.add(form):
            self._fault(message)
        if form["action"] in FACTS:
            self._acts.setdefault(form["subject"], []).append(form)

    def _finish(self) -> None:
        self._end()
        trail = self._trail or TrailCheck(self._trail_marks)
        if message := trail.end():
            self._fault(message)
        elif not trail.is_broken and trail.start < self._length:
            self._fault(f"the trail ends after {trail.start} entries, where {self._length} were written")
        self.outcome.heads, self.outcome.last_head = self._heads.count, self._heads.digest
        if self._latest is not None:
            self._fault("the head that the archive held is not among the others: these were cut off or replaced")
        if self._expected:
            self._fault(
                f"the head {self._expected[:16]}… is not in it: it was set back to before that, or is another's"
            )
        for id in sorted({*self._claims, *self._marks, *self._opened()}):
            self.outcome.faults.extend(self._session_faults(id))

    @property
    def _covered(self) -> int:
        """How much of the trail was there before any session was read: as the last head signed, if there is one."""
        return max((mark.length for mark in self._trail_marks), default=self._length)

    def _opened(self) -> Iterator[str]:
        """Give the sessions that the trail opened before that."""
        covered = self._covered
        for id, entries in self._acts.items():
            if any(one["action"] == "session-opened" and one["sequence"] < covered for one in entries):
                yield id

    def _session_faults(self, id: str) -> Iterator[Fault]:
        entries, claims = self._acts.get(id, []), self._claims.get(id)
        if claims is None:
            marks = self._marks.get(id)
            said = (
                f"head {marks[-1].number} signed {marks[-1].length} events of it" if marks else "the trail knows of it"
            )
            yield Fault(id, -1, f"the session was removed, but {said}")
            return
        early = [entry for entry in entries if entry["sequence"] < self._covered]
        if claims.head and (message := facts_fault(claims, entries)) and facts_fault(claims, early):
            yield Fault(id, -1, message)
        deleted = deletions(entries)
        self.outcome.notes.extend(Fault(id, end, said) for end, said in deleted.items())
        for sequence in self._missing.get(id, ()):
            if sequence >= max(deleted, default=0):
                yield Fault(id, sequence, f"event {sequence}: its part of the recording is missing")

    def _fault(self, message: str) -> None:
        self.outcome.faults.append(Fault("", -1, message))


def _typed(form: Mapping[str, Any], types: Types) -> dict[str, Any]:
    """Return the parts of `form` that `types` names; ValueError where one is missing or of another type."""
    for name, allowed in types.items():
        if not isinstance(form.get(name), allowed) or isinstance(form[name], bool):
            raise ValueError(name)
    return {name: form[name] for name in types}


def _form(line: bytes, number: int) -> Mapping[str, Any]:
    try:
        form = json.loads(line) if len(line) <= LINE_MAX else None
    except (ValueError, RecursionError):
        form = None
    if isinstance(form, dict):
        return form
    if number == 1:
        raise ConfigurationError("this is no export of the record", hint="guard audit export --format record")
    return {}
