"""PostgreSQL's lexemes say in which span of time their row is; those that revision 0005 makes today do so already."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the lexemes of every row anew, from those that it has: ``=facet`` and ``word`` until then."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.drop_index("search_by_document", "search")
    op.execute(
        "UPDATE search SET document = array_to_tsvector(ARRAY(SELECT CASE"
        " WHEN lexeme LIKE '=%' THEN to_hex(id >> 45) || lexeme"
        " WHEN lexeme ~ '[=.]' THEN lexeme"
        " ELSE to_hex(id >> 45) || '.' || lexeme END"
        " FROM unnest(tsvector_to_array(document)) AS lexeme))"
    )
    with_limit = {"gin_pending_list_limit": 256}
    op.create_index("search_by_document", "search", ["document"], postgresql_using="gin", postgresql_with=with_limit)
