"""The index of what events are found by, filled from those that are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from guardcli.api.store.indexing import backfill
from guardcli.api.store.schema import SEARCH_TEXT, WIDE

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table and its indexes, then index every event, some at once."""
    op.create_table(
        "search",
        sa.Column("id", WIDE, primary_key=True, autoincrement=False),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("sequence", WIDE, nullable=False),
        sa.Column("call", WIDE, nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("facets", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("document", sa.Text().with_variant(TSVECTOR, "postgresql")),
    )
    op.create_index("search_by_call", "search", ["session", "call", "type"])
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("search_by_document", "search", ["document"], postgresql_using="gin")
    else:
        for statement in SEARCH_TEXT:
            op.execute(statement)
    backfill(op.get_bind())
