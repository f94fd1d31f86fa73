"""Masks objects: the data of Secrets, wherever they stand, and what detectors find in the strings of all else.

What is under ``data`` and ``stringData`` of a Secret gives way to stars, one for each byte and again in base64, so that
every client can still decode it and tell its length. Objects may stand in lists (whose items do not say their kind), in
events of a watch, in the rows of a Table, and as text in the annotation that ``kubectl apply`` leaves.

All other strings are put together, a line each with the key that they stand under, and searched at once. The value
of an environment variable stands under its name, a cell of a Table under its column's, so that rules about names hold.
What a client must give back as it was (versions, tokens of a list that goes on, field managers) is let be.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from guardcli.model.masking import MaskRule

DATA_OF_SECRETS = "secret data"
"""Under which masked data of Secrets are counted."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_DATA = ("data", "stringData", "binaryData")
_LET_BE = frozenset(
    {"apiVersion", "kind", "uid", "resourceVersion", "continue", "creationTimestamp", "deletionTimestamp"}
)
"""Keys whose values mean something to the client or the server and hold nothing else."""
_SHORTEST = 4
"""A shorter string holds no secret that a detector knows."""


class Kind(Protocol):
    """What a finding says of its detector."""

    @property
    def name(self) -> str:
        """The detector's name."""
        ...

    @property
    def label(self) -> str:
        """What stands in place of a value."""
        ...


class Found(Protocol):
    """A finding: bytes from `start` to `end`."""

    @property
    def start(self) -> int: ...  # noqa: D102
    @property
    def end(self) -> int: ...  # noqa: D102
    @property
    def kind(self) -> Any: ...  # noqa: D102
    @property
    def rule(self) -> MaskRule: ...  # noqa: D102


class Masks(Protocol):
    """The part of `guardcli.masking.Masker` that documents need."""

    def findings(self, text: bytes, tool: str = "") -> Iterable[Found]:
        """Return what is secret in `text`; the findings do not overlap."""
        ...

    def substitute(self, value: bytes, label: str, rule: MaskRule) -> bytes:
        """Return what takes the place of a whole value."""
        ...

    def detects(self, tool: str = "") -> bool:
        """Say whether anything is looked for."""
        ...


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A string and where it stands."""

    place: Any
    key: Any
    name: str
    value: str


@dataclass(slots=True)
class DocumentMask:
    """Masks documents of one response. `counts` says what was found, by the detector's name.

    `gauge` is told of each document, as it came and as it would be delivered, and of how many objects are in it; it
    raises what keeps the document from being delivered.
    """

    masks: Masks
    tool: str
    counts: dict[str, int] = field(default_factory=dict)
    gauge: Callable[[bytes, bytes, int], None] | None = None

    def mask(self, document: Any, *, secrets: bool = False) -> bool:
        """Mask `document`, as `json.loads` gives it, in place; return whether anything is different now.

        `secrets` says that objects that do not name their kind are Secrets.
        """
        before = sum(self.counts.values())
        leaves: list[_Leaf] = []
        self._walk(document, secrets, leaves)
        if leaves and self.masks.detects(self.tool):
            self._search(leaves)
        return sum(self.counts.values()) != before

    def _walk(self, document: Any, secrets: bool, leaves: list[_Leaf]) -> None:
        waiting: list[tuple[Any, bool, str]] = [(document, secrets, "")]
        while waiting:
            part, secret, name = waiting.pop()
            if isinstance(part, dict):
                secret = _is_secret(part, secret)
                columns = _columns(part)
                own = part.get("name")
                for key, value in part.items():
                    if key == "managedFields" or key in _LET_BE:
                        continue
                    if secret and key in _DATA and isinstance(value, dict | str):
                        self._hide(part, key)
                    elif key == LAST_APPLIED and isinstance(value, str):
                        part[key] = self._applied(value, secret)
                    elif key == "rows" and columns and isinstance(value, list):
                        _cells(value, columns, secret, leaves, waiting)
                    elif isinstance(value, str):
                        _leaf(leaves, part, key, own if key == "value" and isinstance(own, str) else key, value)
                    elif isinstance(value, dict | list):
                        waiting.append((value, secret, key))
            elif isinstance(part, list):
                for index, value in enumerate(part):
                    if isinstance(value, str):
                        _leaf(leaves, part, index, name, value)
                    elif isinstance(value, dict | list):
                        waiting.append((value, secret, name))

    def _hide(self, part: dict[str, Any], key: str) -> None:
        """Put stars in place of all that stands under `key`."""
        waiting: list[tuple[Any, Any]] = [(part, key)]
        while waiting:
            place, at = waiting.pop()
            value = place[at]
            if isinstance(value, dict):
                waiting.extend((value, inner) for inner in value)
            elif isinstance(value, list):
                waiting.extend((value, index) for index in range(len(value)))
            elif value not in ("", None):
                place[at] = stars(str(value), encoded=key != "stringData")
                self._count(DATA_OF_SECRETS)

    def _applied(self, text: str, secret: bool) -> str:
        """Return the annotation of ``kubectl apply`` with what is in it masked."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            self._count(DATA_OF_SECRETS)
            return "{}"
        inner = DocumentMask(self.masks, self.tool, self.counts)
        return json.dumps(document, separators=(",", ":")) + "\n" if inner.mask(document, secrets=secret) else text

    def _search(self, leaves: list[_Leaf]) -> None:
        pieces: list[bytes] = []
        spans: list[tuple[int, int]] = []
        place = 0
        for leaf in leaves:
            head = leaf.name.encode("utf-8", "surrogatepass") + b": " if leaf.name else b""
            value = leaf.value.encode("utf-8", "surrogatepass")
            spans.append((place + len(head), place + len(head) + len(value)))
            pieces += (head, value, b"\n")
            place = spans[-1][1] + 1
        text = b"".join(pieces)
        number, changed = 0, dict[int, list[tuple[int, int, bytes]]]()
        for found in self.masks.findings(text, self.tool):
            while number < len(spans) and spans[number][1] <= found.start:
                number += 1
            for index in range(number, len(spans)):
                start, end = max(spans[index][0], found.start), min(spans[index][1], found.end)
                if spans[index][0] >= found.end:
                    break
                if start < end:
                    new = self.masks.substitute(text[start:end], found.kind.label, found.rule)
                    changed.setdefault(index, []).append((start - spans[index][0], end - spans[index][0], new))
                    self._count(found.kind.name)
        for index, edits in changed.items():
            leaf = leaves[index]
            value = leaf.value.encode("utf-8", "surrogatepass")
            for start, end, new in reversed(edits):
                value = value[:start] + new + value[end:]
            leaf.place[leaf.key] = value.decode("utf-8", "replace")

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def _leaf(leaves: list[_Leaf], place: Any, key: Any, name: str, value: str) -> None:
    if len(value) >= _SHORTEST:
        leaves.append(_Leaf(place, key, name, value))


def _is_secret(part: Mapping[str, Any], secret: bool) -> bool:
    """Return whether what stands under `data` in `part` is a Secret's; an object says so, or its list."""
    kind = part.get("kind")
    if not isinstance(kind, str) or "apiVersion" not in part:
        return secret
    return "secret" in kind.lower() or (secret and kind in ("List", "Table", "WatchEvent", "PartialObjectMetadata"))


def _columns(part: Mapping[str, Any]) -> list[str]:
    """Return the names of a Table's columns; nothing for what is no Table."""
    definitions = part.get("columnDefinitions")
    if part.get("kind") != "Table" or not isinstance(definitions, list):
        return []
    return [str(one.get("name", "")).lower() if isinstance(one, dict) else "" for one in definitions]


def _cells(
    rows: list[Any], columns: list[str], secret: bool, leaves: list[_Leaf], waiting: list[tuple[Any, bool, str]]
) -> None:
    for row in rows:
        if not isinstance(row, dict):
            continue
        cells = row.get("cells")
        for index, cell in enumerate(cells if isinstance(cells, list) else ()):
            if isinstance(cell, str):
                _leaf(leaves, cells, index, columns[index] if index < len(columns) else "", cell)
            elif isinstance(cell, dict | list):
                waiting.append((cell, secret, columns[index] if index < len(columns) else ""))
        waiting.append(({key: value for key, value in row.items() if key != "cells"}, secret, ""))


def objects_in(document: Any) -> int:
    """Return how many objects a document holds: those of a list or a table, else itself."""
    if isinstance(document, dict):
        for key in ("items", "rows"):
            if isinstance(document.get(key), list):
                return len(document[key])
    return 1


def stars(value: str, *, encoded: bool) -> str:
    """Return stars for a value of a Secret, one a byte; `encoded` where it is in base64, and so are they then."""
    if not encoded:
        return "*" * len(value.encode("utf-8", "surrogatepass"))
    try:
        return base64.b64encode(b"*" * len(base64.b64decode(value, validate=True))).decode()
    except (binascii.Error, ValueError):
        return base64.b64encode(b"*" * len(value)).decode()


def holds_masks(form: Any) -> bool:
    """Return whether a value in `form`, the body of a Secret that is to be written, is nothing but `stars`."""
    waiting = [form]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            waiting.extend(part)
        elif isinstance(part, str) and part and (set(part) == {"*"} or _decodes_to_stars(part)):
            return True
    return False


def _decodes_to_stars(text: str) -> bool:
    if not text.startswith("Kg==") and not text.startswith(("Kio", "Ki")):
        return False
    try:
        return set(base64.b64decode(text, validate=True)) == {0x2A}
    except (binascii.Error, ValueError):
        return False
