"""One operation with its context, and what is worked out from them only when a rule asks."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from datetime import date, time, tzinfo
from functools import cached_property
from typing import NamedTuple

from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target
from guardcli.policy.recognition import Answer, Host, HostName, Places, Recognisers, parse_host
from guardcli.policy.rules import Context

PLACES = frozenset({"host", "database", "resource", "context"})
"""Kinds of target that say where, not what: a rule that permits must cover them only if it names their kind."""
PARTED = frozenset({"table", "function", "object"})
"""Kinds whose parts may each be empty, which means not known."""

BIT = {effect: 1 << place for place, effect in enumerate(Effect)}
ALL = (1 << len(BIT)) - 1
COMPLETE, UNBOUNDED, SENSITIVE = 1, 2, 4


class Seen(NamedTuple):
    """A target taken apart. `doubtful`, parts of its name are not known, or a star stands for many names."""

    kind: str
    name: str
    parts: Sequence[str]
    doubtful: bool
    host: Host | None
    machine: HostName | None


def _seen(target: Target) -> Seen:
    name = posixpath.normpath(target.name) if target.kind == "file" and target.name else target.name
    parts = name.split("/")
    doubtful = "*" in name or (target.kind in PARTED and "" in parts)
    host = parse_host(name) if target.kind == "host" else None
    return Seen(target.kind, name, parts, doubtful, host, None if host is None else HostName(host.host))


class View:
    """One operation with its context, and what is worked out from them only when a rule asks."""

    def __init__(
        self, operation: Operation, context: Context, resources: Recognisers, places: Sequence[Target]
    ) -> None:
        self.operation = operation
        self.context = context
        self.resources = resources
        self._whole_call = places
        self._answers: dict[str, Answer] = {}
        self._clocks: dict[tzinfo | None, tuple[date, time]] = {}
        self.effects = 0
        for effect in operation.effects:
            self.effects |= BIT[effect]
        self.flags = (
            (COMPLETE if operation.complete else 0)
            | (UNBOUNDED if operation.unbounded else 0)
            | (SENSITIVE if operation.sensitive else 0)
        )

    @cached_property
    def targets(self) -> list[Seen]:
        """Every target of the operation, taken apart."""
        return [_seen(target) for target in self.operation.targets]

    @cached_property
    def _places(self) -> Places:
        targets = tuple(dict.fromkeys((*self.operation.targets, *self._whole_call)))
        return Places(self.operation.tool, targets, self.context.resource)

    @cached_property
    def by_kind(self) -> Mapping[str, Sequence[Seen]]:
        """The targets by their kind; under ``*`` all of them."""
        found: dict[str, list[Seen]] = {"*": self.targets}
        for seen in self.targets:
            found.setdefault(seen.kind, []).append(seen)
        return found

    def now_in(self, zone: tzinfo | None) -> tuple[date, time]:
        """Return the day and the time of the call on the clocks of `zone`. The time is known."""
        seen = self._clocks.get(zone)
        if seen is None:
            if self.context.now is None:
                raise ValueError("the time of the call is not known")
            local = self.context.now.astimezone(zone)
            seen = self._clocks[zone] = local.date(), local.time()
        return seen

    @cached_property
    def possible(self) -> frozenset[str]:
        """The resources that the operation may be aimed at; it is known not to be aimed at any other."""
        return self.resources.possible(self._places)

    def recognises(self, name: str) -> Answer:
        """Return whether the operation is aimed at the resource `name`."""
        answer = self._answers.get(name)
        if answer is None:
            answer = self._answers[name] = self.resources[name].answer(self._places)
        return answer

    @cached_property
    def environments(self) -> tuple[frozenset[str], bool]:
        """The environments that it may be in, and whether that is certain."""
        if self.context.environment:
            return frozenset({self.context.environment}), True
        named = [name for name in self.resources if name in self.possible and self.resources[name].environment]
        sure = {self.resources[name].environment for name in named if self.recognises(name) is Answer.YES}
        if sure:
            return frozenset(sure), len(sure) == 1
        return frozenset(), False

    @cached_property
    def branches(self) -> tuple[Sequence[str], bool]:
        """The branches that it works on, and whether there may be others that are not known.

        They are the heads among its refs; where it names no ref, the branch that is checked out.
        """
        refs = [target.name for target in self.operation.targets if target.kind == "ref"]
        if not refs:
            return [self.context.branch] if self.context.branch else [], not self.context.branch
        heads = [name.partition("refs/heads/")[2] for name in refs if "refs/heads/" in name]
        return [head for head in heads if head], "" in heads or any("refs/" not in name for name in refs)

    @cached_property
    def line(self) -> bytes:
        """The command line with a single space between arguments, in UTF-8 with a ``?`` for what is not text."""
        words = (self.context.tool, *self.context.argv[1:]) if self.context.tool else self.context.argv
        return " ".join(words).encode("utf-8", "replace")
