"""GitLab's tokens: personal, deploy, runner, job, trigger, feed and agent."""

from __future__ import annotations

from guardcli.masking.forms.tokens import TokenDetector


class GitLab(TokenDetector):
    """Find tokens by their prefix."""

    name = "gitlab"
    label = "GITLAB_TOKEN"
    triggers = (
        rb"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|rtr|wt|soat|ffct)-[A-Za-z0-9_.-]{20}",
        rb"\bGR1348941[A-Za-z0-9_-]{20}",
    )
    prefix = rb"(?<![A-Za-z0-9])(?:gl[a-z]{2,5}-|GR1348941)"
    token = rb"(?:gl[a-z]{2,5}-[A-Za-z0-9_-]{20,8192}(?:\.[A-Za-z0-9_-]{2,20}){0,3}|GR1348941[A-Za-z0-9_-]{20,8192})"
    opening = rb"(?<![A-Za-z0-9])(gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|rtr|wt|soat|ffct)-[A-Za-z0-9_.-]{0,300})"
