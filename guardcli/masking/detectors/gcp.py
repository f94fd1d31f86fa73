"""Google Cloud: API keys, OAuth access and refresh tokens, client secrets. (Service accounts hold a private key.)"""

from __future__ import annotations

from guardcli.masking.forms.tokens import TokenDetector


class Gcp(TokenDetector):
    """Find keys by their prefix and length."""

    name = "gcp"
    label = "GCP_KEY"
    triggers = (
        rb"\bAIza[A-Za-z0-9_-]{35}",
        rb"\bya29\.[A-Za-z0-9_.-]{20}",
        rb"\bGOCSPX-[A-Za-z0-9_-]{28}",
        rb"\b1//0[A-Za-z0-9_-]{30}",
        rb"\bAQ\.Ab[A-Za-z0-9_-]{40}",
    )
    behind = (39, 25, 35, 34, 45)
    prefix = rb"(?<![A-Za-z0-9])(?:AIza|ya29\.|GOCSPX-|1//0|AQ\.Ab)"
    token = (
        rb"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])|ya29\.[A-Za-z0-9_.-]{20,8192}|GOCSPX-[A-Za-z0-9_-]{28}"
        rb"|1//0[A-Za-z0-9_-]{30,8192}|AQ\.Ab[A-Za-z0-9_-]{40,8192}"
    )
    opening = rb"(?<![A-Za-z0-9])((?:AIza|ya29\.|GOCSPX-|AQ\.Ab)[A-Za-z0-9_.-]{0,1500})"
