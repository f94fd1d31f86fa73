"""Finding the real tool behind the shims."""

from __future__ import annotations

import os
import stat

SHIM = "guard-shim"
SOCKET = "broker.sock"


class ToolFinder:
    """Looks tools up on a PATH, passing over this session's shims and those installed into the system.

    The shims of an outer session are no obstacle but the tool itself: what runs inside two sessions is judged by
    both.
    """

    def __init__(self, path: str, own_shims: str) -> None:
        """`path` is the PATH that the session began with, `own_shims` the directory of its shims."""
        self._path = path
        self._own = os.path.realpath(own_shims)
        self._found: dict[tuple[str, str], str] = {}

    def find(self, tool: str, path: str = "") -> str:
        """Return the absolute path of `tool`: on the session's PATH, then on the call's own; empty for none."""
        found = self._found.get((tool, path))
        if found is None or not os.access(found, os.X_OK):
            found = self._search(tool, self._path) or self._search(tool, path)
            if found:
                self._found[tool, path] = found
        return found

    def _search(self, tool: str, path: str) -> str:
        for directory in path.split(os.pathsep):
            candidate = os.path.join(directory, tool)
            if directory.startswith("/") and self._is_tool(candidate):
                return candidate
        return ""

    def _is_tool(self, candidate: str) -> bool:
        try:
            if not stat.S_ISREG(os.stat(candidate).st_mode) or not os.access(candidate, os.X_OK):
                return False
        except OSError:
            return False
        real = os.path.realpath(candidate)
        if os.path.basename(real) != SHIM:
            return True
        directory = os.path.dirname(real)
        return directory != self._own and os.path.exists(os.path.join(os.path.dirname(directory), SOCKET))
