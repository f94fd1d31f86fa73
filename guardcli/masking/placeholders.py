"""Tells what stands for a secret in documentation, templates and code from a secret."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(
    rb"""(?ix)
      [*x.\u2022_#?-]{1,64}                                  # stars, dots, dashes
    | \$\{?[a-z_][\w:-]*\}? | \$\$? | \$\(.* | \{\{.* | %\(?\w*\)?s? | \{\w*\} | @\w*@   # variables
    | <.*>? | \[[\w\ :.-]*\]? | \(.*                            # <password>, [PASSWORD]
    | \#[0-9a-f]{3} | \#[0-9a-f]{6}                             # colours
    | null | nil | none | true | false | yes | no | undefined | n/a | required | optional | empty | unset
    | (?:str|string|int|integer|bool|boolean|bytes|any|object|text|secretstr)(?:\[\])?
    | (?:your|my|the|some|enter|insert|replace|put|add)[-_ ](?:own[-_ ])?
      [\w -]*(?:password|passwd|pwd|secret|token|key|here|me|this)[\w -]*
    | redacted | masked | hidden | removed | sensitive | \(?sensitive\ value\)?
    """.replace(rb"\u2022", b"\xe2\x80\xa2")
)


def is_placeholder(value: bytes) -> bool:
    """Tell whether the whole of `value` is a variable, a type, stars, or words that ask for a secret."""
    return _PLACEHOLDER.fullmatch(value) is not None
