"""Names things by the beginning of their id, as git names commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from guardcli.client.api import ApiClient, SessionInfo
from guardcli.model.errors import ConflictError, NotFoundError

PICK_LIMIT = 2000
LAST = "last"


class Named(Protocol):
    """Something with an id."""

    @property
    def id(self) -> str:
        """What names it."""
        ...


Thing = TypeVar("Thing", bound=Named)


def pick(
    id: str, *, whole: Callable[[str], Thing], candidates: Callable[[], Iterable[Thing]], what: str, where: str
) -> Thing:
    """Return the one thing whose id is, or begins with, `id`; `whole` finds it by the whole id.

    Raises NotFoundError, and ConflictError where more than one begins so; `where` lists them all.
    """
    if not id or not id.replace("-", "").replace("_", "").isalnum() or not id.isascii():
        raise NotFoundError(f"{id!r} names no {what}", hint=f"{where} shows what there is")
    try:
        return whole(id)
    except NotFoundError:
        pass
    found = [candidate for candidate in candidates() if candidate.id.startswith(id)]
    if not found:
        raise NotFoundError(f"there is no {what} {id}", hint=f"{where} shows what there is")
    if len(found) > 1:
        names = ", ".join(candidate.id for candidate in found[:5])
        raise ConflictError(f"{id} is the beginning of more than one {what}: {names}", hint="give more of it")
    return found[0]


def find(client: ApiClient, id: str) -> SessionInfo:
    """Return the session that `id` names: whole, by its beginning, or as the last. Raises NotFoundError."""
    if id == LAST:
        for session in client.sessions(limit=1):
            return session
        raise NotFoundError("no session is recorded", hint="guard run -- COMMAND records one")
    return pick(
        id,
        whole=client.session,
        candidates=lambda: client.sessions(limit=PICK_LIMIT),
        what="session",
        where="guard sessions list",
    )
