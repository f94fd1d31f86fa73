"""What a test or a batch says of a machine in the machine's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from guardcli.model.facts import Facts, FactUnavailable, Found


class GivenFacts:
    """Facts of this machine with some of them given: files, and what standard input holds.

    `machine` answers the rest; without one it stays unknown.
    """

    def __init__(self, machine: Facts, *, stdin: str | None = None, files: Mapping[str, str] | None = None) -> None:
        self._machine = machine
        self._stdin = stdin
        self._files = files or {}

    def read_file(self, path: str) -> bytes:
        """Return the content of a given file, else of the machine's."""
        if path in self._files:
            return self._files[path].encode("utf-8", "surrogateescape")
        return self._machine.read_file(path)

    def list_directory(self, path: str) -> Sequence[str]:
        """Return the names in a directory, the given files among them."""
        inside = path.rstrip("/") + "/"
        given = {name[len(inside) :].partition("/")[0] for name in self._files if name.startswith(inside)}
        if not given:
            return self._machine.list_directory(path)
        try:
            return sorted({*given, *self._machine.list_directory(path)})
        except FactUnavailable:
            return sorted(given)

    def stdin(self) -> bytes:
        """Return the given standard input. Raises FactUnavailable where none is given."""
        if self._stdin is None:
            raise FactUnavailable("there is no standard input to read")
        return self._stdin.encode("utf-8", "surrogateescape")

    def git_config(self, cwd: str, options: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
        """Return the machine's answer."""
        return self._machine.git_config(cwd, options)

    def git(self, cwd: str, arguments: Sequence[str], *, index: bool = True) -> bytes:
        """Return the machine's answer."""
        return self._machine.git(cwd, arguments, index=index)

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        """Return the machine's answer."""
        return self._machine.find_secrets(content)

    def git_secrets(self, cwd: str, options: Sequence[str], names: Sequence[str]) -> Mapping[str, frozenset[Found]]:
        """Return the machine's answer."""
        return self._machine.git_secrets(cwd, options, names)

    def try_shell(self, text: bytes) -> bool:
        """Return the machine's answer."""
        return self._machine.try_shell(text)

    def git_changed(self, cwd: str, options: Sequence[str], pathspecs: Sequence[str]) -> Mapping[str, str]:
        """Return the machine's answer."""
        return self._machine.git_changed(cwd, options, pathspecs)
