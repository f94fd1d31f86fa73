"""Runs ``guard`` in the test's own process: the same code and the same words for a tenth of what a start costs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from click.testing import CliRunner

import guardcli
from guardcli.cli.main import main

PROGRAM = str(Path(guardcli.__file__).with_name("__main__.py"))
"""What ``python -m guardcli`` is called by."""


def guard(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, input: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it sees `env`, or the test's own environment, and nothing else."""
    status = 0
    words = [os.fspath(one) for one in arguments]
    known = os.environ if env is None else {**dict.fromkeys(os.environ), **env}
    with (
        CliRunner().isolation(input, known) as (output, errors, _),
        contextlib.chdir(cwd or Path.cwd()),
        mock.patch.object(sys, "argv", [PROGRAM, *words]),
    ):
        try:
            main(words)
        except SystemExit as stop:
            status = int(stop.code or 0)
    said, complained = (_text(one.getvalue()) for one in (output, errors))
    return subprocess.CompletedProcess(["guard", *words], status, said, complained)


def _text(written: bytes) -> str:
    """Return what `subprocess` makes of it with ``text=True``."""
    return written.decode(errors="replace").replace("\r\n", "\n")
