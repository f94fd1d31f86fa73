"""YAML to a tree that knows its lines.

The tree is built from the parser's events and not by its composer, because the composer recurses in C and a
page of ``[`` would end the process. Refused: aliases (a few lines can stand for gigabytes), explicit tags,
duplicate keys, keys that are not text, more than one document, and whatever goes over a bound. Scalars stay the
text that was written, so ``no`` and ``12:30`` mean what they say; what a field makes of its text is the schema's
business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from guardcli.model.errors import Problem

MAX_CHARACTERS = 1 << 20
"""No policy that a person keeps is longer than a megabyte."""
MAX_DEPTH = 24
"""The deepest policy has nine levels."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class Tree:
    """A value and where it was written, counting from 1. `children` of a mapping are by key, of a list by index."""

    line: int
    column: int
    value: Any = None
    children: dict[str | int, Tree] = field(default_factory=dict)
    keys: dict[str, Tree] = field(default_factory=dict)

    def find(self, path: tuple[str | int, ...]) -> Tree:
        """Return the deepest node on `path` that exists."""
        node = self
        for step in path:
            child = node.children.get(step)
            if child is None:
                break
            node = child
        return node

    def key(self, path: tuple[str | int, ...]) -> Tree:
        """Return the key that `path` ends with, or the deepest node where there is none."""
        return self.find(path[:-1]).keys.get(str(path[-1])) or self.find(path)


class _Refused(Exception):
    def __init__(self, mark: Any, message: str) -> None:
        super().__init__(message)
        self.problem = (mark.line + 1, mark.column + 1, message)


def parse_tree(text: str, file: str) -> tuple[Tree | None, list[Problem]]:
    """Return the tree of `text` and what is wrong with it as YAML; the tree is None where there is none."""
    if len(text) > MAX_CHARACTERS:
        return None, [Problem(file, 0, 0, f"longer than {MAX_CHARACTERS} characters")]
    builder = _Builder(file)
    try:
        builder.run(iter(yaml.parse(text, Loader=_LOADER)))
    except _Refused as refused:
        builder.problems.append(Problem(file, *refused.problem))
        return None, builder.problems
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        builder.problems.append(Problem(file, line, column, f"not YAML: {error.problem or error.context}"))
        return None, builder.problems
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        column = error.position - before.rfind("\n")
        sign = f"U+{ord(error.character) if isinstance(error.character, str) else error.character:04X}"
        said = f"not YAML: the sign {sign} is not allowed in a policy"
        builder.problems.append(Problem(file, before.count("\n") + 1, column, said))
        return None, builder.problems
    except (yaml.YAMLError, UnicodeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        builder.problems.append(Problem(file, 0, 0, f"not YAML: {first}"))
        return None, builder.problems
    return builder.root, builder.problems


class _Builder:
    """Puts the tree together without recursion; duplicate keys are noted and the first one kept."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: Tree | None = None
        self._open: list[tuple[Tree, bool]] = []
        self._key: list[Tree | None] = []

    def run(self, events: Iterator[Any]) -> None:
        documents = 0
        for event in events:
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _Refused(event.start_mark, "no anchors and aliases; name shared values under `lists:`")
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(event.start_mark, "a policy is one document; remove what follows `---`")
            elif isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
                self._key.pop()

    def _node(self, event: Any) -> None:
        mark = event.start_mark
        node = Tree(mark.line + 1, mark.column + 1)
        if event.tag is not None and event.tag != "!":
            raise _Refused(mark, f"the tag {event.tag} is not supported; write the value plainly")
        if isinstance(event, yaml.ScalarEvent):
            if "\0" in event.value:
                raise _Refused(mark, "a text of a policy holds no NUL")
            plain_null = event.implicit[0] and event.style in (None, "") and event.value in _NULLS
            node.value = None if plain_null else event.value
            self._attach(node, event)
            return
        if len(self._open) >= MAX_DEPTH:
            raise _Refused(mark, f"nested more than {MAX_DEPTH} deep")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node.value = {} if is_mapping else []
        self._attach(node, event)
        self._open.append((node, is_mapping))
        self._key.append(None)

    def _attach(self, node: Tree, event: Any) -> None:
        if not self._open:
            self.root = node
            return
        parent, is_mapping = self._open[-1]
        if not is_mapping:
            parent.children[len(parent.value)] = node
            parent.value.append(node.value)
            return
        key = self._key[-1]
        if key is None:
            if not isinstance(node.value, str):
                raise _Refused(event.start_mark, "a key is plain text; quote it")
            self._key[-1] = node
            return
        self._key[-1] = None
        if key.value in parent.keys:
            first = parent.keys[key.value]
            message = f"{key.value!r} is given twice; the first is on line {first.line}"
            self.problems.append(Problem(self.file, key.line, key.column, message))
            return
        parent.keys[key.value] = key
        parent.children[key.value] = node
        parent.value[key.value] = node.value
