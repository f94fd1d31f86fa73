"""Tokens of HashiCorp Vault: service, batch and recovery."""

from __future__ import annotations

import re

from guardcli.masking.tokens import TokenDetector


class Vault(TokenDetector):
    """Find tokens by their prefix."""

    name = "vault"
    label = "VAULT_TOKEN"
    triggers = (rb"\bhv[sbr]\.[A-Za-z0-9_-]{20}",)
    behind = (24,)
    prefix = re.compile(rb"(?<![A-Za-z0-9])hv[sbr]\.")
    token = re.compile(rb"hv[sbr]\.[A-Za-z0-9_-]{20,8192}")
    opening = rb"(?<![A-Za-z0-9])(hv[sbr]\.[A-Za-z0-9_-]{0,500})"
