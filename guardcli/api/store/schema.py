"""The tables. Text that a caller wrote is kept as JSON, which holds any string; what is searched has a column."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeEngine

METADATA = MetaData()

WIDE = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on either; SQLite calls that INTEGER."""

LONG_KEY = Text().with_variant(String(200), "sqlite")
"""Text of any length; SQLite knew it by a length that it never held anybody to."""


def needed(name: str, type: type[TypeEngine[Any]] | TypeEngine[Any], default: object = None) -> Column[Any]:
    """Return a column that always has a value, that of `default` where none is given."""
    return Column(name, type, nullable=False, default=default)


SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", String(64), primary_key=True),
    needed("identity", Text),
    needed("owner", Text),
    needed("parent", String(64), ""),
    needed("started", Float),
    needed("seen", Float),
    needed("closed", Float, 0.0),
    needed("token_hash", String(64)),
    needed("token_expires", Float, 0.0),
    needed("revoked", Float, 0.0),
    needed("sponsor", Text, ""),
    needed("facts", Text),
    needed("vouched", Text, "[]"),
    needed("processes", Text, "[]"),
    needed("events", WIDE, 0),
    needed("head", String(64)),
    needed("recorded", WIDE, 0),
    needed("counts", Text, "{}"),
    needed("status", Text, "null"),
    needed("held", Float, 0.0),
    needed("erased", WIDE, 0),
    needed("signed", WIDE, 0),
    needed("told", WIDE, 0),
    Index("sessions_by_time", "started", "id"),
    Index("sessions_by_identity", "identity", "started"),
    Index("sessions_unsigned", "id", sqlite_where=text("events <> signed"), postgresql_where=text("events <> signed")),
    Index("sessions_untold", "id", sqlite_where=text("events <> told"), postgresql_where=text("events <> told")),
)
"""`owner` is who created the session, `sponsor` who answers for that one; `events` and `head` are the length and last
hash of its chain, `recorded` the bytes of its recording, `vouched` the groups that its creator is known to be in,
`processes` the (pid, start time) pairs of its broker and agent on this machine. `held` is since when nothing of it may
be deleted, 0 for not at all; the recording of its events below `erased` was deleted; `signed` is how long its chain was
at the last head, `told` how many of its events went to a collector."""

SIGNED = Table(
    "signed_heads",
    METADATA,
    Column("number", WIDE, primary_key=True, autoincrement=False),
    needed("body", Text),
    needed("signature", Text),
)

LEAVES = Table(
    "head_leaves",
    METADATA,
    Column("number", WIDE, primary_key=True, autoincrement=False),
    Column("session", String(64), primary_key=True),
    needed("events", WIDE),
    needed("head", String(64)),
    Index("leaves_by_session", "session", "number"),
)
"""Of which sessions each signed head speaks: those that had grown since the one before."""

EVENTS = Table(
    "events",
    METADATA,
    Column("session", String(64), primary_key=True),
    Column("sequence", WIDE, primary_key=True),
    needed("time", String(32)),
    needed("type", String(16)),
    needed("call", WIDE),
    needed("data", Text),
    needed("previous", String(64)),
    needed("hash", String(64)),
    Index("events_by_call", "session", "call", "sequence"),
)

CHUNKS = Table(
    "chunks",
    METADATA,
    Column("session", String(64), primary_key=True),
    Column("sequence", WIDE, primary_key=True),
    needed("call", WIDE),
    needed("position", WIDE),
    needed("content", LargeBinary, b""),
    needed("block", String(32), ""),
    needed("place", WIDE, 0),
    needed("size", WIDE, 0),
)
"""The stretches of a recording, each under the sequence of the ``output`` event that holds its SHA-256: `size` bytes,
`place` bytes into what `block` holds. `content` is of before there were blocks: it is moved into one."""

BLOCKS = Table(
    "blocks",
    METADATA,
    Column("id", String(32), primary_key=True),
    needed("session", String(64)),
    needed("object", String(128)),
    needed("start", WIDE),
    needed("length", WIDE),
    needed("digest", String(64)),
    needed("key", String(32)),
    Index("blocks_by_session", "session"),
    Index("blocks_by_object", "object"),
    Index("blocks_by_key", "key"),
)
"""Where stretches of recordings lie: `length` sealed bytes from `start` of an object, their SHA-256, and the name of
the age identity that opens them."""

DISCARDS = Table(
    "discards",
    METADATA,
    Column("object", String(128), primary_key=True),
    needed("created", Float),
)
"""Objects that nothing refers to any more, noted in the transaction that let go of them, until they are deleted."""

FAILURES = Table(
    "failures",
    METADATA,
    Column("key", String(64), primary_key=True),
    needed("level", Float),
    needed("since", Float),
    Index("failures_by_time", "since"),
)

OUTGOING = Table(
    "outgoing",
    METADATA,
    Column("name", String(32), primary_key=True),
    needed("following", WIDE),
)
"""Which act of the trail, and which signed head, goes to a collector of logs next; sessions say so themselves."""

LEASES = Table(
    "leases",
    METADATA,
    Column("name", String(32), primary_key=True),
    needed("holder", String(64)),
    needed("until", Float),
    needed("ran", Float, 0.0),
    needed("error", Text, ""),
)
"""Which worker does what one alone does, and until when; when it was last done, and what went wrong then."""

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("id", String(32), primary_key=True),
    needed("session", String(64)),
    needed("requester", Text),
    needed("owner", Text),
    needed("digest", String(64)),
    needed("state", String(16)),
    needed("delivered", Integer, 0),
    needed("created", Float),
    needed("expires", Float),
    needed("lifetime", Float),
    needed("decided", Float, 0.0),
    needed("quorum", Integer),
    needed("reviewer", Text, ""),
    needed("reason", Text, ""),
    needed("consumer", String(64), ""),
    needed("changed", Float, 0.0),
    needed("granted", String(32), ""),
    needed("votes", Text, "[]"),
    needed("facts", Text),
    Index("approvals_by_digest", "digest", "requester"),
    Index("approvals_by_state", "state", "expires"),
    Index("approvals_by_session", "session", "created"),
    Index("approvals_by_change", "changed"),
)
"""`changed` is when it was last, `granted` the grant that said yes in a person's place, `votes` a list of objects, the
oldest first: `reviewer` as the trail knows them, `name` as people do, `groups`, `verdict`, `reason`, `time` and
`grant_seconds`."""

GRANTS = Table(
    "grants",
    METADATA,
    Column("id", String(32), primary_key=True),
    needed("approval", String(32)),
    needed("requester", Text),
    needed("owner", Text),
    needed("scope", String(64)),
    needed("facts", Text),
    needed("reviewer", Text),
    needed("created", Float),
    needed("expires", Float),
    needed("revoked", Float, 0.0),
    Index("grants_by_scope", "scope", "expires"),
)
"""`scope` is the digest of whom, under which rules and terms, and for which resources a grant says yes."""

NOTICES = Table(
    "notices",
    METADATA,
    Column("id", String(32), primary_key=True),
    needed("channel", String(64)),
    needed("approval", String(32)),
    needed("state", String(16)),
    needed("attempts", Integer, 0),
    needed("due", Float),
    needed("created", Float),
    needed("error", Text, ""),
    Index("notices_by_due", "state", "due"),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", String(32), primary_key=True),
    needed("name", Text),
    needed("role", String(16)),
    needed("groups", Text, "[]"),
    needed("hash", String(64)),
    needed("created", Float),
    needed("expires", Float, 0.0),
    needed("revoked", Float, 0.0),
    needed("used", Float, 0.0),
    needed("kind", String(16), "service"),
    needed("owner", Text, ""),
    needed("scopes", Text, "[]"),
    needed("proof", String(64), ""),
    Index("tokens_by_proof", "proof"),
)

POLICIES = Table(
    "policies",
    METADATA,
    Column("version", WIDE, primary_key=True, autoincrement=False),
    needed("statement", Text),
    needed("signature", Text),
    needed("body", LargeBinary),
)

POLICY_ORDERS = Table(
    "policy_orders",
    METADATA,
    Column("serial", WIDE, primary_key=True, autoincrement=False),
    needed("statement", Text),
    needed("signature", Text),
)

TRAIL = Table(
    "trail",
    METADATA,
    Column("sequence", WIDE, primary_key=True, autoincrement=False),
    needed("time", String(32)),
    needed("actor", Text),
    needed("action", String(32)),
    needed("subject", String(64)),
    needed("data", Text),
    needed("previous", String(64)),
    needed("hash", String(64)),
    Index("trail_by_subject", "subject", "sequence"),
)

HEADS = Table(
    "heads",
    METADATA,
    Column("name", String(32), primary_key=True),
    needed("length", WIDE),
    needed("hash", String(64)),
)
"""How long a chain of the API's own is, and its last hash: what a cut tail is measured against."""

SEARCH = Table(
    "search",
    METADATA,
    Column("id", WIDE, primary_key=True, autoincrement=False),
    needed("session", String(64)),
    needed("sequence", WIDE),
    needed("call", WIDE),
    needed("time", String(32)),
    needed("type", String(16)),
    needed("owner", Text),
    needed("identity", Text),
    needed("verdict", String(32)),
    needed("rule", Text),
    needed("command", Text),
    needed("facets", Text),
    needed("body", Text),
    Column("document", Text().with_variant(TSVECTOR, "postgresql")),
    Index("search_by_call", "session", "call", "type"),
    Index(
        "search_by_document", "document", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 256}
    ).ddl_if(dialect="postgresql"),
)
"""What events are found by; `indexing` says what is in it. `document` is PostgreSQL's; SQLite has `SEARCH_TEXT`.
What is added lies beside the GIN index first, which every question reads through: 256 kB of it at the most."""

SEARCH_TEXT = (
    "CREATE VIRTUAL TABLE search_text USING fts5(facets, body, content='search', content_rowid='id', columnsize=0,"
    " tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER search_removed AFTER DELETE ON search BEGIN"
    " INSERT INTO search_text(search_text, rowid, facets, body)"
    " VALUES ('delete', old.id, old.facets, old.body); END",
)
"""SQLite's full-text index (sqlite.org/fts5.html, 4.4.3). A row that goes takes its words along, by a trigger; those of
rows that come are written by `indexing`, all of a batch together: before each row of a trigger SQLite sets a savepoint,
at which FTS5 writes all that it holds, five times the work. Rows of `SEARCH` never change."""


@event.listens_for(SEARCH, "after_create")
def _add_text_index(_target: Table, connection: Connection, **_options: object) -> None:
    if connection.dialect.name == "sqlite":
        for statement in SEARCH_TEXT:
            connection.exec_driver_sql(statement)
