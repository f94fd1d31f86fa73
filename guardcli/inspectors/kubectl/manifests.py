"""Manifests as kubectl reads them, bounded: YAML and JSON, several documents in a file, lists of objects.

Rules, from kubectl's own decoder:

- A text whose first character but white space is ``{`` is a stream of JSON values; anything else is YAML.
- YAML is cut at every line of ``---`` before it is parsed. A comment may follow; what becomes of anything else on
  such a line depends on the version, so it is refused.
- A piece that holds nothing but comments is skipped. Keys have their exact case; a duplicate key's last value counts.
- An object with a list under ``items`` stands for what is in that list.

Scalars stay strings: what is looked for is compared as text. Whatever two parsers could read differently (explicit
tags, merge keys, duplicate keys, keys that differ from the expected ones only in case, more documents than
pieces, encodings other than UTF-8) raises `ManifestError`, as does everything over a bound.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

MAX_BYTES = 1 << 20
"""Bytes of one text: nearly every file in use is smaller, but for some bundles of custom resource definitions."""
MAX_NODES = 100_000
"""Parser events of one text, which is what time grows with: about 0.15 s. Ordinary YAML of 1 MB has fewer."""
MAX_DEPTH = 60
"""Schemas of custom resource definitions nest to about 40."""
MAX_DOCUMENTS = 2_000
MAX_ALIASED = 100_000
"""Nodes that aliases stand for, all together: honest use repeats a few labels."""

_SEPARATOR = re.compile(r"^---[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)", re.MULTILINE)
_ODD_SEPARATOR = re.compile(r"^---", re.MULTILINE)
_EXACT = {name.lower(): name for name in ("apiVersion", "kind", "metadata", "items", "name", "namespace")}


class ManifestError(ValueError):
    """The text is no manifest that is understood for sure; the message says why."""


def load_manifests(content: bytes) -> tuple[dict[str, Any], ...]:
    """Return every object of `content`, lists taken apart, scalars as strings. Raises ManifestError."""
    found: list[dict[str, Any]] = []
    for value in load_values(content):
        found.extend(_objects(value, 0))
        if len(found) > MAX_DOCUMENTS:
            raise ManifestError(f"more than {MAX_DOCUMENTS} objects")
    return tuple(found)


def load_values(content: bytes) -> tuple[Any, ...]:
    """Return the value of every document of `content` that is not empty. Raises ManifestError."""
    if len(content) > MAX_BYTES:
        raise ManifestError(f"larger than {MAX_BYTES >> 20} MB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ManifestError("not UTF-8") from None
    if "\ufeff" in text or "\0" in text:
        raise ManifestError("it holds a byte order mark or a NUL")
    if text.lstrip().startswith("{"):
        return tuple(_json_values(text))
    if "\r" in text.replace("\r\n", ""):
        raise ManifestError("it holds a carriage return inside a line")
    pieces = _SEPARATOR.split(text)
    if len(pieces) > MAX_DOCUMENTS:
        raise ManifestError(f"more than {MAX_DOCUMENTS} documents")
    if any(_ODD_SEPARATOR.search(piece) for piece in pieces):
        raise ManifestError("something stands on a line of ---")
    builder = _Builder()
    values = [value for piece in pieces for value in builder.documents(piece)]
    return tuple(value for value in values if value not in (None, "", "null", "~"))


def _objects(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if not isinstance(value, dict):
        raise ManifestError("a document is not an object")
    if depth > 3:
        raise ManifestError("lists within lists")
    _check_case(value)
    items = value.get("items")
    if not isinstance(items, list):
        yield value
        return
    for item in items:
        yield from _objects(item, depth + 1)


def _check_case(value: dict[str, Any]) -> None:
    metadata = value.get("metadata")
    for keys in (value, metadata if isinstance(metadata, dict) else {}):
        for key in keys:
            if _EXACT.get(key.lower(), key) != key:
                raise ManifestError(f"the key {key} differs only in case from {_EXACT[key.lower()]}")


def _json_values(text: str) -> Iterator[Any]:
    if sum(map(text.count, ",{[")) > MAX_NODES:
        raise ManifestError(f"more than {MAX_NODES} nodes")
    decoder = json.JSONDecoder(
        object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_no_constant, strict=True
    )
    position, end = 0, len(text)
    while position < end:
        if text[position] in " \t\r\n":
            position += 1
            continue
        try:
            value, position = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError):
            raise ManifestError("it begins like JSON but is none") from None
        if _depth(value) > MAX_DEPTH:
            raise ManifestError(f"nested deeper than {MAX_DEPTH}")
        yield as_text(value)


def _no_constant(name: str) -> str:
    raise ManifestError(f"{name} is no JSON")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ManifestError("a key occurs twice")
    return found


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        inner = [item for item in level if isinstance(item, dict | list)]
        level = [part for item in inner for part in (item.values() if isinstance(item, dict) else item)]
        depth += 1
    return depth


def as_text(value: Any) -> Any:
    """Return `value` with every scalar as YAML would write it."""
    if isinstance(value, dict):
        return {key: as_text(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_text(part) for part in value]
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return value


class _Builder:
    """Builds values from the events of libyaml; the bounds hold for all the documents of one text together."""

    def __init__(self) -> None:
        self.events = 0
        self.aliased = 0

    def documents(self, piece: str) -> list[Any]:
        """Return the value of the one document in `piece`, or nothing."""
        try:
            return self._build(piece)
        except yaml.YAMLError as fault:
            place = getattr(fault, "problem_mark", None)
            where = f" at line {place.line + 1}" if place else ""
            raise ManifestError(f"not valid YAML{where}") from None

    def _build(self, piece: str) -> list[Any]:
        results: list[Any] = []
        stack: list[_Node] = []
        anchors: dict[str, tuple[Any, int]] = {}
        for event in yaml.parse(piece, Loader=yaml.CSafeLoader):
            self.events += 1
            if self.events > MAX_NODES or len(stack) > MAX_DEPTH:
                raise ManifestError(f"more than {MAX_NODES} nodes, or nested deeper than {MAX_DEPTH}")
            if isinstance(event, yaml.ScalarEvent):
                finished = self._scalar(event)
                size, anchor = 1, event.anchor
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                _refuse_tag(event.tag)
                stack.append(_Node(isinstance(event, yaml.MappingStartEvent), event.anchor))
                continue
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                node = stack.pop()
                finished, size, anchor = node.value, node.size, node.anchor
            elif isinstance(event, yaml.AliasEvent):
                finished, size, anchor = *self._alias(anchors, event.anchor), None
            else:
                continue
            if anchor:
                anchors[anchor] = (finished, size)
            if stack:
                stack[-1].add(finished, size)
            else:
                results.append(finished)
        if len(results) > 1:
            raise ManifestError("documents are parted by something else than a line of ---")
        return results

    def _scalar(self, event: yaml.ScalarEvent) -> str:
        _refuse_tag(event.tag)
        value: str = event.value
        if not event.style and value in ("<<", "="):
            raise ManifestError("it holds a merge key")
        return value

    def _alias(self, anchors: dict[str, tuple[Any, int]], name: str | None) -> tuple[Any, int]:
        if name is None or name not in anchors:
            raise ManifestError("an alias stands within its own anchor")
        value, size = anchors[name]
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            raise ManifestError("aliases expand to too much")
        return value, size


def _refuse_tag(tag: str | None) -> None:
    if tag:
        raise ManifestError(f"it holds the tag {tag}")


class _Node:
    """A mapping or a sequence that is not finished. `size` counts nodes with aliases expanded."""

    __slots__ = ("anchor", "key", "mapping", "sequence", "size", "value")

    def __init__(self, is_mapping: bool, anchor: str | None) -> None:
        self.mapping: dict[str, Any] | None = {} if is_mapping else None
        self.sequence: list[Any] = []
        self.value: Any = self.sequence if self.mapping is None else self.mapping
        self.anchor = anchor
        self.key: str | None = None
        self.size = 1

    def add(self, value: Any, size: int) -> None:
        """Take the next key, value or item."""
        self.size += size
        if self.mapping is None:
            self.sequence.append(value)
        elif self.key is None:
            if not isinstance(value, str):
                raise ManifestError("a key is not a scalar")
            if value in self.mapping:
                raise ManifestError(f"the key {value} occurs twice")
            self.key = value
        else:
            self.mapping[self.key] = value
            self.key = None
