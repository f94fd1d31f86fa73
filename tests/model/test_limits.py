"""A limit has one measure."""

from __future__ import annotations

import pytest

from guardcli.model.limits import Breach, OutputLimit


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"rows": 5}, "more than 5 rows"),
        ({"size": 100}, "more than 100 bytes"),
        ({"findings": 0, "detect": ("email", "phone")}, "more than 0 of email, phone"),
        ({}, ""),
        ({"rows": 1, "size": 1}, ""),
        ({"findings": 3}, ""),
        ({"rows": 3, "detect": ("email",)}, ""),
    ],
)
def test_a_limit_says_what_is_too_much(limit: dict[str, object], words: str) -> None:
    if words:
        assert OutputLimit("x", **limit).words == words  # type: ignore[arg-type]
        return
    with pytest.raises(ValueError, match="a limit"):
        OutputLimit("x", **limit)  # type: ignore[arg-type]


def test_a_response_that_was_cut_and_one_that_was_denied_end_differently() -> None:
    assert (Breach.CUT.exit_status, Breach.DENY.exit_status) == (74, 77)
