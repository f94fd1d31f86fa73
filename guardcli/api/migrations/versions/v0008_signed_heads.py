"""Signed heads, and of which sessions each of them speaks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from guardcli.api.store.schema import WIDE

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the tables; the first head that is made speaks of all that is there."""
    op.add_column("sessions", sa.Column("signed", WIDE, nullable=False, server_default="0"))
    where = sa.text("events <> signed")
    op.create_index("sessions_unsigned", "sessions", ["id"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "signed_heads",
        sa.Column("number", WIDE, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
    )
    op.create_table(
        "head_leaves",
        sa.Column("number", WIDE, primary_key=True, autoincrement=False),
        sa.Column("session", sa.String(64), primary_key=True),
        sa.Column("events", WIDE, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
    )
    op.create_index("leaves_by_session", "head_leaves", ["session", "number"])
