"""A guarded tool's real program as a descriptor: what can be run, and not be read or copied.

Inside, no path leads to it. A program of the machine is copied into memory, with a mode that lets it be run only: a
process of it is non-dumpable from its start (see ``keyed``), so that ``/proc/PID/exe`` is closed to the agent. A
script has to be read by its interpreter, so it is handed over to be read; what it runs is found by path inside, where
the shim stands.

Debian's ``pg_wrapper`` looks at its own name, which a descriptor has not: in its place goes the program of the newest
PostgreSQL that it would choose.
"""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass

from guardcli.isolation.keyed import RUN_ONLY
from guardcli.isolation.standins import ELF

SIZE_MOST = 1 << 30
"""Bytes of one program: the copy is held in memory as long as the session lives."""
PIECE = 1 << 24
SCRIPT_NUMBER = 199
"""The number of the script's descriptor in the tool: below those of the sealed copies."""
WRAPPER = "/postgresql-common/pg_wrapper"

Identity = tuple[int, int]
"""Device and inode of a file, as `os.stat` tells them of ``/proc/PID/exe``."""


@dataclass(frozen=True, slots=True)
class Program:
    """`fd` is what to run; `number` the one that a script keeps in its process, 0 for a program of the machine."""

    fd: int
    number: int
    identity: Identity


class Programs:
    """Opens each program once; a file that changes on the disk is opened anew. Used from one thread."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[tuple[int, ...], Program]] = {}

    def open(self, path: str, tool: str) -> Program:
        """Return the program at `path`, which goes by the name `tool`. The descriptor stays this object's. Raises
        OSError."""
        real = behind_wrapper(os.path.realpath(path), tool)
        found = os.stat(real)
        stamp = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        known = self._open.get(real)
        if known is not None and known[0] == stamp:
            return known[1]
        if known is not None:
            os.close(known[1].fd)
        program = _load(real)
        self._open[real] = stamp, program
        return program


def behind_wrapper(path: str, tool: str) -> str:
    """Return the program that Debian's wrapper at `path` would run for `tool`; `path` itself where it is none."""
    if not path.endswith(WRAPPER):
        return path
    found = [(_version(one), one) for one in glob.glob(f"/usr/lib/postgresql/*/bin/{glob.escape(tool)}")]
    return max(found)[1] if found else path


def _version(path: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", path)))


def _load(path: str) -> Program:
    source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(source).st_size
        if size > SIZE_MOST:
            raise OSError(27, f"{path} is larger than {SIZE_MOST} bytes")
        copy = os.memfd_create(os.path.basename(path)[:200], os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            while os.sendfile(copy, source, None, PIECE):
                pass
            machine = os.pread(copy, len(ELF), 0) == ELF
            os.fchmod(copy, RUN_ONLY if machine else 0o555)
            handle = os.open(f"/proc/self/fd/{copy}", (os.O_PATH if machine else os.O_RDONLY) | os.O_CLOEXEC)
        finally:
            os.close(copy)
    finally:
        os.close(source)
    found = os.fstat(handle)
    return Program(handle, 0 if machine else SCRIPT_NUMBER, (found.st_dev, found.st_ino))
