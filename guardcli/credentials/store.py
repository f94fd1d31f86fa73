"""guard's own directory of secrets, for machines without a keyring: one file of mode 0600 each, not encrypted.

Who can read this user's files, or the disk, can read them; so it is with ``~/.pgpass``. An agent under ``guard run
--isolate`` cannot, one beside it can.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from guardcli.credentials.provider import SECRET_MAX
from guardcli.model.errors import ConfigurationError, UnavailableError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")


def check_name(name: str) -> str:
    """Return `name` where a secret may have it. Raises ConfigurationError."""
    if not NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no name for a secret", hint="use letters, digits, dots, dashes, @ and _; 100 at the most"
        )
    return name


class Store:
    """Secrets by name, in a directory that only this user can enter."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, name: str) -> str | None:
        """Return the secret, None where there is none. Raises UnavailableError for a file that others can read."""
        try:
            fd = os.open(self._directory / check_name(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnavailableError(f"the secret {name} cannot be read: {error.strerror}") from error
        with os.fdopen(fd, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.getuid():
                raise UnavailableError(
                    f"the secret {name} can be read by others", hint=f"set it again with `guard secrets set {name}`"
                )
            return file.read(SECRET_MAX + 1).decode("utf-8", "surrogateescape")

    def set(self, name: str, value: str) -> None:
        """Keep `value` under `name`, whole or not at all."""
        target = self._directory / check_name(name)
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._directory.chmod(0o700)
            draft = self._directory / f".{name}.{os.getpid()}"
            draft.unlink(missing_ok=True)
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(value.encode("utf-8", "surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except OSError as error:
            raise UnavailableError(f"the secret {name} cannot be kept: {error.strerror}") from error

    def remove(self, name: str) -> bool:
        """Forget `name`; False where it was not there."""
        try:
            (self._directory / check_name(name)).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise UnavailableError(f"the secret {name} cannot be removed: {error.strerror}") from error
        return True

    def names(self) -> list[str]:
        """Return the names of all secrets, sorted."""
        if not self._directory.is_dir():
            return []
        return sorted(path.name for path in self._directory.iterdir() if NAME.fullmatch(path.name))
