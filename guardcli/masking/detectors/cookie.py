"""Cookies (RFC 6265): what a client sends, and the value that a server sets."""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.masking.compiled.judges import CHOSEN, Judge
from guardcli.masking.compiled.native import Question, cookies
from guardcli.masking.detector import Detector
from guardcli.masking.forms.form import Form, FormDetector
from guardcli.masking.forms.tokens import TokenDetector

_JAR = rb"\t(?:TRUE|FALSE)\t/[^\t\n]{0,100}\t(?:TRUE|FALSE)\t[0-9]{1,12}\t[^\t\n]{1,100}\t"
_OBJECT = (
    rb"\"[nN]ame\"[ \t]{0,4}:[ \t]{0,4}\"[\w.-]{0,40}(?i:sess|sid|auth|csrf|xsrf|remember|login|jwt)[\w.-]{0,40}\""
    rb"[ \t]{0,4},[ \t]{0,4}\"[vV]alue\"[ \t]{0,4}:[ \t]{0,4}\""
)
_SENT = (
    rb"\"[nN]ame\"[ \t]{0,4}:[ \t]{0,4}\"(?i:(?:set-)?cookie)\"[ \t]{0,4},[ \t]{0,4}"
    rb"\"[vV]alue\"[ \t]{0,4}:[ \t]{0,4}\""
)
_CHOICE = (
    rb"(?:[\w-]{0,20}(?:theme|mode|lang(?:uage)?|locale|currency|country|consent"
    rb"|cookies?|view|layout|timezone)[\w-]{0,20})"
)
_TASTE = (
    rb"(?:dark|light|auto|system|on|off|yes|no|true|false|[01]|all|none"
    rb"|accepted|declined|necessary|grid|list|[a-z]{2}(?:[-_][a-z]{2})?)"
)
"""Cookies that say what somebody likes, and their values."""
_SESSION = rb"(?<![\w.-])(?:_[a-z0-9]{1,30}_session|connect\.sid|laravel_session|wordpress_logged_in_[0-9a-f]{32})="
_PAIR = Judge(Question.PLACEHOLDER, wants=rb"(?s:[^=]*=.*)")
_KEPT = (
    Form(_SESSION[len(rb"(?<![\w.-])") :] + rb"[A-Za-z0-9]", _SESSION, rb"([\w%.~+/=-]{8,8192})", CHOSEN),
    Form(_JAR + rb"[^\s]", _JAR, rb"(\S{1,8192})", CHOSEN),
    Form(_SENT + rb"[^\s\"]", _SENT, rb"([^\n\"\\]{1,8192})", _PAIR),
    Form(_OBJECT + rb"[^\s\"]", _OBJECT, rb"([^\s\"\\]{1,8192})", CHOSEN),
)
"""Cookies as programs keep them: that of a session by its name, a line of Netscape's format, an object of JSON."""


class Cookie(TokenDetector):
    """Find all of a ``Cookie`` header, and of ``Set-Cookie`` the value without its attributes."""

    name = "cookie"
    label = "COOKIE"
    triggers = (rb"\bcurl[ \t](?:[^\n]{0,300}[ \t])?(?:-b|--cookie)[ \t=]{0,2}[\"']?[A-Za-z0-9_.$%-]{1,64}=[^\s;\"',]",)
    prefix = rb"(?i)(?:set-)?cookie\\?[\"']?[ \t]{0,8}:|[ \t](?:-b|--cookie)[ \t=\"']"
    token = (
        rb"(?i)(?:set-cookie\\?[\"']?[ \t]{0,8}:[ \t]{0,8}\\?[\"']?[\w.$%*-]{1,64}=(?:\\?\")?([^\s;\"'\\]{1,8192})"
        rb"|cookie\\?[\"']?[ \t]{0,8}:[ \t]{0,8}\\?[\"']?([\w.$%-]{1,64}=[^\n\r\"'\\]{1,8192})"
        rb"|[ \t](?:-b|--cookie)[ \t=]{0,2}[\"']?([\w.$%-]{1,64}=[^\s\"'\\]{1,8192}))"
    )
    confirm = Judge(
        Question.COOKIE,
        declines=rb"(?i)(?:" + _CHOICE + rb"=)?" + _TASTE + rb"(?:; ?" + _CHOICE + rb"=" + _TASTE + rb")*;?"
        rb"|(?:[\w.%-]{1,40}=)?[\w.-]{0,40}(?:\.{3}|\xe2\x80\xa6)|[\w.%-]{1,40}=\{\w{1,40}\}(?:<[^\n]*)?",
    )
    opening = (
        rb"(?i:cookie\\?[\"']?[ \t]{0,8}:)[ \t]{0,8}\\?[\"']?([^\s\"'][^\n\r\"']*)"
        rb"|\"(?i:(?:set-)?cookie)\"[ \t]{0,4},[ \t]{0,4}\"[vV]alue\"[ \t]{0,4}:[ \t]{0,4}\"([^\n\"]*)"
    )

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, which finds those of a command line, the one for headers, and those for what is kept."""
        return cls(), Header(), *(FormDetector(cls.name, cls.label, form) for form in _KEPT)


class Header(Cookie):
    """Find those of headers."""

    triggers = (rb"(?i)\bcookie\\?[\"']?[ \t]{0,8}:[ \t]{0,8}\\?[\"']?[A-Za-z0-9_.$%*-]{1,64}=(?:\\?\")?[^\s;\"',]",)
    sifted = True

    def places(self, text: bytes, end: int) -> Sequence[int]:
        """Return where the trigger ends: one header may hold another very often."""
        return cookies(text, end)
