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
from guardcli.api.store.appended import Appended
from guardcli.model.errors import ConfigurationError
from guardcli.model.events import Event, EventType, canonical

_HEAD = re.compile(rb'\{"call":(0|[1-9][0-9]{0,15}),"data":').match
_TAIL = re.compile(
    rb',"hash":"([0-9a-f]{64})",("previous":"([0-9a-f]{64})","sequence":(0|[1-9][0-9]{0,15}),'
    rb'"session":"([A-Za-z0-9][A-Za-z0-9_-]{7,63})","time":"([A-Za-z0-9][A-Za-z0-9_.:-]{0,31})","type":"([a-z]+)"\})'
).fullmatch
"""What stands before and behind the data of a line that a broker wrote; its hash is over all but the hash."""

_HASH = b',"hash":"'
_EXPONENT = re.compile(rb"e[+-]?[0-9]+[,\]}]").search
_SMALL = b"0.0000"
"""Where orjson and Python write a number each in its own way there is one of these, and now and then elsewhere."""

_NUMBERS = re.compile(rb"(?<=[:,\[])-?[0-9]+(?:\.[0-9]+|\.?[0-9]*e[+-]?[0-9]+)(?=[,\]}])").sub
_TYPES = {one.value.encode(): one for one in EventType}
_NUMBER_MAX = 2**53


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
    at = line.rfind(_HASH)
    head, tail = _HEAD(line), _TAIL(line, max(at, 0))
    if head is None or tail is None:
        return None
    digest, rest, previous, number, session, time, kind = tail.groups()
    text, call, sequence, type_ = line[head.end() : at], int(head[1]), int(number), _TYPES.get(kind)
    if type_ is None or call >= _NUMBER_MAX or sequence >= _NUMBER_MAX:
        return None
    try:
        data = orjson.loads(text)
    except ValueError:
        return None
    if type(data) is not dict or not _is_canonical(text, data):
        return None
    state = hashlib.sha256(line[: at + 1])
    state.update(rest)
    found = state.hexdigest()
    if found.encode() != digest:
        return None
    event = Event(session.decode(), sequence, time.decode(), type_, call, data, previous.decode(), found)
    return Appended(event, None, text.decode())


def _is_canonical(text: bytes, data: dict[str, object]) -> bool:
    """Say whether `text` is the canonical JSON of `data`, which was read from it."""
    written = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    if not _EXPONENT(text) and _SMALL not in text:
        return written == text
    if _NUMBERS(_as_orjson, text) == written:
        return True
    try:
        return canonical(data) == text
    except ValueError:
        return False


def _as_orjson(found: re.Match[bytes]) -> bytes:
    """Return a number as orjson writes it, nothing for one that Python would write otherwise."""
    number = float(found[0])
    return orjson.dumps(number) if repr(number).encode() == found[0] else b""


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
