"""What the API keeps, in SQL: one file a noun, each a class of small transactions over one engine.

===============  =============================================================================
``schema``       the tables
``database``     opens the engine, sets SQLite's durability, brings the schema up to date
``sessions``     who runs what, and the head of each session's chain
``appended``     one event of a batch, on its way in
``events``       append and read the chain and the recording's stretches
``stretches``    where the recordings' stretches are
``rewrapping``   seals them anew, for the present identity
``discards``     objects to delete
``retention``    deletes recordings when their time is over; holds
``leases``       what one worker alone does at a time
``approvals``    the state machine of requests, votes and single use
``grants``       a yes to more than one request, for a time
``notices``      what is to be told to whom
``indexing``     what an event is found by, written as it is appended
``search``       finds events by that
``tokens``       service tokens
``policies``     bundles of policies, and which group is judged by which
``trail``        the API's own hash chain: who decided, issued, revoked
``outgoing``     what has gone out to a collector of logs
``signed``       signed heads over all chains
``verification`` recomputes every chain and digest
===============  =============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from guardcli.api.archive.opening import segments_of
from guardcli.api.archive.segments import Segments
from guardcli.api.config import Config
from guardcli.api.store.approvals import Approvals
from guardcli.api.store.events import Events
from guardcli.api.store.failures import Failures
from guardcli.api.store.grants import Grants
from guardcli.api.store.leases import Leases
from guardcli.api.store.notices import Notices
from guardcli.api.store.outgoing import Outgoing
from guardcli.api.store.policies import Policies
from guardcli.api.store.retention import Retention
from guardcli.api.store.search import Search
from guardcli.api.store.sessions import Sessions
from guardcli.api.store.signed import Signed
from guardcli.api.store.stretches import Stretches
from guardcli.api.store.tokens import Tokens
from guardcli.api.store.trail import Trail


@dataclass(frozen=True, slots=True)
class Store:
    """All that is kept, over one engine."""

    engine: Engine
    sessions: Sessions
    events: Events
    stretches: Stretches
    approvals: Approvals
    grants: Grants
    notices: Notices
    tokens: Tokens
    search: Search
    policies: Policies
    trail: Trail
    retention: Retention
    leases: Leases
    signed: Signed
    outgoing: Outgoing
    failures: Failures

    @classmethod
    def over(cls, engine: Engine, segments: Segments | None = None) -> Store:
        """Return the store that works on `engine`, whose schema is up to date, and on recordings in `segments`.

        These lie beside an SQLite database where they are not given. Raises ConfigurationError.
        """
        trail = Trail(engine)
        stretches = Stretches(engine, segments or segments_of(Config(), engine.url))
        grants, notices = Grants(engine, trail), Notices(engine)
        events, signed = Events(engine, trail, stretches), Signed(engine, stretches.segments.objects)
        return cls(
            engine=engine,
            sessions=Sessions(engine, trail),
            events=events,
            stretches=stretches,
            approvals=Approvals(engine, trail, grants, notices),
            grants=grants,
            notices=notices,
            tokens=Tokens(engine, trail),
            search=Search(engine),
            policies=Policies(engine, trail),
            trail=trail,
            retention=Retention(engine, trail, stretches.segments),
            leases=Leases(engine),
            signed=signed,
            outgoing=Outgoing(engine, events, trail, signed),
            failures=Failures(engine),
        )
