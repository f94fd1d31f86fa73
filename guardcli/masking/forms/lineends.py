"""How lines end behind which a secret may stand: the forms that ``native/announced.c`` looks for.

A first pass that looks for each of them spends its time on words that many lines hold. So it looks for the words alone;
where one is, the compiled core reads each line from its end. This module imports nothing of guard: the core's build
reads it too.
"""

from __future__ import annotations

from enum import IntEnum

NAME = b"%"
"""Stands for a name that tells of a secret, and what may end it."""

_KEY = rb"(?:name|key|id|property|variable|var|field|header|param(?:eter)?|env)"
_Q = rb"\\?[\"']?"
_B = rb"[ \t]{0,4}"
_SECRETS = rb"(?:pass(?:word|wd|phrase)|secret|token|api[_-]?key|secret[_-]?key|access[_-]?key)"


class LineEnd(IntEnum):
    """An end of a line, by its place in `ENDS`."""

    NEXT_PAIR = 0
    NEXT_BLOCK = 1
    NEXT_KEY = 2
    LOGIN = 3
    OPEN_BLOCK = 4
    TYPE = 5
    KEY_NAME = 6
    WEB_TOKEN = 7
    SETTING = 8
    RESET = 9
    GENERATED = 10
    TOLD = 11
    LISTED = 12
    PATH = 13
    FIELD = 14
    SESSION = 15
    COOKIE = 16
    VAULT = 17
    ARGUMENT = 18
    DIRECTIVE = 19
    ALONE = 20
    MEMBER = 21
    ELEMENT = 22
    TEXT = 23
    SENSITIVE = 24
    TOKENS = 25
    PROPERTY = 26
    ACCOUNTS = 27
    PASSWORD = 28
    DUMPED = 29
    CHALLENGE = 30
    EXPECTED = 31
    CREDENTIALS = 32
    CODES = 33
    ATTRIBUTE = 34
    COMPLEX_KEY = 35
    KEY = 36
    CONTINUED = 37
    HEREDOC = 38
    HALF_STRING = 39
    NUL_KEY = 40
    NUMBER = 41


ENDS = (
    rb"(?i)" + _KEY + _Q + _B + rb"[:=]" + _B + _Q + rb"[\w./-]*" + NAME + rb"[\"']?" + _B + rb",?" + _B,
    rb"(?i)\W(?:variable|output)[ \t]{1,4}[\"']?[\w.-]*" + NAME + rb"[\"']?" + _B + rb"\{" + _B,
    rb"(?i)<key>[\w.-]*" + NAME + rb"</key>" + _B,
    rb"(?i)\Wlogin[ \t]{1,16}[^\s]+" + _B,
    rb"(?i)" + NAME + rb"\\?[\"']" + _B + rb"[:=]?" + _B + rb"\{" + _B,
    rb"(?i)\"type\": \"(?:random_password|SecureString)\",?" + _B,
    rb"(?i)\"keyName\": \"[\w.-]+\",?" + _B,
    rb"(?i)\Wjwt\w*[\"']?" + _B + rb"[:=]" + _B + rb"\{?" + _B,
    rb"(?i)\"(?:requirepass|masterauth|masteruser)\"" + _B,
    rb"(?i)\Wpassword for the \[[\w.-]+\] user successfully reset\." + _B,
    rb"(?i)\W(?:following|generated|initial|temporary|one-time|new|admin(?:istrator)?) (?:[\w-]+ ){0,2}"
    rb"(?:password|token|secret|key)(?:[^\w\n.][^\n.]*)?:" + _B,
    rb"(?i)\Wpassword for the \[?[\w.-]+\]? user(?:[^\w\n.][^\n.]*)?:" + _B,
    rb"(?i)\n[0-9]{1,4}\) \"[\w.:/-]*(?:pass(?:word|wd|phrase)?|secret|token|api_?key)\"" + _B,
    rb"(?i)\n/[\w./-]*[/_-](?:password|passwd|secret|token|api_?key)" + _B,
    rb"(?i)\Wform-data; name=\\?\"[\w.\[\]-]*(?:pass(?:word|wd|phrase|code)|pwd|secret|token|api_?key)"
    rb"[\w.\[\]-]*\\?\"" + _B,
    rb"(?i)\"name\": ?\"[\w.-]*(?:sess|sid|auth|csrf|xsrf|remember|login|jwt)[\w.-]*\"," + _B,
    rb"(?i)\"name\": ?\"(?:set-)?cookie\"," + _B,
    rb"(?i)\Wvault\.azure\.net/secrets/[^\"\n]+\"," + _B,
    rb"(?i)[\n \t\"']-[\w.-]*(?:requirepass|masterauth|" + _SECRETS + rb")[\"']?,?",
    rb"(?i)\n(?:requirepass|masterauth)",
    rb"(?i)\n(?:[\w.:]*[_.:])?" + _SECRETS,
    rb"(?i)[\n{,][ \t]*\"[\w.-]*" + _SECRETS + rb"\"" + _B + rb":" + _B,
    rb"(?i)\n[ \t]*<[\w.:-]*" + _SECRETS + rb">" + _B,
    rb"(?i)" + _SECRETS + _B + rb"=" + _B + rb"(?:\"{3}|'{3})" + _B,
    rb"(?i)\"sensitive\": true," + _B,
    rb"(?i)\Wtokens\"?" + _B + rb"[:=]?" + _B + rb"\{" + _B,
    rb"(?i)(?:password|passwd|secret(?:[._-]?key)?|token)</name>" + _B,
    rb"(?i)\Wchpasswd:" + _B,
    rb"(?i)<(?:\w{1,10}:)?(?:admin(?:istrator)?|user)?password>" + _B,
    rb"(?i)(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key)\"\]=>" + _B,
    rb"(?i)334 UGFzc3dvcmQ6" + _B,
    rb"(?i)\Wexpect[ \t]{1,4}[\"{*][^\n]{0,20}assword[^\n]{0,8}",
    rb"(?i)<auth-user-pass>" + _B,
    rb"(?i)\W(?:recovery|backup|rescue|scratch)[ -](?:codes|keys|tokens)(?:[^\w\n][^\n]*)?:" + _B,
    rb"(?i)" + _KEY + rb"=[\"'][\w.-]*" + NAME + rb"[\"'][^<>\n]*>" + _B,
    rb"(?i)\n[-+]?[ \t]*\?[ \t]+[\"']?[\w.-]*" + NAME + rb"[\"']?" + _B,
    rb"(?i)\n[-+ \t]*[\"']?[\w.-]*" + NAME + rb"[\"']?[ \t]*[:=]" + _B,
    rb"(?i)\n[-+ \t]*[\w.-]*" + NAME + rb"[ \t]*[:=]" + _B + rb"(?:\"{3})?\\" + _B,
    rb"(?i)" + NAME + rb"[\"']?[ \t]*[:=]" + _B + rb"(?:\$\(cat )?<<[-~]?[\"']?\w+[\"']?" + _B,
    rb"(?i)\n[ \t]*(?:export )?[\w.-]*" + NAME + rb"[ \t]*[:=]" + _B + rb"\"[^\"\n]+",
    rb"(?i)\0[\w.:/@-]*" + NAME,
    rb"\W(?:privateExponent|prime[0-9]{1,2}|exponent[0-9]{1,2}|coefficient[0-9]{0,2}|priv|private-key):" + _B,
)
"""The ends, by `LineEnd`: where a newline or what is no word begins one, a text begins so too."""

WORDS = (
    rb"(?i)jwt",
    rb"(?i)login[ \t]",
    rb"(?i)\"type\": \"SecureString",
    rb"(?i)\"keyName\": \"",
    rb"(?i)master(?:auth|user)",
    rb"(?i)\"name\": ?\"",
    rb"(?i)\"sensitive\": true",
    rb"(?i)334 UGFzc3dvcmQ6",
    rb"(?i)assword",
    rb"(?i) key",
    rb"privateExponent:|prime[0-9]{1,2}:|exponent[0-9]{1,2}:|coefficient[0-9]{0,2}:|\bpriv:|private-key:",
    rb"(?i)(?:recovery|backup|rescue|scratch)[ -](?:codes|keys|tokens)",
)
"""Words of which each end holds one, or else a name that tells of a secret."""
