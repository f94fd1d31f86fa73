"""Docker: access tokens of the Hub, the logins that `config.json` keeps in base64, and pull secrets."""

from __future__ import annotations

import base64
import binascii
import re

from guardcli.masking.tokens import TokenDetector


class Docker(TokenDetector):
    """Find tokens by their prefix, and ``"auth": "…"`` where it decodes to ``user:password``."""

    name = "docker"
    label = "DOCKER_AUTH"
    triggers = (
        rb"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20}",
        rb"\\?\"auth\\?\"[ \t]{0,8}:[ \t]{0,8}\\?\"[A-Za-z0-9+/]{4}",
        rb"\.docker(?:configjson|cfg)\\?\"?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?ey[A-Za-z0-9+/]{10}",
    )
    behind = (29,)
    prefix = re.compile(rb"(?<![A-Za-z0-9])dckr_|\"auth\\?\"|\.docker(?:configjson|cfg)")
    token = re.compile(
        rb"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,8192}|\"auth\\?\"[ \t]{0,8}:[ \t]{0,8}\\?\"([A-Za-z0-9+/]{4,8192}={0,2})"
        rb"|\.docker(?:configjson|cfg)\\?\"?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?(ey[A-Za-z0-9+/]{10,8192}={0,2})"
    )
    opening = rb"(?<![A-Za-z0-9])(dckr_(?:pat|oat)_[A-Za-z0-9_-]{0,200})"

    def confirm(self, token: bytes) -> bool:
        """Tell whether a login decodes to one."""
        if token.startswith(b"dckr_"):
            return super().confirm(token)
        try:
            return b":" in base64.b64decode(token, validate=True)
        except binascii.Error:
            return False
