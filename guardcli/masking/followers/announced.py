"""Secrets that a line announces and one of the next lines holds: results of programs, blocks of configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from guardcli.masking.compiled.chosen import is_chosen
from guardcli.masking.compiled.placeholders import is_given
from guardcli.masking.compiled.rightside import is_secret_string
from guardcli.masking.detector import Detector
from guardcli.masking.followers.follower import Follower, Gone
from guardcli.masking.forms.tails import Tail

_PAIR = (
    rb"[ \t]*\\?[\"']?(?:%s)\\?[\"']?[ \t]*[:=][ \t]*(?:\\?\"(?P<a>(?:[^\"\\\n]|\\.)*)\"?|'"
    rb"(?P<b>[^'\n]*)'?|(?P<c>[^\s\"'{\[][^\s,]*))[ \t]*,?[ \t]*\r?"
)
_ALONE = re.compile(rb"[ \t]*(?P<a>[^\s<>]{6,4000})[ \t]*\r?")
_UNDER_PATH = re.compile(rb"(?P<a>[^\s/.<>|][^\s/<>|]{5,200})\r?")
_LINE = re.compile(rb"[ \t]*(?P<a>[^\s<][^\r\n]*?)[ \t]*\r?")
_CODE = re.compile(
    rb"[ \t]*(?:[0-9]{1,2}[.)] |[-*] )?(?P<a>[0-9A-Za-z]{4,12}"
    rb"(?:-[0-9A-Za-z]{4,12}){1,4}|[0-9]{8}|[0-9A-Za-z]{10,20})[ \t]*\r?"
)
_QUOTED = re.compile(rb"[ \t]*[0-9]{1,4}\) \"(?P<a>(?:[^\"\\\n]|\\.)+)\"?[ \t]*\r?")
_ARGUMENT = re.compile(
    rb"[ \t]*(?:- )?(?:\"(?P<a>[^\"\s]{4,4000})\"|'(?P<b>[^'\s]{4,4000})'|"
    rb"(?P<c>[^\s\"'<\[{-][^\s\"']{3,4000}))[ \t]*,?[ \t]*\r?"
)
_TEXT = re.compile(rb"[ \t]*[\"']?(?P<a>[^\s\"'<{\[][^\r\n\"'<]{0,4000})[\"']{0,3},?[ \t]*\r?")
_STRING = re.compile(rb"[ \t]*\"(?P<a>(?:[^\"\\\n]|\\.){1,4000})\"?[ \t]*[}\],]{0,9}[ \t]*\r?")
_WORD = re.compile(rb"(?P<a>[^\s<>]{6,4000})\r?")
_TOKENS = (
    rb"agent(?:_recovery|_master)?|config_file_service_registration|default|dns|initial_management|master|replication"
)
"""The names of tokens in the ACL system of Consul's agents."""
_SECRETS = rb"(?:pass(?:word|wd|phrase)|secret|token|api[_-]?key|secret[_-]?key|access[_-]?key)"
_ACCOUNT = re.compile(rb"[ \t]+(?:- )?[a-z_][\w.-]{0,31}:(?P<a>[^\s:]\S*)[ \t]*\r?")
_OUTER = re.compile(rb"\S.*")
"""A line that is not indented."""
_ELEMENT = re.compile(rb"(?i)[ \t]*<value>(?P<a>[^<\n]+)(?:<(?:/\w*)?>?)?[ \t]*\r?")
_DUMPED = re.compile(rb"[ \t]*string\([0-9]{1,6}\) \"(?P<a>[^\n]*?)\"?[ \t]*\r?")
_SENT = re.compile(rb"(?:[>C][: ]{1,2})?[ \t]*(?P<a>[A-Za-z0-9+/]+={0,2})[ \t]*\r?")
_TYPED = re.compile(rb"[ \t]*(?:exp_)?send(?:_user)?[ \t]+(?:--? ?)?\"(?P<a>[^\"$\\\n]+)[^\n]*")
_CLOSE = re.compile(rb"[ \t]*(?:[}\])]+[,;]?|</.*)[ \t]*\r?")


def _word(value: bytes) -> bool:
    return is_chosen(value) or (len(value) > 7 and value.isalnum() and not value.isalpha())


def _uuid(value: bytes) -> bool:
    return len(value) == 36 and value.count(b"-") == 4


def _string(value: bytes) -> bool:
    return is_secret_string(value, False, False)


class Announcement(NamedTuple):
    """What announces: `trigger` ends with the newline of its line. `value` matches a line that holds the secret, in
    the group that matched; at most `lines` lines are looked at, `many` of them may hold one, `end` is the last.
    """

    trigger: bytes | Tail
    value: re.Pattern[bytes]
    judge: Callable[[bytes], bool]
    lines: int = 6
    many: bool = False
    end: re.Pattern[bytes] = _CLOSE


def _pair(names: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?i)" + _PAIR.replace(b"%s", names))


ANNOUNCED = (
    Announcement(
        Tail.OPEN_BLOCK,
        _pair(rb"value|default|plaintext|secret"),
        _string,
    ),
    Announcement(
        rb"\"type\": \"(?:random_password|SecureString)\",?[ \t]{0,4}\r?\n",
        _pair(rb"result|value|bcrypt_hash"),
        _string,
        24,
        True,
        re.compile(rb"[ \t]*\],?\r?"),
    ),
    Announcement(rb"\"keyName\": \"[\w.-]{1,60}\",?[ \t]{0,4}\r?\n", _pair(rb"value"), is_given),
    Announcement(
        rb"[\"']?\bjwt\w{0,20}[\"']?[ \t]{0,4}[:=][ \t]{0,4}\{?[ \t]{0,4}\r?\n",
        _pair(rb"(?:signing)?key|secret"),
        _string,
    ),
    Announcement(rb"\"(?:requirepass|masterauth|masteruser)\"[ \t]{0,4}\r?\n", _QUOTED, is_given, 1),
    Announcement(
        rb"\bpassword for the \[[\w.-]{1,60}\] user successfully reset\.[ \t]{0,4}\r?\n",
        _pair(rb"new value"),
        is_given,
        3,
    ),
    Announcement(
        rb"\b(?:following|generated|initial|temporary|one-time|new|admin(?:istrator)?) (?:[\w-]{1,20} ){0,2}"
        rb"(?:password|token|secret|key)\b[^\n.]{0,80}:[ \t]{0,4}\r?\n",
        _ALONE,
        _word,
        4,
        False,
        re.compile(rb"(?=[ \t]*\S+[ \t]+\S).*"),
    ),
    Announcement(
        rb"\bpassword for the \[?[\w.-]{1,60}\]? user\b[^\n.]{0,100}:[ \t]{0,4}\r?\n",
        _ALONE,
        is_given,
        2,
    ),
    Announcement(
        rb"(?:^|\n)[0-9]{1,4}\) \"[\w.:/-]{0,60}(?:pass(?:word|wd|phrase)?|secret|token|api_?key)\"[ \t]{0,4}\r?\n",
        _QUOTED,
        is_given,
        1,
    ),
    Announcement(
        rb"(?:^|\n)/[\w./-]{0,100}[/_-](?:password|passwd|secret|token|api_?key)[ \t]{0,4}\r?\n",
        _UNDER_PATH,
        is_chosen,
        1,
    ),
    Announcement(
        rb"\bform-data; name=\\?\"[\w.\[\]-]{0,60}(?:pass(?:word|wd|phrase|code)|pwd|secret|token|api_?key)"
        rb"[\w.\[\]-]{0,20}\\?\"[ \t]{0,4}\r?\n",
        _LINE,
        is_given,
        2,
        False,
        re.compile(rb"--.*"),
    ),
    Announcement(
        rb"\"name\": ?\"[\w.-]{0,40}(?:sess|sid|auth|csrf|xsrf|remember|login|jwt)[\w.-]{0,40}\",[ \t]{0,4}\r?\n",
        _pair(rb"value"),
        is_chosen,
        1,
    ),
    Announcement(
        rb"\"name\": ?\"(?:set-)?cookie\",[ \t]{0,4}\r?\n",
        _pair(rb"value"),
        is_given,
        1,
    ),
    Announcement(rb"\bvault\.azure\.net/secrets/[^\"\n]{1,200}\",[ \t]{0,4}\r?\n", _pair(rb"value"), is_given),
    Announcement(
        rb"[\n \t\"']-[\w.-]*(?:requirepass|masterauth|" + _SECRETS + rb")[\"']?,?\r?\n",
        _ARGUMENT,
        is_chosen,
        1,
    ),
    Announcement(rb"(?:^|\n)(?:requirepass|masterauth)\r?\n", _WORD, is_given, 1),
    Announcement(rb"(?:^|\n)(?:[\w.:]{0,40}[_.:])?" + _SECRETS + rb"\r?\n", _WORD, is_chosen, 1),
    Announcement(
        rb"(?:[\n{,]|^)[ \t]{0,60}\"[\w.-]{0,40}" + _SECRETS + rb"\"[ \t]{0,4}:[ \t]{0,4}\r?\n",
        _STRING,
        _string,
        1,
    ),
    Announcement(rb"(?:^|\n)[ \t]{0,60}<[\w.:-]{0,40}" + _SECRETS + rb">[ \t]{0,4}\r?\n", _ALONE, _string, 1),
    Announcement(
        rb"\b[\w.-]{0,40}" + _SECRETS + rb"[ \t]{0,4}=[ \t]{0,4}(?:\"{3}|'{3})[ \t]{0,4}\r?\n", _TEXT, _string, 1
    ),
    Announcement(rb"\"sensitive\": true,[ \t]{0,4}\r?\n", _pair(rb"value"), is_given, 3),
    Announcement(rb"\btokens\"?[ \t]{0,4}[:=]?[ \t]{0,4}\{[ \t]{0,4}\r?\n", _pair(_TOKENS), _uuid, 12, True),
    Announcement(rb"(?:password|passwd|secret(?:[._-]?key)?|token)</name>[ \t]{0,4}\r?\n", _ELEMENT, _string, 2),
    Announcement(rb"\bchpasswd:[ \t]{0,4}\r?\n", _ACCOUNT, is_given, 40, True, _OUTER),
    Announcement(rb"<(?:\w{1,10}:)?(?:admin(?:istrator)?|user)?password>[ \t]{0,4}\r?\n", _ELEMENT, is_given, 2),
    Announcement(
        rb"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key)\"\]=>[ \t]{0,4}\r?\n",
        _DUMPED,
        _string,
        1,
    ),
    Announcement(rb"334 UGFzc3dvcmQ6[ \t]{0,4}\r?\n", _SENT, is_given, 1),
    Announcement(rb"\bexpect[ \t]{1,4}[\"{*][^\n]{0,20}assword[^\n]{0,8}\r?\n", _TYPED, is_given, 1),
    Announcement(rb"<auth-user-pass>[ \t]{0,4}\r?\n", _LINE, is_given, 3, True),
    Announcement(
        rb"\b(?:recovery|backup|rescue|scratch)[ -](?:codes|keys|tokens)\b[^\n]{0,60}:[ \t]{0,4}\r?\n",
        _CODE,
        lambda value: any(one in b"0123456789" for one in value),
        24,
        True,
        re.compile(rb"(?![ \t]*(?:[0-9]{1,2}[.)] |[-*] )?[\w-]+(?: [\w-]+){0,3}[ \t]*\r?\Z)\s*\S.*"),
    ),
)
"""Announcements; a trigger matches in any case."""


class Awaiting(Follower):
    """State behind an announcement: how many lines more are looked at. Immutable."""

    __slots__ = ("_kind", "_lines")

    def __init__(self, kind: Announcement, lines: int) -> None:
        self._kind = kind
        self._lines = lines

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line: a secret, something between, or the end."""
        kind = self._kind
        after = Awaiting(kind, self._lines - 1) if self._lines > 1 else None
        found = kind.value.fullmatch(text, start, end)
        if found is not None:
            first, last = found.span(found.lastgroup or 0)
            secret = first < last and kind.judge(text[first:last])
            if secret or kind.many:
                return ((Gone(first, end if cut else last),) if secret else ()), after if kind.many else None
        return (), None if kind.end.fullmatch(text, start, end) else after


class Announced(Detector):
    """Finds what one `Announcement` announces."""

    def __init__(self, name: str, label: str, kind: Announcement) -> None:
        self.name = name  # type: ignore[misc]
        self.label = label
        if isinstance(kind.trigger, Tail):
            self.tails = (kind.trigger,)
        else:
            self.triggers = (rb"(?i)" + kind.trigger,)
        self._kind = kind

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the line begins behind one that announces."""
        return at, Awaiting(self._kind, self._kind.lines)
