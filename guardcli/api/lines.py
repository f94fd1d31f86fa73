"""A batch of events as their spool holds them: read, and checked against their hashes, many thousand a second.

The body is a sequence of `Event.line`, and behind each ``output`` event its stretch of the recording, as many bytes as
its ``length`` says. A line that is not canonical JSON to the byte, or odd in any other way, goes the way of the JSON
route, and means what it would mean there.
"""

from __future__ import annotations

import hashlib
import json
import re

import orjson
from pydantic import ValidationError

from guardcli.api.bodies import MAX_BATCH, NewEvent
from guardcli.api.store.events import Appended
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import Event, EventType, canonical

_PLAIN = re.compile(r"[A-Za-z0-9][\w.:-]{0,63}", re.ASCII).fullmatch
_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch
_EXPONENT = re.compile(rb"[:,\[]-?[0-9.]+[eE]").search
"""Numbers that Python and orjson write each in its own way."""
_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}").fullmatch
_TYPES = {one.value: one for one in EventType}
_NUMBER_MAX = 2**53
_TIME_MAX = 32


def read_lines(body: bytes) -> list[Appended]:
    """Return the events of `body` in order. Raises ConfigurationError, with the place of what is none."""
    items: list[Appended] = []
    at = 0
    while at < len(body):
        if len(items) == MAX_BATCH:
            raise ConfigurationError(f"more than {MAX_BATCH} events", hint="send smaller batches")
        end = body.find(b"\n", at)
        if end < 0:
            raise ConfigurationError(f"line {len(items) + 1} has no end")
        line = body[at:end]
        item = _checked(line) or _odd(line, len(items) + 1)
        at = end + 1
        if item.event.type is EventType.OUTPUT:
            length = item.event.data.get("length")
            if not isinstance(length, int) or not 0 <= length <= len(body) - at:
                raise ConfigurationError(f"event {item.event.sequence}: its part of the recording is not there")
            item = Appended(item.event, body[at : at + length], item.text)
            at += length
        items.append(item)
    return items


def _checked(line: bytes) -> Appended | None:
    """Return the event of a canonical line with the right hash, None for any other line."""
    try:
        form = orjson.loads(line)
        session, sequence, time, kind = form["session"], form["sequence"], form["time"], form["type"]
        call, data, previous, digest = form["call"], form["data"], form["previous"], form["hash"]
        type_ = _TYPES[kind]
        if not (_SESSION(session) and _PLAIN(time) and _DIGEST(previous) and _DIGEST(digest)):
            return None
    except (ValueError, KeyError, TypeError):
        return None
    if type(sequence) is not int or type(call) is not int or len(time) > _TIME_MAX or type(data) is not dict:
        return None
    if not (0 <= sequence < _NUMBER_MAX and 0 <= call < _NUMBER_MAX):
        return None
    head = b'{"call":%d,"data":' % call
    tail = b'"previous":"%b","sequence":%d,"session":"%b","time":"%b","type":"%b"}' % (
        previous.encode(),
        sequence,
        session.encode(),
        time.encode(),
        kind.encode(),
    )
    middle = b',"hash":"%b",' % digest.encode()
    if not (line.startswith(head) and line.endswith(middle + tail)):
        return None
    text = line[len(head) : -len(middle) - len(tail)]
    if not _is_canonical(text, data):
        return None
    if hashlib.sha256(b"%b%b,%b" % (head, text, tail)).hexdigest() != digest:
        return None
    return Appended(Event(session, sequence, time, type_, call, data, previous, digest), None, text.decode())


def _is_canonical(text: bytes, data: dict[str, object]) -> bool:
    """Say whether `text` is the canonical JSON of `data`, which was read from it."""
    if not _EXPONENT(text):
        return orjson.dumps(data, option=orjson.OPT_SORT_KEYS) == text
    try:
        return canonical(data) == text
    except ValueError:
        return False


def _odd(line: bytes, number: int) -> Appended:
    """Read a line as the JSON route would."""
    try:
        return NewEvent.model_validate({"event": json.loads(line)}).appended()
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ConfigurationError(f"line {number} is no JSON: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        raise ConfigurationError(f"line {number} is no event: {where}: {first['msg']}") from None
