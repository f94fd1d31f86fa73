"""All of the identity of one issuer: its rules, its keys, and what its tokens are worth."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable

from guardcli.api.identity.claims import Identity, identity_of
from guardcli.api.identity.keys import Keys, from_file, from_issuer
from guardcli.api.identity.proofs import RefusedToken, Rules, header_of, unverified_issuer, verified
from guardcli.api.identity.settings import Issuer


class Provider:
    """Verifies the tokens of one issuer."""

    def __init__(self, issuer: Issuer, keys: Keys | None = None) -> None:
        # Providers sign with what RFC 8037 calls EdDSA, whatever RFC 9864 says of the name.
        warnings.filterwarnings("ignore", message="EdDSA is deprecated")
        self.issuer = issuer
        fetch = from_file(issuer.keys_file) if issuer.keys_file else None
        self._keys = keys or Keys(fetch or from_issuer(issuer.issuer, issuer.keys_url, issuer.ca_file))

    def identity(self, token: str, at: float, nonce: str = "") -> Identity:
        """Return who `token` is of at `at`. Raises RefusedToken, UnavailableError where there are no keys."""
        issuer = self.issuer
        rules = Rules(issuer.issuer, issuer.audience, issuer.algorithms, issuer.leeway, issuer.longest, nonce)
        header = header_of(token, rules)
        keys = self._keys.find(header)
        if not keys:
            raise RefusedToken("key", "its issuer has no such key")
        return identity_of(verified(token, header, keys, rules, at), issuer)


class Providers:
    """The issuers that are trusted; which one a token is held against is what the token itself says."""

    def __init__(self, issuers: Iterable[Issuer], make: Callable[[Issuer], Provider] = Provider) -> None:
        self._providers = {issuer.issuer: make(issuer) for issuer in issuers}

    def of(self, token: str) -> Provider:
        """Return the provider that `token` says it is from. Raises RefusedToken for one that is not trusted."""
        found = self._providers.get(unverified_issuer(token))
        if found is None:
            raise RefusedToken("issuer", "its issuer is not one that is trusted here")
        return found
