"""The age identities that open what is kept; the first of them is the one that new stretches are sealed for.

Format and encryption are age's (age-encryption.org/v1, X25519), through pyrage: the ``age`` tool opens the same files.
The identities lie in a file, one a line, ``#`` begins a comment; or are given as such a text. A file that changes is
read again, so that a rotation needs no restart. Nothing of it is in the database.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from guardcli.model.errors import ConfigurationError, ConflictError, UnavailableError
from guardcli.model.secrets import Secret

if TYPE_CHECKING:
    from pyrage.x25519 import Identity  # type: ignore[import-untyped]

NAME_LENGTH = 16


class CannotOpenError(ValueError):
    """What is sealed was changed, or sealed for somebody else."""


class Ring:
    """Identities from a file, made when first needed, or from a `text`."""

    def __init__(self, path: Path | None = None, text: Secret | None = None) -> None:
        self._path = path
        self._text = text
        self._lock = Lock()
        self._read: tuple[int, ...] = ()
        self._identities: dict[str, Identity] = {}

    @property
    def path(self) -> Path | None:
        """The file of identities; None where they were given as a text."""
        return self._path

    def names(self) -> tuple[str, ...]:
        """Return the name of each identity, the present one first. Raises ConfigurationError, UnavailableError."""
        return tuple(self._load())

    def current(self) -> str:
        """Return the name of the identity that new stretches are sealed for."""
        return next(iter(self._load()))

    def recipient(self) -> str:
        """Return the public half of the present identity, as age writes it."""
        return str(next(iter(self._load().values())).to_public())

    def open_any(self, sealed: bytes) -> bytes:
        """Return what was sealed for any of the identities. Raises CannotOpenError where that cannot be opened."""
        import pyrage  # type: ignore[import-untyped]

        try:
            return bytes(pyrage.decrypt(sealed, list(self._load().values())))
        except pyrage.DecryptError as error:
            raise CannotOpenError(str(error)) from None

    def seal(self, content: bytes) -> tuple[str, bytes]:
        """Return the name of the present identity, and `content` sealed for it."""
        import pyrage

        name, identity = next(iter(self._load().items()))
        return name, pyrage.encrypt(content, [identity.to_public()])

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return what was sealed for the identity `name`.

        Raises CannotOpenError where it was changed, UnavailableError where the identity is not here.
        """
        import pyrage

        identity = self._load().get(name)
        if identity is None:
            raise UnavailableError(
                f"the identity {name} that this recording is sealed for is not here",
                hint="put it back into the file of identities, or into encryption.identities",
            )
        try:
            return bytes(pyrage.decrypt(sealed, [identity]))
        except pyrage.DecryptError as error:
            raise CannotOpenError(str(error)) from None

    def rotate(self) -> str:
        """Put a new identity before the others in the file and return its name.

        Raises ConflictError where the identities are no file's.
        """
        from pyrage import x25519

        path = self._file()
        with self._lock:
            made = x25519.Identity.generate()
            before = _lines(_read(path)) if path.exists() else []
            _write(path, [str(made), *before])
        return name_of(made)

    def retire(self, names: Sequence[str]) -> None:
        """Take identities out of the file; the present one stays. Raises ConflictError."""
        path = self._file()
        with self._lock:
            kept = [line for line in _lines(_read(path)) if name_of(_identity(line)) not in names]
            if not kept or kept[0] != _lines(_read(path))[0]:
                raise ConflictError("the present identity cannot be retired", hint="guard api keys rotate")
            _write(path, kept)

    def _file(self) -> Path:
        if self._path is None:
            raise ConflictError(
                "the identities come from the settings, not from a file",
                hint="put a new one, from age-keygen, before the others there, and start the API again",
            )
        return self._path

    def _load(self) -> dict[str, Identity]:
        with self._lock:
            if self._path is None:
                if not self._identities:
                    self._identities = _parse(self._text.reveal() if self._text else "", "encryption.identities")
                return self._identities
            if not self._path.exists():
                _make(self._path)
            found = _state(self._path)
            if found != self._read:
                self._identities, self._read = _parse(_read(self._path), str(self._path)), found
            return self._identities


def name_of(identity: Identity) -> str:
    """Return what the database calls an identity: part of the SHA-256 of its recipient, which tells nothing of it."""
    return hashlib.sha256(str(identity.to_public()).encode()).hexdigest()[:NAME_LENGTH]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _identity(line: str) -> Identity:
    """Return the identity of a line. Raises ValueError, which does not hold it."""
    import pyrage
    from pyrage import x25519

    try:
        return x25519.Identity.from_str(line)
    except pyrage.IdentityError:
        raise ValueError("not an age identity") from None


def _parse(text: str, place: str) -> dict[str, Identity]:
    found = {}
    for number, line in enumerate(_lines(text), 1):
        try:
            identity = _identity(line)
        except ValueError as error:
            raise ConfigurationError(
                f"{place}, identity {number}: {error}", hint="one AGE-SECRET-KEY-1… a line"
            ) from None
        found[name_of(identity)] = identity
    if not found:
        raise ConfigurationError(f"{place} holds no age identity", hint="put back the one that recordings are for")
    return found


def _state(path: Path) -> tuple[int, ...]:
    status = path.stat()
    if status.st_mode & 0o077:
        raise ConfigurationError(f"{path} can be read by others", hint=f"chmod 600 {path}, and rotate")
    return status.st_ino, status.st_mtime_ns, status.st_size


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UnavailableError(f"cannot read the identities in {path}: {error}") from error


def _make(path: Path) -> None:
    """Make the file with one identity; of several that do so at once, one counts."""
    from pyrage import x25519

    _write(path, [str(x25519.Identity.generate())], replace=False)


def _write(path: Path, lines: Sequence[str], replace: bool = True) -> None:
    """Put `lines` into the file whole or not at all, readable by its owner alone, and on the disk."""
    made = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write("".join(f"{line}\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())
            if replace:
                os.rename(made, path)
            else:
                os.link(made, path)
        except FileExistsError:
            return
        finally:
            made.unlink(missing_ok=True)
        directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise UnavailableError(f"cannot write the identities in {path}: {error.strerror}") from error
