"""One git command to be judged, with its surroundings, and the small words in which judges answer."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from guardcli.inspectors.git.keys import canonical_key
from guardcli.inspectors.git.options import Option, Parsed, Spec, every_option, parse, spec_of
from guardcli.inspectors.git.urls import host_target, transport_program
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation, Target

TOOL = "git"
_NO_OPTIONS = Spec({}, {})
_SCRATCH = ("/tmp/", "/var/tmp/", "/dev/null", "/dev/stdout", "/dev/stderr")  # noqa: S108 - nothing is opened here


@dataclass(frozen=True, slots=True)
class Call:
    """A command of git after the global options: `name` and its `arguments`.

    `options` are the global options that say where the repository is, `directory` is where relative paths begin,
    `overrides` what ``-c`` and its like set, canonical key and value, in order.
    """

    name: str
    arguments: tuple[str, ...]
    invocation: Invocation
    facts: Facts
    options: tuple[str, ...] = ()
    directory: str = "/"
    overrides: tuple[tuple[str, str], ...] = ()

    @property
    def from_git(self) -> bool:
        """Whether git itself started this command, as a helper of one that was judged before."""
        return self.invocation.parent == TOOL

    def parsed(self, *, stops: bool = False, digits: bool = False) -> Parsed:
        """Parse the arguments by the table of this command."""
        return parse(spec_of(self.name) or _NO_OPTIONS, self.arguments, stops=stops, digits=digits)

    def any_options(self, parsed: Parsed) -> tuple[Option, ...]:
        """Return every option that some reading of the arguments has; `parsed` is the usual reading."""
        return every_option(spec_of(self.name) or _NO_OPTIONS, self.arguments, parsed)

    def config(self) -> Mapping[str, tuple[str, ...]]:
        """Return the configuration in effect, ``-c`` included. Raises FactUnavailable."""
        values = dict(self.facts.git_config(self.invocation.cwd, self.options))
        for key, value in self.overrides:
            values[key] = (*values.get(key, ()), value)
        return values

    def git(self, *arguments: str, index: bool = True) -> str:
        """Ask git itself, in this repository, without an `index` where none may tell. Raises FactUnavailable."""
        found = self.facts.git(self.invocation.cwd, (*self.options, *arguments), index=index)
        return found.decode("utf-8", "surrogateescape")

    def path(self, name: str) -> str:
        """Return `name` as an absolute path, as git would understand it here."""
        return os.path.normpath(os.path.join(self.directory, name))


Judge = Callable[[Call], Sequence[Operation]]


def does(
    action: str,
    *effects: Effect,
    targets: Iterable[Target] = (),
    reason: str = "",
    sensitive: bool = False,
    unbounded: bool = False,
) -> Operation:
    """Return an operation of git; it is complete unless its effects are said to be unknown."""
    return Operation(
        tool=TOOL,
        action=action,
        effects=frozenset(effects),
        targets=tuple(targets),
        complete=Effect.UNKNOWN not in effects,
        reason=reason,
        sensitive=sensitive,
        unbounded=unbounded,
    )


def reads(action: str) -> Operation:
    """Return an operation that only looks."""
    return does(action, Effect.READ)


def writes(action: str, *targets: Target) -> Operation:
    """Return an operation whose change the reflog, or git's own refusal, can undo or prevent."""
    return does(action, Effect.WRITE, targets=targets)


def loses(action: str, *targets: Target) -> Operation:
    """Return an operation after which work may be gone for good."""
    return does(action, Effect.WRITE, Effect.DELETE, targets=targets)


def executes(action: str, program: str = "", reason: str = "") -> Operation:
    """Return an operation that runs a program which is not git."""
    targets = (Target("command", program),) if program else ()
    return does(action, Effect.EXECUTE, targets=targets, reason=reason)


def unknown(action: str, reason: str, *effects: Effect, targets: Iterable[Target] = ()) -> Operation:
    """Return an operation that is not understood."""
    return does(action, *effects, Effect.UNKNOWN, targets=targets, reason=reason)


def problems(call: Call, parsed: Parsed) -> list[Operation]:
    """Return what could not be read of the options, as operations that concede."""
    return [unknown(call.name, problem) for problem in parsed.problems[:1]]


def is_usual(call: Call, path: str) -> bool:
    """Return whether an absolute path is below the directory of the call, or in scratch."""
    here = os.path.normpath(call.invocation.cwd or "/").rstrip("/") + "/"
    return f"{path}/".startswith((here, *_SCRATCH))


def writes_file(call: Call, action: str, name: str) -> Operation:
    """Return the writing of a named file; FILE where it is neither below the call's directory nor scratch."""
    path = call.path(name)
    usual = is_usual(call, path) and ".git" not in path.split("/")
    effects = (Effect.WRITE,) if usual else (Effect.WRITE, Effect.FILE)
    return does(action, *effects, targets=(Target("file", path),))


def contacts(call: Call, url: str) -> list[Operation]:
    """Return the program that git runs to reach `url`, when it is none of git's own."""
    program = transport_program(url)
    return [executes(f"{call.name} {program.removeprefix('git-')}", program)] if program else []


def hosts(*urls: str) -> tuple[Target, ...]:
    """Return the hosts that `urls` name."""
    return tuple(target for url in urls for target in host_target(url))


def remote_urls(config: Mapping[str, tuple[str, ...]], remote: str, *, push: bool = False) -> tuple[str, ...]:
    """Return the addresses of a configured remote, none where it is not configured."""
    urls = config.get(f"remote.{remote}.pushurl", ()) if push else ()
    return urls or config.get(f"remote.{remote}.url", ())


def names_nothing(error: FactUnavailable) -> bool:
    """Return whether git said that there is no repository, so that the call itself can do nothing."""
    return "not a git repository" in str(error)


__all__ = [
    "TOOL",
    "Call",
    "Judge",
    "canonical_key",
    "contacts",
    "does",
    "executes",
    "hosts",
    "is_usual",
    "loses",
    "names_nothing",
    "problems",
    "reads",
    "remote_urls",
    "unknown",
    "writes",
    "writes_file",
]
