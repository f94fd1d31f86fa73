"""What an inspector may ask of the world.

Inspectors are pure: they take an `Invocation` and a `Facts`, and return an `Inspection`. The broker implements
`Facts` with bounds and remembers every answer, so that an approval is bound to what was read and the tool is
handed the very bytes that were judged. Tests implement it with a dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

Found = tuple[str, str]
"""A secret that was found: the name of its detector, and a digest that is equal for equal values and shows none."""


class FactUnavailable(Exception):
    """The answer cannot be had: missing, unreadable, or over a bound. An inspector concedes with the reason."""


class Facts(Protocol):
    """Bounded, remembered questions about the world around one call."""

    def read_file(self, path: str) -> bytes:
        """Return the whole content of the regular file at the absolute `path`.

        Raises FactUnavailable for what is missing, no regular file, unreadable or over the bound.
        """
        ...

    def list_directory(self, path: str) -> Sequence[str]:
        """Return the names in the directory at the absolute `path`, sorted. Raises FactUnavailable."""
        ...

    def stdin(self) -> bytes:
        """Return all that the call's standard input holds, read to its end.

        The tool is then given the same bytes again. Raises FactUnavailable for a terminal, and over the bound.
        """
        ...

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
        """Return git's effective configuration at `cwd`: lower-case key to every value, last one wins.

        `options` are global options that change where git looks (``--git-dir``, ``-C``), given to git
        unchanged. Raises FactUnavailable.
        """
        ...

    def git(self, cwd: str, arguments: Sequence[str], *, index: bool = True) -> bytes:
        """Return what a read-only git plumbing command prints at `cwd`, with hooks, pagers and filters off.

        For what configuration does not tell: the current branch, the objects that a push would publish. Without
        `index` git knows of none, and takes no file of the working tree for what the index says that it is.
        Raises FactUnavailable where git fails, takes too long, or prints more than the bound.
        """
        ...

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        """Return the credentials in `content`, by strong detectors only. Raises FactUnavailable where none look."""
        ...

    def git_secrets(self, cwd: str, options: Sequence[str], names: Sequence[str]) -> Mapping[str, frozenset[Found]]:
        """Return the credentials in the commits, tags and files that `names` name; only objects that hold some.

        What git does not have under a name holds nothing. Raises FactUnavailable, over the bounds of bytes and
        time as well.
        """
        ...

    def try_shell(self, text: bytes) -> bool:
        """Say whether the shell's grammar reads `text` without a fault, and within a bound of time.

        For texts that are long or intricate: that parser cannot be interrupted, so they are tried where it can be
        ended. Raises FactUnavailable where there is nowhere to try, or where trying took long enough for one call.
        """
        ...

    def git_changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> Mapping[str, str]:
        """Return the tracked files that are not as the index knows them: name from the top to absolute path.

        The path is empty for what is no regular file any more. Only names, sizes and times are compared; no filter
        of the repository runs. Raises FactUnavailable.
        """
        ...


class NoFacts:
    """Facts of nothing: every question is unavailable. For judging without a machine behind it."""

    def read_file(self, path: str) -> bytes:
        """Raise FactUnavailable."""
        raise FactUnavailable(f"{path} was not read")

    def list_directory(self, path: str) -> Sequence[str]:
        """Raise FactUnavailable."""
        raise FactUnavailable(f"{path} was not read")

    def stdin(self) -> bytes:
        """Raise FactUnavailable."""
        raise FactUnavailable("standard input was not read")

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
        """Raise FactUnavailable."""
        raise FactUnavailable("the git configuration was not read")

    def git(self, cwd: str, arguments: Sequence[str], *, index: bool = True) -> bytes:
        """Raise FactUnavailable."""
        raise FactUnavailable("git was not asked")

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        """Raise FactUnavailable."""
        raise FactUnavailable("nothing looks for secrets")

    def git_secrets(self, cwd: str, options: Sequence[str], names: Sequence[str]) -> Mapping[str, frozenset[Found]]:
        """Raise FactUnavailable."""
        raise FactUnavailable("git was not asked")

    def try_shell(self, text: bytes) -> bool:
        """Raise FactUnavailable."""
        raise FactUnavailable("it is too intricate to be read without being tried first")

    def git_changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> Mapping[str, str]:
        """Raise FactUnavailable."""
        raise FactUnavailable("git was not asked")
