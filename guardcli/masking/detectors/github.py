"""GitHub's tokens: personal, OAuth, user, server (a JWT behind the number of the app since 2026) and refresh, and the
fine-grained kind."""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.masking.detector import Detector
from guardcli.masking.forms.tokens import TokenDetector


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
    opening = rb"(?<![A-Za-z0-9])((?:gh[pousr]_|github_pat_)[A-Za-z0-9_.-]{0,600})"

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, and the one for tokens of servers that are a JWT."""
        return cls(), Stateless()


class Stateless(TokenDetector):
    """Find tokens of servers that are a JWT behind the number of the app."""

    name = GitHub.name
    label = GitHub.label
    triggers = (rb"\bghs_[0-9]{1,12}_eyJ[A-Za-z0-9_-]{16}",)
    prefix = rb"(?<![A-Za-z0-9])ghs_"
    token = rb"ghs_[0-9]{1,12}_eyJ[A-Za-z0-9_-]{16,8192}(?:\.[A-Za-z0-9_-]{1,8192}){0,2}"
