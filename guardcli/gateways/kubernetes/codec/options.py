"""The options of a deletion (meta/v1 DeleteOptions), which travel in its body, as JSON or as protobuf.

Where a deletion has a body, the server takes its options from there and leaves the query unread: ``?dryRun=All`` beside
a body without ``dryRun`` deletes. Protobuf: four bytes of magic, then runtime.Unknown, whose field 2 holds the
object; DeleteOptions has ``dryRun`` as field 5 (generated.proto of k8s.io/apimachinery).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

PROTOBUF = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"
_RAW, _DRY_RUN = 2, 5
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def is_dry_deletion(media: str, body: bytes) -> bool:
    """Return whether the options in `body`, which is not empty, say that nothing is to be deleted.

    Whatever is not understood says no.
    """
    try:
        if media == PROTOBUF:
            raw = b"".join(value for number, value in _fields(body.removeprefix(_MAGIC)) if number == _RAW)
            return [value for number, value in _fields(raw) if number == _DRY_RUN] == [b"All"]
        form = json.loads(body, object_pairs_hook=_unique)
        return isinstance(form, dict) and form.get("dryRun") == ["All"]
    except (ValueError, RecursionError):
        return False


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object whose keys are told apart by more than their case, which Go's reader would overlook."""
    found = dict(pairs)
    if len({key.lower() for key in found}) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the fields with bytes as their value. Raises ValueError for what is no protobuf."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _VARINT:
            _, place = _varint(message, place)
            continue
        length = {_FIXED64: 8, _FIXED32: 4}.get(kind, -1)
        if kind == _BYTES:
            length, place = _varint(message, place)
        if length < 0 or place + length > len(message):
            raise ValueError("no protobuf")
        if kind == _BYTES:
            yield key >> 3, message[place : place + length]
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("no protobuf")
