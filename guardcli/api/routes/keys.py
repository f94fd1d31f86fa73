"""The public keys by which what the API has signed is checked."""

from __future__ import annotations

from guardcli.api.bodies import Body
from guardcli.api.context import Api
from guardcli.api.routing import new_router

router = new_router(tags=["keys"])


class KeyView(Body):
    """A public key: its id, its 32 bytes in Base64, since when it signs (seconds since the epoch).

    `before` and `own` are the signatures, by the key before it and by itself, that say that it follows; empty for
    the first.
    """

    id: str
    key: str
    since: float
    before: str
    own: str


class KeySetView(Body):
    """Public keys, oldest first; the last one signs now."""

    keys: list[KeyView]


@router.get("/keys")
def list_keys(api: Api) -> KeySetView:
    """List the public keys; needs no identity. What they are worth depends on how one came by the first of them."""
    return KeySetView.model_validate(api.keys.public().as_json())
