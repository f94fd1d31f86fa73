"""How much of the trail and of the signed heads went to a collector of logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from guardcli.api.store.schema import WIDE

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the table; what is there goes to no collector, but what comes."""
    op.create_table(
        "outgoing",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("following", WIDE, nullable=False),
    )
