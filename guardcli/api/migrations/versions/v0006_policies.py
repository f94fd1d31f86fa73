"""Policies from the centre, and the groups that the API knows a session's owner to be in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from guardcli.api.store.schema import WIDE

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables and the column; sessions that run have no groups that anybody vouched for."""
    op.create_table(
        "policies",
        sa.Column("version", WIDE, primary_key=True, autoincrement=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "policy_orders",
        sa.Column("serial", WIDE, primary_key=True, autoincrement=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
    )
    op.add_column("sessions", sa.Column("vouched", sa.Text(), nullable=False, server_default="[]"))
