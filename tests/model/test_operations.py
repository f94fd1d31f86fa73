"""Values that would contradict themselves cannot be made."""

from __future__ import annotations

import pytest

from guardcli.model.operations import Input


@pytest.mark.parametrize("place", [{"index": 0}, {"index": 2, "prefix": "--file="}, {"variable": "PSQLRC"}])
def test_a_copy_goes_to_one_place(place) -> None:
    assert Input("/f", **place).path == "/f"


@pytest.mark.parametrize("place", [{}, {"index": 1, "variable": "PSQLRC"}])
def test_a_copy_without_a_place_or_with_two_is_refused(place) -> None:
    with pytest.raises(ValueError, match="an argument or into a variable"):
        Input("/f", **place)
