"""Credentials in ``Authorization`` headers (RFC 9110 section 11), and bearer tokens wherever they are named so."""

from __future__ import annotations

import re

from guardcli.masking.placeholders import is_placeholder
from guardcli.masking.tokens import TokenDetector

_ATTRIBUTE = re.compile(rb"[a-z_]+(?:\.[a-z_]+)+")


class Authorization(TokenDetector):
    """Find what follows the scheme; decline prose and variables."""

    name = "authorization"
    label = "AUTHORIZATION"
    triggers = (
        rb"(?i)authorization\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?[^\s\"'\\]",
        rb"(?i)\bbearer[ \t]{1,4}[A-Za-z0-9._~+/=-]{16}",
    )
    prefix = re.compile(rb"(?i)authorization\\?[\"']?[ \t]{0,8}[:=]|(?<![a-z])bearer[ \t]")
    token = re.compile(
        rb"(?i)authorization\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?"
        rb"(?:(?:basic|bearer|token|negotiate|ntlm|apikey|api-key|dpop)[ \t]{1,8}([^\s\"'\\,;|&]{1,8192})"
        rb"|[A-Za-z][A-Za-z0-9-]{1,40}[ \t]{1,8}"
        rb"((?:[A-Za-z_][\w-]{0,39}=(?:\\?\"[^\"\\\n]{0,1024}\\?\"|[^\s\"',\\]{1,1024})[, \t]{0,8}){1,40})"
        rb"|[A-Za-z][A-Za-z0-9-]{1,20}[ \t]{1,4}([A-Za-z0-9._~+/=:][A-Za-z0-9._~+/=:-]{7,8191})(?![^\s\"'\\,;|&)])"
        rb"|([A-Za-z0-9._~+/=-]{16,8192}))"
        rb"|bearer[ \t]{1,4}([A-Za-z0-9._~+/=-]{16,8192})"
    )
    opening = (
        rb"(?i:authorization\\?[\"']?[ \t]{0,8}[:=]|\bbearer)[ \t]{0,8}\\?[\"']?"
        rb"(?:[A-Za-z0-9-]{2,20}[ \t]+)?([^\n\"']*)"
    )

    def confirm(self, token: bytes) -> bool:
        """Tell whether `token` is more than a variable or a word."""
        return (
            not is_placeholder(token)
            and not (token.isalpha() and token[1:].islower())
            and not _ATTRIBUTE.fullmatch(token)
        )
