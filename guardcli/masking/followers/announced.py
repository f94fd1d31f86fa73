"""Secrets that a line announces and one of the next holds: pairs, blocks of configuration, results of programs."""

from __future__ import annotations

from typing import ClassVar

from guardcli.masking.compiled.judges import CHOSEN, GIVEN, Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector
from guardcli.masking.followers.compiled import Announcement, Announcements, Compiled, Kind
from guardcli.masking.followers.follower import Follower
from guardcli.masking.forms.lineends import ENDS, NAME, WORDS, LineEnd
from guardcli.masking.forms.names import SUFFIX, TELLING

_PAIR = (
    rb"(?i)[ \t]*\\?[\"']?(?:%s)\\?[\"']?[ \t]*[:=][ \t]*(?:\\?\"((?:[^\"\\\n]|\\.)*)\"?|'"
    rb"([^'\n]*)'?|([^\s\"'{\[][^\s,]*))[ \t]*,?[ \t]*\r?"
)
_NEXT = (
    rb"(?i)[ \t]*(?:- )?[\"']?(?:value|default|defaultvalue|val|content|secret|password)[\"']?"
    rb"(?:[ \t]*[:=][ \t]*|[ \t]+)"
    rb"(?:N?\"((?:[^\"\\\n]|\\.)*)\"?|'([^'\n]*)'?|([^\s\"'{\[|>&!][^\r\n]*?))[ \t]*[,;]?(?:[ \t]+#[^\n]*)?\r?"
    rb"|[ \t]*<(?:string|value|data|text)>([^<\n]*)(?:<(?:/\w*)?>?)?[ \t]*\r?"
)
"""A value beside a word that says that it is one; unlike others, also one that is none ends the search."""
_ALONE = rb"[ \t]*([^\s<>]{6,4000})[ \t]*\r?"
_UNDER_PATH = rb"([^\s/.<>|][^\s/<>|]{5,200})\r?"
_LINE = rb"[ \t]*([^\s<][^\r\n]*?)[ \t]*\r?"
_CODE = (
    rb"[ \t]*(?:[0-9]{1,2}[.)] |[-*] )?([0-9A-Za-z]{4,12}"
    rb"(?:-[0-9A-Za-z]{4,12}){1,4}|[0-9]{8}|[0-9A-Za-z]{10,20})[ \t]*\r?"
)
_QUOTED = rb"[ \t]*[0-9]{1,4}\) \"((?:[^\"\\\n]|\\.)+)\"?[ \t]*\r?"
_ARGUMENT = (
    rb"[ \t]*(?:- )?(?:\"([^\"\s]{4,4000})\"|'([^'\s]{4,4000})'|"
    rb"([^\s\"'<\[{-][^\s\"']{3,4000}))[ \t]*,?[ \t]*\r?"
)
_TEXT = rb"[ \t]*[\"']?([^\s\"'<{\[][^\r\n\"'<]{0,4000})[\"']{0,3},?[ \t]*\r?"
_STRING = rb"[ \t]*\"((?:[^\"\\\n]|\\.){1,4000})\"?[ \t]*[}\],]{0,9}[ \t]*\r?"
_WORD = rb"([^\s<>]{6,4000})\r?"
_TOKENS = (
    rb"agent(?:_recovery|_master)?|config_file_service_registration|default|dns|initial_management|master|replication"
)
"""The names of tokens in the ACL system of Consul's agents."""
_ACCOUNT = rb"[ \t]+(?:- )?[a-z_][\w.-]{0,31}:([^\s:]\S*)[ \t]*\r?"
_ELEMENT = rb"(?i)[ \t]*<(?:value|string|entry)>([^<\n]+)(?:<(?:/\w*)?>?)?[ \t]*\r?"
_DUMPED = rb"[ \t]*string\([0-9]{1,6}\) \"([^\n]*?)\"?[ \t]*\r?"
_SENT = rb"(?:[>C][: ]{1,2})?[ \t]*([A-Za-z0-9+/]+={0,2})[ \t]*\r?"
_TYPED = rb"[ \t]*(?:exp_)?send(?:_user)?[ \t]+(?:--? ?)?\"([^\"$\\\n]+)[^\n]*"
_IN_QUOTES = rb"\"((?:[^\"\\\n]|\\.){1,4000})\"?|'([^'\n]{1,4000})'?"
_COMPLEX = rb"[-+]?[ \t]*:[ \t]+(?:" + _IN_QUOTES + rb"|([^\s\"'{\[|>&*!][^\r\n]*?))[ \t]*\r?"
"""The value of YAML's ``? key``."""
_BELOW = rb"[-+]?[ \t]+(?:" + _IN_QUOTES + rb"|([^\s\"'{\[|>&*!#<-]\S{3,4000}[^\s:,]))[ \t]*,?[ \t]*\r?"
_CONTINUATION = rb"[ \t]*([^\s\\][^\r\n\\]*?)[ \t]*\\?[ \t]*\r?"
_HEREDOC = rb"(?![-+~]?[ \t]*(?:[A-Z_]{2,40}[ \t]*\r?\Z|-----))[-+~]?[ \t]*(\S[^\r\n]*?)[ \t]*\r?"
_END_OF_STRING = rb"[ \t]*([^\"\r\n]{1,4000})(?:\"[^\r\n]*)?\r?"
_ENTRY = rb"([^\0\n]{1,4000})(?:\0[^\n]*)?"
_DIGITS = rb"[ \t]+([0-9a-f]{1,2}(?::[0-9a-f]{1,2}){0,63}:?)[ \t]*\r?"
"""A line of a number as OpenSSL prints it."""

_ANYTHING = rb"[^\n]*"
_CLOSE = rb"[ \t]*(?:[}\])]+[,;]?|</.*)[ \t]*\r?"
_NEXT_NAME = rb"(?i)[ \t]*(?:[}\])]*[,;]?|- .*|<key>.*|[ \t]*\"?(?:name|key)\"?[ \t]*[:=].*)\r?"
_LIST_CLOSES = rb"[ \t]*\],?\r?"
_TWO_WORDS = rb"(?=[ \t]*\S+[ \t]+\S).*"
_BOUNDARY = rb"--.*"
_OUTER = rb"\S.*"
"""A line that is not indented."""
_PROSE = rb"(?![ \t]*(?:[0-9]{1,2}[.)] |[-*] )?[\w-]+(?: [\w-]+){0,3}[ \t]*\r?\Z)\s*\S.*"

_STRING_OF_ANY = Judge(Question.STRING)
_IN_A_BLOCK = _STRING_OF_ANY._replace(declines=rb"(?:var|local|module|data|each|self|[a-z]+_[a-z_]+)\.[\w.\[\]]+")
"""A string, and none of terraform's references."""
_BESIDE = Judge(0)
_MADE = Judge(Question.GENERATED)
_UUID = Judge(wants=rb"(?s)(?=.{36}\Z)[^-]*(?:-[^-]*){4}")
_WITH_DIGIT = Judge(wants=rb"[A-Za-z-]*[0-9][0-9A-Za-z-]*")


def _pair(names: bytes) -> bytes:
    return _PAIR.replace(b"%s", names)


ANNOUNCED = (
    Announcement(
        (LineEnd.NEXT_PAIR, LineEnd.NEXT_BLOCK, LineEnd.NEXT_KEY, LineEnd.LOGIN),
        *(_NEXT, _BESIDE, _NEXT_NAME, 5),
        final=True,
    ),
    Announcement((LineEnd.OPEN_BLOCK,), _pair(rb"value|default|plaintext|secret"), _IN_A_BLOCK, _CLOSE),
    Announcement((LineEnd.TYPE,), _pair(rb"result|value|bcrypt_hash"), _STRING_OF_ANY, _LIST_CLOSES, 24, True),
    Announcement((LineEnd.KEY_NAME, LineEnd.VAULT), _pair(rb"value"), GIVEN, _CLOSE),
    Announcement((LineEnd.WEB_TOKEN,), _pair(rb"(?:signing)?key|secret"), _STRING_OF_ANY, _CLOSE),
    Announcement((LineEnd.SETTING, LineEnd.LISTED), _QUOTED, GIVEN, _CLOSE, 1),
    Announcement((LineEnd.RESET,), _pair(rb"new value"), GIVEN, _CLOSE, 3),
    Announcement((LineEnd.GENERATED,), _ALONE, _MADE, _TWO_WORDS, 4),
    Announcement((LineEnd.TOLD,), _ALONE, GIVEN, _CLOSE, 2),
    Announcement((LineEnd.PATH,), _UNDER_PATH, CHOSEN, _CLOSE, 1),
    Announcement((LineEnd.FIELD,), _LINE, GIVEN, _BOUNDARY, 2),
    Announcement((LineEnd.SESSION,), _pair(rb"value"), CHOSEN, _CLOSE, 1),
    Announcement((LineEnd.COOKIE,), _pair(rb"value"), GIVEN, _CLOSE, 1),
    Announcement((LineEnd.ARGUMENT,), _ARGUMENT, CHOSEN, _CLOSE, 1),
    Announcement((LineEnd.DIRECTIVE,), _WORD, GIVEN, _CLOSE, 1),
    Announcement((LineEnd.ALONE,), _WORD, CHOSEN, _CLOSE, 1),
    Announcement((LineEnd.MEMBER,), _STRING, _STRING_OF_ANY, _CLOSE, 1),
    Announcement((LineEnd.ELEMENT,), _ALONE, _STRING_OF_ANY, _CLOSE, 1),
    Announcement((LineEnd.TEXT,), _TEXT, _STRING_OF_ANY, _CLOSE, 1),
    Announcement((LineEnd.SENSITIVE,), _pair(rb"value"), GIVEN, _CLOSE, 3),
    Announcement((LineEnd.TOKENS,), _pair(_TOKENS), _UUID, _CLOSE, 12, True),
    Announcement((LineEnd.PROPERTY,), _ELEMENT, _STRING_OF_ANY, _CLOSE, 2),
    Announcement((LineEnd.ACCOUNTS,), _ACCOUNT, GIVEN, _OUTER, 40, True),
    Announcement((LineEnd.PASSWORD,), _ELEMENT, GIVEN, _CLOSE, 2),
    Announcement((LineEnd.DUMPED,), _DUMPED, _STRING_OF_ANY, _CLOSE, 1),
    Announcement((LineEnd.CHALLENGE,), _SENT, GIVEN, _CLOSE, 1),
    Announcement((LineEnd.EXPECTED,), _TYPED, GIVEN, _CLOSE, 1),
    Announcement((LineEnd.CREDENTIALS,), _LINE, GIVEN, _CLOSE, 3, True),
    Announcement((LineEnd.CODES,), _CODE, _WITH_DIGIT, _PROSE, 24, True),
    Announcement((LineEnd.ATTRIBUTE,), _ELEMENT, _STRING_OF_ANY, _CLOSE, 1),
    Announcement((LineEnd.COMPLEX_KEY,), _COMPLEX, _STRING_OF_ANY, _CLOSE, 1),
    Announcement((LineEnd.KEY,), _BELOW, CHOSEN, _CLOSE, 1),
    Announcement((LineEnd.CONTINUED,), _CONTINUATION, GIVEN, _CLOSE, 1),
    Announcement((LineEnd.HEREDOC,), _HEREDOC, GIVEN, _ANYTHING, 40, True),
    Announcement((LineEnd.HALF_STRING,), _END_OF_STRING, GIVEN, _CLOSE, 1),
    Announcement((LineEnd.NUL_KEY,), _ENTRY, GIVEN, _CLOSE, 1),
    Announcement((LineEnd.NUMBER,), _DIGITS, GIVEN, _ANYTHING, 200, True),
)


class Announced(Detector):
    """Finds what is announced by the end of a line."""

    led: ClassVar[bool] = True
    triggers = (rb"(?i)" + TELLING, *WORDS)
    ends = tuple(end.replace(NAME, TELLING + SUFFIX) for end in ENDS)
    _announcements: ClassVar[Announcements] = Announcements(ANNOUNCED)

    def __init__(self, name: str, label: str) -> None:
        """`name` and `label` are those of the detector that it is a part of."""
        self.name = name  # type: ignore[misc]
        self.label = label

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return who finds what announces from `at` on."""
        return at, Compiled(Kind.ANNOUNCED, self._announcements)
