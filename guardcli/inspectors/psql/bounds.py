"""How much of a session of psql is read before it runs: what is beyond is conceded."""

from __future__ import annotations

MAX_SCRIPT = 1 << 20
"""Characters of one script, the rows of COPY included: what is longer is not read at all."""

MAX_WORK = 80_000
"""Characters of a session that are read, what they stand for counted in: about 40 ms. The rest is conceded."""

TOO_MUCH = "it does more than is read before it runs; run it in parts"

TREE, LINE, OPERATION = 1 / 12, 4, 12
"""What a character of a parse tree, a line and an operation count in characters of work."""

REPLACED = 4
"""What a character that a variable stands for counts: values can be all tokens, and are read wherever they stand."""
