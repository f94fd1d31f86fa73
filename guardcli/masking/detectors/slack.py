"""Slack's tokens and the secret path of its incoming webhooks."""

from __future__ import annotations

from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.forms.tokens import TokenDetector


class Slack(TokenDetector):
    """Find bot, user, app and refresh tokens, and webhook paths."""

    name = "slack"
    label = "SLACK_TOKEN"
    triggers = (
        rb"\bxox[abceoprs]-(?:[0-9]-)?[A-Za-z0-9-]{10}",
        rb"\bxapp-[0-9]-[A-Z0-9]{5}",
        rb"\bxoxd-[A-Za-z0-9%]{20}",
        rb"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/]{20}",
    )
    prefix = rb"(?<![A-Za-z0-9])(?:xox[abceoprs](?:\.xox[ps])?-|xapp-|xoxd-|hooks\.slack\.com/)"
    token = (
        rb"xox[abceoprs](?:\.xox[ps])?-[A-Za-z0-9-]{10,8192}|xapp-[0-9]-[A-Za-z0-9-]{20,8192}|xoxd-[A-Za-z0-9%/+=_-]{20,8192}"
        rb"|hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/]{20,8192})"
    )
    confirm = Judge(Question.TOKEN, wants=rb"(?s)[^0-9]*[0-9].*|[A-Za-z0-9/]*")
    opening = rb"(?<![A-Za-z0-9])((?:xox[abceoprs]-|xapp-|xoxd-)[A-Za-z0-9%-]{0,300})"
