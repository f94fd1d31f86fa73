"""From verified claims to a name, groups and permissions. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from guardcli.api.identity.proofs import RefusedToken
from guardcli.api.identity.settings import Issuer
from guardcli.api.permissions import Permission, granted

MAX_NAME = 200
MAX_GROUPS = 100


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token is of. `owner` is what what it does is booked under: the issuer's name and its subject."""

    name: str
    owner: str
    groups: tuple[str, ...]
    permissions: frozenset[Permission]
    expires: float


def identity_of(claims: Mapping[str, Any], issuer: Issuer) -> Identity:
    """Return who `claims`, verified before, are of. Raises RefusedToken for one whom no grant names."""
    subject = _text(claims, issuer.subject_claim)
    if not subject:
        raise RefusedToken("subject", f"it has no {issuer.subject_claim}")
    grants = [grant for grant in issuer.grants if all(_holds(claims, *item) for item in grant.when.items())]
    if not grants:
        raise RefusedToken("grant", "no role is given to its bearer here")
    claimed = claims.get(issuer.groups_claim)
    listed = [one for one in claimed if isinstance(one, str)] if isinstance(claimed, list) else []
    groups = [issuer.groups[one] for one in listed if one in issuer.groups]
    groups += [group for grant in grants for group in grant.groups]
    return Identity(
        name=_text(claims, issuer.name_claim) or subject,
        owner=f"{issuer.name}:{subject}",
        groups=tuple(dict.fromkeys(groups))[:MAX_GROUPS],
        permissions=granted(grant.role for grant in grants),
        expires=float(claims["exp"]),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim that is plain text of a reasonable length, otherwise nothing."""
    value = claims.get(name)
    if not isinstance(value, str) or len(value) > MAX_NAME or not value.isprintable():
        return ""
    return value


def _holds(claims: Mapping[str, Any], name: str, pattern: str) -> bool:
    value = claims.get(name)
    values = value if isinstance(value, list) else [value]
    return any(_is_match(pattern, _said(one)) for one in values if isinstance(one, (str, bool, int)))


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_match(pattern: str, value: str) -> bool:
    return bool(_compiled(pattern).fullmatch(value))


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression of a pattern in which ``*`` alone is special; each ``*`` gives way at the first match.

    Atomic groups keep it linear in the value, however many stars there are.
    """
    head, *rest = pattern.split("*")
    if not rest:
        return re.compile(re.escape(pattern))
    *middle, tail = rest
    inner = "".join(f"(?>.*?{re.escape(part)})" for part in middle)
    return re.compile(f"{re.escape(head)}{inner}.*{re.escape(tail)}", re.DOTALL)
