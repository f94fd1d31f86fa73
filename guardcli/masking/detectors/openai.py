"""OpenAI's API keys: of projects, service accounts, administrators, and the older kind."""

from __future__ import annotations

from guardcli.masking.forms.tokens import TokenDetector


class OpenAi(TokenDetector):
    """Find keys by their prefix; the older kind by its length as well."""

    name = "openai"
    label = "OPENAI_KEY"
    triggers = (
        rb"\bsk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20}",
        rb"\bsk-[A-Za-z0-9]{40}",
    )
    behind = (43,)
    prefix = rb"(?<![A-Za-z0-9])sk-"
    token = rb"sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,8192}|[A-Za-z0-9]{40,64}(?![A-Za-z0-9_-]))"
    opening = rb"(?<![A-Za-z0-9])(sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{0,250}|[A-Za-z0-9]{12,64}))"
