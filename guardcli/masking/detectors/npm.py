"""Access tokens of the npm registry."""

from __future__ import annotations

from guardcli.masking.forms.tokens import TokenDetector


class Npm(TokenDetector):
    """Find tokens by prefix and length."""

    name = "npm"
    label = "NPM_TOKEN"
    triggers = (rb"\bnpm_[A-Za-z0-9]{36}",)
    behind = (40,)
    prefix = rb"(?<![A-Za-z0-9])npm_"
    token = rb"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])"
    opening = rb"(?<![A-Za-z0-9])(npm_[A-Za-z0-9]{8,36})"
