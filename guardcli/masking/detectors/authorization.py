"""Credentials in ``Authorization`` headers (RFC 9110 section 11), and bearer tokens wherever they are named so."""

from __future__ import annotations

from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.forms.tokens import TokenDetector


class Authorization(TokenDetector):
    """Find what follows the scheme; decline words, attributes of code and variables."""

    name = "authorization"
    label = "AUTHORIZATION"
    triggers = (
        rb"(?i)authorization\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?[^\s\"'\\]",
        rb"(?i)\bbearer[ \t]{1,4}[A-Za-z0-9._~+/=-]{16}",
    )
    prefix = rb"(?i)authorization\\?[\"']?[ \t]{0,8}[:=]|(?<![a-z])bearer[ \t]"
    token = (
        rb"(?i)authorization\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?"
        rb"(?:(?:basic|bearer|token|negotiate|ntlm|apikey|api-key|dpop)[ \t]{1,8}([^\s\"'`\\,;|&]{1,8192})"
        rb"|[A-Za-z][A-Za-z0-9-]{1,40}[ \t]{1,8}"
        rb"((?:[A-Za-z_][\w-]{0,39}=(?:\\?\"[^\"\\\n]{0,1024}\\?\"|[^\s\"',\\]{1,1024})[, \t]{0,8}){1,40})"
        rb"|[A-Za-z][A-Za-z0-9-]{1,20}[ \t]{1,4}([A-Za-z0-9._~+/=:][A-Za-z0-9._~+/=:-]{7,8191})(?![^\s\"'\\,;|&)])"
        rb"|(?=[A-Za-z._~+/=-]{0,200}[0-9])([A-Za-z0-9._~+/=-]{16,8192}))"
        rb"|bearer[ \t]{1,4}([A-Za-z0-9._~+/=-]{16,8192})"
    )
    confirm = Judge(
        Question.PLACEHOLDER,
        declines=rb"[A-Za-z][a-z]+|[A-Za-z_]\w{0,29}(?:\.[A-Za-z_]\w{0,29}){1,4}|[A-Za-z_]\w{0,29}\([^\n]*"
        rb"|[\w.:-]{0,40}<[\w -]{1,40}>|(?i:user(?:name)?:pass(?:word)?|token=)",
    )
    opening = (
        rb"(?i:authorization\\?[\"']?[ \t]{0,8}[:=]|\bbearer)[ \t]{0,8}\\?[\"']?"
        rb"(?:[A-Za-z0-9-]{2,20}[ \t]+)?([^\n\"']*)"
    )
