"""What a startup packet does beside beginning a session: its settings are SETs that nobody would see as statements.

``options`` holds switches of the server's command line, blanks within them behind a backslash. Settings of any user's
are left alone; what else there is (``role``, what only a superuser may set, what is not PostgreSQL's own) is judged.
Source: PostgreSQL documentation, "Message Formats", StartupMessage; "Setting Parameters", via the shell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from guardcli.inspectors.sql.settings import judge_setting
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target, conceded

_NO_SETTINGS = frozenset(("user", "database", "options", "replication"))
_OFF = frozenset(("", "false", "off", "no", "0"))
_SWITCH = re.compile(r"(?:\\.|[^\s\\])+", re.DOTALL)
_WORD = re.compile(r"\s*(\w+)")
_READ, _DEFINE = frozenset((Effect.READ,)), frozenset((Effect.DEFINE,))
_COMMANDS = {
    **dict.fromkeys(("IDENTIFY_SYSTEM", "START_REPLICATION", "TIMELINE_HISTORY", "READ_REPLICATION_SLOT"), _READ),
    **dict.fromkeys(("BASE_BACKUP", "UPLOAD_MANIFEST"), _READ),
    "CREATE_REPLICATION_SLOT": _DEFINE,
    "ALTER_REPLICATION_SLOT": _DEFINE,
    "DROP_REPLICATION_SLOT": _DEFINE | {Effect.DELETE},
}
"""Commands of PostgreSQL's "Streaming Replication Protocol"; what else comes over such a connection is SQL."""
_ASSIGNMENT = re.compile(r"([\w.-]+)=(.*)", re.DOTALL)


def wants_replication(parameters: Mapping[str, str]) -> bool:
    """Say whether a startup packet asks for the replication protocol."""
    return parameters.get("replication", "").lower() not in _OFF


def replication_command(text: str, tool: str) -> tuple[Operation, ...] | None:
    """Return what a command of the replication protocol does, None for a text that is none of them."""
    word = _WORD.match(text)
    if word is None or word[1].upper() not in _COMMANDS:
        return None
    return (Operation(tool, word[1].lower(), _COMMANDS[word[1].upper()]),)


def opening_operations(parameters: Mapping[str, str], tool: str, replication: bool = False) -> tuple[Operation, ...]:
    """Return what a startup packet with `parameters` does that a rule may have something against; often nothing.

    `replication`: the policy lets clients ask for the replication protocol.
    """
    found: list[Operation] = []
    if wants_replication(parameters) and not replication:
        found.append(conceded(tool, "replication", "a replication connection reads whatever there is", Effect.READ))
    settings = [(name, value) for name, value in parameters.items() if name not in _NO_SETTINGS]
    given = _switches(parameters.get("options", ""))
    if given is None:
        found.append(conceded(tool, "set", "the switches in the connection's options are not understood"))
    for name, value in (*settings, *(given or ())):
        if name.startswith("_pq_."):
            continue
        setting = name.lower().replace("-", "_")  # as the server finds it
        verdict = judge_setting(setting, (value,))
        role = (Target("role", value),) if setting in ("role", "session_authorization") else ()
        if verdict.unknown:
            found.append(conceded(tool, "set", verdict.unknown, *verdict.effects, targets=role))
        elif verdict.effects - {Effect.SESSION}:
            found.append(Operation(tool, "set", frozenset(verdict.effects), role))
    return tuple(found)


def _switches(options: str) -> list[tuple[str, str]] | None:
    """Return the settings that ``options`` makes, None where it holds another switch."""
    words = [re.sub(r"\\(.)", r"\1", word) for word in _SWITCH.findall(options)]
    found = []
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            word = words.pop(0)
        elif word.startswith(("-c", "--")):
            word = word[2:]
        else:
            return None
        assignment = _ASSIGNMENT.fullmatch(word)
        if assignment is None:
            return None
        found.append((assignment[1].lower(), assignment[2]))
    return found
