"""Recordings leave the database: blocks in objects, what is to be deleted, holds, and who does what one alone does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from guardcli.api.store.schema import WIDE

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add columns and tables; stretches that lie in the database stay readable there until they are moved."""
    op.add_column("chunks", sa.Column("block", sa.String(32), nullable=False, server_default=""))
    op.add_column("chunks", sa.Column("place", WIDE, nullable=False, server_default="0"))
    op.add_column("chunks", sa.Column("size", WIDE, nullable=False, server_default="0"))
    op.execute("UPDATE chunks SET size = length(content)")
    op.add_column("sessions", sa.Column("held", sa.Float(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("erased", WIDE, nullable=False, server_default="0"))
    op.create_table(
        "blocks",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("object", sa.String(128), nullable=False),
        sa.Column("start", WIDE, nullable=False),
        sa.Column("length", WIDE, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
    )
    op.create_index("blocks_by_session", "blocks", ["session"])
    op.create_index("blocks_by_object", "blocks", ["object"])
    op.create_index("blocks_by_key", "blocks", ["key"])
    op.create_table(
        "discards",
        sa.Column("object", sa.String(128), primary_key=True),
        sa.Column("created", sa.Float(), nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("ran", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
    )
