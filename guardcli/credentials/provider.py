"""What every provider is, and how the text that one holds becomes a credential."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from guardcli.model.credentials import Credential, Purpose
from guardcli.model.errors import UnavailableError
from guardcli.model.secrets import Secret

SECRET_MAX = 64 * 1024
"""The longest secret, in bytes."""
USER_KEYS = ("username", "user")


@dataclass(frozen=True, slots=True)
class Loan:
    """A credential that was lent.

    It may be used for `seconds`, None without an end; `lease` names it to its provider.
    """

    credential: Credential
    seconds: float | None = None
    lease: str = ""


class Provider(Protocol):
    """One source of credentials. Its methods may block; they are called in a thread."""

    def lend(self, reference: str, purpose: Purpose) -> Loan:
        """Return what `reference` names. Raises UnavailableError, whose message holds nothing of a secret."""
        ...

    def give_back(self, lease: str) -> None:
        """End a lease. Raises UnavailableError."""
        ...


class Lasting:
    """A provider whose loans need not be given back."""

    def give_back(self, lease: str) -> None:
        """Do nothing: there is no lease."""


def read_credential(text: str, source: str, field: str = "") -> Credential:
    """Return the credential that `text` holds: a JSON object with ``password`` and perhaps ``username``, or a password.

    `field` is the key to take in place of ``password``. Where it is given, `text` must be an object with it.
    Raises UnavailableError, naming `source`.
    """
    if len(text.encode("utf-8", "surrogateescape")) > SECRET_MAX:
        raise UnavailableError(f"{source} holds more than {SECRET_MAX} bytes, which is no credential")
    form: object = None
    if field or text.lstrip().startswith("{"):
        try:
            form = json.loads(text)
        except ValueError:
            form = None
    if isinstance(form, dict) and isinstance(form.get(field or "password"), str):
        return from_fields(form, source, field)
    if field:
        raise UnavailableError(f"{source} has no field {field}")
    return Credential(checked(text.removesuffix("\n").removesuffix("\r"), source))


def from_fields(fields: dict[str, object], source: str, field: str = "") -> Credential:
    """Return the credential of a mapping; `field` is the key to take in place of ``password``.

    Raises UnavailableError.
    """
    password = fields.get(field or "password")
    if not isinstance(password, str):
        raise UnavailableError(f"{source} has no field {field or 'password'}", hint="name it: …#FIELD")
    user = next((str(fields[key]) for key in USER_KEYS if isinstance(fields.get(key), str)), "")
    return Credential(checked(password, source), user)


def checked(value: str, source: str) -> Secret:
    """Return `value` as a secret. Raises UnavailableError for what no login could use."""
    if not value:
        raise UnavailableError(f"{source} is empty")
    if "\0" in value:
        raise UnavailableError(f"{source} holds a NUL, which no password can")
    return Secret(value)


def split_field(reference: str) -> tuple[str, str]:
    """Return a reference without its ``#field``, and the field."""
    name, _, field = reference.partition("#")
    return name, field
