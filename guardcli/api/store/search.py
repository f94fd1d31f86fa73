"""Finds events by what is indexed of them: newest first, a page at a time, only what the asker may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, Integer, Row, cast, column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql import ColumnElement, Select

from guardcli.api.store.database import reading
from guardcli.api.store.indexing import facet, place, words
from guardcli.api.store.schema import SEARCH
from guardcli.model.errors import ConfigurationError

WORDS_MAX = 20
"""Words of one question."""

EXCERPT = 160
"""Characters that a hit shows of its text."""

LAST = (1 << 63) - 1

_TEXT = table("search_text", column("rowid", Integer), column("search_text"))


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

        Raises ConfigurationError for words without a letter or digit, and for too many.
        """
        wanted = _wanted(query.words)
        exact = {facet(kind, value) for kind, value in query.facets.items() if value}
        exact |= {facet("owner", query.owner)} if query.owner else set()
        exact |= {facet("session", query.session)} if query.session else set()
        found, number = self._matching(sorted(exact), wanted)
        found = found.where(*_bounds(query, number)).order_by(number.desc()).limit(query.limit)
        with reading(self._engine) as connection:
            return [_found(row, [word for word, _ in wanted]) for row in connection.execute(found)]

    def _matching(
        self, exact: Sequence[str], wanted: Sequence[tuple[str, bool]]
    ) -> tuple[Select[tuple[object, ...]], ColumnElement[int]]:
        """Return the rows that match, and the number to bound and order them by: that of the index which finds them."""
        if not exact and not wanted:
            return select(SEARCH), SEARCH.c.id
        if self._engine.dialect.name == "postgresql":
            parts = [f"'={one}'" for one in exact] + [f"'{word}'{':*' if open else ''}" for word, open in wanted]
            asked = SEARCH.c.document.op("@@")(cast(" & ".join(parts), TSQUERY))
            return select(SEARCH).where(asked), SEARCH.c.id
        parts = [f"facets : {one}" for one in exact]
        parts += [f'body : "{word}"{" *" if open else ""}' for word, open in wanted]
        joined = SEARCH.join(_TEXT, _TEXT.c.rowid == SEARCH.c.id)
        matched = _TEXT.c.search_text.op("MATCH")(" AND ".join(parts))
        return select(SEARCH).select_from(joined).where(matched), _TEXT.c.rowid


def _bounds(query: SearchQuery, number: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """Return the conditions beside the index: time, the page, and, though the index holds them too, the rights.

    The rights are put so that no other index is chosen for them: SQLite would look for each of an owner's rows in
    the text index, one by one.
    """
    below = min(place(query.until) if query.until else LAST, query.after or LAST)
    conditions = [number < below]
    if query.since:
        conditions.append(number >= place(query.since))
    if query.owner:
        conditions.append(SEARCH.c.owner + "" == query.owner)
    if query.session:
        conditions.append(SEARCH.c.session + "" == query.session)
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
