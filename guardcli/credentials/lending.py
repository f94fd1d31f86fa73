"""Asks the providers for one session, and gives back what it has borrowed."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from guardcli.credentials import aws, vault
from guardcli.credentials.aws import Aws
from guardcli.credentials.command import Command
from guardcli.credentials.env import Environment
from guardcli.credentials.file import File
from guardcli.credentials.keyring import Keyring
from guardcli.credentials.provider import Loan, Provider
from guardcli.credentials.vault import Vault
from guardcli.model.credentials import Credential, Purpose
from guardcli.model.errors import ConfigurationError, UnavailableError

FRESH = 0.75
"""What has an end is asked for anew once this part of its time has passed."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    provider: Provider
    loan: Loan
    until: float | None


class Lending:
    """The credentials of one session. Its methods may block, and may be called from several threads."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = dict(providers)
        self._held: dict[tuple[str, Purpose], _Held] = {}
        self._leases: list[tuple[Provider, str]] = []
        self._lock = threading.Lock()
        self._closed = False

    def lend(self, reference: str, purpose: Purpose) -> Credential:
        """Return the credential that ``PROVIDER:NAME`` names. Raises UnavailableError and ConfigurationError.

        What has a lease is borrowed once and shared until most of its time has passed; anything else is asked for
        each time, so that a changed password is used at once.
        """
        name, colon, rest = reference.partition(":")
        provider = self._providers.get(name)
        if provider is None or not colon or not rest:
            known = ", ".join(sorted(self._providers))
            raise ConfigurationError(f"{name!r} is no provider of credentials", hint=f"there are {known}")
        with self._lock:
            if self._closed:
                raise UnavailableError("the session has ended")
            held = self._held.get((reference, purpose))
            if held is not None and held.until is not None and time.monotonic() < held.until:
                return held.loan.credential
            loan = provider.lend(rest, purpose)
            if loan.lease:
                self._leases.append((provider, loan.lease))
            if loan.seconds:
                self._held[reference, purpose] = _Held(provider, loan, time.monotonic() + FRESH * loan.seconds)
            return loan.credential

    def close(self) -> None:
        """Give back every lease, and lend no more. What cannot be given back is noted; it ends by itself."""
        with self._lock:
            self._closed = True
            self._held.clear()
            while self._leases:
                provider, lease = self._leases.pop()
                try:
                    provider.give_back(lease)
                except UnavailableError as error:
                    log.warning("a lease could not be given back: %s", error)


def standard_providers(directory: Path, environment: Mapping[str, str]) -> dict[str, Provider]:
    """Return every provider.

    `directory` is guard's own for secrets, `environment` the one that guard was started with.
    """
    return {
        "keyring": Keyring(directory),
        "env": Environment(environment),
        "file": File(),
        "command": Command(environment),
        "vault": Vault(environment),
        "aws": Aws(),
    }


def variables_of(references: Iterable[str]) -> frozenset[str]:
    """Return the variables that hold these credentials, or open the door to them: no agent is to have them."""
    found: set[str] = set()
    for reference in references:
        provider, _, rest = reference.partition(":")
        if provider == "env":
            found.add(rest.partition("#")[0])
        elif provider == "vault":
            found.update(vault.VARIABLES)
        elif provider == "aws":
            found.update(aws.VARIABLES)
    return frozenset(found)


def own_directory(config_dir: Path) -> Path:
    """Return where guard keeps secrets and their names below its own directory."""
    return Path(os.path.join(config_dir, "credentials"))
