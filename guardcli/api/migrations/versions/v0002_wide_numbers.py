"""Numbers that may pass two thousand million, on PostgreSQL; SQLite's integers are wide anyhow."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WIDE = {
    "sessions": ("events", "recorded"),
    "events": ("sequence", "call"),
    "chunks": ("sequence", "call", "position"),
    "trail": ("sequence",),
    "heads": ("length",),
}


def upgrade() -> None:
    """Widen the columns."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in WIDE.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_type=sa.Integer())
