"""What stands around telling names, by the first pass itself: one expression a form, as hyperscan reads them."""

from __future__ import annotations

from functools import cache

from guardcli.masking.forms.names import SUFFIX, TELLING
from guardcli.masking.forms.tails import Tail
from guardcli.masking.scanner import Scanner
from guardcli.masking.tables.headings import LOOSE, STRICT

_TOLD = TELLING + SUFFIX
_Q = rb"\\?[\"']?"
_HEADER = rb"\"?(?:(?:[|,;\t)]|  )[^\n]{0,1000})?\r?\n"
_KEY = rb"(?:(?:parameter|option|variable|env)?(?:name|key)|id|property|variable|var|field|header|param(?:eter)?|env)"
_VALUE = rb"(?:(?:parameter|option|variable)?value|val|default|defaultvalue|content|secret)"
_PARTS = rb"[\w$.:/-]{0,61}"

EXPRESSIONS = {
    Tail.ELEMENT: rb"<" + _PARTS + _TOLD + rb"(?:[ \t][^<>\n]{0,200})?>(?:<!\[CDATA\[)?[^<\s]",
    Tail.VALUE_ATTRIBUTE: _KEY
    + rb"=[\"']"
    + _PARTS
    + _TOLD
    + rb"[\"'](?:[ \t]{1,4}[\w-]{1,20}=[\"'][^\"'\n]{0,40}[\"']){0,2}[ \t]{1,4}value=[\"'][^\"']",
    Tail.CONTENT: _KEY + rb"=[\"']" + _PARTS + _TOLD + rb"[\"'][^<>\n]{0,200}>[^<\s]",
    Tail.PAIR: _KEY
    + _Q
    + rb"[ \t]{0,4}[:=][ \t]{0,4}"
    + _Q
    + _PARTS
    + _TOLD
    + rb"[ \t]{0,4}"
    + _Q
    + rb"[ \t]{0,4}[,;]?[ \t]{0,4}"
    + _Q
    + _VALUE
    + _Q
    + rb"[ \t]{0,4}[:=][ \t]{0,4}"
    + _Q
    + rb"[^\s\"']",
    Tail.BLOCK_VALUE: _TOLD
    + rb"\\?[\"']?[ \t]{0,4}[:=]?[ \t]{0,4}\{[ \t]{0,4}(?:\\?[\"']?\w{1,20}\\?[\"']?[ \t]{0,4}[:=][ \t]{0,4}"
    rb"[^\s{},]{1,30},[ \t]{0,4}){0,2}" + _Q + _VALUE + _Q + rb"[ \t]{0,4}[:=][ \t]{0,4}\\?[\"'][^\s\"']",
    Tail.SETTER: rb"(?:(?:define|(?:set|put|add|append|get|default|update|replace|insert)_?\w{0,20}"
    rb"|(?:get|put)?env|property|option|header)\(@?)[\"'][\w$.:/-]{0,60}"
    + _TOLD
    + rb"[\"'][ \t]{0,4},[ \t]{0,20}@?[\"'][^\"']",
    Tail.NEXT_ARGUMENT: _TOLD + rb"[\"'][ \t]{0,4},[ \t]{0,4}@?[\"'][^\"']",
    Tail.METHOD: rb"\b(?:set|with|use|add|new)_?[\w.]{0,60}" + _TOLD + rb"\([\"'][^\"']",
    Tail.QUOTED: _TOLD + rb"[ \t]{1,4}N?[\"'`][^\s\"'`]",
    Tail.DIRECTIVE: rb"(?:\b(?:ENV|ARG)|\bsetenv|\bsetx|\bset[ \t]{1,4}-\w{1,4}|\bconfigure[ \t]{1,4}set"
    rb"|\bkv[ \t]{1,4}put|\bconfig[ \t](?:--\w{1,20}[ \t])?set|\bsecret[ \t]{1,4}(?:set|put|create))[ \t]{1,16}"
    rb"[\w.:/-]{0,60}" + _TOLD + rb"[ \t]{1,16}(?:--body[ \t=]|-b[ \t]|--value[ \t=])?[\"']?[^\s=:\"'-]",
    Tail.FIRST_OF_LINE: rb"(?:^|\n)[ \t]{0,40}[\w.-]{0,60}" + _TOLD + rb"[ \t]{1,16}[^\s=:]",
    Tail.MACRO: rb"#[ \t]?define[ \t]{1,8}\w{0,60}" + _TOLD + rb"[ \t]{1,16}[\"']?[^\s\"']",
    Tail.SAID: _TOLD
    + rb"(?: (?:for|of) [^\s:]{1,60})?(?: (?:has|have|been|was|is|changed|set|reset|rotated|updated|now|to|as|will|be"
    rb"|generated|lautet|ist|est|es|\xc3\xa9|\xc3\xa8|jest|er|\xc3\xa4r|created|issued)){1,6}:? {1,4}[\"'`]?[^\s\"'`]",
    Tail.ARROW: _TOLD + rb"[ \t]{1,4}(?:->|=>|\xe2\x86\x92)[ \t]{1,4}[\"'`]?[^\s\"'`]",
    Tail.CALLED: _TOLD + rb"\([\"'][^\"']",
    Tail.WITH: rb"\b(?:with|using) (?:the |this )?" + _TOLD + rb"[ \t]{1,2}[^\s]",
    Tail.DOTTED: _TOLD + rb"\.{4,60} ?[^\s.]",
    Tail.FOR: _TOLD + rb" (?:for|du|de|del|do|da|per) [^\s:]{1,60} ?: [^\s]",
    Tail.SQL: _TOLD + rb"[ \t]{1,4}N?'[^']",
    Tail.ESCAPED: rb"(?:^|[^A-Za-z0-9_])" + _TOLD + rb"%3D[^\s&%]",
    Tail.LOGIN: rb"\blogin[ \t]{1,8}[^\s]{1,100}[ \t]{1,8}" + _TOLD + rb"[ \t]{1,8}[^\s{}]",
    Tail.QUERY: rb"[?&](?:amp;)?(?:access_)?" + _TOLD + rb"=[^\s&\"'<>#]{6}",
    Tail.DEVICE: rb"\b(?:plain-text|encrypted|authentication|privacy|shared|simple)-"
    + _TOLD
    + rb"[ \t]{1,8}[\"']?[^\s\"']",
    Tail.PLAIN_TEXT: rb"\bplain-text-" + _TOLD + rb"(?:-value)?[ \t]{1,8}[\"']?[^\s\"']",
    Tail.SET: rb"\bset [a-z0-9_-]{0,40}" + _TOLD + rb"[ \t]{1,4}\"[^\"\n]",
    Tail.LISTED: rb"\buser(?:name)?=[^\s,;&]{1,100}," + _TOLD + rb"=[^\s,]",
    Tail.BRACES: rb";[ \t]?" + _TOLD + rb"[ \t]?=[ \t]?\{[^{}\n]",
    Tail.OPTION: rb"[\"']-{1,2}[\w-]{0,60}" + _TOLD + rb"[\"'][ \t]{0,4},[ \t]{0,4}[\"'][^\"'\n]",
    Tail.ANSWERED: rb"(?:^|\n)" + _TOLD + rb" [a-z_]{1,40} = [^\s]",
    Tail.GENERATED: _TOLD + rb" is generated for [^\s]{1,100}: [^\s]",
    Tail.TYPED: _TOLD
    + rb"[ \t]{1,4}(?:as string|string|text|varchar(?:\([0-9]{1,5}\))?|\[\]byte)[ \t]{0,4}:?=[ \t]{0,4}[\"'`][^\"'`]",
    Tail.LEFT_ARROW: _TOLD + rb"[ \t]{0,4}<<?-[ \t]{0,4}[\"'][^\"']",
    Tail.CELL: _TOLD + rb"[ \t]{0,60}(?:\||\xe2\x94\x82)[ \t]{1,4}[^\s|\xe2]",
    Tail.STORE: rb"\b(?:store|key)" + _TOLD + rb"[ \t]{1,4}[\"'][^\"'\n]",
    Tail.STORE_OPTION: rb"-(?:src|dest)?(?:store|key)" + _TOLD + rb"[ \t]{1,4}[\"']?[^\s\"'-]",
    Tail.STRICT_HEADER: STRICT.encode() + SUFFIX + _HEADER,
    Tail.LOOSE_HEADER: LOOSE.encode() + SUFFIX + _HEADER,
    Tail.REGISTRY: _TOLD + rb"[0-9]?[ \t]{1,30}REG_(?:(?:EXPAND_|MULTI_)?SZ|BINARY)[ \t]{1,8}[^\s]",
    Tail.PRINTED: rb"\[[\w.-]{0,60}" + _TOLD + rb"\] => [^\s]",
    Tail.EMPHASIZED: _TOLD + rb"(?::\*{1,2}|\*{1,2}[ \t]?:)[ \t]{1,4}[`\"']?[^\s*`\"'|]",
    Tail.NEXT_CELL: _TOLD + rb"</t[dh]><td>(?:<code>)?[^<\s]",
    Tail.NAME_ATTRIBUTE: _KEY + rb"=[\"'][\w$.:/-]{0,60}" + _TOLD + rb"[\"']",
    Tail.NAME_OF_PAIR: _KEY + _Q + rb"[ \t]{0,4}[:=][ \t]{0,4}\\?[\"'][\w./-]{0,60}" + _TOLD + rb"\\?[\"']",
    Tail.NEXT_ELEMENT: rb"<(?:name|key|param-name)>[\w.-]{0,60}"
    + _TOLD
    + rb"</(?:name|key|param-name)>[ \t]{0,4}<(?:value|string)>[^<\s]",
    Tail.QUOTED_PAIR: rb"\"[\w.:/-]{0,60}" + _TOLD + rb"\" \"[^\"\n]",
    Tail.TYPED_IN: _TOLD
    + rb"(?:[\"']\)|[_-]?(?:input|field|box|element)?)\.(?:send_?keys|type|fill|set_?value)\([\"'][^\"'\n]",
}


@cache
def _scanner() -> Scanner:
    return Scanner([rb"(?i)" + EXPRESSIONS[tail] for tail in Tail])


def named(text: bytes) -> set[tuple[int, int]]:
    """Return where each form ends, with its number."""
    hits = _scanner().scan(text)
    return set(zip(hits[::2], hits[1::2], strict=True))
