"""Anthropic's API, administration and OAuth keys."""

from __future__ import annotations

from guardcli.masking.forms.tokens import TokenDetector


class Anthropic(TokenDetector):
    """Find keys by their prefix."""

    name = "anthropic"
    label = "ANTHROPIC_KEY"
    triggers = (rb"\bsk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{20}",)
    prefix = rb"(?<![A-Za-z0-9])sk-ant-"
    token = rb"sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{20,8192}"
    opening = rb"(?<![A-Za-z0-9])(sk-ant-[A-Za-z0-9_-]{0,250})"
