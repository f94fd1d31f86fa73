"""``file:/PATH``: a file that only its owner can read, as for ``~/.pgpass`` and keys of ssh."""

from __future__ import annotations

import os
import stat

from guardcli.credentials.provider import SECRET_MAX, Lasting, Loan, read_credential, split_field
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError


class File(Lasting):
    """Lends what files hold: a password, or JSON with ``username`` and ``password``."""

    def lend(self, reference: str, purpose: Purpose) -> Loan:
        """Return the content of the file `reference`, a whole path or one below ``~/``, with ``#field`` perhaps."""
        name, field = split_field(reference)
        path = os.path.expanduser(name)
        if not os.path.isabs(path):
            raise UnavailableError(f"{name} is no whole path", hint="write file:/… or file:~/…")
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise UnavailableError(f"{path} is no file")
            if found.st_mode & 0o077 or found.st_uid not in (os.getuid(), 0):
                raise UnavailableError(f"{path} can be read or written by others", hint=f"chmod 600 {path}")
            content = os.read(fd, SECRET_MAX + 1)
        finally:
            os.close(fd)
        return Loan(read_credential(content.decode("utf-8", "surrogateescape"), path, field))
