"""What stands before git's command: the global options, and the name that git was called by.

Global options are read by hand in git: no abbreviations, no combined letters, and the first word that is no option
is the command. A program called ``git-NAME`` is ``git NAME``.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from dataclasses import dataclass, field

from guardcli.inspectors.git.call import executes, unknown
from guardcli.inspectors.names import names
from guardcli.model.effects import Effect
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation

_PRINTING = frozenset({"--html-path", "--man-path", "--info-path", "--exec-path"})
_SWITCHES = names(
    "-p --paginate -P --no-pager --no-replace-objects --bare --literal-pathspecs --no-literal-pathspecs "
    "--glob-pathspecs --noglob-pathspecs --icase-pathspecs --no-optional-locks --no-lazy-fetch --no- "
    "advice --shallow-file"
)
_PLACES = ("--git-dir", "--work-tree", "--namespace", "--super-prefix", "--attr-source")
_KEPT = frozenset({"--git-dir", "--work-tree"})


@dataclass(slots=True)
class Globals:
    """The command, its arguments, and what came before: where the repository is, settings, and what is amiss.

    Where git only prints something of its own, the command is ``help`` or ``version``.
    """

    command: str = ""
    arguments: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    directory: str = "/"
    settings: list[tuple[str, str]] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)


def read_globals(invocation: Invocation) -> Globals:
    """Read everything up to the command."""
    given = Globals(directory=invocation.cwd or "/")
    own_name = os.path.basename(invocation.argv[0]) if invocation.argv else "git"
    if own_name.startswith("git-"):
        given.command, given.arguments = own_name.removeprefix("git-"), invocation.arguments
        return given
    words = iter(invocation.arguments)
    for word in words:
        if not word.startswith("-"):
            given.command, given.arguments = word, tuple(words)
            return given
        _read_option(given, word, words, invocation)
        if given.command:
            return given
    given.command = "help"
    return given


def _read_option(given: Globals, word: str, words: Iterator[str], invocation: Invocation) -> None:
    """Read one global option and the words that it takes."""
    name, equals, attached = word.partition("=")
    if word in ("-h", "--help"):
        given.command, given.arguments = "help", tuple(words)
    elif word in ("-v", "--version"):
        given.command = "version"
    elif word in _PRINTING or name == "--list-cmds":
        given.command = "help"
    elif word == "-C":
        path = next(words, "")
        given.options = (*given.options, "-C", path)
        given.directory = os.path.join(given.directory, path)
    elif word == "-c":
        key, separator, value = next(words, "").partition("=")
        given.settings.append((key, value if separator else "true"))
    elif name == "--config-env":
        key, _, variable = (attached if equals else next(words, "")).rpartition("=")
        given.settings.append((key, invocation.env.get(variable, "")))
    elif name == "--exec-path":
        given.operations.append(executes("--exec-path", attached, "git would take its own parts from there"))
    elif name in _PLACES:
        value = attached if equals else next(words, "")
        if name in _KEPT:
            given.options = (*given.options, f"{name}={value}")
    elif word == "--shallow-file":
        next(words, None)
    elif word == "--bare":
        given.options = (*given.options, word)
    elif word not in _SWITCHES:
        given.operations.append(unknown(word, f"the option {word} is not known", Effect.EXECUTE))
