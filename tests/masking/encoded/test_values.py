"""A secret that a tool encoded is masked where a policy asks, however deep and wherever the stream is cut."""

from __future__ import annotations

import base64
import codecs
import gzip
import json
import random
import zlib
from urllib.parse import quote

import pytest

from guardcli.masking import Masker
from guardcli.model.masking import Encoding, MaskRule

SECRET = "password=hunter2secret"
MASKER = Masker([MaskRule(detect=("password", "github"), decode=tuple(Encoding))], key=bytes(32))
PLAIN = Masker([MaskRule(detect=("password", "github"))], key=bytes(32))


URL_SAFE = base64.urlsafe_b64encode(b"\xfb\xff " + SECRET.encode()).decode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def masked(data: bytes, masker: Masker = MASKER) -> bytes:
    stream = masker.stream()
    return stream.feed(data) + stream.finish()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"x {b64(SECRET.encode())} y\n", "x [ENCODED] y\n"),
        (f"x {URL_SAFE} y\n", "x [ENCODED] y\n"),
        (f"x {b64(b64(SECRET.encode()).encode())} y\n", "x [ENCODED] y\n"),
        (f"x {b64(gzip.compress(SECRET.encode(), mtime=0))} y\n", "x [ENCODED] y\n"),
        (f"x {b64(zlib.compress(SECRET.encode()))} y\n", "x [ENCODED] y\n"),
        (f"powershell -enc {b64(SECRET.encode('utf-16-le'))}\n", "powershell -enc [ENCODED]\n"),
        (f"x {SECRET.encode().hex()} y\n", "x [ENCODED] y\n"),
        ("x " + "".join(f"\\x{byte:02x}" for byte in SECRET.encode()) + " y\n", "x [ENCODED] y\n"),
        (f"/cb?to={quote('/x?' + SECRET, safe='')}&n=1\n", "/cb?to=%2Fx%3Fpassword%3D[ENCODED]&n=1\n"),
        ('{"p\\u0061ssword": "hunter2secret", "n": 1}\n', '{"p\\u0061ssword": "[ENCODED]", "n": 1}\n'),
        (f"x {b64(b'nothing secret in here')} y\n", None),
        (f"x {b'nothing secret in here'.hex()} 0123456789abcdef0123456789abcdef01234567 y\n", None),
        (f"x {b64(gzip.compress(b'nothing here', mtime=0))} y\n", None),
        ("/cb?to=%2Fx%3Fn%3D1 100% \\u00e9 %zz\n", None),
    ],
)
def test_what_is_encoded_is_looked_into(text: str, wanted: str | None) -> None:
    assert masked(text.encode()) == (text if wanted is None else wanted).encode()


def test_without_a_word_in_the_policy_nothing_is_decoded() -> None:
    text = f"x {b64(SECRET.encode())} {SECRET.encode().hex()}\n".encode()
    assert masked(text, PLAIN) == text


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", [True, False])
def test_wide_text_is_masked_and_stays_wide(codec: str, mark: bool) -> None:
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    bom = {**marks, "utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE}[codec] if mark else b""
    text = f"first line\nit is {SECRET} now — 日本 ☕\nlast"
    wanted = bom + text.replace("hunter2secret", "[PASSWORD]").encode(codec)
    for cut in range(60):
        stream = MASKER.stream()
        data = bom + text.encode(codec)
        assert stream.feed(data[:cut]) + stream.feed(data[cut:]) + stream.finish() == wanted


def test_a_gzip_stream_with_a_secret_gives_way_and_another_stays_however_it_is_cut() -> None:
    bad, good = gzip.compress(f"a\n{SECRET}\n".encode() * 9, mtime=0), gzip.compress(b"nothing\n" * 9, mtime=0)
    data = b"head " + bad + b" middle\n" + good + b" tail \x1f\x8b of\n"
    wanted = b"head [GZIP] middle\n" + good + b" tail \x1f\x8b of\n"
    for cut in range(len(data)):
        stream = MASKER.stream()
        assert stream.feed(data[:cut]) + stream.feed(data[cut:]) + stream.finish() == wanted, cut


def test_a_bomb_and_a_stream_too_long_to_hold_give_way_unseen() -> None:
    bomb = gzip.compress(bytes(64 << 20), mtime=0)
    noise = gzip.compress(random.Random(1).randbytes(3 << 20), mtime=0)
    for data in (bomb, noise):
        stream = MASKER.stream()
        out = b"".join(stream.feed(data[place : place + 65536]) for place in range(0, len(data), 65536))
        assert stream.held < 2 << 20
        assert out + stream.feed(b" after\n") + stream.finish() == b"[GZIP] after\n"
    assert (
        masked(b"x " + base64.b64encode(gzip.compress(bytes(16 << 20), mtime=0))[:8000] + b" y\n") == b"x [ENCODED] y\n"
    )


def test_what_only_looks_like_gzip_comes_out_byte_for_byte() -> None:
    for data in (
        b"\x1f\x8b\x08 no\n",
        b"x\x1f\x8b",
        b"\x1f\x8b\x08\0",
        bytes(range(256)) * 40,
        b"\xff\xfe",
        b"\xff\xfeab",
        b"a",
    ):
        assert masked(data) == data


def test_encoded_values_are_masked_alike_over_every_split_in_two() -> None:
    text = f'a {b64(SECRET.encode())} "{SECRET.encode().hex()}" {quote(SECRET, safe="")} b\n'.encode()
    wanted = masked(text)
    assert b"[ENCODED]" in wanted
    for cut in range(len(text)):
        stream = MASKER.stream()
        out = stream.feed(text[:cut])
        assert out + stream.feed(text[cut:]) + stream.finish() == wanted, cut


def test_of_a_long_encoded_value_the_part_with_the_secret_gives_way() -> None:
    inside = json.dumps([f"item {one}" for one in range(2000)]) + f" {SECRET} " + "x" * 9000
    out = masked(f"v={b64(inside.encode())}\n".encode())
    assert b"[ENCODED]" in out and len(out) > 20_000
    assert b"hunter2" not in base64.b64decode(out[2:].split(b"[")[0][:39996])


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_wide_text_in_the_midst_of_other_text_gives_way(codec: str) -> None:
    wide = f"it is {SECRET} now".encode(codec)
    harmless = "nothing of note in here".encode(codec)
    data = b"before\n\xff\x00\x01" + wide + b"\nafter " + harmless + b"\nend\n"
    wanted = masked(data)
    assert b"[ENCODED]" in wanted and b"h\0u\0n\0t" not in wanted and harmless in wanted and wanted.endswith(b"\nend\n")
    for cut in range(len(data)):
        stream = MASKER.stream()
        assert stream.feed(data[:cut]) + stream.feed(data[cut:]) + stream.finish() == wanted, cut
