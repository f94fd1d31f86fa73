"""Stripe's secret and restricted keys and webhook secrets; publishable keys are public."""

from __future__ import annotations

from guardcli.masking.forms.tokens import TokenDetector


class Stripe(TokenDetector):
    """Find keys by their prefix."""

    name = "stripe"
    label = "STRIPE_KEY"
    triggers = (
        rb"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16}",
        rb"\bwhsec_[A-Za-z0-9+/]{24}",
        rb"\b[sr]k_org_(?:live|test)_[A-Za-z0-9]{16}",
    )
    behind = (24, 30, 28)
    prefix = rb"(?<![A-Za-z0-9])(?:[sr]k_(?:org_)?(?:live|test)_|whsec_)"
    token = rb"[sr]k_(?:org_)?(?:live|test)_[A-Za-z0-9]{16,8192}|whsec_[A-Za-z0-9+/=]{24,8192}"
    opening = rb"(?<![A-Za-z0-9])((?:[sr]k_(?:org_)?(?:live|test)_|whsec_)[A-Za-z0-9]{0,250})"
