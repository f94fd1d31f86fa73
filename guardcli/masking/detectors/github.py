"""GitHub's tokens: personal, OAuth, user, server and refresh, and the fine-grained kind."""

from __future__ import annotations

from guardcli.masking.tokens import TokenDetector


class GitHub(TokenDetector):
    """Find tokens by their prefix and length."""

    name = "github"
    label = "GITHUB_TOKEN"
    triggers = (
        rb"\bgh[pousr]_[A-Za-z0-9]{30}",
        rb"\bgithub_pat_[A-Za-z0-9_]{30}",
    )
    behind = (34, 41)
    prefix = rb"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_)"
    token = rb"gh[pousr]_[A-Za-z0-9]{36,8192}|github_pat_[A-Za-z0-9_]{60,8192}"
    opening = rb"(?<![A-Za-z0-9])((?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{0,255})"
