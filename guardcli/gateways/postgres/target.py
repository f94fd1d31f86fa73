"""Where a gateway connects and as whom, and how it makes sure that it talks to the right server."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from guardcli.model.credentials import Credential
from guardcli.model.errors import ConfigurationError
from guardcli.model.resources import Tls
from guardcli.policy.globs import Glob

PORT = 5432


@dataclass(frozen=True, slots=True)
class TlsTerms:
    """How TLS is spoken. Files are PEM; `authority` empty for the system's own list.

    VERIFY_FULL asks for a good certificate for the host's name, VERIFY_CA for a good one for whatever name, REQUIRE for
    any. PREFER takes what the server offers, which somebody in between may take away.
    """

    mode: Tls = Tls.VERIFY_FULL
    authority: str = ""
    certificate: str = ""
    key: str = ""
    binding: str = "prefer"

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that are read for it."""
        return tuple(filter(None, (self.authority, self.certificate, self.key)))

    def context(self) -> ssl.SSLContext | None:
        """Return what the ssl module needs; None without TLS. Reads the files. Raises ConfigurationError."""
        if self.mode is Tls.DISABLE:
            return None
        try:
            context = ssl.create_default_context(cafile=self.authority or None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["postgresql"])
            context.check_hostname = self.mode is Tls.VERIFY_FULL
            if self.mode in (Tls.REQUIRE, Tls.PREFER):
                context.verify_mode = ssl.CERT_NONE
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key or None, password=_no_passphrase)
        except (OSError, ssl.SSLError) as error:
            files = " ".join(self.files)
            raise ConfigurationError(
                f"the TLS files cannot be used ({files or 'the system’s own'}): {error}",
                hint="they must be PEM, readable by guard, and the key without a passphrase",
            ) from error
        return context


def _no_passphrase() -> str:
    raise OSError("the key has a passphrase")


CredentialSource = Callable[[], Coroutine[Any, Any, Credential]]
"""Asks the provider; called for each login, so that what has a short life (a lease, a token) is fresh. GuardError."""


@dataclass(frozen=True, slots=True)
class Target:
    """One server.

    `host` beginning with ``/`` is the directory of its unix socket. `databases` are those that a client may ask for, as
    globs, the first one being meant by a client that asks for none; empty for any. `user` takes the place of what the
    client says; where empty, the credential's does, else the client's. `credential` is None for a server that the
    client logs in to itself: what it and the server say about authentication is passed on. `methods` are those of
    `authentication.AuthenticationTerms`.
    """

    resource: str
    host: str
    port: int = PORT
    databases: tuple[str, ...] = ()
    user: str = ""
    tls: TlsTerms = TlsTerms()
    credential: CredentialSource | None = None
    methods: frozenset[str] = frozenset()

    @property
    def local(self) -> bool:
        """Whether it is reached over a unix socket."""
        return self.host.startswith("/")

    @property
    def socket_path(self) -> str:
        """The path of the unix socket."""
        return f"{self.host}/.s.PGSQL.{self.port}"

    def database_for(self, asked: str, user: str) -> str | None:
        """Return the database that a client is let into who asks for `asked`; None where for none of these.

        Clients that were told nothing ask for the one with the name of their `user`, and so does libpq.
        """
        if not self.databases or any(Glob(pattern).matches(asked) for pattern in self.databases):
            return asked or user
        first = next((name for name in self.databases if "*" not in name), None)
        return first if asked in ("", user) else None

    def __str__(self) -> str:
        return self.socket_path if self.local else f"{self.host}:{self.port}"
