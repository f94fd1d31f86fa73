"""A provider of identities with real keys, and what guard trusts it for."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from oidc_provider import OidcProvider, oidc_provider

from guardcli.api.identity.provider import Provider
from guardcli.api.identity.settings import Issuer


@pytest.fixture
def oidc() -> Iterator[OidcProvider]:
    with warnings.catch_warnings(), oidc_provider() as running:
        warnings.filterwarnings("ignore", message="EdDSA is deprecated")
        yield running


@pytest.fixture
def issuer(oidc: OidcProvider) -> Issuer:
    return Issuer.model_validate(
        {
            "name": "corp",
            "issuer": oidc.issuer,
            "audience": ["guard"],
            "client": "guard-cli",
            "groups": {"g-dba": "dba"},
            "grants": [{"role": "approver", "when": {"groups": "g-*"}}],
        }
    )


@pytest.fixture
def provider(issuer: Issuer) -> Provider:
    return Provider(issuer)
