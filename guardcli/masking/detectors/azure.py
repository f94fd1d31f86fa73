"""Azure: storage and bus keys in connection strings, signatures of shared access, client secrets of Entra ID."""

from __future__ import annotations

from guardcli.masking.forms.tokens import TokenDetector


class Azure(TokenDetector):
    """Find keys by the name and length that they have in connection strings; the names stay readable."""

    name = "azure"
    label = "AZURE_KEY"
    triggers = (
        rb"(?i)\b(?:account|sharedaccess)key=[A-Za-z0-9+/]{40}",
        rb"[?&;]sig=[A-Za-z0-9%+/]{40}",
        rb"[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31}",
    )
    prefix = rb"(?i)(?<![a-z])(?:account|sharedaccess)key=|[?&;]sig=|(?<![\w~.-])[\w~.-]{3}[78]Q~"
    token = (
        rb"(?i:accountkey|sharedaccesskey)=([A-Za-z0-9+/]{40,8192}={0,2})|[?&;]sig=([A-Za-z0-9%+/]{40,8192}={0,2})"
        rb"|[\w~.-]{3}[78]Q~[\w~.-]{31,34}(?![\w~-])"
    )
    opening = rb"(?i:accountkey|sharedaccesskey|[?&;]sig)=([A-Za-z0-9%+/]{0,120})"
