"""What tells a value that is secret, as values: ``native/judges.c`` decides by them."""

from __future__ import annotations

from typing import NamedTuple

from guardcli.masking.compiled.native import Question


class Judge(NamedTuple):
    """A value is secret if all of it matches `wants` and not `declines`, and the answer to `question` is that it is."""

    question: int = Question.ANY
    wants: bytes = b""
    declines: bytes = b""


GIVEN = Judge(Question.GIVEN)
"""No placeholder, no variable and no beginning of a structure."""

CHOSEN = Judge(Question.CHOSEN)
"""Letters mixed with digits or signs, as `chosen` says."""

STRING = Judge(Question.STRICT_STRING)
"""What may be a secret between quotes, as `rightside` says."""
