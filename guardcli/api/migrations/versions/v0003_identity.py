"""Tokens of logins beside those of services, their scopes and owners; the end of a session's token."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; what is there already keeps what it could do."""
    op.add_column("tokens", sa.Column("kind", sa.String(16), nullable=False, server_default="service"))
    op.add_column("tokens", sa.Column("owner", sa.Text(), nullable=False, server_default=""))
    op.add_column("tokens", sa.Column("scopes", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("tokens", sa.Column("proof", sa.String(64), nullable=False, server_default=""))
    op.create_index("tokens_by_proof", "tokens", ["proof"])
    op.add_column("sessions", sa.Column("sponsor", sa.Text(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("token_expires", sa.Float(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("revoked", sa.Float(), nullable=False, server_default="0"))
    op.execute("UPDATE sessions SET token_expires = seen + 43200")
