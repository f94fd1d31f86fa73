"""The copy of the shim that stands at the tools' paths inside: it holds the session's key, and nobody inside can read
it.

The copy may be run but not read (mode 0111), and lies on a read-only mount, so that its mode stays. The kernel makes
a process non-dumpable that runs such a file (execve(2), prctl(2) PR_SET_DUMPABLE), so that neither its memory nor its
descriptors are open to other processes of the same user. Whoever shows the key is therefore the shim itself.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from guardcli.model.errors import UnavailableError

MARK = b"GUARD-SESSION-SLOT:\0"
KEY_BYTES = 32
INSIDE, OWN_USER = b"\1", b"\2"
RUN_ONLY = 0o111


def new_key() -> bytes:
    """Return a key for one session."""
    return secrets.token_bytes(KEY_BYTES)


def lay_keyed_shim(shim: Path, target: Path, key: bytes, way: bytes = INSIDE) -> None:
    """Write `shim` to `target` with `key` in its slot, to be run and not read. Raises UnavailableError, OSError.

    `way` says how the shim tells that what answers is the broker: `INSIDE` a sandbox, or as another user (`OWN_USER`).
    """
    content = bytearray(shim.read_bytes())
    place = content.find(MARK)
    if place < 0 or content.find(MARK, place + 1) >= 0:
        raise UnavailableError(f"{shim} has no place for a session's key", hint="install guard again")
    start = place + len(MARK)
    content[start : start + 1 + KEY_BYTES] = way + key
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o700)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.fchmod(fd, RUN_ONLY)
    finally:
        os.close(fd)
