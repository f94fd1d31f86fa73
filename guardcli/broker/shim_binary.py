"""Where the compiled programs lie: the build put them into the package."""

from __future__ import annotations

import os
from pathlib import Path

import guardcli
from guardcli.model.errors import UnavailableError


def shim_binary() -> Path:
    """Return the static shim of this installation. Raises UnavailableError where the build left none."""
    return _built("guard-shim")


def enter_binary() -> Path:
    """Return the static program that enters a sandbox. Raises UnavailableError where the build left none."""
    return _built("guard-enter")


def _built(name: str) -> Path:
    path = Path(guardcli.__file__).parent / "_shim" / name
    if not os.access(path, os.X_OK):
        raise UnavailableError(f"{path} is missing", hint="install guard again: pip install . compiles it")
    return path
