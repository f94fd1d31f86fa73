"""The tables. Text that a caller wrote is kept as JSON, which holds any string; what is searched has a column."""

from __future__ import annotations

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

METADATA = MetaData()

WIDE = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on either; SQLite calls that INTEGER."""

LONG_KEY = Text().with_variant(String(200), "sqlite")
"""Text of any length; SQLite knew it by a length that it never held anybody to."""

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("identity", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("parent", String(64), nullable=False, default=""),
    Column("started", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("closed", Float, nullable=False, default=0.0),
    Column("token_hash", String(64), nullable=False),
    Column("token_expires", Float, nullable=False, default=0.0),
    Column("revoked", Float, nullable=False, default=0.0),
    Column("sponsor", Text, nullable=False, default=""),
    Column("facts", Text, nullable=False),
    Column("vouched", Text, nullable=False, default="[]"),
    Column("processes", Text, nullable=False, default="[]"),
    Column("events", WIDE, nullable=False, default=0),
    Column("head", String(64), nullable=False),
    Column("recorded", WIDE, nullable=False, default=0),
    Column("counts", Text, nullable=False, default="{}"),
    Column("status", Text, nullable=False, default="null"),
    Column("held", Float, nullable=False, default=0.0),
    Column("erased", WIDE, nullable=False, default=0),
    Column("signed", WIDE, nullable=False, default=0),
    Column("told", WIDE, nullable=False, default=0),
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
    Column("body", Text, nullable=False),
    Column("signature", Text, nullable=False),
)

LEAVES = Table(
    "head_leaves",
    METADATA,
    Column("number", WIDE, primary_key=True, autoincrement=False),
    Column("session", String(64), primary_key=True),
    Column("events", WIDE, nullable=False),
    Column("head", String(64), nullable=False),
    Index("leaves_by_session", "session", "number"),
)
"""Of which sessions each signed head speaks: those that had grown since the one before."""

EVENTS = Table(
    "events",
    METADATA,
    Column("session", String(64), primary_key=True),
    Column("sequence", WIDE, primary_key=True),
    Column("time", String(32), nullable=False),
    Column("type", String(16), nullable=False),
    Column("call", WIDE, nullable=False),
    Column("data", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("events_by_call", "session", "call", "sequence"),
)

CHUNKS = Table(
    "chunks",
    METADATA,
    Column("session", String(64), primary_key=True),
    Column("sequence", WIDE, primary_key=True),
    Column("call", WIDE, nullable=False),
    Column("position", WIDE, nullable=False),
    Column("content", LargeBinary, nullable=False, default=b""),
    Column("block", String(32), nullable=False, default=""),
    Column("place", WIDE, nullable=False, default=0),
    Column("size", WIDE, nullable=False, default=0),
)
"""The stretches of a recording, each under the sequence of the ``output`` event that holds its SHA-256: `size` bytes,
`place` bytes into what `block` holds. `content` is of before there were blocks: it is moved into one."""

BLOCKS = Table(
    "blocks",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("session", String(64), nullable=False),
    Column("object", String(128), nullable=False),
    Column("start", WIDE, nullable=False),
    Column("length", WIDE, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("key", String(32), nullable=False),
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
    Column("created", Float, nullable=False),
)
"""Objects that nothing refers to any more, noted in the transaction that let go of them, until they are deleted."""

FAILURES = Table(
    "failures",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("level", Float, nullable=False),
    Column("since", Float, nullable=False),
    Index("failures_by_time", "since"),
)

LEASES = Table(
    "leases",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until", Float, nullable=False),
    Column("ran", Float, nullable=False, default=0.0),
    Column("error", Text, nullable=False, default=""),
)
"""Which worker does what one alone does, and until when; when it was last done, and what went wrong then."""

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("session", String(64), nullable=False),
    Column("requester", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("delivered", Integer, nullable=False, default=0),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Column("lifetime", Float, nullable=False),
    Column("decided", Float, nullable=False, default=0.0),
    Column("quorum", Integer, nullable=False),
    Column("reviewer", Text, nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("consumer", String(64), nullable=False, default=""),
    Column("changed", Float, nullable=False, default=0.0),
    Column("granted", String(32), nullable=False, default=""),
    Column("facts", Text, nullable=False),
    Index("approvals_by_digest", "digest", "requester"),
    Index("approvals_by_state", "state", "expires"),
    Index("approvals_by_session", "session", "created"),
    Index("approvals_by_change", "changed"),
)
"""`changed` is when it was last, `granted` the grant that said yes in a person's place."""

VOTES = Table(
    "votes",
    METADATA,
    Column("approval", String(32), primary_key=True),
    Column("reviewer", LONG_KEY, primary_key=True),
    Column("name", Text, nullable=False, default=""),
    Column("groups", Text, nullable=False, default="[]"),
    Column("grant_seconds", Float, nullable=False, default=0.0),
    Column("verdict", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("time", Float, nullable=False),
)
"""`reviewer` is who voted as the trail knows them, `name` as people do."""

GRANTS = Table(
    "grants",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("approval", String(32), nullable=False),
    Column("requester", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("scope", String(64), nullable=False),
    Column("facts", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Column("revoked", Float, nullable=False, default=0.0),
    Index("grants_by_scope", "scope", "expires"),
)
"""`scope` is the digest of whom, under which rules and terms, and for which resources a grant says yes."""

NOTICES = Table(
    "notices",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("approval", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due", Float, nullable=False),
    Column("created", Float, nullable=False),
    Column("error", Text, nullable=False, default=""),
    Index("notices_by_due", "state", "due"),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("groups", Text, nullable=False, default="[]"),
    Column("hash", String(64), nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False, default=0.0),
    Column("revoked", Float, nullable=False, default=0.0),
    Column("used", Float, nullable=False, default=0.0),
    Column("kind", String(16), nullable=False, default="service"),
    Column("owner", Text, nullable=False, default=""),
    Column("scopes", Text, nullable=False, default="[]"),
    Column("proof", String(64), nullable=False, default=""),
    Index("tokens_by_proof", "proof"),
)

POLICIES = Table(
    "policies",
    METADATA,
    Column("version", WIDE, primary_key=True, autoincrement=False),
    Column("statement", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

POLICY_ORDERS = Table(
    "policy_orders",
    METADATA,
    Column("serial", WIDE, primary_key=True, autoincrement=False),
    Column("statement", Text, nullable=False),
    Column("signature", Text, nullable=False),
)

TRAIL = Table(
    "trail",
    METADATA,
    Column("sequence", WIDE, primary_key=True, autoincrement=False),
    Column("time", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("data", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("trail_by_subject", "subject", "sequence"),
)

HEADS = Table(
    "heads",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("length", WIDE, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""How long a chain of the API's own is, and its last hash: what a cut tail is measured against."""

SEARCH = Table(
    "search",
    METADATA,
    Column("id", WIDE, primary_key=True, autoincrement=False),
    Column("session", String(64), nullable=False),
    Column("sequence", WIDE, nullable=False),
    Column("call", WIDE, nullable=False),
    Column("time", String(32), nullable=False),
    Column("type", String(16), nullable=False),
    Column("owner", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("rule", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("facets", Text, nullable=False),
    Column("body", Text, nullable=False),
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
    "CREATE TRIGGER search_added AFTER INSERT ON search BEGIN"
    " INSERT INTO search_text(rowid, facets, body) VALUES (new.id, new.facets, new.body); END",
    "CREATE TRIGGER search_removed AFTER DELETE ON search BEGIN"
    " INSERT INTO search_text(search_text, rowid, facets, body)"
    " VALUES ('delete', old.id, old.facets, old.body); END",
)
"""SQLite's full-text index (sqlite.org/fts5.html, 4.4.3), kept true by triggers: a row that goes takes its words along.
Rows of `SEARCH` never change."""


@event.listens_for(SEARCH, "after_create")
def _add_text_index(_target: Table, connection: Connection, **_options: object) -> None:
    if connection.dialect.name == "sqlite":
        for statement in SEARCH_TEXT:
            connection.exec_driver_sql(statement)
