"""Search at the API: what can be asked for, and what is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

from guardcli.client.forms import printable

if TYPE_CHECKING:
    from guardcli.client.transport import Transport


class SearchFilters(TypedDict, total=False):
    """What an event must be to be found; what is empty or 0 is not asked for. Case does not count.

    `target` is a target whole, such as ``table:public/orders``, or a part of its name. `effect`, `verdict` and `type`
    are words of the model. `since` and `until` are seconds since the epoch, `until` exclusive. `limit` is 1 to 500, 50
    where not given; `after` is the cursor of the page before.
    """

    session: str
    type: str
    identity: str
    tool: str
    effect: str
    verdict: str
    rule: str
    target: str
    resource: str
    table: str
    namespace: str
    host: str
    ref: str
    approver: str
    detector: str
    since: float
    until: float
    limit: int
    after: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One event that was found; `time` is UTC, RFC 3339. Its texts are as they were recorded: make them inert.

    `verdict`, `rule` and `command` are those of its call, empty outside of one; `excerpt` is a part of its text.
    """

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


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Some hits, newest first, and the cursor of the page after them, empty on the last."""

    hits: tuple[Hit, ...]
    next: str


def search_page(transport: Transport, words: str, filters: SearchFilters) -> SearchPage:
    """Ask the API behind `transport` for one page."""
    asked = {name: value for name, value in cast(Mapping[str, object], filters).items() if value}
    form = transport.call("GET", "/v1/search", query={"words": printable(words), **asked})
    return SearchPage(tuple(Hit(**hit) for hit in form["hits"]), form["next"])
