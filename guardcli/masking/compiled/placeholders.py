"""Tells what stands for a secret in documentation, templates and code from a secret.

``native/values.c`` does; the forms that it knows are in ``native/expressions.py``.
"""

from __future__ import annotations

from guardcli.masking.compiled.native import Question, judge


def is_placeholder(value: bytes) -> bool:
    """Tell whether the whole of `value` is a variable, a type, stars, or words that ask for a secret."""
    return judge(value, Question.PLACEHOLDER)


def is_dummy(value: bytes) -> bool:
    """Tell whether `value` is a placeholder, or a word that examples and tests have for a secret (``changeme``)."""
    return judge(value, Question.DUMMY)


def is_given(value: bytes) -> bool:
    """Tell whether `value` is no placeholder, no variable and no beginning of a structure."""
    return judge(value, Question.GIVEN)
