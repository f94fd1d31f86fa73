"""The shape of a policy file, in pydantic: one model a section, unknown keys refused.

Every scalar arrives as the text that was written (`source`), so pydantic's own conversions apply. A key that
takes a list also takes a single value. The published JSON Schema is made from these models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from guardcli.model.effects import Effect
from guardcli.model.isolation import Network
from guardcli.model.limits import Breach
from guardcli.model.masking import Encoding, Strategy
from guardcli.model.resources import Tls, UnknownServers

VERSION = 1
"""The one version of the language so far."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,6})\s*([smhd]?)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"[0-9]{1,9}")
_BYTES = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SIZE = re.compile(r"([0-9]{1,12})\s*([kMG]?B|[KMG]iB|)")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _seconds(value: Any) -> float:
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a duration is a number with s, m, h or d, such as 10m")
    return float(int(found[1]) * _SECONDS[found[2] or "s"])


def _bytes(value: Any) -> int:
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a size is a number of bytes, or one with kB, MB, GB, KiB, MiB or GiB, such as 10MB")
    return int(found[1]) * _BYTES[found[2]]


def _plainly(pattern: re.Pattern[str], said: str) -> Callable[[Any], Any]:
    """Return a function that refuses a text that is not written as `pattern` says."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is not {said}")
        return value

    return check


def _one_or_more(items: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [items, {"type": "array", "items": items, "minItems": 1}]})


_ANY_TEXT = _one_or_more({"type": ["string", "number", "boolean"]})
_EFFECTS = _one_or_more({"type": "string", "enum": [effect.value for effect in Effect]})

Flag = Annotated[bool, BeforeValidator(_plainly(re.compile("true|false"), "true or false"))]
Whole = Annotated[int, BeforeValidator(_plainly(_WHOLE, "a whole number"))]
Day = Annotated[date, BeforeValidator(_plainly(_DATE, "a day, such as 2026-01-31"))]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
Texts = Annotated[list[Text], BeforeValidator(_as_list), Field(min_length=1), _ANY_TEXT]
Words = Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1), _ANY_TEXT]
Names = Annotated[list[Name], BeforeValidator(_as_list), Field(min_length=1), _one_or_more({"type": "string"})]
Ports = Annotated[
    list[Annotated[Whole, Field(ge=1, le=65535)]], BeforeValidator(_as_list), _one_or_more({"type": "integer"})
]
Version = Annotated[Literal["1"], WithJsonSchema({"enum": [VERSION, str(VERSION)]})]
_VALUES = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
Values = Annotated[dict[str, str], WithJsonSchema(_VALUES)]
Effects = Annotated[list[Effect], BeforeValidator(_as_list), Field(min_length=1), _EFFECTS]
Duration = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": ["string", "integer"], "pattern": r"^\d+\s*[smhd]?$"})
]
Size = Annotated[
    int,
    BeforeValidator(_bytes),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^\d+\s*([kMG]?B|[KMG]iB)?$"}),
]
Decided = Literal["allow", "approve", "deny"]


class Section(BaseModel):
    """What every section shares: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class WhenSection(Section):
    """A time window."""

    days: Texts | None = None
    hours: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$")] | None = None
    timezone: Text | None = None
    start: Day | None = Field(None, alias="from")
    end: Day | None = Field(None, alias="until")


class MatchSection(Section):
    """What a rule looks for; every key given must hold, any value of a key is enough."""

    tool: Texts | None = None
    action: Texts | None = None
    effects: Effects | None = None
    targets: Texts | None = None
    complete: Flag | None = None
    unbounded: Flag | None = None
    sensitive: Flag | None = None
    resource: Texts | None = None
    environment: Texts | None = None
    branch: Texts | None = None
    groups: Texts | None = None
    identity: Texts | None = None
    parent: Texts | None = None
    argv: Texts | None = None
    values: Texts | None = None
    when: WhenSection | None = None


class ApproveSection(Section):
    """Who must say yes, how many of them, for how long the yes holds, and what it is good for."""

    groups: Texts | None = None
    quorum: Annotated[Whole, Field(ge=1, le=100)] = 1
    all_of: Texts | None = None
    expires: Duration = 600.0
    grant: Duration | None = None
    window: WhenSection | None = None
    justification: Literal["required", "optional"] = "optional"


class MaskSection(Section):
    """What is masked, and what takes its place. `enabled: false` with an `id` takes a mask of a parent away."""

    id: Name | None = None
    detect: Texts | None = None
    columns: Texts | None = None
    patterns: dict[Name, Text] = Field(default_factory=dict)
    deny: Texts | None = None
    allow: Texts | None = None
    allow_matching: Texts | None = None
    decode: list[Encoding] | None = None
    strategy: Strategy = Field(Strategy.REDACT, alias="with")
    keep_last: Annotated[Whole, Field(ge=0, le=64)] = 4
    tools: Texts | None = None
    enabled: Flag = True


class LimitSection(Section):
    """The most that one response may hold. `enabled: false` with an `id` takes a limit of a parent away."""

    id: Name | None = None
    findings: Annotated[Whole, Field(ge=0)] | None = None
    detect: Texts | None = None
    rows: Annotated[Whole, Field(ge=0)] | None = None
    size: Size | None = Field(None, alias="bytes")
    then: Breach = Breach.CUT
    message: Text | None = None


class PolicyLimitSection(LimitSection):
    """A limit of the whole policy, for some tools or resources or for all."""

    tools: Texts | None = None
    resource: Texts | None = None
    enabled: Flag = True


class RuleSection(Section):
    """One rule."""

    id: Name
    match: MatchSection
    unless: MatchSection | None = None
    decision: Decided
    message: Text | None = None
    approve: ApproveSection | None = None
    record: Literal["output", "command"] | None = None
    mask: list[MaskSection] | None = None
    limits: list[LimitSection] | None = None


class ExceptionSection(Section):
    """Rules that do not hold for something, with somebody to ask about it and an end."""

    id: Name
    rules: Names
    match: MatchSection
    unless: MatchSection | None = None
    decision: Literal["allow", "approve"] = "allow"
    approve: ApproveSection | None = None
    owner: Text
    reason: Text
    start: Day | None = Field(None, alias="from")
    until: Day


class PostgresOptions(Section):
    """How guard connects to a PostgreSQL server."""

    user: Text | None = None
    tls: Tls | None = None
    ca: Text | None = None
    certificate: Text | None = None
    key: Text | None = None
    replication: Literal["allow", "deny"] | None = None
    listen: Literal["unix", "tcp"] | None = None
    connections: Annotated[Whole, Field(ge=1, le=10_000)] | None = None
    idle: Duration | None = None
    lifetime: Duration | None = None


class KubernetesOptions(Section):
    """How guard connects to a cluster's API, and what its gateway lets through."""

    user: Text | None = None
    tls: Literal[Tls.DISABLE, Tls.REQUIRE, Tls.VERIFY_CA, Tls.VERIFY_FULL] | None = None
    ca: Text | None = None
    certificate: Text | None = None
    key: Text | None = None
    path: Text | None = None
    server_name: Text | None = None
    impersonation: Literal["allow", "deny"] | None = None
    unmasked_streams: Literal["allow", "deny"] | None = None


class SshOptions(Section):
    """How guard connects to a host by ssh."""

    user: Text | None = None
    known_hosts: Text | None = None
    host_key: Text | None = None
    certificate: Text | None = None
    passphrase: Text | None = None


class GitOptions(Section):
    """How guard connects to a git server, by https or by ssh."""

    user: Text | None = None
    ca: Text | None = None
    paths: Text | None = None
    known_hosts: Text | None = None
    host_key: Text | None = None
    certificate: Text | None = None
    passphrase: Text | None = None


OPTIONS: Mapping[str, type[Section]] = {
    "postgres": PostgresOptions,
    "kubernetes": KubernetesOptions,
    "ssh": SshOptions,
    "git": GitOptions,
}
"""Kind of a resource → its options; those of another kind are free."""


class ResourceSection(Section):
    """A named target and how a call that reaches it is recognised."""

    kind: Literal["postgres", "kubernetes", "ssh", "git", "other"]
    host: Texts | None = None
    port: Ports | None = None
    dbname: Texts | None = None
    context: Texts | None = None
    namespace: Texts | None = None
    remote: Texts | None = None
    environment: Text | None = None
    credential: Text | None = None
    expose: Text | None = None
    options: Values | None = None


class ToolPatternSection(Section):
    """How one kind of call of a tool is understood."""

    match: Text
    effects: Effects
    action: Text


class ToolCredentialSection(Section):
    """What the process of a tool is given: a variable, or a file that a variable names."""

    env: Text | None = None
    file: Text | None = None
    reference: Text = Field(alias="from")


class ToolEnvironmentSection(Section):
    """What is set for the process of a tool, and what it does not get of the caller's."""

    set: Values = Field(default_factory=dict)
    drop: Texts | None = None


class ToolSection(Section):
    """A tool beyond those that are guarded anyway."""

    patterns: list[ToolPatternSection] = Field(default_factory=list)
    credentials: list[ToolCredentialSection] = Field(default_factory=list)
    environment: ToolEnvironmentSection | None = None
    sql: Literal["mysql", "mariadb", "sqlite3", "sqlcmd", "clickhouse-client", "duckdb", "snowsql", "bq"] | None = None


class RepositorySection(Section):
    """The throw-away repository that a test of git runs in."""

    branch: Text = "main"
    ahead: Annotated[Whole, Field(ge=0, le=20)] = 1
    files: Values = Field(default_factory=dict)
    config: Values = Field(default_factory=dict)


class TestSection(Section):
    """A call or a statement, the world that it is judged in, and what must come of it."""

    __test__ = False

    run: Words | None = None
    sql: Text | None = None
    expect: Decided
    rule: Text | None = None
    resource: Text | None = None
    env: Values = Field(default_factory=dict)
    stdin: str | None = None
    files: Values = Field(default_factory=dict)
    repository: RepositorySection | None = None
    identity: str = ""
    groups: Texts | None = None
    parent: str = ""
    environment: str = ""
    branch: str = ""
    now: datetime | None = None


class OfflineSection(Section):
    """What goes on, and for how long, while the API cannot be reached."""

    reads: Duration


class EnvironmentSection(Section):
    """Variables of an isolated agent: which are kept, and which are set."""

    keep: Texts | None = None
    set: Values = Field(default_factory=dict)


class IsolationSection(Section):
    """The place that an isolated agent runs in."""

    hide: Texts | None = None
    show: Texts | None = None
    write: Texts | None = None
    environment: EnvironmentSection | None = None
    network: Network | None = None
    hosts: Texts | None = None


class PolicySection(Section):
    """A whole policy file."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="guard policy", defer_build=True)

    version: Version
    name: Name
    description: Text | None = None
    extends: Texts | None = None
    approval_wait: Duration | None = None
    unmatched: Literal["approve", "deny"] | None = None
    unknown_servers: UnknownServers | None = None
    offline: OfflineSection | None = None
    isolation: IsolationSection | None = None
    lists: dict[Name, Texts] = Field(default_factory=dict)
    resources: dict[Name, ResourceSection] = Field(default_factory=dict)
    tools: dict[Name, ToolSection] = Field(default_factory=dict)
    rules: list[RuleSection] = Field(default_factory=list)
    exceptions: list[ExceptionSection] = Field(default_factory=list)
    mask: list[MaskSection] = Field(default_factory=list)
    limits: list[PolicyLimitSection] = Field(default_factory=list)
    tests: list[TestSection] = Field(default_factory=list)
