"""What a spool is sealed for when the API is away is what it said last."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardcli.broker.spool_key import remember, remembered
from guardcli.model.errors import UnavailableError


def test_each_api_has_its_own_and_the_last_word_counts(tmp_path: Path) -> None:
    remember(tmp_path, "https://one.example", "age1first")
    remember(tmp_path, "https://one.example", "age1second")
    remember(tmp_path, "", "age1third")
    assert remembered(tmp_path, "https://one.example") == "age1second"
    assert remembered(tmp_path, "") == "age1third"
    with pytest.raises(UnavailableError, match="begin one session while the API can be reached"):
        remembered(tmp_path, "https://two.example")


def test_what_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "recipients").write_text("in the way")
    remember(tmp_path, "https://one.example", "age1first")
    with pytest.raises(UnavailableError):
        remembered(tmp_path, "https://one.example")
