"""What native/values.c does, said in Python."""

from __future__ import annotations

import re

from guardcli.masking.forms.names import TELLING

_PLACEHOLDER = re.compile(
    rb"""(?ix)
      [*x.\u2022\u00b7_\#?-]{1,64} | \*{3,}.* | x{4,}.{0,8} | .{0,12}x{6,} | \.{3}.*          # stars, dots, dashes
    | \xe2\x80\xa6.* | \\?['"`]{1,3}                                                      # dots, quotes
    | (?:files|compat|systemd|sss|winbind)(?:\ {1,8}\[?[a-z=!]+\]?)*                       # nsswitch.conf
    | \$\{\w+\[[\w@*\#-]*\]\} | \$\{\{.*
    | (?:[a-z0-9]{1,10}[_.-]){1,3}(?:x{3,}|\*{2,}) | eyj(?:x{3,}|\*{2,})                  # sk_test_***
    | \$\{?[a-z_][\w:.-]*\}? | \$\{\w+:?(?:[-=+](?:\$.*)?|\?[^{}]*)\}? | \$[0-9@*\#?!]? | \$\$ | \$\(.* | \{\{.*\}\}.*
    | %\(?\w*\)?s? | %\w+% | %~\w* | \{[\w.:\ ]*\} | @\w*@ | \#\{.*\}                            # variables
    | <[^<>]*>? | <<?<?[-~]?[a-z_][\w\ ]*>{0,3} | \[[\w\ :.-]*\] | \([\w\ ,.:'"=-]*\) | __\w+__ # <password>, [PASSWORD]
    | \#[0-9a-f]{3} | \#[0-9a-f]{6}                                                      # colours
    | null | nil | none | nan | true | false | yes | no | undefined | n/?a | required | optional | empty | unset | void
    | (?:&(?:'\w+\ )?|\*)?(?:str|string|int|integer|number|bool|boolean|bytes?|any|object|text|secretstr|varchar
      |char|uuid|buffer|float|unknown|never|symbol|date|dict|list|array|map|callable|secretstring|type|usize|u8|i32|u64)
      (?:\[\]|\([0-9]+\)|\?|!)?                                                          # types
    | (?:your|my|the|some|enter|insert|replace|put|add|provide|paste)[-_\ .](?:[a-z0-9]+[-_\ .]){0,6}?
      (?:password|passwd|pwd|secret|token|key|credentials?|here|me|this|it|value|id|string)(?:[-_\ .][a-z0-9]+){0,3}
    | your(?:[-_\ ][a-z]+){1,5}
    | your[\w.-]*(?:password|token|key|secret)[\w.-]* | (?:[a-z0-9]+[-_\ ]){1,6}(?:goes[-_\ ])?here
    | value_specified_in_no_log_parameter
    | redacted | masked | hidden | removed | omitted | sensitive | suppressed | scrubbed | filtered
    | \(?sensitive\ value\)? | \(known\ after\ apply\) | \[?(?:redacted|masked|filtered)[\w\ -]*\]? | \*+[\w\ ]*\*+
    """.replace(rb"\u2022", b"\xe2\x80\xa2").replace(rb"\u00b7", b"\xc2\xb7"),
)
_DUMMY = re.compile(
    rb"""(?ix)
      (?:my|the|a|an|super)?[-_.]?(?:real|new|old|secret|random|actual|plain|default)?[-_.]?
      (?:password|passwd|passphrase|passcode|pass|pwd|pw|secret|token|api[-_\ ]?key|key|credentials?)
      (?:[-_.]?(?:value|placeholder|field|string|hash|text|example|input|name|id|file|path))?
    | change[-_\ ]?(?:me|it|this|thispassword)!{0,3} | changeme[0-9]{0,3} | please[-_\ ]change[\w\ -]* | replace[-_]?\w*
    | to[-_\ ]?be[-_\ ]?(?:replaced|changed|set|filled|defined|done) | fix[-_]?me | to[-_]?do | tbd | tba
    | something | anything | whatever | placeholder | dummy | fake | example | sample | demo | test | testing | foo
    | bar | baz | qux | foobar | foobarbaz | spam | eggs | lorem | ipsum | blah | abc | abcd | abcdef | xyz | deadbeef
    | hello | world | 0+ | (?:fake|dummy|example|sample|test|mock|invalid|not|no|wrong|bad|bogus|stub|some)[-_.\ ]
      (?:[a-z0-9]+[-_.\ ])*?(?:password|passwd|pass|pwd|secret|token|key|credentials?|value)
    | (?-i:[A-Za-z0-9/+_-]*EXAMPLE(?:KEY|TOKEN)?=*)
    | [\w/+-]{0,40}(?:\.{3,6}|\xe2\x80\xa6)                                                 # sk_test_...
    | [~^<>=]{0,2}\ ?v?[0-9]{1,3}\.[0-9]{1,4}\.[0-9]{1,4}(?:-[a-z]+\.?[0-9]*)?             # a version of a package
    | [0-9]{1,9}\ (?:bytes?|chars|characters?)                                            # of a value that is hidden
    | .*\[\^?(?:a-z|a-f|0-9|\\w|\\d).* | 0x                                                # of an expression
    | <[a-z][^<>\n]*>.*                                                                   # an element, and more
    | [a-z] | !?[01] | [^\w\s]{1,2} | (?:is|not|in|and|or|if)(?:\ (?:is|not|in|and|or|if))+
    | an | the | to | of | is | it | if | in | on | or | as | by | be | and | not | for | with | this | that | you
    | must | will | may | can
    | (?:amd64|arm64|armhf|i386|ppc64el|s390x|riscv64)\.? | (?:meth|class|func|attr|obj|exc|mod):
    | \^?\(?(?:\.[*+]|\[\^|\\[wsdWSD][*+]).*                                              # an expression
    | (?-i:(?:required|nullable|sometimes|string|bail|filled|confirmed|(?:min|max):[0-9]+)\|[\w:|,.=*-]*)
    | \$\{?\w+\}?[/|,.] | -?anonymous@ | (?:pass(?:word|wd|phrase)?|pwd|token|secret)=
    | same-origin | include | omit | use-credentials | anonymous | (?:basic|bearer)\ ? | oauth2? | jwt | digest
    | negotiate
    """
)
_PLACEHOLDER_MAX = 120


def is_placeholder(value: bytes) -> bool:
    """Tell whether the whole of `value` is a variable, a type, stars, or words that ask for a secret."""
    return len(value) <= _PLACEHOLDER_MAX and _PLACEHOLDER.fullmatch(value) is not None


def is_dummy(value: bytes) -> bool:
    """Tell whether `value` is a placeholder, or a word that examples and tests have for a secret (``changeme``)."""
    return len(value) <= _PLACEHOLDER_MAX and (_PLACEHOLDER.fullmatch(value) or _DUMMY.fullmatch(value)) is not None


_ORDINARY = re.compile(
    rb"""(?ix)
      [a-z]+(?:[ _.:/-][a-z]+)*                                          # a word, a name, an attribute
    | [+-]?[0-9][0-9_.,:/+-]*(?:/[a-z]+|st|nd|rd|th|[kmgtpe]i?b?|[munp]?s|min|[hdwy]|px|r?em|pt|%|l|u|f)?
    | v?[0-9]+(?:\.[0-9a-z*]+)+(?:[-+][\w.+-]*)?                         # a version
    | [0-9]{4}-[0-9]{2}-[0-9]{2}[t\ _-]?[0-9:.]*(?:z|[+-][0-9:]{4,6})?   # a date
    | 0x[0-9a-f]{1,8} | \#[0-9a-f]{3,8} | u\+[0-9a-f]{4,6}
    | (?:[a-z]+[_.-])*(?:(?:sha|md|aes|rsa|des|dsa|rc|ecdh|ecdsa|ec|ed|utf|ucs|latin|iso|cp|koi|base|oauth|ipv?|http|tls
        |ssl|u?int|float|char|long|double|es|py|python|php|java|jdk|mp|hs|rs|ps|pbkdf|pkcs|blake|keccak|crc|curve|socks|ntlmv?|ntlm|smb
        |grpc|proto|amd|arm|x|win|mac|node|vue|web|h|i|k|s|t|v|p|q|r|n|m|a|b|c|d|e|f|g|j|l|o|u|w|y|z|part|step|stage|phase|level
        |layer|line|row|col|column
        |field|arg|param|item|index|idx|num|number|val|value|var|tmp|temp|test|foo|bar|baz|user|name|id|key|token|secret
        |password|passwd|pass|pwd|file|path|page|tab|opt|option|type|kind|mode|group|host|server|port|db|table|version|release|build|rev
        |round|case|example|sample|demo|dummy|default|string|str|text|obj|object|data|input|output|image|img|icon|fig|figure
        |chapter|section|sec|appendix|ch|alg|algorithm|method|app|service|worker|pod|replica|shard|zone|region|east|west|north|south|central)
      [_-]?[0-9]{1,5}[a-z]?)(?:[_.-][a-z]+)*                             # sha256, token_1, us-east-1
    | (?:~|\.{0,2})/\S* | [a-z]:\\\S* | [a-z][a-z0-9+.-]*://\S*          # a path, a URL
    | [a-z][\w-]*(?:/[\w.-]+)+                                           # a path, a MIME type
    | (?:[a-z0-9_-]+\.)+[a-z]{2,10}(?::[0-9]{1,5})?                      # a host, a file
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                                       # an address
    | (?-i:[a-z][a-z0-9._-]+@[a-z][a-z-]{2,}[0-9]{0,2})                    # user@host
    | [a-z_][\w.]*[(\[{<].* | .*[({\[]                                   # code
    | .*%[sdrf](?:[^\w].*)?
    | .*(?:%\(|\$\{|\{\{|\{[a-z_0-9]*\}|\\[wdsbn]|=>|&&|&(?:quot|amp|lt|gt|\#[0-9]+);?|\|\||::).*   # an expression
    | \$\w+ | %\w+% | @[a-z_][\w./-]* | --?[a-z][\w-]* | &\w+;?
    | (?-i:[a-z]+(?:_[a-z]+)*_?[0-9]{1,2}(?:_[a-z]+)+ | [a-z]+(?:_[a-z]+)+[0-9]{1,2})   # a variable
    """
)
_FULL = re.compile(rb"(?=.*[A-Za-z])(?=.*[0-9!@#$%^&*?~])[\x21-\x7e\x80-\xff]{6,8192}", re.DOTALL)
_UUID = re.compile(rb"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_LONG = 8192


def is_chosen(value: bytes) -> bool:
    """Tell whether `value` mixes letters with digits or signs, in six characters and more, and is none of the above."""
    if _FULL.fullmatch(value) is None:
        return len(value) > _LONG
    head = value[:256]
    return _ORDINARY.fullmatch(head) is None and _UUID.fullmatch(head) is None


_CALL = re.compile(rb"(?:new |await |not |!)?[A-Za-z_$][\w.$:]*[?!]?(?:\(|\[(?!\Z))|[A-Za-z_]\w*(?:\.\w+)+\[\Z")
_ATTRIBUTE = re.compile(
    rb"!{0,2}[A-Za-z_$&*][\w$]*(?:[?!]?(?:\.|->|::)[A-Za-z_$#][\w$]*)+[?!]?"
    rb"|(?:Get|Set|New|Read|Import|Export|Invoke|Select|Join|Split|Resolve|Protect|Unprotect|ConvertTo|ConvertFrom)"
    rb"-[A-Z][A-Za-z]{2,}"
)
_MESSAGE = re.compile(rb"(?=(?is:.*)" + rb"(?i:" + TELLING + rb"))[A-Za-z_]+(?:[.][A-Za-z_]+)+")
"""The key of a message or of a store, with a word that tells of a secret."""
_WIDE = re.compile(rb"(?s)(?:.*?[\xe3-\xed]){8}")
"""A text in a script that has no blanks between words."""
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
    rb"(?:~|\.{1,2})?/[\w.@${}-]+(?:/[\w.@${}:-]+)+/?|(?:\./|~/)?(?:[\w.-]+/){0,20}[\w-]+\."
    + _FILE
    + rb"|[a-z][a-z0-9+]*://[^@\s]*"
    rb"|/(?:run|etc|var|tmp|home|usr|opt|mnt|root)/\S+|[A-Za-z]:\\[\w\\. -]+|(?:file|arn|projects|keyring"
    rb"|secretsmanager|ssm|op|vault|env|awskms|gcpkms|secret|ref):\S*"
)
_CASED = rb"(?-is:(?!(?s:.)*?[a-z](?!I[Dd])[A-Z](?![a-z]{2}|[A-Z]{2})))"
"""Capitals as names have them: none stands alone, or with one letter, behind a small one."""
_TELLING = re.compile(
    rb"(?i)[\w$]{0,60}?(?:(?:\A|[_$.-]|(?<=[a-z])(?=[A-Z])"
    + _CASED
    + rb")"
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
    rb"|generator|function|lambda|new|await|yield|typeof|void|skip|pass|fail|ok|only|error|check|read|write|always|never|refresh|access|session"
    rb"|cookie|header|file|path|url"
    rb"|host|auto|manual|inherit|vault|kms|aws|gcp|azure|keyring|kubernetes|disabled|enabled|forbidden|allowed"
    rb"|denied|invalid|valid|expired"
    rb"|missing|unknown|ignored?|supported|encrypted|hashed|rotated|stored|changed|updated|created|deleted|found"
    rb"|accepted|rejected|incorrect|provided)"
)
_VERSION = re.compile(rb"[0-9]{1,6}(?:[._][0-9]{1,8}){0,4}")
_TERM = re.compile(rb"[a-z@_]+(?:/[A-Za-z_$@-]+)+")
"""What an error is called."""
_KIND = re.compile(rb"[a-z@_]+[0-9]?(?:[._-][A-Za-z_$@-]+[0-9]?)*|[a-z]{2,}(?:[A-Z][a-z]*|[0-9]?[A-Z]{2})+")
_CIPHERS = re.compile(rb"[!+-][A-Za-z0-9+-]+(?::[!+@-]?[A-Z][A-Za-z0-9@+=.-]*)+")
_FOREIGN = re.compile(rb"[A-Z%\x80-\xff]")
_FIELDS = re.compile(
    rb"(?:[^\w{}%]{0,8}(?:\{[\w.!:]*\}|%\(?\w{0,40}\)?[sdr]))+[^\w{}%]{0,8}|['\"][)\]](?s:.*)"
    rb"|['\"] ?(?:[+.&]|\|\|) ?[\w$(](?s:.*)|\+[A-Za-z_$][\w$]*[(\[)+.](?s:.*)|['\"`]?\.concat\((?s:.*)"
)
"""Nothing but fields of a format, and what stands behind a string."""
_SUSPECT = re.compile(
    rb"(?i)x{4}|00000|chang|your|example|repl|insert|enter|dummy|placeh|pass|secret|token|key|cred|pwd|int|char"
)
"""What a dummy, a type or a name holds; letters and digits without any of it need no closer look."""
_SHORTEST = 2
_FORMATTED = re.compile(rb".*(?:\{[^{}]*\}|%[sd(]|\\[wdsbSWD]|\$\{|\[\^|\(\?).*", re.DOTALL)


def is_small(value: bytes) -> bool:
    """Tell whether it is one word in small letters (``rootpassword``): people choose it, and names in code are not."""
    return re.fullmatch(rb"[a-z]{6,}", value) is not None


def is_secret_string(value: bytes, formatted: bool = False, strict: bool = True) -> bool:
    """Judge what stands between quotes; `formatted` says that the string's prefix makes it a template or an expression,
    `strict` that nothing but a password has the name.
    """
    if not strict and (
        len(value) < _SHORTEST
        or (len(value) < 3 and value.isalpha())
        or _VERSION.fullmatch(value)
        or _TERM.fullmatch(value)
        or _is_foreign(value)
    ):
        return False
    if not value.strip() or is_dummy(value) or _PATH.fullmatch(value) or _WIDE.match(value):
        return False
    if value.count(b" ") > 2 and _PROSE.match(value):
        return False
    if b" " in value and _LABEL.fullmatch(value):
        return False
    if formatted and _FORMATTED.fullmatch(value):
        return False
    if not (strict and is_small(value)) and _TELLING.fullmatch(value):
        return False
    return not any(one.fullmatch(value) for one in (_FIELDS, _CIPHERS, _MESSAGE))


def is_kind(value: bytes) -> bool:
    """Tell whether it is what a lexer or a theme calls a token."""
    return _KIND.fullmatch(value) is not None


def _is_foreign(value: bytes) -> bool:
    digits = sum(48 <= byte <= 57 for byte in value)
    return value.count(b" ") > 2 and digits < 3 and _FOREIGN.search(value) is not None


def is_secret_word(value: bytes, following: bytes, code: bool, strict: bool, shell: bool = False) -> bool:
    """Judge what stands without quotes, `following` being the next byte.

    `code` says that the surroundings are those of source code, `strict` that nothing but a password has the name,
    `shell` that it is an assignment of a shell, where all of it is the value.
    """
    if following in (b'"', b"'") and value.endswith((b"[", b"(")):
        return False
    if value.isalnum() and not value.isalpha() and not value.isdigit() and following not in (b"(", b"["):
        if (not code or strict) and _SUSPECT.search(value) is None:
            return True
        return (not code or strict or is_chosen(value)) and not is_dummy(value) and _TELLING.fullmatch(value) is None
    if not value.strip() or is_dummy(value) or _PATH.fullmatch(value) or _WIDE.match(value):
        return False
    if following in (b"(", b"[") and (_LETTERS.match(value) or value[:1] in (b"@", b"{", b"&")):
        return False
    if _CIPHERS.fullmatch(value):
        return False
    expression = _EXPRESSION.fullmatch(value) is not None and (code or _OPERAND.search(value) is not None)
    if b" " in value and (expression or _TYPE.fullmatch(value) or _PROSE.match(value)):
        return False
    if _SMALL_NUMBER.fullmatch(value) and not strict:
        return False
    if shell:
        return (strict and is_small(value)) or _TELLING.fullmatch(value) is None
    attribute = _ATTRIBUTE.fullmatch(value) and not (strict and not code and is_chosen(value))
    if _CALL.match(value) or attribute or _TELLING.fullmatch(value) or expression:
        return False
    if _LETTERS.fullmatch(value):
        return not code and _CODE_WORD.fullmatch(value) is None
    return not code or strict or is_chosen(value)
