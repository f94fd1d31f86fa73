"""The ``judged`` and ``ended`` events of statements as canonical JSON, put together from parts that stay the same.

A connection runs many statements, of which few things differ: the text, the values, the numbers. What is said of the
decision and of the connection is therefore masked and encoded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from guardcli.broker.recorder import COMMAND_MAX, Recorder
from guardcli.gateways.postgres.authority import Outcome, Source, Statement
from guardcli.gateways.postgres.contract import Opening
from guardcli.model.decisions import Decision
from guardcli.model.events import canonical, quoted

TOOL = "psql"
"""The name under which rules speak of what reaches PostgreSQL, whichever client it came from."""
KEPT = 512
"""So many decisions of one connection are kept with what is said of them."""


KNOWN_LENGTH = 4096
"""Characters of the longest text that is kept encoded."""
_known = lru_cache(maxsize=KEPT)(quoted)


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of one decision: behind the command, the end, the parameters, the digest."""

    decision: Decision
    where: bytes
    first: bytes
    second: bytes
    last: bytes


class StatementLines:
    """Writes the data of events for one connection, in the order of their keys."""

    def __init__(self, recorder: Recorder, opening: Opening) -> None:
        self._recorder = recorder
        self._opening = opening
        self._said: dict[tuple[int, Source], _Said] = {}

    def judged(self, statement: Statement, decision: Decision, end: bytes = b"") -> bytes:
        """Return what the ``judged`` event holds; with `end`, which `ended` made, how the statement ended as well."""
        mask = self._recorder.mask
        said = self._said.get((id(decision), statement.source)) or self._say(decision, statement.source)
        values = b""
        if statement.parameters:
            shown = b",".join(b"null" if one is None else quoted(mask(one)) for one in statement.parameters)
            values = b',"parameters":[%b]' % shown
        return b'{"command":%b,%b%b%b%b,%b,"statement_sha256":"%b",%b}' % (
            self._command(statement),
            said.where,
            b',"ended":%b' % end if end else b"",
            said.first,
            values,
            said.second,
            statement.digest.encode(),
            said.last,
        )

    def _command(self, statement: Statement) -> bytes:
        """Return the text as it is recorded. One that is bound comes again and again; what is masked may change."""
        masked = self._recorder.mask(statement.text)[:COMMAND_MAX]
        return _known(masked) if statement.source is Source.BIND and len(masked) <= KNOWN_LENGTH else quoted(masked)

    def ended(self, outcome: Outcome, seconds: float) -> bytes:
        """Return what the ``ended`` event of a statement holds that went well or not; `seconds` is how long it took."""
        error = b""
        if outcome.error:
            error = b'"error":%b,' % quoted(self._recorder.mask(outcome.error))
        tags = _known(outcome.tags[0]) if len(outcome.tags) == 1 else b",".join(map(quoted, outcome.tags))
        took = repr(seconds).encode()
        return b'{"bytes":%d,%b"rows":%d,"seconds":%b,"tags":[%b]}' % (outcome.bytes, error, outcome.rows, took, tags)

    def _say(self, decision: Decision, source: Source) -> _Said:
        """Encode what does not change; a decision is kept along, so that its identity stays its own."""
        if len(self._said) >= KEPT:
            self._said.clear()
        recorder, opening = self._recorder, self._opening
        whole = {
            **recorder.decided(decision),
            "tool": TOOL,
            "source": source.value,
            "connection": opening.number,
            "resource": opening.resource,
            "database": recorder.mask(opening.database),
            "user": recorder.mask(opening.user),
        }
        where, first, second, last = (
            canonical({name: whole[name] for name in names})[1:-1]
            for names in (
                ("connection", "database"),
                ("matched", "message", "operations"),
                ("resource", "rule", "source"),
                ("tool", "user", "verdict"),
            )
        )
        made = self._said[id(decision), source] = _Said(decision, where, b"," + first, second, last)
        return made
