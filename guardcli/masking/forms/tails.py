"""What stands around a telling name where the name is not assigned to: the forms that ``native/named.c`` looks for.

A first pass that looks for each of them spends its time on the name, which all of them have. So it looks for the name
alone; where one ends, the compiled core reads on. This module imports nothing of guard: the core's build reads it too.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

KEY = rb"(?:(?:parameter|option|variable|env)?(?:name|key)|id|property|variable|var|field|header|param(?:eter)?|env)"
VALUE = rb"(?:(?:parameter|option|variable)?value|val|default|defaultvalue|content|secret)"
Q = rb"\\?[\"']?"
B = rb"[ \t]{0,4}"
SAID = (
    rb"(?: (?:for|of) [^\s:]{1,60})?(?: (?:has|have|been|was|is|changed|set|reset|rotated|updated|now|to|as|will|be"
    rb"|lautet|ist|est|es|\xc3\xa9|\xc3\xa8|jest|er|\xc3\xa4r|generated|created|issued)){1,6}"
    rb":? {1,4}"
)
PAIRED = B + Q + B + rb"[,;]?" + B + Q + VALUE + Q + B + rb"[:=]"
BRACED = (
    rb"\\?[\"']?"
    + B
    + rb"[:=]?"
    + B
    + rb"\{"
    + B
    + rb"(?:"
    + Q
    + rb"\w{1,20}"
    + Q
    + B
    + rb"[:=]"
    + B
    + rb"[^\s{},]{1,30},"
    + B
    + rb"){0,2}"
    + Q
    + VALUE
    + Q
    + B
    + rb"[:=]"
    + B
)
ATTRIBUTES = rb"(?:[ \t]{1,4}[\w-]{1,20}=[\"'][^\"'\n]{0,40}[\"']){0,2}"
SETTERS = (
    rb"(?:(?:define|(?:set|put|add|append|get|default|update|replace|insert)_?\w{0,20}|(?:get|put)?env"
    rb"|property|option|header)\(@?)"
)
_DIRECTIVES = (
    rb"(?:\W(?:ENV|ARG|setenv|setx|set[ \t]{1,4}-\w{1,4}|configure[ \t]{1,4}set|kv[ \t]{1,4}put"
    rb"|config[ \t](?:--\w{1,20}[ \t])?set|secret[ \t]{1,4}(?:set|put|create)))[ \t]{1,16}"
)
_ARROW = rb"(?:->|=>|\xe2\x86\x92)"
_COLUMN = rb"\"?(?:[|,;\t)]|  |\r?\n)"
_GIVEN = rb"[ \t]{1,8}[\"']?[^\s\"']"
_PART = rb"[\w$.:/-]"
_FURTHER = _PART + rb"?"
"""Names that are told by a word before them have 61 such bytes before what tells: one more than a run holds."""
TYPES = rb"(?:as string|string|text|varchar(?:\([0-9]{1,5}\))?|\[\]byte)"
BORDER = rb"(?:\||\xe2\x94\x82)"
REGISTRY_TYPE = rb"REG_(?:(?:EXPAND_|MULTI_)?SZ|BINARY)"
EMPHASIS = rb"(?::\*{1,2}|\*{1,2}[ \t]?:)"
CELLS = rb"</t[dh]><td>(?:<code>)?"
ELEMENTS = rb"(?:name|key|param-name)"
TYPING = rb"(?:[\"']\)|[_-]?(?:input|field|box|element)?)\.(?:send_?keys|type|fill|set_?value)\("


class Tail(IntEnum):
    """A form around a name, by its place in `FORMS`; detectors say what is secret there."""

    ELEMENT = 0
    VALUE_ATTRIBUTE = 1
    CONTENT = 2
    PAIR = 3
    BLOCK_VALUE = 4
    SETTER = 5
    NEXT_ARGUMENT = 6
    METHOD = 7
    QUOTED = 8
    DIRECTIVE = 9
    FIRST_OF_LINE = 10
    MACRO = 11
    SAID = 12
    ARROW = 13
    CALLED = 14
    WITH = 15
    DOTTED = 16
    FOR = 17
    SQL = 18
    ESCAPED = 19
    LOGIN = 20
    QUERY = 21
    DEVICE = 22
    PLAIN_TEXT = 23
    SET = 24
    LISTED = 25
    BRACES = 26
    OPTION = 27
    ANSWERED = 28
    GENERATED = 29
    TYPED = 30
    LEFT_ARROW = 31
    CELL = 32
    STORE = 33
    STORE_OPTION = 34
    REGISTRY = 35
    STRICT_HEADER = 36
    LOOSE_HEADER = 37
    PRINTED = 38
    EMPHASIZED = 39
    NEXT_CELL = 40
    TYPED_IN = 41
    NAME_ATTRIBUTE = 42
    NAME_OF_PAIR = 43
    NEXT_ELEMENT = 44
    QUOTED_PAIR = 45


class Around(NamedTuple):
    """`behind` follows the name and what may end it; `before` and up to 60 bytes of `run` stand before the name.

    Both in any case; at the beginning of a text a newline is taken to stand before it. With a `rest` the form goes on
    behind the two, by so many bytes at most, to where the line ends.
    """

    behind: bytes
    before: bytes = b""
    run: bytes = b""
    rest: int = 0


FORMS = (
    Around(rb"(?:[ \t][^<>\n]{0,200})?>(?:<!\[CDATA\[)?[^<\s]", rb"<" + _FURTHER, _PART),
    Around(rb"[\"']" + ATTRIBUTES + rb"[ \t]{1,4}value=[\"'][^\"']", KEY + rb"=[\"']" + _FURTHER, _PART),
    Around(rb"[\"'][^<>\n]{0,200}>[^<\s]", KEY + rb"=[\"']" + _FURTHER, _PART),
    Around(PAIRED + B + Q + rb"[^\s\"']", KEY + Q + B + rb"[:=]" + B + Q + _FURTHER, _PART),
    Around(BRACED + rb"\\?[\"'][^\s\"']"),
    Around(rb"[\"']" + B + rb",[ \t]{0,20}@?[\"'][^\"']", SETTERS + rb"[\"']", rb"[\w$.:/-]"),
    Around(rb"[\"']" + B + rb"," + B + rb"@?[\"'][^\"']"),
    Around(rb"\([\"'][^\"']", rb"\W(?:set|with|use|add|new)_?", rb"[\w.]"),
    Around(rb"[ \t]{1,4}N?[\"'`][^\s\"'`]"),
    Around(rb"[ \t]{1,16}(?:--body[ \t=]|-b[ \t]|--value[ \t=])?[\"']?[^\s=:\"'-]", _DIRECTIVES, rb"[\w.:/-]"),
    Around(rb"[ \t]{1,16}[^\s=:]", rb"\n[ \t]{0,40}", rb"[\w.-]"),
    Around(rb"[ \t]{1,16}[\"']?[^\s\"']", rb"#[ \t]?define[ \t]{1,8}", rb"\w"),
    Around(SAID + rb"[\"'`]?[^\s\"'`]"),
    Around(rb"[ \t]{1,4}" + _ARROW + rb"[ \t]{1,4}[\"'`]?[^\s\"'`]"),
    Around(rb"\([\"'][^\"']"),
    Around(rb"[ \t]{1,2}[^\s]", rb"\W(?:with|using) (?:the |this )?"),
    Around(rb"\.{4,60} ?[^\s.]"),
    Around(rb" (?:for|du|de|del|do|da|per) [^\s:]{1,60} ?: [^\s]"),
    Around(rb"[ \t]{1,4}N?'[^']"),
    Around(rb"%3D[^\s&%]", rb"\W"),
    Around(rb"[ \t]{1,8}[^\s{}]", rb"\Wlogin[ \t]{1,8}[^\s]{1,100}[ \t]{1,8}"),
    Around(rb"=[^\s&\"'<>#]{6}", rb"[?&](?:amp;)?(?:access_)?"),
    Around(_GIVEN, rb"\W(?:plain-text|encrypted|authentication|privacy|shared|simple)-"),
    Around(rb"(?:-value)?" + _GIVEN, rb"\Wplain-text-"),
    Around(rb"[ \t]{1,4}\"[^\"\n]", rb"\Wset [a-z0-9_-]{0,40}"),
    Around(rb"=[^\s,]", rb"\Wuser(?:name)?=[^\s,;&]{1,100},"),
    Around(rb"[ \t]?=[ \t]?\{[^{}\n]", rb";[ \t]?"),
    Around(rb"[\"']" + B + rb"," + B + rb"[\"'][^\"'\n]", rb"[\"']-{1,2}", rb"[\w-]"),
    Around(rb" [a-z_]{1,40} = [^\s]", rb"\n"),
    Around(rb" is generated for [^\s]{1,100}: [^\s]"),
    Around(rb"[ \t]{1,4}" + TYPES + B + rb":?=" + B + rb"[\"'`][^\"'`]"),
    Around(B + rb"<<?-" + B + rb"[\"'][^\"']"),
    Around(rb"[ \t]{0,60}" + BORDER + rb"[ \t]{1,4}[^\s|\xe2]"),
    Around(rb"[ \t]{1,4}[\"'][^\"'\n]", rb"\W(?:store|key)"),
    Around(rb"[ \t]{1,4}[\"']?[^\s\"'-]", rb"-(?:src|dest)?(?:store|key)"),
    Around(rb"[0-9]?[ \t]{1,30}" + REGISTRY_TYPE + rb"[ \t]{1,8}[^\s]"),
    Around(_COLUMN, rest=1000),
    Around(_COLUMN, rest=1000),
    Around(rb"\] => [^\s]", rb"\[", rb"[\w.-]"),
    Around(EMPHASIS + rb"[ \t]{1,4}[`\"']?[^\s*`\"'|]"),
    Around(CELLS + rb"[^<\s]"),
    Around(TYPING + rb"[\"'][^\"'\n]"),
    Around(rb"[\"']", KEY + rb"=[\"']", rb"[\w$.:/-]"),
    Around(rb"\\?[\"']", KEY + Q + B + rb"[:=]" + B + rb"\\?[\"']", rb"[\w./-]"),
    Around(rb"</" + ELEMENTS + rb">" + B + rb"<(?:value|string)>[^<\s]", rb"<" + ELEMENTS + rb">", rb"[\w.-]"),
    Around(rb"\" \"[^\"\n]", rb"\"", rb"[\w.:/-]"),
)
"""The forms, by `Tail`."""
