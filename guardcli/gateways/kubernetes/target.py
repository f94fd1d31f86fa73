"""The cluster that a gateway leads to, and how it is logged in to.

A login is asked for when it is needed and kept until shortly before its end; one that the server refuses is asked for
anew, once.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from guardcli.gateways.kubernetes.authentication import Login, read_login
from guardcli.gateways.kubernetes.certificates import load_chain
from guardcli.model.credentials import Credential
from guardcli.model.errors import ConfigurationError, UnavailableError
from guardcli.model.resources import Tls

PORT = 6443
"""Where an API server listens unless told otherwise."""
EARLY = 30.0
"""Seconds before its end that a login is asked for anew."""
KEPT = 300.0
"""Seconds for which a login without a known end is kept: a file or a keyring may get another one."""

CredentialSource = Callable[[], Awaitable[Credential]]
"""Asks for the cluster's credential. Raises GuardError."""


@dataclass(frozen=True, slots=True)
class TlsTerms:
    """How the connection is secured: whom to trust (`ca`, a path, empty for the system's), and a certificate's paths.

    `name` is the server's name in its certificate, where that is not its host.
    """

    mode: Tls = Tls.VERIFY_FULL
    ca: str = ""
    certificate: str = ""
    key: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One cluster's API. `prefix` is a path under which it lies, without a slash at its end."""

    resource: str
    host: str
    port: int = PORT
    prefix: str = ""
    tls: TlsTerms = field(default_factory=TlsTerms)
    credential: CredentialSource | None = None
    impersonation: bool = False
    unmasked_streams: bool = False

    @property
    def authority(self) -> str:
        """What goes into the Host field."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Logins:
    """The login of one cluster, and the TLS settings that go with it."""

    def __init__(self, target: Target, clock: Callable[[], float] = time.time) -> None:
        self._target = target
        self._clock = clock
        self._held: tuple[Login, ssl.SSLContext | None] | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> tuple[Login, ssl.SSLContext | None]:
        """Return the login that holds now, and the context to connect with, None for no TLS. Raises GuardError."""
        async with self._lock:
            if self._held is None or self._clock() >= self._until:
                self._held, self._until = await self._make()
            return self._held

    def forget(self, login: Login) -> None:
        """Ask anew the next time: the server took `login` for none."""
        if self._held is not None and self._held[0] is login:
            self._held = None

    async def _make(self) -> tuple[tuple[Login, ssl.SSLContext | None], float]:
        target = self._target
        login = Login(renewable=False)
        if target.credential is not None:
            credential = await target.credential()
            if credential.password is None:
                raise UnavailableError(f"the credential of {target.resource} is empty")
            login = read_login(credential.password)
        now = self._clock()
        if login.until is not None and login.until <= now:
            raise UnavailableError(f"the credential of {target.resource} has expired")
        until = now + KEPT if login.until is None else max(login.until - EARLY, now + 1.0)
        context = await asyncio.get_running_loop().run_in_executor(None, client_context, target.tls, login)
        return (login, context), until


def client_context(terms: TlsTerms, login: Login) -> ssl.SSLContext | None:
    """Return how to connect, None for no TLS. Raises ConfigurationError for files that cannot be used."""
    if terms.mode is Tls.DISABLE:
        return None
    try:
        context = ssl.create_default_context(cafile=terms.ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.check_hostname = terms.mode is Tls.VERIFY_FULL
        if terms.mode in (Tls.REQUIRE, Tls.PREFER):
            context.verify_mode = ssl.CERT_NONE
        if login.certificate and login.key is not None:
            load_chain(context, login.certificate, login.key.reveal().encode())
        elif terms.certificate:
            context.load_cert_chain(terms.certificate, terms.key or None, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the TLS settings of the cluster cannot be used: {error}", hint="look at `ca`, `certificate` and `key`"
        ) from error
    return context
