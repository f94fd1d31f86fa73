"""Secrets that a program tells or is told on a line: results of Vault, Elastic and MySQL, workflow commands, tables."""

from __future__ import annotations

from guardcli.masking.compiled.judges import CHOSEN, GIVEN, STRING, Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.forms.form import Form
from guardcli.masking.forms.names import GUARDED, SUFFIX, TELLING
from guardcli.masking.forms.tails import BORDER, CELLS, EMPHASIS, TYPES, TYPING, Tail

_NAME = rb"(?i:(?<![\w$.:/-])(?:[\w$.:/-]{0,60}[\w$.:/-])??" + GUARDED + SUFFIX + rb")"
_B = rb"[ \t]{0,4}"
_SIGN = rb"\\?[\"']?\]?[ \t]{0,16}(?:=>|:=|=|:)[ \t]{0,16}"
_VALUE = (
    rb"(?:\\?\"((?:[^\"\\\n]|\\[^\"\n]){1,8192})|'([^'\n]{1,8192})|([^\s\"'`\\,;(){}\[\]<>][^\s\"'\\,;(){}\[\]<>]{0,8191})"
    rb"(?=[\s\"'\\,;)}\]<>]|\Z))"
)
_STRING = rb"(?:\"((?:[^\"\\\n]|\\.){1,8192})|'((?:[^'\\\n]|\\.){1,8192})|`([^`\n]{1,8192}))"
_MARKED = rb"(?:`([^`\n]{1,8192})`|\"([^\"\n]{1,8192})\"|'([^'\n]{1,8192})'|([^\s`\"'|<>]{1,8192}))"
_IS = (
    "(?:(?:密码|密碼|口令)(?:就|便|(?:设置|設置|修改|更改|改))?(?:是|为|為|成)|パスワードは|비밀번호(?:는|은))".encode()
    + rb"[ \t]?(?:\xef\xbc\x9a|:)?[ \t]?(?:[`\"']|\xe2\x80[\x98\x9c])?"
)
"""What says in Chinese, Japanese and Korean what a password is."""
_ACCOUNT = rb"[\w.+-]{1,60}@[\w.-]{1,60}\.[A-Za-z]{2,10}[`*]{0,2} / [`*]{0,2}"
_USER = rb"(?:user|admin|login|account|credential)[^\n`]{0,40}`[^`\s]{1,60}` / `"
_HASH = rb"\$(?:1|2[abxy]|5|6|y|apr1|krb5\w{1,10})\$[^\s:]{15,200}:"
_BEGUN = rb"\\?[\"']?[^\s\"'\\]"
_UUID = rb"([0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})(?![\w-])"
_NAMED = (
    rb"(?:secret_?key_?base|secret_?string|erlang_?cookie|npmAuthIdent"
    rb"|ssh_?pass|sudo_?pass|become_?pass|[A-Za-z]{1,12}_psk|password_v[0-9]"
    rb"|ses_smtp_password_v[0-9]|(?:totp|otp|mfa)_?(?:secret|seed)|(?:hash|sign(?:ing)?|session|encryption|token)_?salt|"
    rb"(?:validation|decryption|machine|fernet|cookie|csrf|sealing|unseal|seal)_?key)"
)
_KEYS = (
    rb"(?:primary|secondary)_?(?:[a-z]{1,16}_?)?key|"
    rb"(?:key1|key2|keyvalue|key_value|access_?key|shared_?access_?key|master_?key)"
)


MNEMONIC = Judge(wants=rb"[a-z]{3,8}(?:[ ,]+[a-z]{3,8}){11,23}")
"""12 to 24 words, as wallets write their seed down (BIP 39)."""


FLAT = GIVEN._replace(
    declines=rb"(?s:[{\[].*)|https?://\S*|0[xX][0-9a-fA-F]{1,4}|[0-9.*]+|[A-Za-z_]+[0-9]?(?:\.[\w$*]+)+|[a-z]+(?:[A-Z][a-z]+)+"
)
"""Given, and no JSON of its own, whose keys are judged by themselves, nor a number, a URL or a name in code."""


LOGIN = Judge(Question.LOGIN)
"""A name and a password in base64 (RFC 7617)."""


REPLY = GIVEN._replace(declines=rb"(?i)LOGIN|PLAIN|CRAM-MD5|NTLM|XOAUTH2|EXTERNAL")
"""Given, and no mechanism of SMTP's or IMAP's (RFC 4954)."""


PAIRED = GIVEN._replace(wants=rb"[^\n]*[0-9!@#$%^&*?][^\n]*")
"""Given, and no word alone: what stands behind an account's name."""


CRACKED = GIVEN._replace(declines=rb"[0-9]{1,5}")
"""Given, and no port or count."""


SPOKEN = PAIRED._replace(
    wants=rb"[^\n]*[0-9][^\n]*", declines=rb"(?i)(?:md|sha|aes|rsa|sm|des|base|utf)[-_]?[0-9]{1,4}(?:[-_]\w{1,10})?"
)
"""Given, with a digit, and no name of an algorithm."""


LONG_BASE64 = CHOSEN._replace(declines=rb"(?:[^\n]{4})*[^\n]{1,3}")
"""A key of 32 bytes and more in base64, and no word."""


TOLD = (
    Form(
        rb"::(?:add-mask|save-state name=[\w-]{1,60}|set-output name=[\w-]{0,40}" + TELLING + rb"[\w-]{0,20})::[^\s]",
        rb"(?i)::(?:add-mask|(?:save-state|set-output) name=[\w-]{1,60})::",
        rb"([^\r\n]{1,8192})",
    ),
    Form(
        rb"\b(?:unseal|recovery) key(?: [0-9]{1,2})?(?: \([\w ]{1,20}\))?:[ \t]{1,4}[^\s]",
        rb"(?i)\b(?:unseal|recovery) key(?: [0-9]{1,2})?(?: \([\w ]{1,20}\))?:[ \t]{1,4}",
        rb"([A-Za-z0-9+/=]{20,200})",
    ),
    Form(
        rb"\b(?:unseal|recovery)_keys(?:_b64|_hex|_base64)?\\?\"[ \t]{0,4}:[ \t]{0,4}\[[ \t]{0,4}\\?\"[A-Za-z0-9+/]",
        rb"_keys(?:_b64|_hex|_base64)?\\?\"[ \t]{0,4}:[ \t]{0,4}\[[ \t]{0,4}\\?\"",
        rb"([A-Za-z0-9+/=]{20,200}(?:\\?\"[ \t]{0,4},[ \t]{0,4}\\?\"[A-Za-z0-9+/=]{20,200}){0,60})",
    ),
    Form(Tail.ANSWERED, rb"(?m)^PASSWORD [a-z_]{1,40} = ", rb"(\S{1,200})", CHOSEN),
    Form(
        Tail.GENERATED,
        rb"\btemporary password is generated for \S{1,100}: ",
        rb"(?!\\?\(\.)(\S{1,200})",
    ),
    Form(
        rb"\bsecret_?id\\?[\"']?[ \t:=]{1,40}\\?[\"']?[0-9a-f]{8}-[0-9a-f]{4}",
        rb"(?i)\bsecret_?id\\?[\"']?[ \t:=]{1,40}\\?[\"']?",
        _UUID,
        GIVEN,
        1,
    ),
    Form(
        rb"\"SecureString\",[ \t]{0,4}\"value\":[ \t]{0,4}\"[^\"\n]",
        rb"(?i)\"SecureString\",[ \t]{0,4}\"value\":[ \t]{0,4}",
        rb"\"((?:[^\"\\\n]|\\.){1,8192})",
    ),
    Form(
        rb"\bSecureString[ \t]{0,20}[|\t][ \t]{0,20}[^\s|]",
        rb"SecureString[ \t]{0,20}[|\t][ \t]{0,20}",
        rb"([^\s|]{1,8192})",
    ),
    Form(
        rb"\buserPassword::[ \t]{1,4}[A-Za-z0-9+/]{4}",
        rb"(?i)\buserPassword::[ \t]{1,4}",
        rb"([A-Za-z0-9+/]{4,8192}={0,2})",
    ),
    Form(
        Tail.TYPED,
        rb"(?i)" + _NAME + rb"[ \t]{1,4}" + TYPES + rb"[ \t]{0,4}:?=[ \t]{0,4}",
        _STRING,
        STRING,
    ),
    Form(
        Tail.LEFT_ARROW,
        rb"(?i)" + _NAME + rb"[ \t]{0,4}<<?-[ \t]{0,4}",
        _STRING,
        STRING,
    ),
    Form(
        rb"\b(?:login|credentials|creds)[ \t]{0,4}[:=][ \t]{0,4}[\w.@+-]{1,100} / [^\s/]",
        rb"(?i)\b(?:login|credentials|creds)[ \t]{0,4}[:=][ \t]{0,4}[\w.@+-]{1,100} / ",
        rb"(\S{4,200})(?=\s|\Z)",
        CHOSEN,
    ),
    Form(
        Tail.CELL,
        rb"(?m)^[ \t]{0,8}(?:" + BORDER + rb"[ \t]{1,4})?" + _NAME + rb"[ \t]{0,60}" + BORDER + rb"[ \t]{1,4}",
        rb"([^\s|]{1,8192})(?=[ \t\r]*(?:\||\xe2\x94\x82|\n|\Z))",
        CHOSEN,
    ),
    Form(
        Tail.PRINTED,
        rb"(?mi)^[ \t]*\[[\w.-]{0,60}?" + TELLING + SUFFIX + rb"\] => ",
        rb"([^\r\n]{1,8192})",
        STRING,
    ),
    Form(Tail.EMPHASIZED, _NAME + EMPHASIS + rb"[ \t]{1,4}", _MARKED, CHOSEN),
    Form(Tail.NEXT_CELL, _NAME + rb"(?i:" + CELLS + rb")", rb"([^<\n]{1,8192})", CHOSEN),
    Form(Tail.TYPED_IN, _NAME + rb"(?i:" + TYPING + rb")", _STRING, CHOSEN),
    Form(
        rb"\"AUTH\" \"(?:[^\"\n]{1,60}\" \")?[^\"\n]",
        rb"\"AUTH\" (?:\"[^\"\n]{1,60}\" (?=\"))?\"",
        rb"((?:[^\"\\\n]|\\.){1,8192})\"(?! \")",
        GIVEN,
        1,
    ),
    Form(_IS + rb"[!#-&(-_a-~]", _IS, rb"([!#-&(-_a-~]{4,200}?)(?=[.,;)]{0,2}(?:[\s`\"'\x80-\xff]|\Z))", SPOKEN),
    Form(
        _ACCOUNT[len(rb"[\w.+-]{1,60}") :] + rb"[^\s/]",
        _ACCOUNT,
        rb"([^\s\"'`*<>|/]{4,200})(?=[\s\"'`*<>|),]|\Z)",
        PAIRED,
    ),
    Form(_USER + rb"[^`\s]", rb"(?i)" + _USER, rb"([^`\s]{4,200})`", PAIRED),
    Form(_HASH + rb"[^\s:]", _HASH, rb"([^\s:]{1,100})(?=[ \t\r]*(?:\n|\Z))", CRACKED),
    Form(
        rb"\[\+\][^\n]{1,120}\\[\w.$-]{1,60}:[^\s]",
        rb"\[\+\][^\n]{1,120}?\\[\w.$-]{1,60}:",
        rb"(\S{1,200}?)['\"]?(?=[ \t\r]*(?:\(|\n|\Z))",
        CRACKED,
    ),
    Form(rb"\bpw[ \t]?[:=][ \t]{0,4}[^\s]", rb"(?i)(?<![\w.-])pw[ \t]?[:=][ \t]{0,4}", _VALUE, CHOSEN),
    Form(
        rb"\bAUTH PLAIN[ \t]{1,4}[A-Za-z0-9+/]",
        rb"(?i)\bAUTH PLAIN[ \t]{1,4}",
        rb"([A-Za-z0-9+/]{8,8192}={0,2})(?=[ \t\r]*(?:\n|\Z))",
    ),
    Form(
        rb"\bencrypt[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"'][A-Za-z0-9+/]{22}",
        rb"(?i)\bencrypt[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']",
        rb"([A-Za-z0-9+/]{22,88}={0,2})(?![\w+/=])",
        CHOSEN,
        1,
    ),
    Form(
        rb"\b(?:PIN|PUK)[0-9]?(?: code)?:[ \t]{1,8}[0-9]{4}",
        rb"\b(?:PIN|PUK)[0-9]?(?: code)?:[ \t]{1,8}",
        rb"([0-9]{4,10})(?![\w.:-])",
        GIVEN,
        1,
    ),
    Form(
        rb"<(?:\w{0,30}:)?\w{0,30}password><value>[^<\s]",
        rb"(?i)<(?:\w{0,30}:)?\w{0,30}password><value>",
        rb"([^<\n]{1,8192})",
    ),
    Form(_NAMED + _SIGN + _BEGUN, rb"(?i)" + _NAMED + _SIGN, _VALUE, FLAT),
    Form(
        rb"\b(?:" + _KEYS + rb")" + _SIGN + rb"\\?[\"']?[A-Za-z0-9+/]{42}",
        rb"(?i)\b(?:" + _KEYS + rb")" + _SIGN + rb"\\?[\"']?",
        rb"([A-Za-z0-9+/]{42,86}={0,2})(?![\w+/=])",
        LONG_BASE64,
        1,
    ),
    Form(
        rb"(?:^|[\n:\s])_auth[ \t]{0,4}=[ \t]{0,4}\"?[A-Za-z0-9+/]{6}",
        rb"(?<![\w.-])_auth[ \t]{0,4}=[ \t]{0,4}\"?",
        rb"([A-Za-z0-9+/]{8,8192}={0,2})",
        GIVEN,
        1,
    ),
    Form(
        rb"\bBUNDLE_[A-Z0-9_]{1,100}: \"?[^\s:\"]{1,60}:[^\s\"]",
        rb"\bBUNDLE_[A-Z0-9_]{1,100}: \"?[^\s:\"]{1,60}:",
        rb"([^\s\"]{1,8192})",
    ),
    Form(Tail.STORE, rb"(?i)\b(?:store|key)password[ \t]{1,4}", _VALUE),
    Form(
        Tail.STORE_OPTION,
        rb"-(?:src|dest)?(?:store|key)pass[ \t]{1,4}",
        _VALUE,
    ),
    Form(
        rb"\b(?:mnemonic|(?:seed|recovery|secret|backup|wallet)[ _-]?"
        rb"(?:phrase|words)|seed)\\?[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?[a-z]{3}",
        rb"(?i)\b(?:mnemonic|(?:seed|recovery|secret|backup|wallet)[ _-]?"
        rb"(?:phrase|words)|seed)\\?[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?",
        rb"([a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,23})",
        MNEMONIC,
        1,
    ),
    Form(
        rb"jwt\w{0,12}[\"']?[ \t]{0,4}[:=][ \t]{0,4}\{[^}\n]{0,100}\b"
        rb"(?:key|secret)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"'][^\"'\n]",
        rb"(?i)\b(?:key|secret)[\"']?[ \t]{0,4}[:=][ \t]{0,4}",
        rb"(?:\"([^\"\n]{1,8192})|'([^'\n]{1,8192}))",
    ),
    Form(
        rb"(?:^|\n|> ?)AUTH[ \t]{1,4}[^\s]",
        rb"(?m)(?:^|> ?)AUTH[ \t]{1,4}(?:(?:PLAIN|[\w.-]{1,60})[ \t]{1,4})?(?!LOGIN|CRAM|NTLM|XOAUTH|PLAIN)",
        rb"(\S{1,8192})(?=[ \t\r]*(?:\n|\Z))",
        REPLY,
    ),
    Form(
        rb"\bdefine\([ ]{0,4}['\"](?:auth|secure_auth|logged_in|nonce)_(?:key|salt)['\"],[ ]{0,20}['\"][^'\"]",
        rb"(?i)\bdefine\([ ]{0,4}['\"](?:auth|secure_auth|logged_in|nonce)_(?:key|salt)['\"],[ ]{0,20}",
        rb"(?:'([^'\n]{20,200})|\"([^\"\n]{20,200}))",
    ),
    Form(
        rb"\bbasic[ \t]{1,4}[A-Za-z0-9+/]{8}",
        rb"(?i)\bbasic[ \t]{1,4}",
        rb"([A-Za-z0-9+/]{8,8192}={0,2})(?![\w+/=-])",
        LOGIN,
        1,
    ),
    Form(
        rb"\"k\"[ \t]{0,4}:[ \t]{0,4}\"[A-Za-z0-9_-]{22}",
        rb"\"k\"[ \t]{0,4}:[ \t]{0,4}\"",
        rb"([A-Za-z0-9_-]{22,8192})(?=\")",
        CHOSEN,
        1,
    ),
)
"""Forms of such lines."""

OPENING = (
    rb"(?i:mnemonic|(?:seed|recovery|secret|backup|wallet)[ _-]?"
    rb"(?:phrase|words)|\bseed)\\?[\"']?[ \t]{0,4}[:=][ \t]{0,4}"
    rb"([\"']?[a-z][a-z ,]*)|(?i:"
    + _NAMED
    + _SIGN
    + rb")(\\?[\"'][^\"'\n]*)|(?i:"
    + TELLING
    + rb")[0-9]?[ \t]+REG_\w{0,10}SZ[ \t]+([^\n]*)"
    rb"|[ \t]\*[ \t]+\"([^\"\n]*)|::(?:add-mask|(?:save-state|set-output) name=[\w-]{1,60})::([^\n]*)"
)
"""What the end of an unfinished line may be the beginning of."""
