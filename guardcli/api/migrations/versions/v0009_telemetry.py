"""How many events of each session went to a collector of logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from guardcli.api.store.schema import WIDE

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column; what is there goes to no collector, but what comes."""
    op.add_column("sessions", sa.Column("told", WIDE, nullable=False, server_default="0"))
    where = sa.text("events <> told")
    op.create_index("sessions_untold", "sessions", ["id"], sqlite_where=where, postgresql_where=where)
