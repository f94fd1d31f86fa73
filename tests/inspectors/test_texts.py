"""An argument becomes the bytes that it was; what can be none is written all the same."""

from __future__ import annotations

import os

import pytest

from guardcli.inspectors.texts import as_bytes


@pytest.mark.parametrize("raw", [b"", b"plain", "é".encode(), b"\xff\x80", b"a\xffb"])
def test_an_argument_becomes_its_own_bytes_again(raw: bytes) -> None:
    assert as_bytes(os.fsdecode(raw)) == raw


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\udcff\ud800"])
def test_what_no_argument_can_hold_is_written_all_the_same(text: str) -> None:
    assert as_bytes(text)
