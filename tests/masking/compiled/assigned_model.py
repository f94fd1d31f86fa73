"""What native/assigned.c does, said in Python: hyperscan finds the signs, expressions judge what stands around them."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from masking.compiled.finders_model import is_noise
from masking.compiled.values_model import is_chosen, is_kind, is_secret_string, is_secret_word, is_small

from guardcli.masking.forms.names import PUBLIC, SUFFIX, TELLING
from guardcli.masking.overlong import BOUND, reach, rest_of
from guardcli.masking.scanner import Scanner

_CLOSED = rb"(?:\\{0,7}[\"'`]\]?|\])?"
_TYPED = (
    rb"(?:\[[0-9]{0,4}\]|[?!]?[ \t]{0,4}:[ \t]{0,4}[&*]?(?:'\w{1,16} )?[A-Za-z_][\w.]{0,40}(?:<[\w&' ]{1,40}>|\["
    rb"[\w.]{1,40}\])?\??"
    rb"(?:[ \t]\|[ \t]None)?)"
)
_SIGN = rb"(?:=>|:=|\|\|=|\?\?=|\?=|=|:|[ \t](?:\|\||\?\?)(?=[ \t]))"
_STRINGS = {
    b'"': re.compile(rb'"((?:[^"\\\n]|\\.){0,8192})(?:"|(?=\n)|\Z|)'),
    b"'": re.compile(rb"'((?:[^'\\\n]|\\.|''){0,8192})(?:'|(?=\n)|\Z|)"),
    b"`": re.compile(rb"`((?:[^`\\\n]|\\.){0,8192})(?:`|(?=\n)|\Z|)"),
}
_ESCAPED = {
    level: re.compile(rb"\\{%d}\"((?:[^\"\\\n]|\\{%d,}\"|\\+(?![\"\\\n]|\Z)){0,8192})" % (level, level + 1))
    for level in range(1, 8)
}
"""Strings whose quotes so many backslashes escape; behind more of them a quote is a part of the string."""
_ESCAPES = re.compile(rb"(\\{1,7})\"")
_PROPERTIES = re.compile(rb"(?:(?=&|!!)[^\s]{1,60}[ \t]{1,64})*")
_ALIAS = re.compile(rb"\*[A-Za-z_-]+(?=\s|\Z)")
_ENCLOSED = re.compile(rb"([\"'\0]?)[A-Z0-9_]*\Z")
_WHOLE_LINE = re.compile(rb"[^\n\r]{0,8192}")
_WORD = re.compile(rb"[^\s\"'`,;&|<>(){}\[\]\\\0]{1,8192}")
_SHELL_WORD = re.compile(rb"[^\s\"'`;|<>()\0]{1,8192}")
_MARKED = re.compile(rb"[^\s\"'<>`\\\0]{1,8192}")
_FLAG_WORD = re.compile(rb"[^\s\"'`;|\0]{1,8192}")
_FLAG = re.compile(rb"(?:\s|\A|[\"'\[(])--?[A-Za-z0-9-]{1,60}[ \t]\Z")
_METAVARIABLE = re.compile(
    rb"[A-Z][A-Z_]*[\])}]*|(?i:and|or|is|the|to|for|with|if|in|option|options|flag|flags|argument|must|can|will|when|from|not)"
)
_PREFIXED = re.compile(rb"(?:[ubrfUBRFLN@$]|u8|br|rb|Rb|rB)(?=[\"'])")
_PREFIXES = tuple(bytes((one,)) for one in b"ubrfUBRFLN@$")
_FORMATTED = (b"f", b"F", b"$", b"r", b"R", b"`")
_SPACES = re.compile(rb"[ \t]*")
_HEAD = re.compile(
    rb"(?:^|\n)[ \t]*(?:[-+>~;#] |\+)?(?:(?:export|set|ENV|ARG|readonly|local|declare -\w+)[ \t]+)?[\"']?"
    rb"[\w./$: -]{0,100}[\"'\]]{0,2}[ \t]{0,64}\Z"
)
_SENTENCE = re.compile(rb"[a-z]+ [a-z]+ ", re.IGNORECASE)
_VARIABLE = re.compile(rb"(?:\A|[\0\s;&|(\"'{,!-])[A-Z][A-Z0-9_]*\Z")
_SHORT = re.compile(rb"(?i)(?:pass|pwd)" + SUFFIX + _CLOSED + rb"[ \t]{0,64}\Z")
_INSIDE_A_WORD = re.compile(
    rb"[a-z](?:pass|pwd)" + SUFFIX + _CLOSED + rb"[ \t]{0,64}\Z"
    rb"|(?i:\b(?:first|second|third|[0-9](?:st|nd|rd|th)|one|two|next|last|final|each|single|this|per|a|the) pass)"
    rb"[ \t]{0,64}\Z"
)
"""``pass`` and ``pwd`` at the end of another word (``compass``), where ``dbPass`` and ``DB_PWD`` are names."""
_OWNED = re.compile(
    rb"(?i)(?:db|user|usr|smtp|ftp|root|admin|imap|mail|ldap|ssh|proxy|redis|mysql|sql|pg|postgres|bind|login|auth|key"
    rb"|store|rpc|sudo|wifi|svc|service|api|app|email|remote|ssl|trust|trans)(?:pass|pwd)"
    + SUFFIX
    + _CLOSED
    + rb"[ \t]{0,64}\Z"
)
_STRICT = re.compile(
    rb"(?i)(?:pass(?:word|wd|phrase|code|wort)|pwd|pswd|kennwort|senha)" + SUFFIX + _CLOSED + rb"[ \t]{0,64}\Z"
)
"""Names that nothing but a password has."""
_PUBLIC = re.compile(PUBLIC + _CLOSED + rb"[ \t]{0,64}\Z")
_BARE_TOKEN = re.compile(rb"(?:(?<![\w.-])token|Token)[ \t\"'\\]*\Z")
_PARAMETER = re.compile(rb"(?::param|:type|@param|:var|:ivar|@type)[ \t]+[\w{}., ]*\Z")
_CODE = re.compile(
    rb"(?:^|\n)[ \t]*(?:(?:self|this|cls|const|let|var|val|my|our|auto|return|if|elif|else|def|func|fn|public"
    rb"|private|protected|static|final)\b"
    rb"|\*|//|@|\$\w|[\w.]+\(|[A-Za-z_]\w*, [A-Za-z_])"
)
_LISTED = re.compile(rb"[{\[][\w.-]*\Z|=[^=;\n]{0,200};[ ]?[\w ]{0,40}\Z|\$\{[\w.-]*\Z")
"""One of a list of pairs, as logs, data sources and defaults of variables have them, and code has not."""
_FIELD = re.compile(rb"&(?:amp;)?[\w.-]{1,40}=")
_ENDS = (b",", b")", b";", b"]", b"}", b".")
_WINDOW = 200
_SHORTEST = 3
_LONG_WORD = 5


class _Name(NamedTuple):
    """What a name tells: `strict` that it is of a password, `short` that it is one that bytes have by chance."""

    strict: bool
    short: bool


class Assigned:
    """Finds the value after a sign or an option that a trigger found."""

    triggers = (
        rb"(?i)" + TELLING + SUFFIX + _CLOSED + _TYPED + rb"[ \t]{0,4}=",
        rb"(?i)" + TELLING + SUFFIX + _CLOSED + rb"[ \t]{0,64}" + _SIGN.replace(rb"(?=[ \t])", rb"[ \t]"),
        rb"(?i)-" + TELLING + SUFFIX + rb"[ \t]",
        rb"(?i)-[a-z0-9-]{1,40}-" + TELLING + rb"[ \t]",
    )

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the value that begins at or shortly after `at`."""
        begin = text.rfind(b"\n", max(0, at - _WINDOW), at) + 1 or max(0, at - _WINDOW)
        if text[at - 1] in b" \t" and text[at - 3 : at - 1] not in (b"||", b"??"):
            return self._flag(text, at)
        if text[at : at + 1] in (b"=", b">", b"~") or (
            text[at - 1] == 0x3A and text[at : at + 1] in (b"/", b":", b"+")
        ):
            return None
        sign = at - 1
        while sign > begin and text[sign - 1] in b"=:|?+" and at - sign < 3:
            sign -= 1
        before = text[begin:sign]
        if b"arn:" in before or (text[at - 1 : at + 1] == b":?" and b"{" in before):
            return None
        kind = _kind(b" ".join(before[-64:].rsplit(None, 2)[-2:]))
        if kind is None or (kind.short and is_noise(text, max(0, at - 6))):
            return None
        if (b"param" in before or b":type" in before) and _PARAMETER.search(before[-80:]):
            return None
        return self._assigned(text, at, before, kind.strict)

    def _flag(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Take what follows a command line's option."""
        if _FLAG.search(text, max(0, at - 64), at) is None:
            return None
        after = _spaces(text, at)
        if text[after : after + 1] in (b"-", b"=", b":", b"|", b"<", b"("):
            return None
        quote = text[after : after + 1]
        if _is_quote(text, after, quote):
            return self._string(text, after, quote)
        found = _FLAG_WORD.match(text, after)
        if found is None or _METAVARIABLE.fullmatch(found[0]) or not is_secret_word(found[0], b"", False, True):
            return None
        return found.span()

    def _assigned(self, text: bytes, at: int, before: bytes, strict: bool) -> tuple[int, int] | None:
        """Take what is assigned at `at`, by what stands `before` on the line."""
        after = at if text[at : at + 1] not in (b" ", b"\t") else _spaces(text, at)
        after += 5 * text.startswith(b'Some("', after)
        prefix = _PREFIXED.match(text, after) if text[after : after + 1] in _PREFIXES else None
        quote = text[after : after + 1] if prefix is None else text[prefix.end() : prefix.end() + 1]
        if quote in (b'"', b"'") and text.startswith(quote * 3, after if prefix is None else prefix.end()):
            after, prefix = (after if prefix is None else prefix.end()) + 2, None
        if _is_quote(text, after, quote):
            shell = after == at and _VARIABLE.search(before) is not None
            closes = quote != b"\\" and prefix is None and (quote != b"`" or after == at)
            if closes and _is_open(before, quote) and not shell:
                return None
            if quote == b"`" and after == at and text[at - 1] == 0x3A:
                return None
            formatted = quote == b"`" or (prefix is not None and prefix[0][-1:] in _FORMATTED)
            span = self._string(text, after if prefix is None else prefix.end(), quote, formatted, strict)
            lexed = span is not None and text[at - 1] == 0x3A and _BARE_TOKEN.search(before) is not None
            return None if lexed and span is not None and is_kind(text[slice(*span)]) else span
        if _is_open(before, b'"') and text[at : after + 1].strip() == b"":
            return None
        colon = text[at - 1] == 0x3A
        if not colon and after == at and _VARIABLE.search(before) is not None:
            if (enclosed := self._enclosed(text, at, before, strict)) is not None:
                return enclosed
            return self._word(text, at, at, _SHELL_WORD, before, False, strict, True)
        heads = _HEAD.match(before) is not None and _SENTENCE.search(before) is None
        if heads and (colon or before[-1:] in b" \t" or after > at) and not (colon and after == at):
            return self._line(text, at, after, before, strict)
        word = _SHELL_WORD if heads and not colon else _WORD
        return self._word(text, at, after, word, before, after > at or not heads, strict)

    def _string(
        self, text: bytes, place: int, quote: bytes, formatted: bool = False, strict: bool = True
    ) -> tuple[int, int] | None:
        """Take the string whose quote stands at `place`."""
        level = _ESCAPES.match(text, place)
        found = (_STRINGS[quote] if level is None else _ESCAPED[len(level[1])]).match(text, place)
        return found.span(1) if found is not None and is_secret_string(found[1], formatted, strict) else None

    def _enclosed(self, text: bytes, at: int, before: bytes, strict: bool) -> tuple[int, int] | None:
        """Take all of a variable in quotes, or between NULs."""
        start = len(before) - len(before.rstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))
        start = len(before) - start
        quote = before[start - 1 : start] if start else b"\0"
        if quote not in (b'"', b"'", b"\0") or text[at : at + 1] == b"{":
            return None
        more = rb"|\\." if quote != b"\0" else rb"|\\"
        found = re.compile(rb"(?s)((?:[^\\\n\0%s]%s)*)%s" % (quote, more, quote)).match(text, at)
        if found is None or len(found[1]) >= 8192 or not is_secret_string(found[1], False, strict):
            return None
        return found.span(1)

    def _line(self, text: bytes, at: int, after: int, before: bytes, strict: bool) -> tuple[int, int] | None:
        """Take what stands alone behind a name at the head of its line, blanks included (YAML, INI)."""
        colon = text[at - 1] == 0x3A
        if colon and (scalar := _properties(text, after)) > after:
            after = scalar
            if (quote := text[after : after + 1]) in (b'"', b"'"):
                return self._string(text, after, quote, False, strict)
        if text[after : after + 1] in (b"|", b">", b"{", b"[", b"&", b"!", b"("):
            return None
        if colon and _ALIAS.match(text, after) is not None:
            return None
        whole = _WHOLE_LINE.match(text, after)
        if whole is None:
            return None
        value = whole[0].split(b" #")[0].split(b" //")[0].rstrip()
        bare = value.rstrip(b",;")
        code = bare != value or _CODE.match(before) is not None or value.endswith((b"{", b"("))
        if b" " in bare and code:
            return None
        assigned = text[after - 1] != 0x3A and before[-1:] in b" \t"
        loose = code or (assigned and not strict and (before[:1] in b" \t\n" or len(bare) < _LONG_WORD))
        literal = colon and strict and not loose and is_small(bare)
        if not is_secret_word(bare, b"", loose, strict, literal):
            return None
        return (after, after + len(bare)) if len(bare) >= _SHORTEST or strict else None

    def _word(
        self,
        text: bytes,
        at: int,
        after: int,
        word: re.Pattern[bytes],
        before: bytes,
        code: bool,
        strict: bool,
        shell: bool = False,
    ) -> tuple[int, int] | None:
        """Take one word; `code` says that it may be an expression."""
        found = word.match(text, after)
        if strict and text[at - 1] == 0x3A and after > at:
            marked = _MARKED.match(text, after)
            whole = marked[0].rstrip(b")]},;|") if marked is not None else b""
            if len(whole) > (len(found[0]) if found is not None else 0) and is_chosen(whole):
                return after, after + len(whole)
        if found is None:
            return None
        value = found[0].rstrip(b",") if b"&" not in found[0] else _FIELD.split(found[0])[0].rstrip(b",")
        following = text[after + len(value) : after + len(value) + 1]
        if text[after - 1] == 0x3A and following == b"{":
            return None
        if text[at - 1] == 0x3A and value.isalpha() and text[after + len(value) :].startswith(b" -"):
            return None
        if len(value) < _SHORTEST and following in (b",", b"}", b"]") and (value.isdigit() or not value):
            return None
        if text[after - 1] == 0x3A and following in (b'"', b"'") and value.isalpha() and _is_open(before, following):
            return None
        if code:
            looks_so = following in _ENDS or (not strict and _is_spaced(before, text[after - 1]))
            code = (looks_so or _CODE.match(before) is not None) and _LISTED.search(before) is None
        if len(value) < (1 if strict else _SHORTEST - 1) or not is_secret_word(value, following, code, strict, shell):
            return None
        return after, after + len(value)


def _is_quote(text: bytes, place: int, quote: bytes) -> bool:
    return quote in _STRINGS or _ESCAPES.match(text, place) is not None


def _properties(text: bytes, after: int) -> int:
    """Return where a scalar of YAML begins behind an anchor and a tag of its type."""
    found = _PROPERTIES.match(text, after)
    return found.end() if found is not None else after


def _spaces(text: bytes, at: int) -> int:
    found = _SPACES.match(text, at, at + 64)
    return found.end() if found is not None else at


@lru_cache(4096)
def _kind(name: bytes) -> _Name | None:
    """Tell what kind of name stands at the end of two words, if any. Names come again and again."""
    if (_INSIDE_A_WORD.search(name) and not _OWNED.search(name)) or _PUBLIC.search(b"\n" + name):
        return None
    return _Name(_STRICT.search(name) is not None, _SHORT.search(name) is not None)


def _is_spaced(before: bytes, last: int) -> bool:
    """Tell whether blanks stand around the sign, or a parenthesis is open."""
    return last in b" \t" or before[-1:] in (b" ", b"\t") or before.rfind(b"(") > before.rfind(b")")


def _is_open(before: bytes, quote: bytes) -> bool:
    """Tell whether a string is open where `before` ends: the next quote would close it. A quoted name opens none."""
    if len(before) >= _WINDOW - 3 or before.rstrip(b" \t").endswith((quote, quote + b"]")):
        return False
    rest = before.replace(quote * 3, b" ")  # three open a text of many lines, in which one quote is no end
    return (rest.count(quote) - rest.count(b"\\" + quote)) % 2 == 1


@cache
def _scanner() -> Scanner:
    return Scanner(Assigned.triggers)


def assigned(text: bytes) -> list[tuple[int, int, int]]:
    """Return where each value begins and ends, and the rest that goes on behind the end of the text."""
    found, done = [], 0
    for at in _scanner().scan(text)[::2]:
        value = Assigned().find(text, at) if at > done else None
        if value is None:
            continue
        start, end = value
        rest = 0
        if end - start >= BOUND:
            rest = rest_of(text, start, end)
            end = reach(text, end, rest)
        done = end
        if end > start:
            found.append((start, end, rest if end == len(text) else 0))
    return found
