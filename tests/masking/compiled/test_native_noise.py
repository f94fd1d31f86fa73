"""Short forms are not seen in binary data, and text of any script is not taken for it."""

from __future__ import annotations

import random

import pytest
from masking.compiled.finders_model import is_noise

from guardcli.masking import DEFAULT_RULES, Masker

MASKER = Masker(DEFAULT_RULES, key=bytes(32))


@pytest.mark.parametrize(
    ("before", "noise"),
    [
        (b"", False),
        (b"plain text before it, in ASCII ", False),
        ("日本語テキスト日本語テキスト".encode(), False),
        ("naïve café déjà vu à la carte".encode("latin-1") + b" words that follow after it", False),
        (b"a\0b\0c\0d\0\x1b[1m\t\r\n", False),
        (bytes(range(0x80, 0xC0)), False),
        (b"\xff\xfe\x01\x02" * 8, True),
        (random.Random(1).randbytes(32), True),
    ],
)
def test_what_is_noise(before: bytes, noise: bool) -> None:
    assert is_noise(before, len(before)) is noise


@pytest.mark.parametrize("secret", [b"a@b.co", b"x://a:bcdefg@h", b"pwd=abcdefg", b"pass=abcdef7"])
def test_a_short_form_in_noise_stays_and_between_nuls_goes(secret: bytes) -> None:
    noise = random.Random(2).randbytes(64).replace(b"\n", b"x")
    data = noise + secret + noise
    stream = MASKER.stream()
    assert stream.feed(data) + stream.finish() == data
    assert secret not in MASKER.text("row\0" * 8 + secret.decode() + "\0row").encode()
