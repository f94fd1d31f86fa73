"""What the environment tells git to run, to trust or to reveal.

A variable counts when it holds more than a usual value, and only for calls that would obey it: an editor for
commands that open one. A pager counts always: git starts it on a terminal alone, but whether there will be one is
not known wherever a call is judged, and what is no pager has no other use there. What would be obeyed by a fetch counts
always as well, since a partial clone fetches missing objects in the middle of any command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from guardcli.inspectors.git import programs
from guardcli.inspectors.git.call import Call, does, executes, unknown
from guardcli.inspectors.git.keys import judge_key
from guardcli.inspectors.git.options import Parsed
from guardcli.inspectors.names import names
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target

_ALWAYS: Mapping[str, programs.Check] = {
    "GIT_ASKPASS": programs.harmless_askpass,
    "GIT_EXTERNAL_DIFF": programs.nothing,
    "GIT_PROXY_COMMAND": programs.nothing,
    "GIT_SSH": lambda value: value in ("", "ssh"),
    "GIT_SSH_COMMAND": programs.harmless_ssh,
    "GIT_TEST_FSMONITOR": programs.nothing,
    "GIT_TEST_MAINT_SCHEDULER": programs.nothing,
    "GITPERLLIB": programs.nothing,
}
_EDITORS = ("GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "VISUAL", "EDITOR")
_PAGERS = ("GIT_PAGER", "PAGER")
_EDITING = names(
    "add am branch bugreport cherry-pick checkout commit config format-patch history merge notes pull "
    "rebase replace reset restore revert send-email stage stash tag"
)
"""Commands that open an editor by themselves or on demand."""
_FETCHING = frozenset({"clone", "fetch", "ls-remote", "pull", "push", "remote", "submodule", "send-pack", "fetch-pack"})
_HARMLESS_FILES = frozenset({"", "/dev/null"})
_SWITCH = re.compile(r"|[0-9]|true|false|yes|no|on|off", re.IGNORECASE)
_QUOTED = re.compile(r"'((?:[^']|'\\[!']')*)'(?:='((?:[^']|'\\[!']')*)')?")
_MORE_THAN_ENOUGH = 10_000
"""Pairs of GIT_CONFIG_COUNT: more is an attack on time."""


def judge_environment(call: Call, exec_paths: tuple[str, ...]) -> Iterator[Operation]:
    """Yield an operation for every variable that makes this call more than its arguments say."""
    env = call.invocation.env
    for name in ("SSH_ASKPASS", *_PAGERS, *_EDITORS):
        if env.get(name) and _obeyed(call, name) and not _check(name)(env[name]):
            yield executes(f"env {name}", programs.name_of(env[name]))
    for name in env:
        if name[:3] == "GIT" and name not in _PAGERS and name not in _EDITORS:
            yield from _judge_variable(call, name, env[name], exec_paths)


def _check(name: str) -> programs.Check:
    if name == "SSH_ASKPASS":
        return programs.harmless_askpass
    return programs.harmless_pager if name in _PAGERS else programs.harmless_editor


def _obeyed(call: Call, name: str) -> bool:
    """Return whether this call would look at the variable, which other programs use as well."""
    if name == "SSH_ASKPASS":
        return call.name in _FETCHING
    if name in _PAGERS:
        return True
    if name.startswith("GIT_"):
        return call.name in _EDITING
    return call.name in _EDITING and not _has_its_message(call)


def _has_its_message(call: Call) -> bool:
    """Return whether the call says its message itself, so that no editor opens."""
    if call.name not in ("commit", "tag", "notes", "merge", "stash"):
        return False
    parsed: Parsed = call.parsed()
    return parsed.given("message", "file", "no-edit") and not parsed.given("edit", "interactive", "patch")


def _judge_variable(call: Call, name: str, value: str, exec_paths: tuple[str, ...]) -> Iterator[Operation]:
    action = f"env {name}"
    if name in _ALWAYS:
        if not _ALWAYS[name](value):
            yield executes(action, programs.name_of(value))
    elif name == "GIT_EXEC_PATH":
        if value not in exec_paths:
            yield executes(action, reason="git would take its own parts from there")
    elif name == "GIT_TEMPLATE_DIR":
        if value and call.name in ("clone", "init", "init-db", "submodule"):
            yield executes(action, reason="hooks would come from there")
    elif name == "GIT_ALLOW_PROTOCOL":
        if not {"file", "git", "http", "https", "ssh", ""}.issuperset(value.split(":")):
            yield executes(action, reason="transports that run any program would be allowed")
    elif name == "GIT_SSL_NO_VERIFY":
        if value.lower() not in ("", "0", "false", "no", "off"):
            yield does(action, Effect.NETWORK, reason="nobody would check whom git talks to")
    elif name == "GIT_TRACE_REDACT":
        if value.lower() in ("0", "false", "no", "off"):
            yield does(action, Effect.PRIVILEGE, reason="traces would show credentials", sensitive=True)
    elif name.startswith("GIT_TRACE") and name != "GIT_TRACE2_ENV_VARS" and not _SWITCH.fullmatch(value):
        yield from _judge_trace(action, value)
    elif name.startswith("GIT_TEST_") and not _SWITCH.fullmatch(value):
        yield executes(action, programs.name_of(value), "switches for git's own tests may name programs")
    elif name.startswith("GIT_CONFIG"):
        yield from _judge_configuration(call.invocation.env, name, value)


def _judge_configuration(env: Mapping[str, str], name: str, value: str) -> Iterator[Operation]:
    """Judge a variable that holds configuration, or names a file of it."""
    if name == "GIT_CONFIG_PARAMETERS":
        yield from _judge_parameters(value)
    elif name == "GIT_CONFIG_COUNT":
        yield from _judge_pairs(env, value)
    elif name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG") and value not in _HARMLESS_FILES:
        reason = "any program could stand in that configuration"
        yield unknown(f"env {name}", reason, Effect.EXECUTE, targets=(Target("file", value),))


def _judge_trace(action: str, value: str) -> Iterator[Operation]:
    """A trace goes to the file that the variable names; some variables of this name only choose what is traced."""
    if value.startswith(("/", "af_unix:")):
        yield does(action, Effect.WRITE, Effect.FILE, targets=(Target("file", value),))


def _judge_parameters(value: str) -> Iterator[Operation]:
    """GIT_CONFIG_PARAMETERS holds what ``-c`` gave: ``'key=value'`` or ``'key'='value'``, quoted for a shell."""
    rest = value.strip()
    while rest:
        match = _QUOTED.match(rest)
        if not match:
            yield unknown("env GIT_CONFIG_PARAMETERS", "its quoting is not understood", Effect.EXECUTE)
            return
        key, found = (part and re.sub(r"'\\([!'])'", r"\1", part) for part in match.groups())
        if found is None:
            key, equals, found = key.partition("=")
            found = found if equals else "true"
        yield from judge_setting("env", key, found)
        rest = rest[match.end() :].lstrip()


def _judge_pairs(env: Mapping[str, str], count: str) -> Iterator[Operation]:
    """GIT_CONFIG_COUNT pairs of GIT_CONFIG_KEY_n and GIT_CONFIG_VALUE_n."""
    if not count.strip():
        return
    if not count.strip().lstrip("+").isdecimal() or int(count[:9]) > _MORE_THAN_ENOUGH or len(count) > 9:
        yield unknown("env GIT_CONFIG_COUNT", "it is no usual number", Effect.EXECUTE)
        return
    for number in range(int(count)):
        key = env.get(f"GIT_CONFIG_KEY_{number}")
        if key is not None:
            yield from judge_setting("env", key, env.get(f"GIT_CONFIG_VALUE_{number}", ""))


def judge_setting(source: str, key: str, value: str) -> Iterator[Operation]:
    """Yield what a configuration variable does that holds for this call only; nothing for a preference."""
    judged = judge_key(key, value)
    action = f"{source} {judged.key}"
    targets = (Target("command", judged.program),) if judged.program else ()
    if not judged.known:
        yield unknown(action, f"{judged.key} is no variable that is known")
    elif judged.effects:
        yield does(action, *judged.effects, targets=targets, sensitive=Effect.PRIVILEGE in judged.effects)
