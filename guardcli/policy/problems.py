"""Faults with file:line:column and a suggestion, also from what pydantic found."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from guardcli.model.errors import Problem
from guardcli.policy.source import Tree

Path = tuple[str | int, ...]


class Report:
    """Collects the problems of one file; `at` takes the path of what is wrong.

    `hints` are of what may be right as it stands: they refuse nothing.
    """

    def __init__(self, file: str, tree: Tree) -> None:
        self.file = file
        self.tree = tree
        self.problems: list[Problem] = []
        self.hints: list[Problem] = []

    def at(self, path: Path, message: str) -> None:
        """Note `message` at the place of `path`."""
        node = self.tree.find(path)
        self.problems.append(Problem(self.file, node.line, node.column, message))

    def at_key(self, path: Path, message: str) -> None:
        """Note `message` at the key that `path` ends with."""
        node = self.tree.key(path)
        self.problems.append(Problem(self.file, node.line, node.column, message))

    def hint(self, path: Path, message: str) -> None:
        """Note `message`, which refuses nothing, at the place of `path`."""
        node = self.tree.find(path)
        self.hints.append(Problem(self.file, node.line, node.column, message))

    def line(self, path: Path) -> int:
        """Return the line of `path`."""
        return self.tree.find(path).line


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?``, or what there is where nothing is near and the choice is small."""
    choices = sorted(set(known))
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; one of: {', '.join(choices)}" if 0 < len(choices) <= 16 else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the one of `known` that `word` is most likely a slip of, empty for none."""
    near = difflib.get_close_matches(word, sorted(set(known)), n=1, cutoff=0.8)
    return near[0] if near else ""


def note_shape(report: Report, errors: Sequence[Mapping[str, Any]], model: type[BaseModel], below: Path = ()) -> None:
    """Note what pydantic found, in plain words; `model` describes what is at `below`."""
    for error in errors:
        path: Path = tuple(error["loc"])
        note = report.at_key if error["type"] == "extra_forbidden" else report.at
        if error["type"] in ("extra_forbidden", "missing") or error.get("input") is not None:
            note((*below, *path), _in_words(error, path, model))


def note_nothing(report: Report, tree: Tree, path: Path = ()) -> None:
    """Note every key and every entry without a value: it is a slip, or a ``null`` that was meant as text."""
    for step, child in tree.children.items():
        if child.value is None:
            what = repr(step) if isinstance(step, str) else "an entry of the list"
            report.at((*path, step), f"{what} is empty; give it a value, leave it out, or quote the text")
        note_nothing(report, child, (*path, step))


def _in_words(error: Mapping[str, Any], path: Path, model: type[BaseModel]) -> str:
    kind, given = str(error["type"]), error.get("input")
    name = str(path[-1]) if path else "the policy"
    if kind == "extra_forbidden":
        return f"unknown key {name!r}{suggestion(name, _keys(model, path[:-1]))}"
    if kind == "missing":
        return f"{name!r} is missing"
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))
        return f"{given!r} does not fit {_field(path)}{suggestion(str(given), allowed)}"
    if kind == "string_pattern_mismatch":
        return f"{given!r} does not fit {_field(path)}: it must look like {error['ctx']['pattern']}"
    if kind == "too_short":
        return f"{_field(path)} is an empty list, so that nothing could ever match"
    if kind in ("string_type", "list_type", "dict_type", "model_type", "model_attributes_type"):
        return f"{_field(path)} must be {_TYPES[kind]}, not {_kind_of(given)}"
    if kind == "value_error":
        return f"{_field(path)}: {error['ctx']['error']}"
    message = str(error["msg"])
    return f"{_field(path)}: {message[:1].lower()}{message[1:]}"


_TYPES = {
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _kind_of(value: object) -> str:
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "a mapping"


def _field(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    return repr(names[-1]) if names else "the policy"


def _keys(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that a mapping at `path` may have."""
    skip = False
    for step in path:
        if isinstance(step, int):
            continue
        if skip:
            skip = False
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if step not in fields:
            return []
        annotation = fields[step].annotation
        inner = _inner_model(annotation)
        if inner is None:
            return []
        model, skip = inner, get_origin(annotation) is dict
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        found = _inner_model(part)
        if found is not None:
            return found
    return None
