"""API tokens of PyPI (macaroons)."""

from __future__ import annotations

from guardcli.masking.forms.tokens import TokenDetector


class PyPi(TokenDetector):
    """Find tokens by their prefix."""

    name = "pypi"
    label = "PYPI_TOKEN"
    triggers = (rb"\bpypi-Ag[A-Za-z0-9_-]{40}",)
    behind = (47,)
    prefix = rb"(?<![A-Za-z0-9])pypi-Ag"
    token = rb"pypi-Ag[A-Za-z0-9_-]{48,8192}"
    opening = rb"(?<![A-Za-z0-9])(pypi-Ag[A-Za-z0-9_-]{0,1500})"
