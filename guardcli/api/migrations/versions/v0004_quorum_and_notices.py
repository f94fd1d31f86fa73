"""Votes with groups, grants, when an approval changed last, and what is to be told to whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add columns and tables; a vote that was cast before counts for no group in particular."""
    op.add_column("approvals", sa.Column("changed", sa.Float(), nullable=False, server_default="0"))
    op.add_column("approvals", sa.Column("granted", sa.String(32), nullable=False, server_default=""))
    op.create_index("approvals_by_change", "approvals", ["changed"])
    op.execute("UPDATE approvals SET changed = created")
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("votes", "reviewer", type_=sa.Text(), existing_type=sa.String(200))
    op.add_column("votes", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.add_column("votes", sa.Column("groups", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("votes", sa.Column("grant_seconds", sa.Float(), nullable=False, server_default="0"))
    op.execute("UPDATE votes SET name = reviewer")
    op.create_table(
        "grants",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("approval", sa.String(32), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.Column("revoked", sa.Float(), nullable=False),
    )
    op.create_index("grants_by_scope", "grants", ["scope", "expires"])
    op.create_table(
        "notices",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("approval", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
    )
    op.create_index("notices_by_due", "notices", ["state", "due"])
