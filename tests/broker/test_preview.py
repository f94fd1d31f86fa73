"""What a reviewer is shown of a change is masked whole, before anything is cut off it."""

from __future__ import annotations

import pytest

from guardcli.broker.preview import LINE_MAX, READ_MAX, SHOWN_MAX, cut, shown
from guardcli.masking import Masker
from guardcli.model.masking import MaskRule

KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEAx7Vd2mPq\n" * 12
KEY += "-----END RSA " + "PRIVATE KEY-----"
AWS = "AKIA" + "QYLPMN5HFIQR7XYA"
MASKER = Masker((MaskRule(detect=("aws_key", "private_key")),), key=b"k" * 32)


def seen(text: str) -> str:
    return shown(text, MASKER.stream("git"))


@pytest.mark.parametrize("mark", ["", "+", "-", " "])
def test_secrets_of_a_diff_are_masked(mark: str) -> None:
    text = "\n".join(f"{mark}{line}" for line in f"before\nkey = {AWS}\n{KEY}\nafter".split("\n"))
    found = seen(text)
    assert AWS not in found and "MIIEowIBAA" not in found
    assert f"{mark}before\n" in found and found.endswith("after")


def test_no_cut_leaves_the_half_of_a_secret() -> None:
    for before in range(SHOWN_MAX - len(KEY) - 30, SHOWN_MAX + 30, 37):
        found = seen("x\n" * (before // 2) + f"key = {AWS}\n{KEY}\n" + "y\n" * 50)
        assert "AKIA" not in found and "MIIE" not in found
        assert len(found) <= SHOWN_MAX + 40


def test_a_secret_at_the_end_of_what_is_read_stays_unseen() -> None:
    text = "x\n" * ((READ_MAX - 300) // 2) + KEY + "\n" + "y\n" * 9
    assert "MIIE" not in seen(text) and "more lines not shown" in seen(text)


def test_a_long_line_is_cut_after_it_is_masked() -> None:
    found = seen("a" * (LINE_MAX - 10) + f" {AWS} " + "b" * 5000)
    assert "AKIA" not in found and found.endswith("…") and len(found) <= LINE_MAX + 1


@pytest.mark.parametrize(
    ("text", "size", "found"),
    [
        ("a\nb", 9, "a\nb"),
        ("aaa\nbbb\nccc", 8, "aaa\nbbb\n(1 more line not shown)"),
        ("aaa\nbbb\nccc", 6, "aaa\n(2 more lines not shown)"),
        ("aaaaaaaaaa", 4, "aaaa\n(0 more lines not shown)"),
    ],
)
def test_lines_are_cut_whole_and_counted(text: str, size: int, found: str) -> None:
    assert cut(text, size) == found
