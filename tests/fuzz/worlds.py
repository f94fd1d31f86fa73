"""How one input of the search stands for one call: its words, what lies in its files, its environment.

An input is a text. For tools it has up to four parts, joined by `PART`: the words of the call, then what every file
and standard input hold, then variables ``NAME=value``, then git's configuration ``key=value``; words, variables and
keys are joined by `WORD`. Other targets take the text as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guardcli.broker.shell_trial import ShellTrial
from guardcli.model.facts import FactUnavailable, Found, NoFacts
from guardcli.model.invocation import Invocation, Stdin

TRIAL = ShellTrial()
"""Where texts are tried; its process ends with that of the search, or by `close`."""

PART = "\x1e"
WORD = "\x1f"


@dataclass(frozen=True)
class Call:
    """One input, taken apart."""

    words: tuple[str, ...]
    world: str = ""
    env: tuple[tuple[str, str], ...] = ()
    config: tuple[tuple[str, str], ...] | None = None

    @classmethod
    def read(cls, text: str) -> Call:
        """Return the call that `text` stands for; any text stands for one."""
        parts = text.split(PART, 3)
        given = [tuple(_pairs(part)) for part in parts[2:]]
        return cls(
            tuple(parts[0].split(WORD)) if parts[0] else (),
            parts[1] if len(parts) > 1 else "",
            given[0] if given else (),
            given[1] if len(given) > 1 else None,
        )

    def write(self) -> str:
        """Return the text that stands for this call."""
        pairs = [WORD.join(f"{name}={value}" for name, value in part) for part in (self.env, self.config or ())]
        parts = [WORD.join(self.words), self.world, *pairs]
        if self.config is None:
            del parts[3]
        while len(parts) > 1 and not parts[-1] and self.config is None:
            del parts[-1]
        return PART.join(parts)

    def invocation(self, tool: str) -> Invocation:
        """Return the call of `tool`."""
        stdin = Stdin.STREAM if self.world else Stdin.NULL
        return Invocation(tool, (tool, *self.words), dict(self.env), cwd="/work", stdin=stdin)


def _pairs(part: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (item.partition("=") for item in part.split(WORD)) if name]


class World(NoFacts):
    """Facts that answer with what a `Call` holds: every file and standard input alike."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def _content(self) -> bytes:
        if not self.call.world:
            raise FactUnavailable("there is nothing")
        return self.call.world.encode("utf-8", "surrogatepass")

    def read_file(self, path: str) -> bytes:
        """Return the content of every file."""
        return self._content()

    def list_directory(self, path: str) -> Sequence[str]:
        """Return one name."""
        self._content()
        return ["object.yaml"]

    def stdin(self) -> bytes:
        """Return the same as for a file."""
        return self._content()

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
        """Return the keys of the call."""
        if self.call.config is None:
            raise FactUnavailable("there is no configuration")
        return {key.lower(): (value,) for key, value in self.call.config}

    def git(self, cwd: str, arguments: Sequence[str], *, index: bool = True) -> bytes:
        """Return the same as for a file."""
        return self._content()

    def try_shell(self, text: bytes) -> bool:
        """Try the text."""
        return TRIAL(text)

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        """Return a finding where the content says so."""
        return frozenset({("aws_key", "digest")}) if b"SECRET" in content else frozenset()

    def git_secrets(self, cwd: str, options: Sequence[str], names: Sequence[str]) -> Mapping[str, frozenset[Found]]:
        """Return nothing."""
        return {}

    def git_changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> Mapping[str, str]:
        """Return one changed file where there is content."""
        return {"file.txt": "/work/file.txt"} if self.call.world else {}
