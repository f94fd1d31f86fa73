"""What the automata of the native core accept, each a whole text: `automata.py` compiles them when it is built.

No automaton looks around. Where a word must end, what may follow it is written out; that a text begins somewhere is
left to who runs the automaton. Those in `BACKWARD` read from the end of a text to its beginning, until they accept.
"""

from __future__ import annotations

import runpy
from pathlib import Path

_MASKING = Path(__file__).parent.parent / "guardcli" / "masking"
_NAMES = runpy.run_path(str(_MASKING / "forms" / "names.py"))
TELLING: bytes = _NAMES["TELLING"]
CORE: bytes = _NAMES["CORE"]
_HEADINGS = runpy.run_path(str(_MASKING / "tables" / "headings.py"))
SUFFIX: bytes = _NAMES["SUFFIX"]
PUBLIC: bytes = _NAMES["PUBLIC"]

CLOSED = rb"(?:\\{0,7}[\"'`]\]?|\])?"
_TYPED = (
    rb"(?:\[[0-9]{0,4}\]|[?!]?[ \t]{0,4}:[ \t]{0,4}[&*]?(?:'\w{1,16} )?[A-Za-z_][\w.]{0,40}(?:<[\w&' ]{1,40}>|\["
    rb"[\w.]{1,40}\])?\??"
    rb"(?:[ \t]\|[ \t]None)?)"
)
_SIGN = rb"(?:=>|:=|\|\|=|\?\?=|\?=|=|:|[ \t](?:\|\||\?\?)[ \t])"
_HEAD = rb"\n?[ \t]*(?:[-+>~;#] |\+)?(?:(?:export|set|ENV|ARG|readonly|local|declare -\w+)[ \t]+)?[\"']?"
_FILE = rb"(?:pem|key|crt|cer|txt|json|ya?ml|conf|cfg|ini|env|p12|pfx|jks|py|js|ts|php|rb|go|sh|sock|html?|md)"
_STOP = (
    rb"(?:the|an?|of|to|is|are|for|from|that|which|with|must|will|via|using|can|cannot|be|been"
    rb"|has|used|your|this|not|by|when|if)"
)
_ENDED = (
    rb"s?[0-9]{0,2}"
    rb"(?:[_-]?(?:name|id|file|path|key|type|field|url|uri|str|value|hash|ref|endpoint|header|auth|reset|grant|info"
    rb"|data|bytes|index|uid))?"
)


def _column(name: str) -> bytes:
    expression: str = _HEADINGS["BEFORE"] + _HEADINGS[name]
    return b"(?i)" + expression.encode()


EXPRESSIONS: dict[str, bytes] = {
    # Names, and what follows them up to the sign of an assignment or the blank behind a flag.
    "names": rb"(?is:.*)(?i:" + TELLING + rb")",
    "typed": rb"(?i)" + SUFFIX + CLOSED + _TYPED + rb"[ \t]{0,4}=",
    "signed": rb"(?i)" + SUFFIX + CLOSED + rb"[ \t]{0,64}" + _SIGN,
    "flagged": rb"(?i)" + SUFFIX + rb"[ \t]",
    # Lines before an assignment.
    "head": _HEAD + rb"[\w./$: -]*[\"'\]]{0,2}[ \t]*",
    "head_begins": _HEAD,
    "code": rb"\n?[ \t]*(?:(?:self|this|cls|const|let|var|val|my|our|auto|return|if|elif|else|def|func|fn|public"
    rb"|private|protected|static|final)(?:\W(?s:.*))?|(?:\*|//|@|\$\w|[\w.]+\(|[A-Za-z_]\w*, [A-Za-z_])(?s:.*))",
    "parameter": rb"(?s:.*)(?::param|:type|@param|:var|:ivar|@type)[ \t]+[\w{}., ]*",
    # Headers, as in detectors/cookie.py, with the byte before them.
    "cookie": rb"(?is:.*)\W(?i:cookie)\\?[\"']?[ \t]{0,8}:[ \t]{0,8}\\?[\"']?[A-Za-z0-9_.$%*-]{1,64}="
    rb"(?:\\?\")?[^\s;\"',]",
    # Lines of YAML before a scalar, as in strategies.py.
    "yaml_start": rb"[ \t]*(?:- +)*(?:[\w.\"'/-]+: +|- +)",
    # Words put together, as names in code are: ConvertTo-SecureString.
    "words": rb"_{0,2}(?:(?:[A-Z]?[a-z]{2,}|To|Of|In|By|On|At|As)[-_/+]?){2,}",
    # Names of columns, as headings.py has them.
    **{f"column_{name.lower()}": _column(name) for name in ("STRICT", "LOOSE", "NUMBERS", "IDENTIFIERS")},
    "bar_name": rb"(?i)(?:[\w-]+[ _-])?" + TELLING + SUFFIX,
    "key_name": rb"(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1",
    "column_of_none": rb"(?i)" + _HEADINGS["OF_NONE"].encode(),
    # Values.
    "placeholder": rb"""(?ix)
      \*{3,}.* | \.{3}.* | \xe2\x80\xa6.* | \\?['"`]{1,3}                                  # stars, dots
    | (?:files|compat|systemd|sss|winbind)(?:\ {1,8}\[?[a-z=!]+\]?)*                       # nsswitch.conf
    | \$\{\w+\[[\w@*\#-]*\]\} | \$\{\{.*                                              # of an array, of a workflow
    | \$\{?[a-z_][\w:.-]*\}? | \$\{\w+:?(?:[-=+](?:\$.*)?|\?[^{}]*)\}? | \$[0-9@*\#?!]? | \$\$ | \$\(.* | \{\{.*\}\}.*
    | %\(?\w*\)?s? | %\w+% | %~\w* | \{[\w.:\ ]*\} | @\w*@ | \#\{.*\}                            # variables
    | <[^<>]*>? | <<?<?[-~]?[a-z_][\w\ ]*>{0,3} | \[[\w\ :.-]*\] | \([\w\ ,.:'"=-]*\) | __\w+__ # <password>, [PASSWORD]
    | \#[0-9a-f]{3} | \#[0-9a-f]{6}                                                      # colours
    | null | nil | none | nan | true | false | yes | no | undefined | n/?a | required | optional | empty | unset | void
    | (?:&(?:'\w+\ )?|\*)?(?:str|string|int|integer|number|bool|boolean|bytes?|any|object|text|secretstr|varchar
      |char|uuid|buffer|float|unknown|never|symbol|date|dict|list|array|map|callable|secretstring|type|usize|u8|i32|u64)
      (?:\[\]|\([0-9]+\)|\?|!)?                                                          # types
    | your[\w.-]*(?:password|token|key|secret)[\w.-]* | (?:[a-z0-9]+[-_\ ]){1,6}(?:goes[-_\ ])?here
    | value_specified_in_no_log_parameter
    | redacted | masked | hidden | removed | omitted | sensitive | suppressed | scrubbed | filtered
    | \(?sensitive\ value\)? | \(known\ after\ apply\) | \[?(?:redacted|masked|filtered)[\w\ -]*\]? | \*+[\w\ ]*\*+
    """,
    "asking": rb"(?i)(?:your|my|the|some|enter|insert|replace|put|add|provide|paste)[-_ .](?:[a-z0-9]+[-_ .]){0,6}"
    rb"(?:password|passwd|pwd|secret|token|key|credentials?|here|me|this|it|value|id|string)(?:[-_ .][a-z0-9]+){0,3}"
    rb"|your(?:[-_ ][a-z]+){1,5}",
    "stars": rb"(?i):?[*x.\xe2\x80\xa2\xc2\xb7_#?-]{1,64}",
    "crosses": rb"(?i)x{4,}.{0,8}|.{0,12}x{6,}|(?:[a-z0-9]{1,10}[_.-]){1,3}(?:x{3,}|\*{2,})|eyj(?:x{3,}|\*{2,})",
    "rules": rb"(?:required|nullable|sometimes|string|bail|filled|confirmed|(?:min|max):[0-9]+)\|[\w:|,.=*-]*",
    "dummy": rb"""(?ix)
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
    | same-origin | include | omit | use-credentials | anonymous | (?:basic|bearer)\ ? | oauth2? | jwt | digest
    | negotiate
    """,
    "hollow": rb"""(?ix)
      [\w/+-]{0,40}(?:\.{3,6}|\xe2\x80\xa6)                                                 # sk_test_...
    | [~^<>=]{0,2}\ ?v?[0-9]{1,3}\.[0-9]{1,4}\.[0-9]{1,4}(?:-[a-z]+\.?[0-9]*)?             # a version of a package
    | [0-9]{1,9}\ (?:bytes?|chars|characters?)                                            # of a value that is hidden
    | .*\[\^?(?:a-z|a-f|0-9|\\w|\\d).* | 0x                                                # of an expression
    | <[a-z][^<>\n]*>.*                                                                   # an element, and more
    | [a-z] | !?[01] | [^\w\s]{1,2} | (?:is|not|in|and|or|if)(?:\ (?:is|not|in|and|or|if))+
    | an | the | to | of | is | it | if | in | on | or | as | by | be | and | not | for | with | this | that | you
    | must | will | may | can
    | (?:amd64|arm64|armhf|i386|ppc64el|s390x|riscv64)\.? | (?:meth|class|func|attr|obj|exc|mod):
    | \^?\(?(?:\.[*+]|\[\^|\\[wsdWSD][*+]).*                                              # an expression
    | \$\{?\w+\}?[/|,.] | -?anonymous@ | (?:pass(?:word|wd|phrase)?|pwd|token|secret)=
    """,
    "path": rb"(?:~|\.{1,2}|\$\{[\w.:-]{1,60}\})?/[\w.@${}-]+(?:/[\w.@${}:-]+)+/?|(?:\./|~/)?(?:[\w.-]+/){0,20}[\w-]+\."
    + _FILE
    + rb"|[a-z][a-z0-9+]*://[^@\s]*"
    rb"|/(?:run|etc|var|tmp|home|usr|opt|mnt|root)/\S+|@Microsoft\.KeyVault\(.*|/(?:app|srv|tmp|root|home|opt|var|usr|etc|mnt|data|src|work|workspace|build|repo|code)"
    rb"|[A-Za-z]:\\[\w\\. -]+|(?:file|arn|projects|keyring"
    rb"|secretsmanager|ssm|op|vault|env|awskms|gcpkms|secret|ref):\S*",
    "call": rb"(?:new |await |not |!)?[A-Za-z_$][\w.$:]*[?!]?(?:\((?s:.*)|\[(?s:.)(?s:.*))|[A-Za-z_]\w*(?:\.\w+)+\[",
    "attribute": rb"!{0,2}[A-Za-z_$&*][\w$]*(?:[?!]?(?:\.|->|::)[A-Za-z_$#][\w$]*)+[?!]?"
    rb"|(?:Get|Set|New|Read|Import|Export|Invoke|Select|Join|Split|Resolve|Protect|Unprotect|ConvertTo|ConvertFrom)"
    rb"-[A-Z][A-Za-z]{2,}",
    "message": rb"[A-Za-z_]+(?:[.][A-Za-z_]+)+",
    "letters": rb"[A-Za-z_$]+[?!]?",
    "type": rb"[A-Za-z_][\w.]*(?:\[[^\]\n]*\])?(?: \| [\w.\[\], ]+)+(?: = .*)?|[A-Za-z_][\w.]*(?:\[[^\]\n]*\])? = .*",
    "expression": rb".* (?:or|and|if|else|in|is|not|as|instanceof) .*"
    rb"|.*(?:\?\?|\|\||&&|=>| \+ | == | \? | % | \.\. |\)\.|\(\)).*|.*(?:\{|\()"
    rb"|(?:lambda|function|async|await|new|not|yield|class|return|typeof|delete|throw|def|fn)(?:[^\w\n].*)?"
    rb"|/[\w.+/-]*[^\w.+/\n-].*|\^.*|[-+*&!~][A-Za-z_(][A-Za-z_.()]*|[0-9]+(?:_[0-9]+)+|[0-9]+\*\w+|&mut .*",
    "sentence": rb"\S+\s+\S+\s+\S(?s:.*)",
    "stop": rb"(?i)(?:.*[^\w\n])?" + _STOP + rb"(?:\W(?s:.*))?",
    "operand": rb"(?s:.*)(?:[()\[\]{}\"'.]|(?i:" + TELLING + rb"))(?s:.*)",
    "label": rb"(?i)[^0-9]*" + TELLING + rb"[^0-9]*",
    "small_number": rb"[0-9]{1,6}(?:\.[0-9]+)?[smhd]?|[0-9]{1,3}(?:_[0-9]{3})+|-?[0-9]",
    "telling": rb"(?i)" + TELLING + _ENDED,
    "capital": rb"[A-Z][a-z]{2,10}(?:Key|Token|Secret|Password)(?i:" + _ENDED + rb")",
    "code_word": rb"(?i)(?:val|values?|var|result|res|ret|data|names?|keys?|self|this|cls|obj|object|item|elem|node"
    rb"|args?|kwargs|params?|input|output|text|string|str|next_?char|next_?token|_*token\w*|char|buf(?:fer)?|line|word"
    rb"|match|type|kind|state|config|options?|opts|settings|env"
    rb"|request|response|default|current|user|raw|tmp|other|first|last|prev(?:ious)?|operator|keyword|literal"
    rb"|comment|punctuation|number|operand"
    rb"|generator|function|lambda|new|await|yield|typeof|void|skip|pass|fail|ok|only|error|check|read|write|always|never|refresh|access|session"
    rb"|cookie|header|file|path|url"
    rb"|host|auto|manual|inherit|vault|kms|aws|gcp|azure|keyring|kubernetes|disabled|enabled|forbidden|allowed"
    rb"|denied|invalid|valid|expired"
    rb"|missing|unknown|ignored?|supported|encrypted|hashed|rotated|stored|changed|updated|created|deleted|found"
    rb"|accepted|rejected|incorrect|provided)",
    "version": rb"[0-9]{1,6}(?:[._][0-9]{1,8}){0,4}",
    # What an error, a highlighter and a theme call something: auth/no-token; keyword.operator, colorBgTextHover.
    "term": rb"[a-z@_]+(?:/[A-Za-z_$@-]+)+",
    "kind": rb"[a-z@_]+[0-9]?(?:[._-][A-Za-z_$@-]+[0-9]?)*|[a-z]{2,}(?:[A-Z][a-z]*|[0-9]?[A-Z]{2})+",
    # Ciphers behind one of a list: ALL:!PSK:!RC4, +PSK:+AES-128-GCM.
    "ciphers": rb"[!+-][A-Za-z0-9+-]+(?::[!+@-]?[A-Z][A-Za-z0-9@+=.-]*)+",
    "fields": rb"(?:[^\w{}%]{0,8}(?:\{[\w.!:]*\}|%\(?\w{0,40}\)?[sdr]))+[^\w{}%]{0,8}|['\"][)\]](?s:.*)"
    rb"|['\"] ?(?:[+.&]|\|\|) ?[\w$(](?s:.*)|\+[A-Za-z_$][\w$]*[(\[)+.](?s:.*)|['\"`]?\.concat\((?s:.*)",
    "suspect": rb"(?is:.*)(?i:x{4}|00000|chang|your|example|repl|insert|enter|dummy|placeh|pass|secret|token|key|cred"
    rb"|pwd|int|char)(?s:.*)",
    "formatted": rb"(?s).*(?:\{[^{}]*\}|%[sd(]|\\[wdsbSWD]|\$\{|\[\^|\(\?).*",
    "metavariable": rb"[A-Z][A-Z_]*[\])}]*"
    rb"|(?i:and|or|is|the|to|for|with|via|if|in|option|options|flag|flags|argument|must|can|will|when|from|not)",
    # Values that somebody chose are none of these.
    "ordinary_word": rb"""(?ix)
      [a-z]+(?:[ _.:/-][a-z]+)*                                          # a word, a name, an attribute
    | [+-]?[0-9][0-9_.,:/+-]*(?:/[a-z]+|st|nd|rd|th|[kmgtpe]i?b?|[munp]?s|min|[hdwy]|px|r?em|pt|%|l|u|f)?
    | v?[0-9]+(?:\.[0-9a-z*]+)+(?:[-+][\w.+-]*)?                         # a version
    | [0-9]{4}-[0-9]{2}-[0-9]{2}[t\ _-]?[0-9:.]*(?:z|[+-][0-9:]{4,6})?   # a date
    | 0x[0-9a-f]{1,8} | \#[0-9a-f]{3,8} | u\+[0-9a-f]{4,6}
    | [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}
    """,
    "ordinary_name": rb"""(?ix)
      (?:[a-z]+[_.-])*(?:(?:sha|md|aes|rsa|des|dsa|rc|ecdh|ecdsa|ec|ed|utf|ucs|latin|iso|cp|koi|base|oauth|ipv?|http|tls
        |ssl|u?int|float|char|long|double|es|py|python|php|java|jdk|mp|hs|rs|ps|pbkdf|pkcs|blake|keccak|crc|curve|socks|ntlmv?|ntlm|smb
        |grpc|proto|amd|arm|x|win|mac|node|vue|web|h|i|k|s|t|v|p|q|r|n|m|a|b|c|d|e|f|g|j|l|o|u|w|y|z|part|step|stage|phase|level
        |layer|line|row|col|column
        |field|arg|param|item|index|idx|num|number|val|value|var|tmp|temp|test|foo|bar|baz|user|name|id|key|token|secret
        |password|passwd|pass|pwd|file|path|page|tab|opt|option|type|kind|mode|group|host|server|port|db|table|version|release|build|rev
        |round|case|example|sample|demo|dummy|default|string|str|text|obj|object|data|input|output|image|img|icon|fig|figure
        |chapter|section|sec|appendix|ch|alg|algorithm|method|app|service|worker|pod|replica|shard|zone|region|east|west|north|south|central)
      [_-]?[0-9]{1,5}[a-z]?)(?:[_.-][a-z]+)*                             # sha256, token_1, us-east-1
    | (?-i:[a-z]+(?:_[a-z]+)*_?[0-9]{1,2}(?:_[a-z]+)+ | [a-z]+(?:_[a-z]+)+[0-9]{1,2})   # a variable
    """,
    "ordinary_place": rb"""(?ix)
      (?:~|\.{0,2})/\S* | [a-z]:\\\S* | [a-z][a-z0-9+.-]*://\S*          # a path, a URL
    | [a-z][\w-]*(?:/[\w.-]+)+                                           # a path, a MIME type
    | (?:[a-z0-9_-]+\.)+[a-z]{2,10}(?::[0-9]{1,5})?                      # a host, a file
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                                       # an address
    | (?-i:[a-z][a-z0-9._-]+@[a-z][a-z-]{2,}[0-9]{0,2})                    # user@host
    | [a-z_][\w.]*[(\[{<].* | .*[({\[]                                   # code
    | .*%[sdrf](?:[^\w].*)?
    | .*(?:%\(|\$\{|\{\{|\{[a-z_0-9]*\}|\\[wdsbn]|=>|&&|&(?:quot|amp|lt|gt|\#[0-9]+);?|\|\||::).*   # an expression
    | \$\w+ | %\w+% | @[a-z_][\w./-]* | --?[a-z][\w-]* | &\w+;?
    """,
}
"""An automaton for each, by name."""

BACKWARD: dict[str, bytes] = {
    "strict": rb"(?i)(?:pass(?:word|wd|phrase|code|wort)|pwd|pswd|kennwort|senha)" + SUFFIX + CLOSED,
    "short": rb"(?i)(?:pass|pwd)" + SUFFIX + CLOSED,
    "public": PUBLIC + CLOSED,
    "inside_a_word": rb"[a-z](?:pass|pwd)" + SUFFIX + CLOSED
    + rb"|(?i:\W(?:first|second|third|[0-9](?:st|nd|rd|th)|one|two|next|last|final|each|single|this|per|a|the) pass)",
    "owned": rb"(?i)(?:db|user|usr|smtp|ftp|root|admin|imap|mail|ldap|ssh|proxy|redis|mysql|sql|pg|postgres|bind"
    rb"|login|auth|key|store|rpc|sudo|wifi|svc|service|api|app|email|remote|ssl|trust|trans)(?:pass|pwd)"
    + SUFFIX
    + CLOSED,
    "option": rb"(?i)-" + TELLING,
    "long_option": rb"(?i)-[a-z0-9-]{1,40}-" + TELLING,
    "told": rb"(?i)" + TELLING,
    # The head of a block scalar in YAML; `pass` is no end of a word there.
    "scalar_head": rb"\n[ \t]*(?:- )*[\"']?(?:[\w.-]*(?i:" + CORE + rb")|(?:[\w.-]*[0-9_.-])?pass"
    rb"|(?:[\w.-]*[a-z0-9_.-])?Pass|[\w.-]*PASS)(?i:" + SUFFIX + rb")[\"']?:[ \t]+[|>][+-]?[0-9]?[ \t]*",
    # The markers before private keys, and the line of PuTTY's files.
    "key_marker": rb"-----BEGIN (?:[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----"
    rb"|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
    "key_lines": rb"\WPrivate-Lines: [0-9]{1,4}",
}  # fmt: skip
"""An automaton for each that reads backwards; a text begins as if a line break stood before it."""

_SURROUNDINGS = runpy.run_path(str(_MASKING / "forms" / "tails.py"))
_COLUMNS = {"STRICT_HEADER": "STRICT", "LOOSE_HEADER": "LOOSE"}
"""Forms of which not every name that tells is one, and where `headings` has theirs."""

TAILS: list[tuple[bytes, bytes, bytes, int, bytes]] = [
    (
        rb"(?i)" + SUFFIX + form.behind,
        form.before and rb"(?i)" + form.before,
        form.run,
        form.rest,
        rb"(?i)" + _HEADINGS[_COLUMNS[tail.name]].encode() if tail.name in _COLUMNS else b"",
    )
    for tail, form in zip(_SURROUNDINGS["Tail"], _SURROUNDINGS["FORMS"], strict=True)
]
"""What follows a name, what stands before it, what one byte between the two is, how many bytes the rest of the line may
have (0 where it does not matter), and how the name ends (empty: as it likes); by the numbers of the forms.
"""

_ENDS = runpy.run_path(str(_MASKING / "forms" / "lineends.py"))
LINE_ENDS: list[bytes] = [form.replace(_ENDS["NAME"], TELLING + SUFFIX) for form in _ENDS["ENDS"]]
"""The ends of lines that announce something, which automata read backwards."""
