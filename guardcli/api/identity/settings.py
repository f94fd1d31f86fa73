"""Which issuers are trusted, and what their claims are worth: a part of the API's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from guardcli.api.permissions import Role

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Part(BaseModel):
    """Base of all parts: frozen, and nothing that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Grant(Part):
    """Whoever's claims hold all of `when` has `role`, and belongs to `groups`.

    A value of `when` is a pattern with ``*`` for any characters, matched against the whole claim; of a claim that is a
    list, one entry has to match. An empty `when` holds for everybody whom the issuer knows.
    """

    role: Role
    when: dict[str, str] = {}
    groups: tuple[str, ...] = ()


class Issuer(Part):
    """One OIDC provider.

    `audience` are the values of ``aud`` that mean this API, `client` the identifier that people log in by on their
    device (none: nobody logs in here). A token says who its bearer is by `subject_claim`, which must never be given to
    somebody else later, and is shown by `name_claim`. Groups come from `groups_claim`: those that `groups` names, under
    the name that it gives. With `ca_file` or `keys_file` (a JWK set) nothing is asked of the internet's authorities.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    issuer: Annotated[str, Field(max_length=500)]
    audience: Annotated[tuple[str, ...], Field(min_length=1)]
    grants: Annotated[tuple[Grant, ...], Field(min_length=1)]
    groups: dict[str, str] = {}
    groups_claim: str = "groups"
    subject_claim: str = "sub"
    name_claim: str = "email"
    client: str = ""
    scope: str = "openid email profile groups"
    need_nonce: bool = False
    keys_url: str = ""
    keys_file: Path | None = None
    ca_file: Path | None = None
    algorithms: Annotated[tuple[Literal["RS256", "ES256", "EdDSA"], ...], Field(min_length=1)] = (
        "RS256",
        "ES256",
        "EdDSA",
    )
    leeway: Annotated[float, Field(ge=0, le=300)] = 60.0
    """Seconds by which the issuer's clock may differ."""
    longest: Annotated[float, Field(gt=0, le=7 * 86400)] = 86400.0
    """Seconds; a token that is meant to live longer is refused."""

    @model_validator(mode="after")
    def addresses_are_safe(self) -> Issuer:
        """Refuse plain http but on the loopback: keys that anybody on the way can change verify nothing."""
        for url in (self.issuer, self.keys_url):
            parts = urlsplit(url)
            if url and not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
                raise ValueError(f"{url} is not https")
        return self
