"""Commands that make a repository, a working tree or parts of one where their words say, which may be anywhere."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping, Sequence

from guardcli.inspectors.git.call import Call, does, is_usual
from guardcli.inspectors.git.options import Parsed
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target


def _first(parsed: Parsed) -> Sequence[str]:
    return parsed.words[:1]


def _second(parsed: Parsed) -> Sequence[str]:
    return parsed.words[1:2]


def _objects(parsed: Parsed) -> Sequence[str]:
    return parsed.values("object-dir")


_PLACES: Mapping[str, Callable[[Parsed], Sequence[str]]] = {
    "clone": _second,
    "commit-graph": _objects,
    "index-pack": _first,
    "init": _first,
    "init-db": _first,
    "multi-pack-index": _objects,
    "worktree add": _first,
    "worktree move": _second,
}
_HERE = frozenset({"clone", "init", "init-db"})
"""Commands that make a directory below the one that they run in where no word names any."""


def made_elsewhere(call: Call, parsed: Parsed) -> list[Operation]:
    """Return what a command makes neither below the call's directory nor in scratch: a file of the agent's user."""
    name = call.name
    of = _PLACES.get(name) or _PLACES.get(name.partition(" ")[0])
    places = [*of(parsed)] if of is not None else []
    if name in _HERE and not places and os.path.normpath(call.invocation.cwd or "/") != call.path("."):
        places = ["."]
    paths = [call.path(place) for place in places]
    return [
        does(name, Effect.WRITE, Effect.FILE, targets=[Target("file", path)])
        for path in paths
        if not is_usual(call, path)
    ]
