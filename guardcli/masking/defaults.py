"""What is masked when no policy says otherwise."""

from __future__ import annotations

from guardcli.model.masking import CREDENTIAL_DETECTORS, PERSONAL_DETECTORS, MaskRule

DEFAULT_RULES: tuple[MaskRule, ...] = (
    MaskRule(detect=tuple(sorted(CREDENTIAL_DETECTORS))),
    MaskRule(detect=tuple(sorted(PERSONAL_DETECTORS)), tools=("psql", "kubectl", "ssh")),
)
"""Credentials everywhere; personal data in what databases, clusters and remote hosts answer."""
