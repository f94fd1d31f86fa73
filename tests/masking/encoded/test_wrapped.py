"""A secret in base64 or hexadecimal digits over several lines is masked where a policy asks."""

from __future__ import annotations

import base64
import random
import textwrap

import pytest

from guardcli.masking import Masker
from guardcli.masking.encoded.wrapped import HELD
from guardcli.model.masking import Encoding, MaskRule

MASKER = Masker([MaskRule(detect=("password", "github"), decode=(Encoding.BASE64, Encoding.HEX))], key=bytes(32))
FILE = b"# the configuration of the service\nhost = db\nuser = app\npassword = hunter2secret\nport = 5432\n" * 2
TOKEN = b"x" * 40 + b" ghp_" + b"aZ3k" + b"Qw7Rt9Yp2Ls8Dv4Xn6Bm1Hj5Gc0Fk3Ue" + b" " + b"y" * 60
DICE = random.Random(5)


def broken(data: bytes, width: int, indent: str = "", end: str = "\n") -> str:
    return "".join(f"{indent}{line}{end}" for line in textwrap.wrap(base64.b64encode(data).decode(), width))


def masked(text: str) -> str:
    return MASKER.text(text)


@pytest.mark.parametrize("width", [16, 20, 60, 64, 76, 77, 100])
@pytest.mark.parametrize("data", [FILE, TOKEN])
def test_a_secret_broken_over_lines_gives_way(width: int, data: bytes) -> None:
    assert masked(f"a\n{broken(data, width)}b\n") == "a\n[ENCODED]\nb\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"x: |\n{broken(FILE, 64, '  ')}y: 1\n", "x: |\n  [ENCODED]\ny: 1\n"),
        (f"{broken(FILE, 76, end=chr(13) + chr(10))}", "[ENCODED]\n"),
        (f"-----BEGIN X-----\n{broken(FILE, 64)}-----END X-----\n", "-----BEGIN X-----\n[ENCODED]\n-----END X-----\n"),
        (broken(FILE, 76).rstrip("\n"), "[ENCODED]\n"),
        ("".join(f"{line}\n" for line in textwrap.wrap(FILE.hex(), 60)), "[ENCODED]\n"),
        (broken(b"nothing secret in here, " * 9, 64), None),
        ("a-word-that-is-rather-long\nanother-word-as-long-as-that\n", None),
        (broken(FILE, 15), None),
    ],
)
def test_lines_of_base64(text: str, wanted: str | None) -> None:
    assert masked(text) == (text if wanted is None else wanted)


def test_it_is_masked_alike_over_every_split_and_in_every_silence() -> None:
    data = f"first\n{broken(TOKEN, 32)}> quoted\nrest of it".encode()
    wanted = masked(data.decode()).encode()
    assert b"[ENCODED]" in wanted
    for place in range(len(data)):
        stream = MASKER.stream()
        out = stream.feed(data[:place])
        assert out + stream.feed(data[place:]) + stream.finish() == wanted, place
        stream = MASKER.stream()
        out = stream.feed(data[:place]) + stream.idle() + stream.idle() + stream.feed(data[place:]) + stream.finish()
        shown = base64.b64decode(b"".join(line for line in out.split(b"\n") if len(line) == 32) + b"==")
        assert b"ghp_aZ3" not in shown, place


def test_a_long_block_passes_in_constant_memory_but_for_the_lines_with_the_secret() -> None:
    block = (
        DICE.randbytes(300_000)
        + b" ghp_"
        + b"aZ3k"
        + b"Qw7Rt9Yp2Ls8Dv4Xn6Bm1Hj5Gc0Fk3Ue"
        + b" "
        + DICE.randbytes(300_000)
    )
    data = broken(block, 76).encode()
    stream, out = MASKER.stream(), b""
    for place in range(0, len(data), 65536):
        out += stream.feed(data[place : place + 65536])
        assert stream.held <= HELD + 2 * 65536
    out += stream.finish()
    assert out.count(b"[ENCODED]\n") == 1 and len(data) - len(out) < 400
    assert base64.b64encode(b"ghp_aZ3kQw7Rt9")[4:12] not in out


def test_a_word_and_a_prompt_do_not_wait_for_what_may_follow() -> None:
    stream = MASKER.stream()
    assert stream.feed(b"line\nPassword: ") == b"line\nPassword: "
    assert stream.feed(b"\nABCDEFGH") + stream.idle() == b"\nABCDEFGH"
