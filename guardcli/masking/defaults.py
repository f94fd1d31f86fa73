"""What is masked when no policy says otherwise."""

from __future__ import annotations

from guardcli.masking.detectors import REGISTRY
from guardcli.model.masking import MaskRule

DEFAULT_RULES: tuple[MaskRule, ...] = (
    MaskRule(detect=tuple(name for name, kind in REGISTRY.items() if not kind.personal)),
    MaskRule(detect=tuple(name for name, kind in REGISTRY.items() if kind.personal), tools=("psql", "kubectl", "ssh")),
)
"""Credentials everywhere; personal data in what databases, clusters and remote hosts answer."""
