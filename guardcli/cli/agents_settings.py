"""The settings files of agents: which format each one documents, and putting guard's hook in and taking it out.

What was there is kept, bytes and mode, in guard's own state directory, where an isolated agent cannot reach it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardcli.model.errors import ConfigurationError

SHELL = "guard-agent-shell"
MAX_BYTES = 4 << 20
"""Bytes of a settings file; a longer one is none that a person wrote."""


@dataclass(frozen=True, slots=True)
class Agent:
    """How one agent is told of a hook, as its own documentation says (`source`).

    `tools` maps the agent's name of a tool to what it does (``shell``, ``read``, ``search``, ``fetch``) and the keys
    of its input, one of which says on what. `asks` says that a hook may hand the question to the person at the agent.
    `prefix` is the variable, under ``env``, with the program that the agent starts its shell commands by.
    """

    name: str
    place: str
    event: str
    matcher: str
    tools: Mapping[str, tuple[str, tuple[str, ...]]]
    source: str
    asks: bool = False
    prefix: str = ""

    def settings(self, base: Path) -> Path:
        """Return the settings file below a home or a project."""
        return base / self.place

    def entry(self, program: str) -> dict[str, Any]:
        """Return guard's own entry. A hook that cannot even start blocks: the agents let other statuses pass."""
        command = f"{program} agents hook {self.name} || exit 2"
        return {"matcher": self.matcher, "hooks": [{"type": "command", "command": command}]}


AGENTS = {
    agent.name: agent
    for agent in (
        Agent(
            "claude-code",
            ".claude/settings.json",
            "PreToolUse",
            "Bash|Read|Grep|WebFetch",
            {
                "Bash": ("shell", ("command",)),
                "Read": ("read", ("file_path",)),
                "Grep": ("search", ("path",)),
                "WebFetch": ("fetch", ("url",)),
            },
            "https://code.claude.com/docs/en/hooks",
            asks=True,
            prefix="CLAUDE_CODE_SHELL_PREFIX",  # https://code.claude.com/docs/en/env-vars
        ),
        Agent(
            "codex",
            ".codex/hooks.json",
            "PreToolUse",
            "^Bash$",
            {"Bash": ("shell", ("command",))},
            "https://developers.openai.com/codex/hooks",
        ),
        Agent(
            "gemini",
            ".gemini/settings.json",
            "BeforeTool",
            "^(run_shell_command|read_file)$",
            {
                "run_shell_command": ("shell", ("command",)),
                "read_file": ("read", ("file_path", "absolute_path", "path")),
            },
            "https://geminicli.com/docs/hooks/reference",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Found:
    """A settings file as it is: its bytes (none where there is no file), its mode and its content."""

    path: Path
    content: bytes | None
    mode: int
    form: dict[str, Any]


def read_settings(path: Path) -> Found:
    """Read a settings file. Raises ConfigurationError for what cannot be edited without losing something."""
    for place in (path.parent, path):
        if place.is_symlink():
            raise ConfigurationError(
                f"{place} is a symbolic link to {os.readlink(place)}",
                hint="guard edits no file through a link: put what `guard agents install --print` says there yourself",
            )
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise ConfigurationError(f"{path} is no regular file")
        if found.st_size > MAX_BYTES:
            raise ConfigurationError(f"{path} is longer than {MAX_BYTES} bytes")
        content = path.read_bytes()
    except FileNotFoundError:
        return Found(path, None, 0o600, {})
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    return Found(path, content, stat.S_IMODE(found.st_mode), _parse(path, content))


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    hint = "it is left as it is; correct it first"
    try:
        text = content.decode("utf-8")
        form = json.loads(text, object_pairs_hook=_no_repetition) if text.strip() else {}
    except json.JSONDecodeError as error:
        place = f"{path}:{error.lineno}:{error.colno}"
        raise ConfigurationError(f"{place}: this is not JSON: {error.msg}", hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} cannot be edited without loss: {error}", hint=hint) from error
    if not isinstance(form, dict):
        raise ConfigurationError(f"{path} holds no JSON object", hint=hint)
    return form


def _no_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    form = dict(pairs)
    if len(form) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return form


def groups_of(found: Found, agent: Agent) -> list[Any]:
    """Return the hooks of the agent's event. Raises ConfigurationError where the file has another shape."""
    hooks = found.form.get("hooks", {})
    if not isinstance(hooks, dict):
        raise ConfigurationError(f"{found.path}: hooks is no object", hint="it is left as it is; correct it first")
    groups = hooks.get(agent.event, [])
    if not isinstance(groups, list):
        raise ConfigurationError(f"{found.path}: hooks.{agent.event} is no list", hint="correct it first")
    return groups


def is_ours(hook: object, agent: Agent) -> bool:
    """Say whether one hook is guard's: by its command, whatever else was changed around it."""
    command = hook.get("command") if isinstance(hook, dict) else None
    own = rf"\S.* agents hook {re.escape(agent.name)} \|\| exit 2"
    return isinstance(command, str) and re.fullmatch(own, command) is not None


def is_installed(found: Found, agent: Agent) -> bool:
    """Say whether guard's hook stands in the file."""
    groups = (group.get("hooks") for group in groups_of(found, agent) if isinstance(group, dict))
    return any(is_ours(hook, agent) for hooks in groups if isinstance(hooks, list) for hook in hooks)


def with_hook(found: Found, agent: Agent, program: str, shell: str = "") -> bytes:
    """Return the bytes of the file with guard's hook as the last one, all else kept; `shell` is the program that the
    agent is to start its commands by, empty for none. Raises ConfigurationError where it has another one."""
    form = without_hook(found, agent)
    hooks = form.get("hooks", {})
    form["hooks"] = {**hooks, agent.event: [*hooks.get(agent.event, []), agent.entry(program)]}
    if shell:
        env = form.get("env", {})
        if not isinstance(env, dict) or agent.prefix in env:
            raise ConfigurationError(
                f"{found.path}: env.{agent.prefix} is set already", hint="take it out first, or install without --shell"
            )
        form["env"] = {**env, agent.prefix: shell}
    return _written(form, found.content)


def without_hook(found: Found, agent: Agent) -> dict[str, Any]:
    """Return a copy of the content without guard's hooks, and without the objects that only they were in."""
    groups = groups_of(found, agent)
    kept = []
    for group in groups:
        inner = group.get("hooks") if isinstance(group, dict) else None
        if not isinstance(inner, list) or not any(is_ours(hook, agent) for hook in inner):
            kept.append(group)
        elif others := [hook for hook in inner if not is_ours(hook, agent)]:
            kept.append({**group, "hooks": others})
    form = _without_shell(dict(found.form), agent)
    if kept == groups:
        return form
    form["hooks"] = {**form["hooks"], agent.event: kept}
    if not kept:
        del form["hooks"][agent.event]
    if not form["hooks"]:
        del form["hooks"]
    return form


def is_our_shell(value: object) -> bool:
    """Say whether `value` names guard's program for an agent's shell, wherever guard is or was installed."""
    return isinstance(value, str) and os.path.basename(value) == SHELL


def _without_shell(form: dict[str, Any], agent: Agent) -> dict[str, Any]:
    env = form.get("env")
    if not isinstance(env, dict) or not is_our_shell(env.get(agent.prefix)):
        return form
    form["env"] = {name: value for name, value in env.items() if name != agent.prefix}
    if not form["env"]:
        del form["env"]
    return form


def _written(form: Mapping[str, Any], like: bytes | None) -> bytes:
    """Write JSON with the indent that the file had."""
    indent = re.search(rb"^([ \t]+)\S", like or b"", re.M)
    step = indent[1].decode() if indent else "  "
    try:
        return (json.dumps(form, indent=step, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can say
        return (json.dumps(form, indent=step) + "\n").encode()


class Keeper:
    """Keeps what was in a settings file before guard edited it, below guard's state directory."""

    def __init__(self, state: Path, path: Path, agent: Agent) -> None:
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
        self._record = state / "agents" / f"{agent.name}-{name}.json"
        self._agent = agent

    def install(self, found: Found, program: str, shell: str = "") -> bytes:
        """Put the hook in; return the new bytes. The record is on disk before the file changes."""
        after = with_hook(found, self._agent, program, shell)
        earlier = self._load()
        if found.content is not None and earlier.get("after") == _digest(found.content):
            before = earlier  # installed again: what was there first stays what is restored
        elif is_installed(found, self._agent):
            before = {}  # edited since, or not ours to restore: only the entries are taken out later
        else:
            content = None if found.content is None else base64.b64encode(found.content).decode()
            made = [str(found.path.parent)] if not found.path.parent.exists() else []
            before = {"path": str(found.path), "before": content, "mode": found.mode, "made": made}
        record = json.dumps({**before, "after": _digest(after)}).encode()
        try:
            self._record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace(self._record, record, 0o600)
            found.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            unchanged(found)
            replace(found.path, after, found.mode)
        except OSError as error:
            raise _unwritable(error, found.path) from error
        return after

    def uninstall(self, found: Found) -> str:
        """Take the hook out; return ``restored``, ``removed`` (its entries alone) or ``absent``."""
        record = self._load()
        exact = found.content is not None and "before" in record and record["after"] == _digest(found.content)
        if not exact and not is_installed(found, self._agent):
            self._record.unlink(missing_ok=True)
            return "absent"
        unchanged(found)
        try:
            if exact:
                self._restore(found, record)
            else:
                replace(found.path, _written(without_hook(found, self._agent), found.content), found.mode)
            self._record.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(error, found.path) from error
        return "restored" if exact else "removed"

    def _restore(self, found: Found, record: Mapping[str, Any]) -> None:
        if record["before"] is not None:
            replace(found.path, base64.b64decode(record["before"]), record["mode"])
            return
        found.path.unlink()
        for directory in record["made"]:
            if not any(Path(directory).iterdir()):
                Path(directory).rmdir()

    def _load(self) -> dict[str, Any]:
        """Return the record, empty where there is none that can be trusted to restore from."""
        try:
            record = json.loads(self._record.read_bytes())
            if record.get("before") is not None:
                base64.b64decode(record["before"], validate=True)
        except (OSError, ValueError, AttributeError, TypeError, binascii.Error):
            return {}
        whole = {"path", "before", "mode", "made", "after"} <= record.keys() and isinstance(record["mode"], int)
        return record if whole else {}


def unchanged(found: Found) -> None:
    """Raise ConfigurationError where the file is no longer what was read."""
    try:
        now = found.path.read_bytes()
    except FileNotFoundError:
        now = None
    if now != found.content:
        raise ConfigurationError(f"{found.path} was changed meanwhile", hint="nothing was written; run this again")


def replace(path: Path, content: bytes, mode: int) -> None:
    """Put `content` in the place of a file in one step, durable before it shows. Raises OSError."""
    unfinished = path.parent / f".{path.name}.{secrets.token_hex(6)}"
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unwritable(error: OSError, path: Path) -> ConfigurationError:
    return ConfigurationError(f"cannot write {error.filename or path}: {error.strerror}")
