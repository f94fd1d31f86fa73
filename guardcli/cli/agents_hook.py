"""What ``guard agents hook`` answers: an agent's tool call, judged as ``guard policy check`` would judge it.

In a session the shims judge, ask and record what guarded tools do, under the session's own policy; the hook leaves that
to them and looks at what no shim stands in front of. Outside of a session there is only the hook, so it judges all.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from guardcli.broker.standing import Standing
from guardcli.cli.agents_settings import Agent
from guardcli.cli.central import in_force
from guardcli.cli.policy_check import MAX_LINE
from guardcli.cli.settings import Settings
from guardcli.judging.caller import Call, Caller
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.errors import GuardError
from guardcli.playback.text import inert
from guardcli.policy import Context
from guardcli.policy.rules import SHELL

BLOCK = 2
"""The status that each of the agents documents as: do not run this, and tell the model what stderr says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hook says: nothing is an allowance of guard's, not of the agent's own permissions."""

    status: int = 0
    stdout: str = ""
    stderr: str = ""


def answer(agent: Agent, source: IO[bytes], settings: Settings, identity: str) -> Answer:
    """Answer one call of a hook. Whatever goes wrong blocks the call and says why."""
    try:
        content = source.read(MAX_LINE + 1)
        if len(content) > MAX_LINE:
            raise ValueError(f"the call is longer than {MAX_LINE} bytes")
        form = json.loads(content)
        call = call_of(agent, form)
        return _judge(agent, call, settings, identity)
    except GuardError as error:
        return _blocked(f"this cannot be judged: {error.message}", "ask the user to run guard doctor")
    except Exception as error:  # an agent lets the call pass where its hook fails in another way
        return _blocked(
            f"this cannot be judged: {error or type(error).__name__}", "nothing was run; say it differently"
        )


def call_of(agent: Agent, form: object) -> Call:
    """Return the call that an agent asks about. Raises ValueError for what is none of its documented shape."""
    if not isinstance(form, dict):
        raise ValueError("the hook's input is no JSON object")
    if form.get("hook_event_name") != agent.event:
        raise ValueError(f"the hook's input is no {agent.event}")
    name, given, cwd = form.get("tool_name"), form.get("tool_input"), form.get("cwd")
    if not isinstance(name, str) or name not in agent.tools:
        raise ValueError(f"the hook knows no tool {name!r} of {agent.name}")
    if not isinstance(given, dict):
        raise ValueError("tool_input is no object")
    if not isinstance(cwd, str) or not cwd.startswith("/"):
        raise ValueError("cwd is no absolute path")
    kind, keys = agent.tools[name]
    return Call(argv=_argv(kind, keys, given, cwd), env=dict(os.environ), cwd=os.path.normpath(cwd))


def _argv(kind: str, keys: tuple[str, ...], given: Mapping[str, Any], cwd: str) -> tuple[str, ...]:
    """Return the command that does what the tool would do."""
    words = [given[key] for key in keys if given.get(key) is not None]
    if kind == "search" and not words:
        words = [cwd]
    if not words or not all(isinstance(word, str) and word for word in words):
        raise ValueError(f"tool_input has no text {' or '.join(keys)}")
    if any("\0" in word for word in words):
        raise ValueError("tool_input holds a zero byte")
    word = words[0]
    if kind == "shell":
        return ("bash", "-c", word)
    if kind == "fetch":
        if not word.startswith(("https://", "http://")):
            raise ValueError("only http and https are fetched")
        return ("curl", word)
    return ("cat" if kind == "read" else "grep", *_FIXED[kind], *_files(kind, word, given, cwd))


_FIXED = {"read": ("--",), "search": ("-r", "-e", ".", "--")}


def _files(kind: str, path: str, given: Mapping[str, Any], cwd: str) -> tuple[str, ...]:
    """Return what is read: the path, what it leads to through links, and for a search what may lie in it."""
    real = os.path.realpath(os.path.join(cwd, os.path.expanduser(path)))
    files = [path, real]
    if kind == "search":
        files.append(f"{os.path.basename(real)}/*")
        if isinstance(given.get("glob"), str):
            files.append(f"{real}/{given['glob']}")
    return tuple(dict.fromkeys(files))


def in_session() -> bool:
    """Say whether the shims of a session stand behind this call: it is named, and its broker's socket is there."""
    try:
        found = os.stat(os.environ.get("GUARD_SOCKET", ""))
    except OSError:
        return False
    return bool(os.environ.get("GUARD_SESSION")) and stat.S_ISSOCK(found.st_mode)


def _judge(agent: Agent, call: Call, settings: Settings, identity: str) -> Answer:
    ruling = in_force(settings)
    standing, cache = Standing(ruling), settings.state_dir / "cache"
    caller = Caller(ruling.policy, Context(identity=identity, groups=settings.groups), os.environ, cache)
    facts = caller.facts(call)
    operations, context = caller.operations(call, facts), caller.context_of(call, facts)
    guarded = tuple(one for one in operations if one.tool != SHELL)
    own = tuple(one for one in operations if one.tool == SHELL)
    if in_session():
        guarded, own = (), tuple(one for one in own if one.sensitive or one.unbounded)
        if call.argv[0] == "curl":
            own = operations
    if not guarded and not own:
        return Answer()
    decision = standing.decide((*guarded, *own), context)
    if decision.verdict is Verdict.ALLOW:
        return Answer()
    if decision.verdict is Verdict.DENY:
        return _blocked(f"denied by {decision.rule}: {decision.message}", "do not retry it in other words")
    if guarded and standing.decide(guarded, context).verdict is not Verdict.ALLOW:
        return _blocked(
            f"{decision.rule}: {decision.message}",
            "only a session can ask for that: start the agent with guard run -- AGENT",
        )
    return _hand_over(agent, decision)


def _hand_over(agent: Agent, decision: Decision) -> Answer:
    """Ask the person at the agent where its hooks can do that; otherwise block."""
    reason = f"guard: {decision.rule}: {inert(decision.message)}"
    if not agent.asks:
        return _blocked(f"{decision.rule}: {decision.message}", "ask the user to do it, or to allow it in the policy")
    form = {"hookEventName": agent.event, "permissionDecision": "ask", "permissionDecisionReason": reason}
    return Answer(stdout=json.dumps({"hookSpecificOutput": form}) + "\n")


def _blocked(why: str, todo: str) -> Answer:
    return Answer(BLOCK, stderr=f"guard: {inert(why)}\nguard: {todo}\n")
