"""The frozen values that a loaded policy is made of. What each key means is in ``docs/policy.md``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from guardcli.model.decisions import ApprovalTerms, Recording, Verdict
from guardcli.model.effects import Effect
from guardcli.model.limits import OutputLimit
from guardcli.model.masking import MaskRule
from guardcli.model.windows import Window

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
    values: tuple[str, ...] = ()
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
    limits: tuple[OutputLimit, ...] = ()
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
class LimitRule:
    """One entry of a policy's ``limits``: `limit` holds for calls of `tools` that may be aimed at `resources`.

    Empty parts do not restrict.
    """

    limit: OutputLimit
    tools: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


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
    `resource` names a resource of the policy where the caller knows it, as a gateway does. `values` are those of a
    statement's parameters, NULL as an empty text, None where one cannot be read; none where there are no parameters.
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
    values: tuple[str | None, ...] = ()
