"""Passwords in URLs, ``scheme://user:PASSWORD@host`` (RFC 3986 section 3.2.1)."""

from __future__ import annotations

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector

_USERINFO = rb"://[^\s\0/:@\"'<>]{0,128}:([^\s\0\"'<>/]{1,4096})@"
_EXAMPLE = rb"://(?:(?i:my)?user(?:name)?:(?:pass(?:word|wd)?|pwd|secret)|scott:tiger|:(?i:pass(?:word|wd)?|pwd))@"
"""What manuals write where a user puts a name and a password."""
_DECLINED = rb"(?s:[{(]\?.*|\{.*|%\(.*|\[\^.*)|[^\[\n]*\]|PASS(?:WORD|WD)?|PWD"
"""Variables, expressions, and the names that a synopsis has for one: ``user[:password]@``."""


class ConnectionUri(Detector):
    """Find the password alone, up to the last ``@`` of its authority: scheme, user and host stay readable."""

    name = "connection_uri"
    label = "PASSWORD"
    triggers = (rb"[A-Za-z0-9]://[^\s/:@\"'<>]{0,128}:[^\s\"'<>@/]{1,4096}@",)
    opening = rb"://[^\s/:@\"'<>]{0,128}:([^\s\0\"'<>/]{1,4096})"
    finders = (Finder(Way.AUTHORITY, _USERINFO, Judge(Question.PLACEHOLDER, declines=_DECLINED), _EXAMPLE),)
