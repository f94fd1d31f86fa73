"""Tells a value that somebody chose to be secret from a word, a name, a number, a path or a piece of code.

It decides where the surroundings alone do not: beside a name that only half tells, in an argument, in a sentence.
``native/values.c`` does; the forms that it knows are in ``native/expressions.py``.
"""

from __future__ import annotations

from guardcli.masking.compiled.native import Question, judge


def is_chosen(value: bytes) -> bool:
    """Tell whether `value` mixes letters with digits or signs, in six characters and more, and is none of the above."""
    return judge(value, Question.CHOSEN)
