"""Secrets whose name stands beside them and not left of an equals sign: pairs, elements, arguments, sentences."""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.masking.compiled.judges import CHOSEN, STRING
from guardcli.masking.detector import Detector
from guardcli.masking.followers.announced import Announced
from guardcli.masking.followers.inserted import Inserted, InsertedBelow
from guardcli.masking.forms.ahead import AHEAD
from guardcli.masking.forms.ahead import OPENING as HEADLESS
from guardcli.masking.forms.form import Form, FormDetector, in_any_case
from guardcli.masking.forms.names import GUARDED, SUFFIX, TELLING
from guardcli.masking.forms.printed import PRINTED
from guardcli.masking.forms.tails import ATTRIBUTES, BRACED, KEY, PAIRED, SAID, SETTERS, B, Q, Tail
from guardcli.masking.tables.bars import Barred
from guardcli.masking.tables.telling import telling_columns

_TOLD = TELLING + SUFFIX
_NAME = rb"(?i:(?<![\w$.:/-])(?:[\w$.:/-]{0,60}[\w$.:/-])??" + GUARDED + SUFFIX + rb")"
_STRICT = rb"(?:pass(?:word|wd|phrase|code|wort)|pwd|pswd)"
_DIRECTIVES = (
    rb"(?:(?-i:(?:^|#\(nop\))[ \t]*(?:ENV|ARG))|\bsetenv|\bsetx|\bset[ \t]+-\w{1,4}|\bconfigure[ \t]+set|\bkv"
    rb"[ \t]+put"
    rb"|\bconfig[ \t]+(?:--\w+[ \t]+)?set|\bsecret[ \t]+(?:set|put|create))"
)

_STRING = rb"(?:\"((?:[^\"\\\n]|\\.){1,8192})\"|'((?:[^'\\\n]|\\.){1,8192})')"
_SOLID = rb"(?:\"([^\"\s]{1,8192})\"|'([^'\s]{1,8192})'|`([^`\s]{1,8192})`)"
_TOKEN = rb"(?:\"([^\"\n]{1,8192})\"|'([^'\n]{1,8192})'|`([^`\n]{1,8192})`|([^\s\"'`<>|;,()\[\]{}]{1,8192}))"
_CONTENT = rb"(?:((?:[^\]<\n]|<[^/\n]){1,8191})\]\]>|([^<\n]{1,8191})</|([^<\n]{8192}))"
_ATTRIBUTE = rb"(?:\"([^\"\n]{1,8192})|'([^'\n]{1,8192}))"
_REST = rb"([^\s\"':=]\S{1,8192})[ \t\r]*(?=\n|\Z)"
_SQL = rb"N?'((?:[^'\\\n]|''|\\.){1,8192})'"


ALONE = CHOSEN._replace(declines=rb"(?s:[*(].*|.*[;{*])")
"""Chosen, and no piece of C: ``Pass *createPass();``."""


DEFINED = STRING._replace(
    declines=rb"(?s:\\|0[xX][0-9a-fA-F]+[uUlL]*|-?[0-9]+[uUlL]*|[A-Za-z]\w*_\w*|\(.*)"
    rb"|[a-z]*[A-Z][a-z]*[A-Z][A-Za-z]*"
)
"""What may be a secret that a macro of C stands for, and no name, number or label."""


REPORTED = CHOSEN._replace(declines=rb"(?i:[a-z]+(?:ly|ed|ful)[!?]+|success[!?]+|[a-z\x80-\xff]+[?]+)")
"""Chosen, and no end of a message: ``Password reset successfully!``."""


FORMS = (
    Form(
        Tail.ELEMENT,
        rb"(?<![P?])<" + _NAME + rb"(?:[ \t][^<>\n]{0,200})?>(?:<!\[CDATA\[)?",
        _CONTENT,
        STRING,
    ),
    Form(
        Tail.VALUE_ATTRIBUTE,
        rb"(?i)" + KEY + rb"=[\"']" + _NAME + rb"[\"']" + ATTRIBUTES + rb"[ \t]+value=",
        _ATTRIBUTE,
        STRING,
    ),
    Form(
        Tail.CONTENT,
        rb"(?i)" + KEY + rb"=[\"']" + _NAME + rb"[\"'][^<>\n]{0,200}>",
        _CONTENT,
        STRING,
    ),
    Form(
        Tail.PAIR,
        rb"(?i)\b" + KEY + Q + B + rb"[:=]" + B + Q + _NAME + PAIRED + B,
        rb"(?:\\\"([^\"\\\n]{1,8192})|" + _TOKEN + rb")(?![\w(])",
        STRING,
    ),
    Form(
        Tail.BLOCK_VALUE,
        _NAME + rb"(?i:" + BRACED + rb")",
        rb"(?:\\\"([^\"\\\n]{1,8192})|" + _STRING + rb")",
        STRING,
    ),
    Form(
        Tail.SETTER,
        rb"(?i)" + SETTERS + rb"[\"']" + _NAME + rb"[\"']" + B + rb",[ \t]{0,20}@?",
        _STRING,
        STRING,
    ),
    Form(
        Tail.NEXT_ARGUMENT,
        rb"[\"']" + _NAME + rb"[\"']" + B + rb"," + B + rb"@?",
        _STRING,
        CHOSEN,
    ),
    Form(
        Tail.METHOD,
        rb"(?i)\b(?:set|with|use|add|new)_?[\w.]{0,60}" + _TOLD + rb"\(",
        _STRING + rb"(?=[ \t]*\))",
        STRING,
    ),
    Form(Tail.CALLED, rb"(?i)(?<![a-z_])(?:[\w.]{0,60}\.)?" + _STRICT + rb"\(", _STRING, CHOSEN),
    Form(
        rb"\bset[ \t]{1,4}password\b[^\n]{0,100}=[ \t]{0,4}(?:old_)?password[ \t]{0,4}\('[^']",
        rb"(?i)password[ \t]{0,4}\(",
        _STRING,
        STRING,
    ),
    Form(
        Tail.WITH,
        rb"(?i)\b(?:with|using) (?:the |this )?pass(?:word|phrase)[ \t]{1,2}",
        _TOKEN,
        CHOSEN,
    ),
    Form(
        Tail.DOTTED,
        _NAME + rb"\.{4,60} ?",
        rb"([^\s.]\S{0,8191})",
        STRING,
    ),
    Form(
        rb"\" -> \"[^\"\n]",
        rb"(?m)^[ \t]*(?:[~+-][ \t]+)?\"?" + _NAME + rb"\"?[ \t]*=[ \t]*\"(?:[^\"\\\n]|\\.)*\" -> ",
        _STRING,
        STRING,
    ),
    Form(
        Tail.FOR,
        _NAME + rb" (?i:for|du|de|del|do|da|per) [^\s:]{1,60} ?: ",
        _TOKEN,
        CHOSEN,
    ),
    Form(
        rb"\bencrypt\\?[\"']?[ \t]{0,4}[ :=][ \t]{0,4}\\?[\"']?[A-Za-z0-9+/]",
        rb"(?i)\bencrypt\\?[\"']?[ \t]*[ :=][ \t]*\\?[\"']?",
        rb"((?:[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{32}|[A-Za-z0-9+/]{43}=))(?![A-Za-z0-9+/=])",
    ),
    Form(
        rb"\btokens\"[ \t]{0,4}:[ \t]{0,4}\{[^{}\n]{0,400}\"[0-9a-f]",
        rb"(?i)\btokens\"[ \t]*:[ \t]*\{[^{}\n]{0,400}?\"\w{1,60}\"[ \t]*:[ \t]*\"",
        rb"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    ),
    Form(
        rb"\"sensitive\":[ ]?true,[^\n{}]{0,100}\"value\":[ ]?\"[^\"]",
        rb"\"sensitive\":[ ]?true,[^\n{}]{0,100}\"value\":[ ]?",
        _STRING,
    ),
    Form(
        TELLING + rb"[\"']?[ \t]{0,4}[:=][ \t]{1,4}\[-[^\s]",
        _NAME + rb"[\"']?[ \t]{0,4}[:=][ \t]{1,4}\[-[\"']?",
        rb"([^\s\"'\]]{1,8192}?)[\"']?-\]",
        STRING,
    ),
    Form(
        TELLING + rb"[\"']?[ \t]{0,4}[:=][ \t]{1,4}(?:\[-[^\n]{0,200}-\])?\{\+[^\s]",
        _NAME + rb"[\"']?[ \t]{0,4}[:=][ \t]{1,4}(?:\[-[^\n]{0,200}-\])?\{\+[\"']?",
        rb"([^\s\"'}]{1,8192}?)[\"']?\+\}",
        STRING,
    ),
    Form(rb"\bWIFI:[^\n]{0,100}[:;]P:[^\s;]", rb"\bWIFI:[^\n]{0,100}[:;]P:", rb"([^\s;]{1,200})"),
    Form(
        rb"<input\b[^<>\n]{0,200}\btype=[\"']?password\b[^<>\n]{0,200}\bvalue=[\"'][^\"']",
        rb"(?i)\bvalue=",
        _ATTRIBUTE,
        STRING,
    ),
    Form(Tail.SQL, rb"(?i)(?:\bpassword|(?:\(|,[ \t]?)secret)[ \t]{1,4}", _SQL, STRING),
    Form(
        rb"\b(?:(?:create|alter)[ \t]{1,4}(?:or[ \t]replace[ \t])?(?:user|role|profile)|grant)\b[^\n]{1,200}"
        rb"\bidentified(?: with \w{1,40})? by[ \t]{1,4}(?:values[ \t]{1,4})?[\"']?[^\s\"']",
        rb"(?i)\bidentified(?: with \w{1,40})? by[ \t]{1,4}(?:values[ \t]{1,4})?",
        _TOKEN,
        STRING,
    ),
    Form(
        rb"\bidentified(?: with \w{1,40})? by[ \t]{1,4}'[^']",
        rb"(?i)\bidentified(?: with \w{1,40})? by[ \t]{1,4}",
        _SQL,
        CHOSEN,
    ),
    Form(Tail.QUOTED, rb"(?<![\w-])" + _NAME + rb"[ \t]{1,4}N?", _SOLID, CHOSEN),
    Form(
        Tail.DIRECTIVE,
        rb"(?im)" + _DIRECTIVES + rb"[ \t]+" + _NAME + rb"[ \t]+(?:--body[ \t=]|-b[ \t]|--value[ \t=])?(?!-)",
        _TOKEN,
    ),
    Form(
        Tail.FIRST_OF_LINE,
        rb"(?m)^[ \t]{0,40}" + _NAME + rb"[ \t]{1,16}",
        _REST,
        ALONE,
    ),
    Form(
        Tail.MACRO,
        rb"(?i)#[ \t]?define[ \t]+" + _NAME + rb"[ \t]+",
        _TOKEN,
        DEFINED,
    ),
    Form(Tail.SAID, _NAME + rb"(?i:" + SAID + rb")", _TOKEN, REPORTED),
    Form(
        Tail.ARROW,
        _NAME + rb"[ \t]{1,4}(?:->|=>|\xe2\x86\x92)[ \t]{1,4}",
        _TOKEN,
        CHOSEN,
    ),
)


class NamedValue(Detector):
    """Find what stands beside a name or below it: its parts do, one for each form."""

    name = "named_value"
    label = "PASSWORD"
    opening = (
        rb"(?i:" + TELLING + rb"|identified[ \w]{0,40} by)[^\n]{0,80}?(?<=[\s=:(,\[{>])N?[\"'`]"
        rb"((?:[^\"'`\n]|''|\"\")*'?)"
        rb"|(?i:" + TELLING + SUFFIX + rb")\([\"']([^\"'\n]*[\"'])"
        rb"|<[^<>\n]{0,80}(?i:" + TELLING + rb")[^<>\n]{0,200}>(?:<!\[CDATA\[([^\n]+)|([^<\n]+<?))|" + HEADLESS
    )

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one and one for each form."""
        forms = (in_any_case(form) for form in (*FORMS, *AHEAD, *PRINTED))
        return (
            cls(),
            *(FormDetector(cls.name, cls.label, form) for form in forms),
            Announced(cls.name, cls.label),
            Inserted(cls.name, cls.label),
            InsertedBelow(cls.name, cls.label),
            Barred(cls.name, cls.label),
            *telling_columns(cls.name, cls.label),
        )
