"""The words of an event are written with those of its batch, no longer by a trigger for each row."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Take the trigger away, which SQLite alone has."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER IF EXISTS search_added")
