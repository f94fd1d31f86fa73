"""``keyring:NAME``: the keyring of this user, by the keyring library (Secret Service, KWallet, macOS, …).

A machine without one, such as a server or a container, has `store.Store` in its place. The keyring itself cannot be
asked for the names that it holds, so guard keeps these, without values, in the directory ``names`` beside the store.
"""

from __future__ import annotations

from pathlib import Path

from guardcli.credentials.provider import Lasting, Loan, read_credential, split_field
from guardcli.credentials.store import Store, check_name
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError

SERVICE = "guard"
"""What guard's entries stand under in the keyring."""


class Keyring(Lasting):
    """Secrets by name: in the keyring where there is one, else in guard's own store."""

    def __init__(self, directory: Path) -> None:
        """`directory` holds the store and the names."""
        self._store = Store(directory / "secrets")
        self._names = Store(directory / "names")

    def lend(self, reference: str, purpose: Purpose) -> Loan:
        """Return the secret that was set under the name `reference`."""
        name, field = split_field(reference)
        value = self.get(name)
        if value is None:
            raise UnavailableError(f"no secret is named {name}", hint=f"set it with `guard secrets set {name}`")
        return Loan(read_credential(value, f"the secret {name}", field))

    def place(self) -> str:
        """Return in words where `set` keeps a secret."""
        backend = _backend()
        return f"the keyring ({backend})" if backend else "guard's own files, readable by you alone and not encrypted"

    def get(self, name: str) -> str | None:
        """Return a secret, None where there is none. Raises UnavailableError."""
        check_name(name)
        if _backend():
            import keyring
            from keyring.errors import KeyringError

            try:
                found = keyring.get_password(SERVICE, name)
            except KeyringError as error:
                raise UnavailableError(f"the keyring cannot be read: {error}", hint="is it locked?") from error
            if found is not None:
                return found
        return self._store.get(name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret. Raises UnavailableError."""
        check_name(name)
        if not _backend():
            self._store.set(name, value)
            return
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, name, value)
        except KeyringError as error:
            raise UnavailableError(f"the keyring cannot be written: {error}", hint="is it locked?") from error
        self._names.set(name, "")
        self._store.remove(name)

    def remove(self, name: str) -> bool:
        """Forget a secret, wherever it is; False where there was none. Raises UnavailableError."""
        found = self._store.remove(check_name(name))
        if _backend():
            import keyring
            from keyring.errors import KeyringError, PasswordDeleteError

            try:
                keyring.delete_password(SERVICE, name)
                found = True
            except PasswordDeleteError:
                pass
            except KeyringError as error:
                raise UnavailableError(f"the keyring cannot be written: {error}", hint="is it locked?") from error
        self._names.remove(name)
        return found

    def names(self) -> dict[str, str]:
        """Return where each secret is kept, by its name: ``keyring`` or ``file``."""
        return {**dict.fromkeys(self._names.names(), "keyring"), **dict.fromkeys(self._store.names(), "file")}


def _backend() -> str:
    """Return the name of the keyring in use; empty where there is none that keeps anything."""
    import keyring
    from keyring.backends import fail, null

    found = keyring.get_keyring()
    if isinstance(found, fail.Keyring | null.Keyring) or found.priority <= 0:
        return ""
    return str(found.name)
