"""Keeps the compiled patterns on disk between runs; the one module of this package with I/O."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_MAGIC = b"guard-patterns-1\n"


class PatternCache:
    """A directory with one file a digest. Whatever goes wrong with it only costs the time to compile."""

    def __init__(self, directory: Path) -> None:
        """`directory` must be the user's alone: what is loaded from it decides what is found."""
        self._directory = directory

    def load(self, digest: str) -> bytes | None:
        """Return what was stored under `digest`, or None."""
        try:
            found = self._path(digest).read_bytes()
        except OSError:
            return None
        return found[len(_MAGIC) :] if found.startswith(_MAGIC) else None

    def store(self, digest: str, compiled: bytes) -> None:
        """Keep `compiled` under `digest`; a full or unwritable disk is no fault."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._directory)
        except OSError:
            return
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + compiled)
            os.replace(name, self._path(digest))
        except OSError:
            Path(name).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._directory / f"{digest}.hs"
