"""Values that look random beside a name that tells, where no other detector knows the form."""

from __future__ import annotations

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector

_NAMES = (
    rb"(?:key|auth|cred|creds|signature|hmac|salt|seed|session[_-]?id|sid|otp|pin|pat|licen[cs]e|code[_-]?verifier"
    rb"|sonar\.login)"
)
_VALUE = rb"[A-Za-z0-9+/_-]{20,8192}={0,2}(?![\w./:(\[-])"
_PUBLIC = (
    rb"(?i)(?:public|pub|publishable|primary|gpg|pgp|site|posthog|subscribe|publish|foreign|cache|sort|partition|object|idempotency|host|ssh|index|storage|row"
    rb"|websocket)[ _-]?key|clsid"
)
_BEFORE = rb"(?<=[ \t\"'=:>])[^=]"
_FIRST = 20
_DECLINED = rb"[A-Z]{2}[0-9a-f]{32}|(?i:[^\n]*(?:0123456789|abcdefghij)[^\n]*)"
"""Identifiers of Twilio's resources, which it calls their ``sid``, and alphabets."""

_CACHED = rb"[A-Za-z][a-z]{1,20}(?:-[A-Za-z0-9_.]{1,20}){0,6}-(?:[0-9a-f]{40}|[0-9a-f]{64})"
"""Keys of caches in builds: words and a digest, ``Linux-node-…``."""


class HighEntropy(Detector):
    """Find values of 20 characters and more whose characters are spread as random ones are."""

    name = "high_entropy"
    label = "SECRET"
    triggers = (rb"(?i)" + _NAMES + rb"\\?[\"']?\]?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}\\?[\"']?[A-Za-z0-9+/_-]{20}",)
    opening = rb"(?i:" + _NAMES + rb"\\?[\"']?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}\\?[\"']?)([A-Za-z0-9+/=_-]{8,1024})"

    finders = (
        Finder(
            Way.TOKEN,
            _VALUE,
            Judge(Question.RANDOM, declines=_DECLINED + rb"|" + _CACHED),
            _BEFORE,
            distances=(_FIRST,),
            against=_PUBLIC,
        ),
    )
