"""Values given to names that tell: assignments in shells, env files, YAML, JSON, TOML, INI, DSNs, flags and SQL."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector
from guardcli.masking.native import is_noise
from guardcli.masking.placeholders import is_placeholder

_NAMES = (
    rb"(?:pass(?:word|wd|phrase|code)|pwd|pass|secret|token|api[_-]?key|apikey|access[_-]?key|auth[_-]?key|account[_-]?key"
    rb"|encryption[_-]?key|signing[_-]?key|secret[_-]?key|private[_-]?key|master[_-]?key|credentials?|(?:password|pass)[_-]?hash)"
)
_DOUBLE = re.compile(rb'"((?:[^"\\\n]|\\.){0,8192})(?:"|(?=\n)|\Z|)')
_SINGLE = re.compile(rb"'((?:[^'\\\n]|\\.|''){0,8192})(?:'|(?=\n)|\Z|)")
_ESCAPED = re.compile(rb'\\"((?:[^"\\\n]|\\[^"]){0,8192})(?:\\"|(?=\n)|\Z|)')
_WHOLE_LINE = re.compile(rb"[^\n\r]{0,8192}")
_WORD = re.compile(rb"[^\s\"'`,;&|<>(){}\[\]\\\0]{1,8192}")
_SHELL_WORD = re.compile(rb"[^\s\"'`;|<>()\0]{1,8192}")
_FLAG_WORD = re.compile(rb"[^\s\"'`;|\0]{1,8192}")
_FLAG = re.compile(rb"(?:\s|\A)--?[A-Za-z0-9-]{1,60}[ \t]\Z")
_PREFIXED = re.compile(rb"[ubUB][\"']")
_SPACES = re.compile(rb"[ \t]*")
_NAME_BEFORE = re.compile(
    rb"(?:^|\n)[ \t]*(?:- )?(?:export[ \t]+|set[ \t]+|ENV[ \t]+)?[\"']?[\w./-]{0,100}[\"'\]]{0,2}[ \t]{0,16}\Z"
)
_SHORT = re.compile(rb"(?i)(?:pass|pwd)[0-9]{0,2}(?:\\?[\"']\]?)?[ \t]{0,16}\Z")
_INSIDE_A_WORD = re.compile(rb"[a-z](?:pass|pwd)[0-9]{0,2}(?:\\?[\"']\]?)?[ \t]{0,16}\Z")
"""``pass`` and ``pwd`` at the end of another word (``compass``), where ``dbPass`` and ``DB_PWD`` are names."""
_CALL = re.compile(rb"[A-Za-z_][\w.]*[(\[]")
_ATTRIBUTE = re.compile(rb"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_TYPE = re.compile(
    rb"[A-Za-z_][\w.]*(?:\[[^\]\n]*\])?(?: \| [\w.\[\], ]+)+(?: = .*)?|[A-Za-z_][\w.]*(?:\[[^\]\n]*\])? = .*"
)
_PROSE = re.compile(rb"(?i)(?=\S+ \S+ ).*\b(?:the|an?|of|to|is|are|for|that|which|with|must|will|used|your)\b.*")
_VARIABLE = re.compile(rb"(?:^|\n)[ \t]*(?:export[ \t]+|set[ \t]+|env[ \t]+|ENV[ \t]+)?[A-Z][A-Z0-9_]*\Z")
_SMALL_NUMBER = re.compile(rb"[0-9]{1,6}(?:\.[0-9]+)?[smhd]?")
_PATH = re.compile(rb"(?:~|\.{1,2})?/[\w.@-]+(?:/[\w.@-]+)+/?|[a-z][a-z0-9+]*://[^@\s]*")
_TELLING = re.compile(rb"(?i)(?:\w*[._-])?" + _NAMES + rb"s?")


class Password(Detector):
    """Find the value after ``password=``, ``"api_key":``, ``--token`` and their like; decline what only names one."""

    name = "password"
    label = "PASSWORD"
    triggers = (
        rb"(?i)" + _NAMES + rb"[0-9]{0,2}(?:\\?[\"']\]?)?[ \t]{0,16}(?:=>|:=|=|:)",
        rb"(?i)-(?:pass(?:word|wd|phrase)?|pwd|secret|token|api-?key|access-?key|secret-?key)[ \t]",
        rb"(?i)\b(?:password|identified(?: with \w{1,40})? by)[ \t]{1,4}'",
    )
    opening = rb"(?i:" + _NAMES + rb"[0-9]{0,2}(?:\\?[\"']\]?)?[ \t]{0,16}(?:=>|:=|=|:)[ \t]{0,16}([^\s].*))"

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the value that begins at or shortly after `at`."""
        last = text[at - 1]
        if last == 0x27:
            return self._value(text, at - 1, at - 1, _WORD)
        begin = text.rfind(b"\n", max(0, at - 200), at) + 1 or max(0, at - 200)
        if last in b" \t":
            if _FLAG.search(text, max(0, at - 64), at) is None:
                return None
            after = _spaces(text, at)
            if text[after : after + 1] in (b"-", b"=", b":"):
                return None
            return self._value(text, at, after, _FLAG_WORD)
        if text[at : at + 1] in (b"=", b">", b"~") or (last == 0x3A and text[at : at + 2] == b"//"):
            return None
        sign = at - 2 if text[at - 2 : at] in (b"=>", b":=") else at - 1
        before = text[begin:sign]
        if _SHORT.search(before[-40:]) and (_INSIDE_A_WORD.search(before[-40:]) or is_noise(text, at - 6)):
            return None
        return self._assigned(text, at, before)

    def _assigned(self, text: bytes, at: int, before: bytes) -> tuple[int, int] | None:
        """Take what is assigned at `at`, by what stands `before` on the line."""
        colon = text[at - 1] == 0x3A
        after = _spaces(text, at)
        if _PREFIXED.match(text, after):
            after += 1
        quote = text[after : after + 1]
        if quote in (b'"', b"'") and after == at and before.count(quote) % 2:
            return None
        if after == at and colon and quote not in (b'"', b"'", b"\\") and not before.endswith((b'"', b"'")):
            return self._value(text, at, at, _WORD)
        if not colon and after == at and _VARIABLE.match(before):
            return self._value(text, at, at, _SHELL_WORD, is_code=False)
        heads_line = _NAME_BEFORE.match(before) is not None
        if heads_line and (colon or before[-1:] in b" \t" or after > at):
            return self._line(text, at, after)
        return self._value(text, at, after, _SHELL_WORD if heads_line else _WORD)

    def _line(self, text: bytes, at: int, after: int) -> tuple[int, int] | None:
        """Take what stands alone behind a name at the head of its line, blanks included (YAML, INI)."""
        if text[after : after + 1] in (b'"', b"'", b"\\", b"|", b">", b"{", b"[", b"&", b"!"):
            return self._value(text, at, after, _WORD)
        whole = _WHOLE_LINE.match(text, after)
        if whole is None:
            return None
        value = whole[0].split(b" #")[0].rstrip(b" \t,;")
        if b" " in value and (_CALL.match(value) or _TYPE.fullmatch(value) or _PROSE.fullmatch(value)):
            return None
        return self._judge(text, after, after + len(value), True)

    def _value(
        self, text: bytes, at: int, after: int, word: re.Pattern[bytes], is_code: bool = True
    ) -> tuple[int, int] | None:
        """Take a quoted string or one word."""
        quote = text[after : after + 1]
        quoted = {b'"': _DOUBLE, b"'": _SINGLE}.get(quote)
        if quote == b"\\" and text[after + 1 : after + 2] == b'"':
            quoted = _ESCAPED
        found = quoted.match(text, after) if quoted is not None else word.match(text, after)
        if found is None:
            return None
        start, end = found.span(1 if quoted is not None else 0)
        return self._judge(text, start, end, is_code and quoted is None)

    def _judge(self, text: bytes, start: int, end: int, is_code: bool) -> tuple[int, int] | None:
        """Decline placeholders always, and names, calls, paths and small numbers where nothing quotes them."""
        value = text[start:end]
        if value.isalnum() and not value.isalpha() and not value.isdigit() and text[end : end + 1] not in (b"(", b"["):
            return start, end
        if not value.strip() or is_placeholder(value):
            return None
        if _PATH.fullmatch(value):
            return None
        if is_code:
            following = text[end : end + 1]
            if following in (b"(", b"[") and _CALL.match(value + following):
                return None
            if _CALL.match(value) or _ATTRIBUTE.fullmatch(value) or _TELLING.fullmatch(value):
                return None
            if _SMALL_NUMBER.fullmatch(value) and b"pass" not in text[max(0, start - 40) : start].lower():
                return None
        return start, end


def _spaces(text: bytes, at: int) -> int:
    found = _SPACES.match(text, at, at + 64)
    return found.end() if found is not None else at
