"""Tells what stands for a secret in documentation, templates and code from a secret."""

from __future__ import annotations

import re

_VARIABLE = re.compile(
    rb"""(?ix)
      [*x.\u2022_\#?-]{1,64} | \*{3,}.* | x{4,}.{0,8} | .{0,12}x{6,} | \.{3}.*          # stars, dots, dashes
    | \$\{?[a-z_][\w:.-]*\}? | \$\{\w+:?[-?=+](?:\$.*)?\}? | \$[0-9@*\#?!]? | \$\$ | \$\(.* | \{\{.*\}\}.*
    | %\(?\w*\)?s? | %\w+% | \{[\w.:\ ]*\} | @\w*@ | \#\{.*\}                            # variables
    | <[^<>]*>? | <<?<?[a-z_][\w\ ]*>{0,3} | \[[\w\ :.-]*\] | \([\w\ ,.:'"=-]*\) | __\w+__ # <password>, [PASSWORD]
    | \#[0-9a-f]{3} | \#[0-9a-f]{6}                                                      # colours
    | null | nil | none | nan | true | false | yes | no | undefined | n/?a | required | optional | empty | unset | void
    | (?:&(?:'\w+\ )?|\*)?(?:str|string|int|integer|number|bool|boolean|bytes?|any|object|text|secretstr|varchar
      |char|uuid|buffer|float|unknown|never|symbol|date|dict|list|array|map|callable|secretstring|type|usize|u8|i32|u64)
      (?:\[\]|\([0-9]+\)|\?|!)?                                                          # types
    | (?:your|my|the|some|enter|insert|replace|put|add|provide|paste)[-_\ .](?:[a-z0-9]+[-_\ .]){0,6}?
      (?:password|passwd|pwd|secret|token|key|credentials?|here|me|this|it|value|id)(?:[-_\ .][a-z0-9]+){0,3}
    | your[\w.-]*(?:password|token|key|secret)[\w.-]* | [a-z0-9]+[-_\ ](?:goes[-_\ ])?here
    | redacted | masked | hidden | removed | omitted | sensitive | suppressed | scrubbed | filtered
    | \(?sensitive\ value\)? | \(known\ after\ apply\) | \[?(?:redacted|masked|filtered)[\w\ -]*\]? | \*+[\w\ ]*\*+
    """.replace(rb"\u2022", b"\xe2\x80\xa2"),
)
_DUMMY = re.compile(
    rb"""(?ix)
      (?:my|the|a|an|super)?[-_.]?(?:real|new|old|secret|random|actual|plain|default)?[-_.]?
      (?:password|passwd|passphrase|passcode|pass|pwd|secret|token|api[-_\ ]?key|key|credentials?)
      (?:[-_.]?(?:value|placeholder|field|string|hash|text|example|input|name|id|file|path))?
    | change[-_\ ]?(?:me|it|this|thispassword)!{0,3} | changeme[0-9]{0,3} | please[-_\ ]change[\w\ -]* | replace[-_]?\w*
    | to[-_\ ]?be[-_\ ]?(?:replaced|changed|set|filled|defined|done) | fix[-_]?me | to[-_]?do | tbd | tba
    | something | anything | whatever | placeholder | dummy | fake | example | sample | demo | test | testing | foo
    | bar | baz | qux | foobar | foobarbaz | spam | eggs | lorem | ipsum | blah | abc | abcd | abcdef | xyz | deadbeef
    | hello | world | 0+ | (?:fake|dummy|example|sample|test|mock|invalid|not|no|wrong|bad|bogus|stub|some)[-_.\ ]
      (?:[a-z0-9]+[-_.\ ])*?(?:password|passwd|pass|pwd|secret|token|key|credentials?|value)
    | (?-i:[A-Za-z0-9/+_-]*EXAMPLE(?:KEY|TOKEN)?=*)
    | same-origin | include | omit | use-credentials | anonymous | basic | bearer | oauth2? | jwt | digest | negotiate
    """
)
_LONGEST = 120


def is_placeholder(value: bytes) -> bool:
    """Tell whether the whole of `value` is a variable, a type, stars, or words that ask for a secret."""
    return len(value) <= _LONGEST and _VARIABLE.fullmatch(value) is not None


def is_dummy(value: bytes) -> bool:
    """Tell whether `value` is a placeholder, or a word that examples and tests have for a secret (``changeme``)."""
    return len(value) <= _LONGEST and (_VARIABLE.fullmatch(value) or _DUMMY.fullmatch(value)) is not None
