"""Tokens of further services, each with a prefix of its own."""

from __future__ import annotations

import re

from guardcli.masking.tokens import TokenDetector


class VendorToken(TokenDetector):
    """Find tokens of SendGrid, Hugging Face, DigitalOcean, Databricks, Shopify, Grafana, Sentry, Linear, PlanetScale,
    Doppler, New Relic, Telegram bots, Supabase, Terraform Cloud, Fly, Postman, Airtable and age by their prefix.
    """

    name = "vendor_token"
    label = "TOKEN"
    triggers = (
        rb"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
        rb"\bhf_[A-Za-z]{34}",
        rb"\bdo[opr]_v1_[a-f0-9]{64}",
        rb"\bdapi[a-f0-9]{32}",
        rb"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
        rb"\bgls?[ac]_[A-Za-z0-9+/_=]{32}",
        rb"\bsntry[su]_[A-Za-z0-9+/=_-]{40}",
        rb"\blin_api_[A-Za-z0-9]{40}",
        rb"\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32}",
        rb"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40}",
        rb"\bNRAK-[A-Z0-9]{27}",
        rb"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
        rb"\bsbp_[a-f0-9]{40}",
        rb"\.atlasv1\.[A-Za-z0-9_=-]{60}",
        rb"\bFlyV1 fm[0-9]_[A-Za-z0-9+/=,_-]{40}",
        rb"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}",
        rb"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}",
        rb"\bAGE-SECRET-KEY-1[A-Z0-9]{58}",
    )
    prefix = re.compile(rb"(?<![A-Za-z0-9])(?=[A-Za-z0-9])")
    token = re.compile(
        rb"[A-Za-z0-9]{2,14}\.atlasv1\.[A-Za-z0-9_=-]{60,80}|FlyV1 [A-Za-z0-9+/=,_-]{40,8192}"
        rb"|[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])|[A-Za-z0-9][A-Za-z0-9+/=._-]{31,8192}"
    )
    opening = (
        rb"(?<![A-Za-z0-9])((?:hf_|do[opr]_v1_|dapi|shp(?:at|ca|pa|ss)_|gls?[ac]_|sntry[su]_|lin_api_|pscale_tkn_|sbp_"
        rb"|PMAK-|AGE-SECRET-KEY-)[A-Za-z0-9_-]{4,250})"
    )
