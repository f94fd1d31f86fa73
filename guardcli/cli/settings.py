"""Where guard keeps its things, from the environment and the user's configuration file.

Directories follow the XDG Base Directory Specification:

=================  =====================================  =======================================================
what               default                                holds
=================  =====================================  =======================================================
`config_dir`       ``~/.config/guard``                    ``config.yaml``, ``policy.yaml``
`state_dir`        ``~/.local/state/guard``               the embedded API's database, the spool of sessions
`runtime_dir`      ``$XDG_RUNTIME_DIR/guard``, otherwise  sockets; gone at reboot
                   ``/tmp/guard-UID``
=================  =====================================  =======================================================
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardcli.cli.logins import stored_login
from guardcli.model.errors import ConfigurationError, Problem
from guardcli.model.secrets import Secret

KEYS = frozenset({"api", "token", "policy", "policy_keys", "groups", "isolate"})

DATABASE = "guard.db"
DEFAULT_ISOLATE = "auto"
ISOLATE = ("auto", "require", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """What every front end needs to put the engine together.

    `api_url` is empty when the embedded API is to be used; `policy` is a path or ``pack:NAME``; `groups` are
    the identity groups of the sessions started here; `isolate` is ``auto``, ``require`` or ``off``. `policy_keys` are
    whole fingerprints of keys that the central API's policies must be signed by; `policy_is_chosen` says that `policy`
    is not what guard falls back on.
    """

    config_dir: Path
    state_dir: Path
    runtime_dir: Path
    api_url: str
    token: Secret
    policy: str
    groups: tuple[str, ...]
    isolate: str = DEFAULT_ISOLATE
    policy_keys: tuple[str, ...] = ()
    policy_is_chosen: bool = False

    @property
    def central_dir(self) -> Path:
        """The directory that has what the centre answered last, and the keys that it is trusted by."""
        return self.state_dir / "central"

    @property
    def own_keys(self) -> Path:
        """The directory of the embedded API's keys."""
        return self.state_dir / "keys"

    @property
    def api_socket(self) -> Path:
        """The embedded API's unix socket."""
        return self.runtime_dir / "api.sock"

    @property
    def database(self) -> Path:
        """The embedded API's SQLite database."""
        return self.state_dir / DATABASE

    @property
    def spool_dir(self) -> Path:
        """The directory that has one directory a session whose record is not all shipped yet."""
        return self.state_dir / "spool"


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; create the three directories, private to the user.

    ``GUARD_API``, ``GUARD_TOKEN``, ``GUARD_POLICY``, ``GUARD_POLICY_KEYS`` and ``GUARD_GROUPS`` (both
    comma-separated), ``GUARD_ISOLATE``, ``GUARD_CONFIG_DIR``, ``GUARD_STATE_DIR`` and ``GUARD_RUNTIME_DIR`` go before
    ``config.yaml``. Where neither has a token, what ``guard login`` kept is taken. Raises ConfigurationError.
    """
    env = os.environ if env is None else env
    home = Path(env.get("HOME") or os.path.expanduser("~"))
    config_dir = _directory(env, "GUARD_CONFIG_DIR", "XDG_CONFIG_HOME", home / ".config")
    state_dir = own_state_dir(env)
    if "GUARD_RUNTIME_DIR" in env:
        runtime_dir = Path(env["GUARD_RUNTIME_DIR"]).absolute()
    elif env.get("XDG_RUNTIME_DIR") and os.access(env["XDG_RUNTIME_DIR"], os.W_OK):
        runtime_dir = Path(env["XDG_RUNTIME_DIR"]) / "guard"
    else:
        runtime_dir = Path(f"/tmp/guard-{os.getuid()}")  # noqa: S108 - made 0700, its owner checked
    for directory in (config_dir, runtime_dir):
        _make_private(directory)
    stored = _read_config(config_dir / "config.yaml")
    default_policy = config_dir / "policy.yaml"
    chosen = env.get("GUARD_POLICY") or stored.get("policy", "") or (default_policy.exists() and str(default_policy))
    groups = env["GUARD_GROUPS"].split(",") if env.get("GUARD_GROUPS") else stored.get("groups", ["agents"])
    pins = env["GUARD_POLICY_KEYS"].split(",") if env.get("GUARD_POLICY_KEYS") else stored.get("policy_keys", [])
    api_url = env.get("GUARD_API") or stored.get("api", "")
    return Settings(
        config_dir=config_dir,
        state_dir=state_dir,
        runtime_dir=runtime_dir,
        api_url=api_url,
        token=Secret(env.get("GUARD_TOKEN") or stored.get("token", "")) or stored_login(state_dir, api_url),
        policy=chosen or "pack:default",
        policy_is_chosen=bool(chosen),
        policy_keys=_fingerprints(pins),
        groups=tuple(group.strip() for group in groups if group.strip()),
        isolate=_isolate(env.get("GUARD_ISOLATE") or stored.get("isolate", DEFAULT_ISOLATE)),
    )


def own_state_dir(env: Mapping[str, str]) -> Path:
    """Return the directory of what guard keeps, made private to the user. Raises ConfigurationError."""
    home = Path(env.get("HOME") or os.path.expanduser("~"))
    directory = _directory(env, "GUARD_STATE_DIR", "XDG_STATE_HOME", home / ".local" / "state")
    _make_private(directory)
    return directory


def _fingerprints(values: Iterable[object]) -> tuple[str, ...]:
    found = tuple(str(value).strip().lower() for value in values)
    if wrong := [value for value in found if not re.fullmatch(r"[0-9a-f]{64}", value)]:
        raise ConfigurationError(
            f"{wrong[0]!r} is no fingerprint of a key", hint="policy_keys holds 64 digits each: guard api keys list"
        )
    return found


def _isolate(value: str) -> str:
    if value not in ISOLATE:
        raise ConfigurationError(f"isolate is {value!r}", hint=f"it is one of {', '.join(ISOLATE)}")
    return value


def _directory(env: Mapping[str, str], own: str, xdg: str, fallback: Path) -> Path:
    if env.get(own):
        return Path(env[own]).absolute()
    base = Path(env[xdg]) if env.get(xdg, "").startswith("/") else fallback
    return base / "guard"


def _make_private(directory: Path) -> None:
    """Create `directory` with mode 0700, or refuse one that somebody else owns or can enter."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise ConfigurationError(f"cannot create {directory}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigurationError(
            f"{directory} is not a directory of yours", hint="remove it or set GUARD_RUNTIME_DIR and its like"
        )
    if found.st_mode & 0o077:
        directory.chmod(0o700)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error
    import yaml

    try:
        stored = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}") from error
    name = str(path)
    if not isinstance(stored, dict):
        raise ConfigurationError(f"{path} holds no mapping")
    problems = [Problem(name, 0, 0, f"unknown setting {key!r}") for key in stored if key not in KEYS]
    for key in KEYS & stored.keys():
        kind = list if key in ("groups", "policy_keys") else str
        if not isinstance(stored[key], kind):
            problems.append(Problem(name, 0, 0, f"{key} is not a {kind.__name__}"))
    if problems:
        raise ConfigurationError("the configuration has faults", problems)
    return stored
