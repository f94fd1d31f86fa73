"""Collects what the options, ``-o`` lines and ``-F`` files of one call say, and what they do beyond connecting."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from guardcli.inspectors.shell.names import assignment_danger
from guardcli.inspectors.shell.words import Word
from guardcli.inspectors.ssh.keywords import HARMLESS, MEANINGS
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target, conceded

_LINE = re.compile(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*?)\s*\Z", re.DOTALL)
_HARMLESS_ENV = re.compile(r"-?(?:LANG|LC_[A-Z*]+|GIT_PROTOCOL|TZ|TERM|COLORTERM|NO_COLOR)\Z")

MAX_LINES = 2000
"""Lines of a configuration file that are read; a longer one is conceded."""


@dataclass(slots=True)
class Settings:
    """First value wins, as in ssh: `values` holds it by keyword, `operations` what the settings do."""

    tool: str
    values: dict[str, str] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)

    def line(self, text: str) -> None:
        """Take one ``-o`` value: a keyword and its value as in the configuration file."""
        if not text.strip() or text.lstrip().startswith("#"):
            return
        match = _LINE.match(text)
        if match is None or re.search(r"[\x00-\x08\x0a-\x1f]", text):
            self.concede("-o", f"the option {text[:60]!r} is not plain")
            return
        self.keyword(match.group(1).lower(), match.group(2))

    def keyword(self, name: str, raw: str) -> None:
        """Take one keyword with its value as written."""
        value = _unquoted(raw)
        if name in ("sendenv", "setenv"):
            self._environment(name, value)
            return
        if name not in HARMLESS and name != "remotecommand":
            self._judge(name, value)
        self.values.setdefault(name, value)

    def concede(self, action: str, reason: str, *effects: Effect) -> None:
        """Add an operation that is not understood."""
        self.operations.append(conceded(self.tool, action, reason, *effects))

    def add(self, action: str, *effects: Effect, target: str = "") -> None:
        """Add an operation that is fully known."""
        targets = (Target("host", target),) if target else ()
        self.operations.append(Operation(self.tool, action, frozenset(effects), targets))

    def _judge(self, name: str, value: str) -> None:
        meaning = MEANINGS.get(name)
        if meaning is None:
            self.concede(name, f"the keyword {name} is not known here", Effect.EXECUTE)
        elif value.lower() in meaning.harmless:
            return
        elif meaning.known:
            self.add(name, meaning.effect, target=value if name == "proxyjump" else "")
        else:
            self.concede(name, meaning.why, meaning.effect)

    def _environment(self, name: str, value: str) -> None:
        for item in value.split():
            variable, _, content = item.strip('"').partition("=")
            if _HARMLESS_ENV.match(variable):
                continue
            if name == "setenv" and not assignment_danger(variable, Word(content)) and '"' not in value:
                continue
            self.concede(name, f"{variable} is sent to the host and may change what runs there", Effect.EXECUTE)


def _unquoted(raw: str) -> str:
    """Return the value with the quotes around all of it and a comment after it left out."""
    match = re.match(r'"([^"\\]*)"\s*(?:#.*)?\Z', raw)
    if match:
        return match.group(1)
    return raw if re.search(r"[\"'\\]", raw) else re.sub(r"\s+#.*\Z", "", raw)


def read_config(text: str, host: str, settings: Settings, include: Callable[[str], None]) -> None:
    """Take the lines of a configuration file that apply to `host`, as it was written on the command line."""
    applies = True
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        settings.concede("-F", f"the configuration file has more than {MAX_LINES} lines", Effect.EXECUTE)
        return
    for line in lines:
        stripped = line.strip(" \t\r\f")
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.match(stripped)
        if match is None:
            settings.concede("-F", "a line of the configuration file is not plain", Effect.EXECUTE)
            continue
        name, value = match.group(1).lower(), match.group(2)
        if name == "host":
            applies = _matches(host, value.split())
        elif name == "match":
            applies = True
            if value.split() != ["all"]:
                settings.concede("match", "a Match of the configuration file can run a program", Effect.EXECUTE)
        elif applies and name == "include":
            include(value)
        elif applies:
            settings.keyword(name, value)


def _matches(host: str, patterns: Sequence[str]) -> bool:
    found = False
    for pattern in patterns:
        pattern = pattern.strip('"')
        plain = pattern.lstrip("!").replace("[", "[[]")
        if fnmatchcase(host.lower(), plain.lower()):
            if pattern.startswith("!"):
                return False
            found = True
    return found
