"""Tells, of what stands on the right side of an assignment to a telling name, a value from code, prose and paths.

``native/values.c`` does; the forms that it knows are in ``native/expressions.py``.
"""

from __future__ import annotations

from guardcli.masking.compiled.native import Question, judge, judge_word

_STRICT = Question.STRICT_STRING - Question.STRING


def is_secret_string(value: bytes, formatted: bool = False, strict: bool = True) -> bool:
    """Judge what stands between quotes; `formatted` says that the string's prefix makes it a template or an expression,
    `strict` that nothing but a password has the name.
    """
    return judge(value, Question.STRING + formatted + _STRICT * strict)


def is_secret_word(value: bytes, following: bytes, code: bool, strict: bool, shell: bool = False) -> bool:
    """Judge what stands without quotes, `following` being the next byte.

    `code` says that the surroundings are those of source code, `strict` that nothing but a password has the name,
    `shell` that it is an assignment of a shell, where all of it is the value.
    """
    return judge_word(value, following[0] if following else -1, code, strict, shell)
