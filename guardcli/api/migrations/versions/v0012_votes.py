"""The votes on an approval lie in its row: they are read and written with it."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from guardcli.model.events import canonical

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Move the votes, and let go of their table."""
    op.add_column("approvals", sa.Column("votes", sa.Text, nullable=False, server_default="[]"))
    connection = op.get_bind()
    votes: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(sa.text("SELECT * FROM votes ORDER BY approval, time")).mappings():
        ballot = {**row, "groups": json.loads(row["groups"])}
        votes.setdefault(ballot.pop("approval"), []).append(ballot)
    kept = sa.text("UPDATE approvals SET votes = :votes WHERE id = :id")
    for id, ballots in votes.items():
        connection.execute(kept, {"id": id, "votes": canonical(ballots).decode()})
    op.drop_table("votes")
