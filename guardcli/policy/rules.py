"""The frozen values that a loaded policy is made of. What each key means is in ``docs/policy.md``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo

from guardcli.model.decisions import ApprovalTerms, Recording, Verdict
from guardcli.model.effects import Effect
from guardcli.model.masking import MaskRule

SHIMMED = ("psql", "kubectl", "ssh", "scp", "sftp", "git")
"""The tools that are guarded whatever a policy says."""

SHELL = "shell"
"""The tool of a command that no shim stands in front of: only ``guard policy check`` judges such a one."""

RESOURCE_TOOLS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("psql",),
    "kubernetes": ("kubectl",),
    "ssh": ("ssh", "scp", "sftp"),
    "git": ("git",),
}
"""Kind of a resource → the tools that reach it."""


@dataclass(frozen=True, slots=True)
class Window:
    """When a rule holds. Empty parts do not limit; `hours` may run over midnight, to the day after."""

    days: frozenset[int] = frozenset()
    hours: tuple[time, time] | None = None
    zone: tzinfo | None = None
    start: date | None = None
    end: date | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether the aware `now` is inside; `end` is a day that still counts."""
        local = now.astimezone(self.zone)
        day, clock = local.date(), local.time()
        if self.hours is not None:
            opening, closing = self.hours
            if opening < closing:
                if not opening <= clock < closing:
                    return False
            elif clock < closing:
                day = date.fromordinal(day.toordinal() - 1)
            elif clock < opening:
                return False
        if self.days and day.weekday() not in self.days:
            return False
        return not ((self.start and day < self.start) or (self.end and day > self.end))


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule looks for: every key given must hold. None and the empty tuple mean that the key is not given."""

    tools: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    effects: frozenset[Effect] = frozenset()
    targets: tuple[str, ...] = ()
    complete: bool | None = None
    unbounded: bool | None = None
    sensitive: bool | None = None
    resources: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    when: Window | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `source` is the file or pack that it comes from, `replaces` the one whose rule it took over."""

    id: str
    match: Match
    verdict: Verdict
    message: str = ""
    unless: Match | None = None
    terms: ApprovalTerms | None = None
    recording: Recording | None = None
    mask: tuple[MaskRule, ...] = ()
    source: str = ""
    line: int = 0
    replaces: str = ""

    @property
    def permits(self) -> bool:
        """Whether the rule lets something run, so that it must be sure of all that it lets through."""
        return self.verdict is Verdict.ALLOW


@dataclass(frozen=True, slots=True)
class Waiver:
    """An exception: for what it surely matches, `rules` do not hold and `rule` is judged in their place."""

    rules: frozenset[str]
    rule: Rule
    owner: str
    reason: str
    until: date
    start: date | None = None

    def holds(self, now: datetime | None) -> bool:
        """Return whether the exception is in force at the aware `now`; never where the time is not known."""
        if now is None:
            return False
        return Window(start=self.start, end=self.until).holds(now)


@dataclass(frozen=True, slots=True)
class Resource:
    """A named target: what it is, how a call that reaches it is recognised, where its credential comes from."""

    name: str
    kind: str
    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    databases: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    remotes: tuple[str, ...] = ()
    environment: str = ""
    credential: str = ""
    expose: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Repository:
    """A throw-away git repository for a test: the branch checked out, `ahead` commits that its remote has not."""

    branch: str = "main"
    ahead: int = 1
    files: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """One entry of ``tests:``: a call or a statement, the world it is judged in, and what must come of it."""

    expect: Verdict
    run: tuple[str, ...] = ()
    sql: str = ""
    rule: str = ""
    resource: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    repository: Repository | None = None
    identity: str = ""
    groups: tuple[str, ...] = ()
    parent: str = ""
    environment: str = ""
    branch: str = ""
    now: datetime | None = None
    source: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a call beyond its operations.

    Empty and None mean *not known*, which a rule that permits never takes for a yes and a rule that restricts
    never takes for a no. `parent` is the exception: it is set only where it was verified, and empty is nobody.
    `resource` names a resource of the policy where the caller knows it, as a gateway does.
    """

    tool: str = ""
    argv: tuple[str, ...] = ()
    parent: str = ""
    identity: str = ""
    groups: tuple[str, ...] = ()
    resource: str = ""
    now: datetime | None = None
    branch: str = ""
    environment: str = ""
