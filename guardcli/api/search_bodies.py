"""What a search answers with."""

from __future__ import annotations

from pydantic import ConfigDict

from guardcli.api.bodies import Body
from guardcli.api.store.search import Found


class SearchHit(Body):
    """One event; `verdict`, `rule` and `command` are those of its call, empty outside of one.

    `excerpt` is a part of its text, as it was recorded: whoever shows it makes it inert.
    """

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    session: str
    sequence: int
    call: int
    time: str
    type: str
    identity: str
    verdict: str
    rule: str
    command: str
    excerpt: str

    @classmethod
    def of(cls, found: Found) -> SearchHit:
        """Return the view of `found`."""
        return cls.model_validate(found)


class SearchResults(Body):
    """One page, newest first; `next` is the cursor of the page after it, empty on the last."""

    hits: list[SearchHit]
    next: str
