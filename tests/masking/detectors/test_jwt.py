"""A token is one whose header decodes to JSON that names an algorithm."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest


def part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


HEADER, BODY = part('{"alg":"RS256","typ":"JWT"}'), part('{"sub":"x","admin":true}')
ENCRYPTED, OTHER = part('{"alg":"dir","enc":"A256GCM"}'), part('{"a":"not a header"}')
CASES = [
    f"⟦{HEADER}.{BODY}.c2ln⟧",
    f"Bearer ⟦{HEADER}.{BODY}.c2lnbmF0dXJl⟧\r",
    f'{{"t":"⟦{HEADER}.{BODY}.⟧"}}',
    f"⟦{ENCRYPTED}..aXY.Y2lwaGVy.dGFn⟧",
    f"{HEADER}.{BODY}",
    f"{OTHER}.{BODY}.c2ln",
    "eyJub3QgYmFzZTY0.x.y",
    "eyJhbGciOi is how one begins",
]


@pytest.mark.parametrize("marked", CASES)
def test_jwt(check: Callable[[str, str], None], marked: str) -> None:
    check("jwt", marked)
