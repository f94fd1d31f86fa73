"""Tells, of what stands on the right side of an assignment to a telling name, a value from code, prose and paths."""

from __future__ import annotations

import re

from guardcli.masking.chosen import is_chosen
from guardcli.masking.names import TELLING
from guardcli.masking.placeholders import is_dummy

_CALL = re.compile(rb"(?:new |await |not |!)?[A-Za-z_$][\w.$:]*[?!]?(?:\(|\[(?!\Z))")
_ATTRIBUTE = re.compile(rb"[A-Za-z_$&*][\w$]*(?:\??(?:\.|->|::)[A-Za-z_$#][\w$]*)+[?!]?")
_LETTERS = re.compile(rb"[A-Za-z_$]+[?!]?")
_TYPE = re.compile(
    rb"[A-Za-z_][\w.]*(?:\[[^\]\n]*\])?(?: \| [\w.\[\], ]+)+(?: = .*)?|[A-Za-z_][\w.]*(?:\[[^\]\n]*\])? = .*"
)
_EXPRESSION = re.compile(
    rb".* (?:or|and|if|else|in|is|not|as|instanceof) .*"
    rb"|.*(?:\?\?|\|\||&&|=>| \+ | == | \? | % | \.\. |\)\.|\{\Z|\(\Z|\(\)).*"
    rb"|(?:lambda|function|async|await|new|not|yield|class|return|typeof|delete|throw|def|fn)\b.*"
    rb"|/(?![\w.+/-]*\Z).*|\^.*|[-+*&!~][A-Za-z_(][A-Za-z_.()]*|[0-9]+(?:_[0-9]+)+|[0-9]+\*\w+|&mut .*"
)
_STOP = (
    rb"(?:the|an?|of|to|is|are|for|from|that|which|with|must|will|can|cannot|be|been|has|used|your|this|not|by|when|if)"
)
_PROSE = re.compile(rb"(?i)(?=\S+\s+\S+\s+\S)(?:.*\b" + _STOP + rb"\b.*)")
_OPERAND = re.compile(rb"[()\[\]{}\"'.]|(?i:" + TELLING + rb")")
_LABEL = re.compile(rb"(?i)(?=.*[ ])[^0-9]*" + TELLING + rb"[^0-9]*")
"""What a form or a message says: ``Confirm password``."""
_SMALL_NUMBER = re.compile(rb"[0-9]{1,6}(?:\.[0-9]+)?[smhd]?|[0-9]{1,3}(?:_[0-9]{3})+|-?[0-9]")
_FILE = rb"(?:pem|key|crt|cer|txt|json|ya?ml|conf|cfg|ini|env|p12|pfx|jks|py|js|ts|php|rb|go|sh|sock|html?|md)"
_PATH = re.compile(
    rb"(?:~|\.{1,2})?/[\w.@${}-]+(?:/[\w.@${}-]+)+/?|(?:\./|~/)?(?:[\w.-]+/){0,20}[\w-]+\."
    + _FILE
    + rb"|[a-z][a-z0-9+]*://[^@\s]*"
    rb"|/(?:run|etc|var|tmp|home|usr|opt|mnt|root)/\S+|[A-Za-z]:\\[\w\\. -]+|(?:file|arn|projects|keyring"
    rb"|secretsmanager|ssm|op|vault|env|awskms|gcpkms|secret|ref):\S*"
)
_TELLING = re.compile(
    rb"(?i)[\w$]{0,60}?(?:(?:\A|[_$.-]|(?<=[a-z])(?=[A-Z]))"
    + TELLING
    + rb"|(?-i:[A-Z][a-z]{2,10}(?:Key|Token|Secret|Password)))s?[0-9]{0,2}"
    rb"(?:[_-]?(?:name|id|file|path|key|type|field|url|uri|str|value|hash|ref|endpoint|header|auth|reset|grant|info"
    rb"|data|bytes|index|uid))?"
)
_CODE_WORD = re.compile(
    rb"(?i)(?:val|values?|var|result|res|ret|data|names?|keys?|self|this|cls|obj|object|item|elem|node|args?|kwargs"
    rb"|params?|input|output"
    rb"|text|string|str|next_?char|next_?token|_*token\w*|char|buf(?:fer)?|line|word|match|type|kind|state|config"
    rb"|options?|opts|settings|env"
    rb"|request|response|default|current|user|raw|tmp|other|first|last|prev(?:ious)?|operator|keyword|literal"
    rb"|comment|punctuation|number|operand"
    rb"|generator|function|lambda|skip|pass|fail|ok|only|error|check|read|write|always|never|refresh|access|session"
    rb"|cookie|header|file|path|url"
    rb"|host|auto|manual|inherit|vault|kms|aws|gcp|azure|keyring|kubernetes|disabled|enabled|forbidden|allowed"
    rb"|denied|invalid|valid|expired"
    rb"|missing|unknown|ignored?|supported|encrypted|hashed|rotated|stored|changed|updated|created|deleted|found"
    rb"|accepted|rejected|incorrect|provided)"
)
_VERSION = re.compile(rb"[0-9]{1,6}(?:[._][0-9]{1,8}){0,4}")
_FIELDS = re.compile(rb"(?:[^\w{}%]{0,8}(?:\{[\w.!:]*\}|%\(?\w{0,40}\)?[sdr]))+[^\w{}%]{0,8}")
"""Nothing but fields of a format."""
_SUSPECT = re.compile(
    rb"(?i)x{4}|00000|chang|your|example|repl|insert|enter|dummy|placeh|pass|secret|token|key|cred|pwd|int|char"
)
"""What a dummy, a type or a name holds; letters and digits without any of it need no closer look."""
_SHORTEST = 2
_FORMATTED = re.compile(rb".*(?:\{[^{}]*\}|%[sd(]|\\[wdsbSWD]|\$\{|\[\^|\(\?).*", re.DOTALL)


def is_secret_string(value: bytes, formatted: bool = False, strict: bool = True) -> bool:
    """Judge what stands between quotes; `formatted` says that the string's prefix makes it a template or an expression,
    `strict` that nothing but a password has the name.
    """
    if not strict and (len(value) < _SHORTEST or _VERSION.fullmatch(value)):
        return False
    if not value.strip() or is_dummy(value) or _PATH.fullmatch(value):
        return False
    if value.count(b" ") > 2 and _PROSE.match(value):
        return False
    if b" " in value and _LABEL.fullmatch(value):
        return False
    if formatted and _FORMATTED.fullmatch(value):
        return False
    return _TELLING.fullmatch(value) is None and _FIELDS.fullmatch(value) is None


def is_secret_word(value: bytes, following: bytes, code: bool, strict: bool, shell: bool = False) -> bool:
    """Judge what stands without quotes, `following` being the next byte.

    `code` says that the surroundings are those of source code, `strict` that nothing but a password has the name,
    `shell` that it is an assignment of a shell, where all of it is the value.
    """
    if value.isalnum() and not value.isalpha() and not value.isdigit() and following not in (b"(", b"["):
        if (not code or strict) and _SUSPECT.search(value) is None:
            return True
        return (not code or strict or is_chosen(value)) and not is_dummy(value) and _TELLING.fullmatch(value) is None
    if not value.strip() or is_dummy(value) or _PATH.fullmatch(value):
        return False
    if following in (b"(", b"[") and _LETTERS.match(value):
        return False
    expression = _EXPRESSION.fullmatch(value) is not None and (code or _OPERAND.search(value) is not None)
    if b" " in value and (expression or _TYPE.fullmatch(value) or _PROSE.match(value)):
        return False
    if _SMALL_NUMBER.fullmatch(value) and not strict:
        return False
    if shell:
        return _TELLING.fullmatch(value) is None
    if _CALL.match(value) or _ATTRIBUTE.fullmatch(value) or _TELLING.fullmatch(value) or expression:
        return False
    if _LETTERS.fullmatch(value):
        return not code and _CODE_WORD.fullmatch(value) is None
    return not code or strict or is_chosen(value)
