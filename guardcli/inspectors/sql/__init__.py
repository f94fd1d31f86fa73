"""SQL: statements to effects, with PostgreSQL's own grammar.

==============  ==================================================================================================
``inspector``   `inspect_sql`: one operation a statement
``parse``       the grammar, through libpg_query, with bounds set before it is asked
``tree``        small readers of its parse trees
``statements``  what each kind of statement does by itself
``walk``        all that one statement does, wherever in it that stands
``bounds``      whether a change has a limiting condition
``functions``   what a call of one of PostgreSQL's own functions does
``settings``    what changing a setting of a session does
``catalogue``   PostgreSQL's functions, operators, types and settings, from ``data/pg_catalog.tsv``
``dialects``    SQL of other systems, with sqlparse: described, hardly ever known
``data/``       written from real servers by ``scripts/generate-pg-functions``
==============  ==================================================================================================
"""

from __future__ import annotations

from guardcli.inspectors.sql.inspector import Prepared, inspect_sql

__all__ = ["Prepared", "inspect_sql"]
