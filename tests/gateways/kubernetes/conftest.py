"""Masks of the kind that a policy has, for the tests of the gateway."""

from __future__ import annotations

import pytest

from guardcli.masking import Masker
from guardcli.model.masking import MaskRule


@pytest.fixture(scope="session")
def masker() -> Masker:
    """Some of what the default pack looks for, and a column."""
    rules = (
        MaskRule(columns=("nickname",)),
        MaskRule(detect=("jwt", "named_value", "password", "connection_uri", "email")),
    )
    return Masker(rules, key=b"k" * 32)
