"""Tokens of HashiCorp Vault: service, batch and recovery; those of releases before 1.10 beside a word that says so."""

from __future__ import annotations

from guardcli.masking.forms.tokens import TokenDetector


class Vault(TokenDetector):
    """Find tokens by their prefix."""

    name = "vault"
    label = "VAULT_TOKEN"
    triggers = (
        rb"\bhv[sbr]\.[A-Za-z0-9_-]{20}",
        rb"(?i:token)\\?[\"']?[ \t]{0,24}[:=|]?[ \t]{0,24}\\?[\"']?[sbr]\.[A-Za-z0-9]{24}",
    )
    behind = (24,)
    prefix = rb"(?<![A-Za-z0-9])(?:hv)?[sbr]\."
    token = rb"hv[sbr]\.[A-Za-z0-9_-]{20,8192}|[sbr]\.[A-Za-z0-9]{24}(?:\.[A-Za-z0-9]{5})?(?![A-Za-z0-9.])"
    opening = rb"(?<![A-Za-z0-9])(hv[sbr]\.[A-Za-z0-9_-]{0,500})"
