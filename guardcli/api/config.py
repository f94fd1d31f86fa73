"""What the central API is told by its file and its environment: strict, every fault at once, secrets never shown.

The file is TOML (``.toml``) or YAML. Each setting may come from the environment instead, which goes before the file:
``GUARD_API_DATABASE``, ``GUARD_API_LISTEN__PORT`` with two underscores for each step down; lists and tables there are
JSON. What is not known is refused in both. Where a secret is wanted, ``env:NAME`` and ``file:PATH`` say where it lies.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from guardcli.api.identity.settings import Issuer
from guardcli.model.errors import ConfigurationError, Problem
from guardcli.model.secrets import Secret

PREFIX = "GUARD_API_"

ELSEWHERE = frozenset({"GUARD_API_CONFIG"})
"""Variables with the prefix that are no settings: where the file is."""


def _secret(value: object) -> Secret:
    """Return the secret that `value` is or names; raises ValueError, which never holds it."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("a text is needed: the secret, env:NAME or file:PATH")
    kind, _, place = value.partition(":")
    if kind == "env":
        if place not in os.environ:
            raise ValueError(f"the variable {place} is not set")
        return Secret(os.environ[place])
    if kind == "file":
        try:
            return Secret(Path(place).read_text().strip())
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{place} cannot be read: {error}") from None
    return Secret(value)


SecretText = Annotated[Secret, BeforeValidator(_secret)]


class Section(BaseModel):
    """Base of all parts: frozen, and nothing that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


class Listen(Section):
    """Where requests come in: `uds`, or `host` and `port`. `workers` are processes that share it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    uds: Path | None = None
    workers: Annotated[int, Field(ge=1, le=64)] = 1


class Limits(Section):
    """Bounds."""

    failed_logins: Annotated[int, Field(ge=1)] = 30
    """Attempts with one token that may fail within a minute; ten times that for an address."""
    login_hours: Annotated[float, Field(gt=0, le=24 * 30)] = 8.0
    """How long a login lasts."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose ``X-Forwarded-For`` is believed."""
    stop_seconds: Annotated[int, Field(ge=0, le=600)] = 5
    """How long requests that run may take to end once the server was told to stop."""


class Log(Section):
    """What is logged: with `requests` a line for each request."""

    requests: bool = True


class Channel(Section):
    """Where people are told of requests: an address of apprise's, or a webhook, signed with `secret`.

    With `groups`, only of requests that one of them is asked for.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    kind: Literal["apprise", "webhook"] = "apprise"
    url: SecretText
    secret: SecretText = Field(default_factory=lambda: Secret(""))
    groups: tuple[str, ...] = ()

    def wants(self, *asked: Sequence[str]) -> bool:
        """Tell whether it is for requests to the groups in `asked`, or to anybody."""
        return not self.groups or bool(set(self.groups) & {group for groups in asked for group in groups})

    @model_validator(mode="after")
    def webhooks_are_signed(self) -> Channel:
        """Refuse a webhook without a secret, or to no address."""
        if self.kind == "webhook":
            if not self.secret:
                raise ValueError("a webhook needs a secret to sign with")
            if not self.url.reveal().startswith(("https://", "http://")):
                raise ValueError("a webhook needs an address: https://…")
        return self


class Recordings(Section):
    """Where recordings lie: ``file:///DIRECTORY``, ``s3://BUCKET/PREFIX``, ``gs://…`` or ``az://…``.

    `options` are the provider's settings as obstore names them, such as ``endpoint`` and ``region``. Credentials are
    none of them: they come from the environment, by the names of the provider's own tools.
    """

    url: Annotated[str, Field(pattern=r"^([a-z0-9]+://[^\s]*)?$")] = ""
    options: dict[str, str] = {}

    @model_validator(mode="after")
    def options_hold_no_secret(self) -> Recordings:
        """Refuse a credential where everybody who may read the settings would see it."""
        if secret := [name for name in self.options if re.search("secret|token|password|key|sas", name.lower())]:
            raise ValueError(f"{', '.join(sorted(secret))}: credentials come from the environment")
        return self


class Encryption(Section):
    """What recordings are sealed with: the age identities in `file`, or `identities` themselves, the present one first.

    With `events`, what events say is sealed as well, and search finds them by what they are, not by their words.
    """

    file: Path | None = None
    identities: SecretText = Field(default_factory=lambda: Secret(""))
    events: bool = False

    @model_validator(mode="after")
    def there_is_one_place(self) -> Encryption:
        """Refuse identities in two places: which of them is the present one could not be told."""
        if self.file and self.identities:
            raise ValueError("give either file or identities")
        return self


class Retention(Section):
    """For how many days recordings are kept after their session's end: 0 for ever, `policies` go before `days`.

    The API's own settings alone say so: a policy is named by whoever opens a session.
    """

    days: Annotated[float, Field(ge=0, le=36500)] = 0.0
    policies: dict[str, Annotated[float, Field(ge=0, le=36500)]] = {}


class Telemetry(Section):
    """Where events go as logs of OpenTelemetry: ``https://collector:4318/v1/logs``; nowhere, if that is empty."""

    endpoint: Annotated[str, Field(pattern=r"^(https?://[^\s]+)?$")] = ""
    headers: dict[str, SecretText] = Field(default_factory=dict)
    ca_file: Path | None = None


class Config(Section):
    """All of it. `database` is a path or a URL, `public_url` where people reach the API, for links.

    `state` is the directory for what the API keeps beside the database: that of an SQLite database, if none is given.
    """

    database: SecretText = Field(default_factory=lambda: Secret(""))
    state: Path | None = None
    connections: Annotated[int, Field(ge=2, le=500)] = 20
    """To PostgreSQL, at the most, of each worker."""
    public_url: Annotated[str, Field(pattern=r"^(https?://[^\s]+)?$")] = ""
    keys: Path | None = None
    """The directory of the keys that the API signs with; beside an SQLite database where it is not set."""
    open_metrics: bool = False
    """Whether ``/metrics`` needs no token; it tells counts and durations, no names."""
    listen: Listen = Listen()
    limits: Limits = Limits()
    log: Log = Log()
    recordings: Recordings = Recordings()
    encryption: Encryption = Field(default_factory=Encryption)
    retention: Retention = Retention()
    telemetry: Telemetry = Field(default_factory=Telemetry)
    issuers: tuple[Issuer, ...] = ()
    channels: tuple[Channel, ...] = ()

    @model_validator(mode="after")
    def issuers_are_told_apart(self) -> Config:
        """Refuse two issuers of one name or one address: their subjects could not be told apart."""
        for what in ("name", "issuer"):
            values = [getattr(issuer, what) for issuer in self.issuers]
            if twice := {value for value in values if values.count(value) > 1}:
                raise ValueError(f"two issuers have the {what} {', '.join(sorted(twice))}")
            if what == "name" and {"local", "token"} & set(values):
                raise ValueError("no issuer can be called local or token")
        channels = [channel.name for channel in self.channels]
        if len(set(channels)) < len(channels):
            raise ValueError("two channels have one name")
        return self


def load_config(path: Path | None, env: Mapping[str, str], overrides: Mapping[str, Any] | None = None) -> Config:
    """Return the configuration of the file at `path`, if any, of `env`, and of `overrides` (the command line).

    Raises ConfigurationError with every fault and its place.
    """
    name = str(path) if path else "the environment"
    form = _read(path) if path else {}
    problems: list[Problem] = []
    for variable in sorted(env):
        if variable.startswith(PREFIX) and variable not in ELSEWHERE:
            _put(form, variable, env[variable], problems)
    for key, value in (overrides or {}).items():
        _step(form, key.split("."), value)
    try:
        config = Config.model_validate(form)
    except ValidationError as error:
        problems += [
            Problem(name, 0, 0, f"{'.'.join(str(part) for part in fault['loc']) or 'all of it'}: {fault['msg']}")
            for fault in error.errors(include_input=False, include_context=False)
        ]
    if problems:
        raise ConfigurationError("the API's configuration has faults", problems)
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    try:
        form = _parse_toml(content) if path.suffix == ".toml" else _parse_yaml(content)
    except (UnicodeDecodeError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be understood: {error}") from None
    if not isinstance(form, dict):
        raise ConfigurationError(f"{path} holds no settings", hint="one `name: value` a line")
    return form


def _parse_toml(content: bytes) -> object:
    return tomllib.loads(content.decode())


def _parse_yaml(content: bytes) -> object:
    import yaml

    try:
        return yaml.safe_load(content) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "somewhere"
        raise ValueError(f"{place} is not YAML") from None


def _put(form: dict[str, Any], variable: str, text: str, problems: list[Problem]) -> None:
    """Set what `variable` says; pydantic turns texts into numbers."""
    value: object = text
    if text[:1] in ("[", "{"):
        try:
            value = json.loads(text)
        except ValueError:
            problems.append(Problem(variable, 0, 0, "is neither a text nor JSON"))
            return
    if not _step(form, variable.removeprefix(PREFIX).lower().split("__"), value):
        problems.append(Problem(variable, 0, 0, "leads into something that has no parts"))


def _step(form: dict[str, Any], keys: list[str], value: object) -> bool:
    for key in keys[:-1]:
        form = form.setdefault(key, {})
        if not isinstance(form, dict):
            return False
    form[keys[-1]] = value
    return True
