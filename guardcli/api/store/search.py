"""Finds events by what is indexed of them: newest first, a page at a time, only what the asker may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, Row, select
from sqlalchemy.sql import ColumnElement

from guardcli.api.store.fulltext import Wanted, asking, newest
from guardcli.api.store.indexing import facet, place, words
from guardcli.api.store.schema import SEARCH
from guardcli.model.errors import ConfigurationError

WORDS_MAX = 20
"""Words of one question."""

EXCERPT = 160
"""Characters that a hit shows of its text."""

LAST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What to find: all that is given must hold.

    `words` are looked for in any order, each whole, or as a beginning where it ends in ``*``. `facets` are kinds and
    values as `indexing.facets` gives them. `since` and `until` are seconds since the epoch, `until` exclusive, 0 for
    no bound; `after` is the cursor of the page before. `owner` and `session`, where not empty, bound what may be seen.
    """

    words: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    since: float = 0.0
    until: float = 0.0
    after: int = 0
    limit: int = 50
    owner: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One event that was found; `verdict`, `rule` and `command` are those of its call, empty outside of one."""

    id: int
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


class Search:
    """Reads the index."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, query: SearchQuery) -> list[Found]:
        """Return up to `query.limit` events, newest first.

        Raises ConfigurationError for words without a letter or digit, for too many, and for a question that takes too
        long.
        """
        wanted = _wanted(query.words)
        exact = {facet(kind, value) for kind, value in query.facets.items() if value}
        exact |= {facet("owner", query.owner)} if query.owner else set()
        exact |= {facet("session", query.session)} if query.session else set()
        least, below = place(query.since), min(place(query.until) if query.until else LAST, query.after or LAST)
        with asking(self._engine) as connection:
            found = select(SEARCH).order_by(SEARCH.c.id.desc()).limit(query.limit)
            if exact or wanted:
                numbers = newest(connection, Wanted(sorted(exact), wanted, least, below, query.limit))
                found = found.where(SEARCH.c.id.in_(numbers), *_rights(query))
            else:
                found = found.where(SEARCH.c.id >= least, SEARCH.c.id < below)
            return [_found(row, [word for word, _ in wanted]) for row in connection.execute(found)]


def _rights(query: SearchQuery) -> list[ColumnElement[bool]]:
    """Return the conditions of what may be seen, which the index holds too: two that must both fail."""
    conditions = []
    if query.owner:
        conditions.append(SEARCH.c.owner == query.owner)
    if query.session:
        conditions.append(SEARCH.c.session == query.session)
    return conditions


def _wanted(text: str) -> list[tuple[str, bool]]:
    """Return the words of a question, each with whether more may follow it."""
    wanted: list[tuple[str, bool]] = []
    for part in text.split():
        of_part = words(part)
        wanted += [(word, False) for word in of_part[:-1]]
        wanted += [(word, part.endswith("*")) for word in of_part[-1:]]
    if text.strip() and not wanted:
        raise ConfigurationError(f"{text!r} has no word to look for", hint="a word has letters or digits")
    if len(wanted) > WORDS_MAX:
        raise ConfigurationError(f"more than {WORDS_MAX} words to look for", hint="leave some out")
    return wanted


def _found(row: Row[tuple[object, ...]], wanted: Sequence[str]) -> Found:
    return Found(
        row.id,
        row.session,
        row.sequence,
        row.call,
        row.time,
        row.type,
        row.identity,
        row.verdict,
        row.rule,
        row.command,
        excerpt(row.body, wanted),
    )


def excerpt(body: str, wanted: Sequence[str]) -> str:
    """Return the `EXCERPT` characters of `body` around the first of the words, from its beginning where there is none.

    White space is one blank there; … stands for what was left out.
    """
    lowered = body.lower()
    places = [lowered.find(word) for word in wanted] if len(lowered) == len(body) else []
    start = max(0, min((one for one in places if one >= 0), default=0) - EXCERPT // 4)
    shown = " ".join(body[start : start + EXCERPT].split())
    return ("…" if start else "") + shown + ("…" if start + EXCERPT < len(body) else "")
