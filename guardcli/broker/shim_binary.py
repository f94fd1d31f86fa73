"""Where the compiled shim lies: the build put it into the package."""

from __future__ import annotations

import os
from pathlib import Path

import guardcli
from guardcli.model.errors import UnavailableError


def shim_binary() -> Path:
    """Return the static shim of this installation. Raises UnavailableError where the build left none."""
    path = Path(guardcli.__file__).parent / "_shim" / "guard-shim"
    if not os.access(path, os.X_OK):
        raise UnavailableError(f"{path} is missing", hint="install guard again: pip install . compiles it")
    return path
