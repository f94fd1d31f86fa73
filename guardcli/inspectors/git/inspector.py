"""git: what a call would change, here and on the remote, and what it would make git run.

A call is one operation for what the command does, one for every ref that a push changes, and one for every
program, redirection or credential that its arguments or environment bring in. What stands in the repository's own
configuration already (hooks, filters, a configured ssh command) is not held against a call: the agent could run those
programs itself, and git runs them with no more than the agent has.

============================  =======================  ===============================================================
action                        effects                  for example
============================  =======================  ===============================================================
``status``, ``log``, ...      read                     looks only; ``fetch --dry-run``, ``clean --dry-run`` as well
``commit``, ``add``, ...      write                    the reflog, or git's refusal to overwrite, can undo or prevent
``reset --hard``, ...         write, delete            loses work: ``clean``, ``checkout --``, ``checkout --force``,
                                                       ``restore``, ``stash drop``, ``branch -D``, ``gc --prune``,
                                                       ``tag --delete``, ``rm --force``, ``filter-branch``, ...
``push``                      write                    target ``ref:REMOTE/refs/heads/NAME``, one operation a ref
``push --force``              write, delete            as well ``--force-with-lease`` and ``+`` refspecs
``push --delete``             write, delete
``push --mirror``/``--prune`` write, delete            target ``ref:REMOTE/*``, unbounded
``push ...`` to a new URL     ... and network          the address is none of a configured remote
``commit``, ``push``          write, sensitive         one more operation where a credential would be published;
                                                       targets ``file:PATH``, `reason` names the detectors
``config KEY``                define                   a preference; the action holds the key
``config KEY``                define and execute,      the key runs a program, redirects, identifies, or takes the
                              network, privilege or    reflog away
                              delete
``remote add``                define                   ``remote set-url``: define, network; ``remote remove`` and
                                                       ``remote rename``: define, delete
``-c KEY``, ``env KEY``       execute, network,        set for this call only; nothing for a preference
                              privilege or delete
``env NAME``                  execute, network,        a variable of the environment, such as GIT_SSH_COMMAND
                              privilege or file
``bisect run``, ...           execute                  target ``command:NAME``; ``rebase --exec``, ``alias NAME``, ...
``credential``, ...           privilege, sensitive     shows credentials
anything                      ... and unknown          not understood; `complete` is false and `reason` says why
``... --output``, ``clone``   write (and file)         file where it is neither below the directory nor scratch;
                                                       ``init``, ``worktree add``, ``index-pack`` as well
============================  =======================  ===============================================================

The remote part of a ref target has ``/`` written ``%2F``, so that the first slash always ends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from guardcli.inspectors.git import groups, plumbing, publish, push, remotes, simple, worktree
from guardcli.inspectors.git.call import TOOL, Call, Judge, does, executes, reads, unknown, writes
from guardcli.inspectors.git.environment import judge_environment, judge_setting
from guardcli.inspectors.git.globals import Globals, read_globals
from guardcli.inspectors.git.keys import canonical_key
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Operation, Stream

JUDGES: Mapping[str, Judge] = {
    **plumbing.JUDGES,
    **simple.JUDGES,
    **groups.JUDGES,
    **remotes.JUDGES,
    **worktree.JUDGES,
    **publish.JUDGES,
    **push.JUDGES,
}
"""Every command that is known; the later tables go before the earlier."""

ALIAS_LIMIT = 10
"""Aliases of aliases; git itself refuses circles only."""

USUAL_EXEC_PATHS = ("", "/usr/lib/git-core", "/usr/libexec/git-core", "/usr/local/libexec/git-core")
"""Where git's own parts lie on usual systems, which git repeats in the environment of what it starts."""


class GitInspector:
    """Understands git. `exec_paths` are the directories of git's parts that may stand in GIT_EXEC_PATH."""

    tool = TOOL

    def __init__(self, exec_paths: tuple[str, ...] = USUAL_EXEC_PATHS) -> None:
        self._exec_paths = exec_paths

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what `invocation` would do. Never raises; concedes instead."""
        call, stands_for, given = read_call(invocation, facts)
        found = [*given.operations]
        for key, value in call.overrides:
            found += judge_setting("-c", key, value)
        found += judge_environment(call, self._exec_paths)
        judged = [stands_for] if stands_for is not None else _judge(call)
        return Inspection((*judged, *found), output=_stream(call))


def read_call(invocation: Invocation, facts: Facts) -> tuple[Call, Operation | None, Globals]:
    """Return the command that a call comes to, aliases followed, what it is where it is none of git's own, and what
    stood before it."""
    given = read_globals(invocation)
    call = _call_of(given, invocation, facts)
    for _ in range(ALIAS_LIMIT):
        if call.name in JUDGES:
            return call, None, given
        followed = _follow(call)
        if isinstance(followed, Operation):
            return call, followed, given
        call = followed
    return call, unknown(call.name, "an alias of too many aliases", Effect.EXECUTE), given


def _judge(call: Call) -> Sequence[Operation]:
    if call.arguments == ("-h",) or call.arguments[:1] == ("--help",):
        return [reads("help")]
    return JUDGES[call.name](call)


def _call_of(given: Globals, invocation: Invocation, facts: Facts) -> Call:
    settings = _canonical(given.settings)
    return Call(given.command, given.arguments, invocation, facts, given.options, given.directory, settings)


def _stream(call: Call) -> Stream:
    """Return BINARY for the pack and helper protocols that git or ssh started, never for what the agent calls."""
    if call.from_git:
        protocol = call.name in plumbing.PACK_HELPERS or call.name.startswith("credential")
    else:
        protocol = call.name in plumbing.PACK_ENDS and call.invocation.parent == "ssh"
    return Stream.BINARY if protocol else Stream.TEXT


def _follow(call: Call) -> Operation | Call:
    """Return what a command that is not git's own stands for: a program, a shell alias, or another command."""
    try:
        if call.name.startswith("credential-") and call.from_git:
            return writes(call.name)
        if call.name.startswith("credential-"):
            return does(call.name, Effect.EXECUTE, Effect.PRIVILEGE, sensitive=True)
        if call.name in call.git("--list-cmds=main,others").split():
            return executes(call.name, f"git-{call.name}")
        alias = call.config().get(f"alias.{call.name.lower()}", ())
    except FactUnavailable as error:
        return unknown(call.name, f"no command of git: {error}", Effect.EXECUTE)
    if not alias:
        return unknown(call.name, "neither a command of git nor an alias; git may run what is spelled alike")
    if alias[-1].lstrip().startswith("!"):
        return executes(f"alias {call.name}", "sh", alias[-1][:200])
    words = split_alias(alias[-1])
    if not words:
        return unknown(f"alias {call.name}", "the alias is not understood", Effect.EXECUTE)
    return _expanded(call, words)


def _expanded(call: Call, words: Sequence[str]) -> Operation | Call:
    """Put an alias in place of its name; it may begin with global options."""
    given: Globals = read_globals(replace(call.invocation, argv=(TOOL, *words, *call.arguments)))
    if given.options or given.operations:
        return unknown(f"alias {call.name}", "the alias goes to another repository or runs a program", Effect.EXECUTE)
    overrides = (*call.overrides, *_canonical(given.settings))
    return replace(call, name=given.command, arguments=given.arguments, overrides=overrides)


def _canonical(settings: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((canonical_key(key), value) for key, value in settings)


def split_alias(text: str) -> list[str]:
    """Split an alias as git does: white space, both quotes, a backslash outside single quotes; empty if unclosed."""
    words: list[str] = []
    current: list[str] | None = None
    quote = ""
    rest = iter(text)
    for character in rest:
        if character == "\\" and quote != "'":
            escaped = next(rest, "")
            if not escaped:
                return []
            current = [*(current or ()), escaped]
        elif quote and character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote, current = character, current or []
        elif not quote and character.isspace():
            if current is not None:
                words.append("".join(current))
            current = None
        else:
            current = current if current is not None else []
            current.append(character)
    if current is not None:
        words.append("".join(current))
    return [] if quote else words
