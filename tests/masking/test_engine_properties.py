"""What each detector finds in its own table stays masked amid other text, in pieces, in colours, after silences and in
every encoding that a policy decodes. ``GUARD_TEST_SOAK`` is how many tens of examples more are tried, ever new ones;
without it they are the same each time.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import re
import textwrap
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardcli.masking import Masker
from guardcli.masking.views import SEQUENCE
from guardcli.model.masking import DETECTORS, Encoding, MaskRule

MASKER = Masker([MaskRule(detect=tuple(sorted(DETECTORS)))], key=bytes(32))
DECODER = Masker([MaskRule(detect=tuple(sorted(DETECTORS)), decode=tuple(Encoding))], key=bytes(32))
SOAK = float(os.environ.get("GUARD_TEST_SOAK", "0"))
EXAMPLES = 60 + 10 * int(SOAK)
NEIGHBOURS = (
    "",
    "plain words\n",
    "x: 1\r\n",
    "日本語 ☕\n",
    "\0\x01 among words, which make it a text\n",
    " id | n\n----+---\n  1 | 2\n",
    '{"a": [1, "b"]}\n',
)
_MARKED = re.compile("⟦([^⟦⟧]*)⟧")


def positives() -> list[str]:
    """Return the texts of the detectors' tables that hold something."""
    found = []
    for path in sorted(Path(__file__).parent.glob("detectors/test_*.py")):
        spec = importlib.util.spec_from_file_location(f"cases_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        cases = getattr(module, "CASES", [])
        found += [one if isinstance(one, str) else one[-1] for one in cases]
    return [one for one in found if isinstance(one, str) and _MARKED.search(one)]


POSITIVES = positives()
COMMON = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not SOAK,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def masked(masker: Masker, data: bytes, cuts: list[int], idles: int = 0) -> bytes:
    """Mask `data` in pieces cut at `cuts`, with so many silences after each."""
    stream, out = masker.stream(), b""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        out += stream.feed(data[start:end])
        out += b"".join(stream.idle() for _ in range(idles))
    return out + stream.finish()


def leaks(marked: str, shown: bytes) -> list[str]:
    """Return the secrets of `marked` that are in `shown`, or more than eight bytes of whose end is.

    What stands beside the secrets as well, as a public key with the end of the secret one does, tells nothing.
    """
    plain = _MARKED.sub("", marked)
    secrets = [one for one in _MARKED.findall(marked) if len(one) > 5]
    looked = {one: [one, *([one[-9:]] if len(one) > 16 else [])] for one in secrets}
    return [one for one in secrets if any(part not in plain and part.encode() in shown for part in looked[one])]


def test_the_tables_of_the_detectors_are_read() -> None:
    assert len(POSITIVES) > 250


@settings(COMMON, max_examples=EXAMPLES // 4)
@given(st.sampled_from(POSITIVES), st.sampled_from(NEIGHBOURS), st.sampled_from(NEIGHBOURS), st.integers(0, 3))
def test_every_split_in_two_gives_the_same_and_no_secret(marked: str, before: str, after: str, idles: int) -> None:
    data = f"{before}{marked.replace('⟦', '').replace('⟧', '')}\n{after}".encode()
    wanted = masked(MASKER, data, [])
    assert leaks(marked, wanted) == []
    for cut in range(len(data) + 1):
        assert masked(MASKER, data, [cut]) == wanted, cut
        if idles:
            assert leaks(marked, masked(MASKER, data, [cut], idles)) == [], cut


@COMMON
@given(
    st.sampled_from(POSITIVES), st.lists(st.integers(0, 4096), max_size=12), st.lists(st.integers(0, 4096), max_size=6)
)
def test_colours_between_the_bytes_hide_nothing(marked: str, cuts: list[int], colours: list[int]) -> None:
    data = marked.replace("⟦", "").replace("⟧", "").encode() + b"\n"
    for place in sorted((one % (len(data)) for one in colours), reverse=True):
        data = data[:place] + b"\x1b[1;31m" + data[place:]
    wanted = masked(MASKER, data, [])
    assert leaks(marked, SEQUENCE.sub(b"", wanted)) == []
    assert masked(MASKER, data, cuts) == wanted
    assert leaks(marked, SEQUENCE.sub(b"", masked(MASKER, data, cuts, 2))) == []


ENCODINGS = {
    "base64": lambda data: base64.b64encode(data),
    "base64 over lines": lambda data: "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64)).encode(),
    "hex": lambda data: data.hex().encode(),
    "percent": lambda data: quote(data, safe="").encode(),
    "base64 twice": lambda data: base64.b64encode(base64.b64encode(data)),
    "utf-16 in base64": lambda data: base64.b64encode(data.decode().encode("utf-16-le")),
}


@COMMON
@given(st.sampled_from([one for one in POSITIVES if "\n" not in one]), st.sampled_from(sorted(ENCODINGS)), st.data())
def test_nothing_is_left_of_a_secret_in_an_encoding(marked: str, encoding: str, more: st.DataObject) -> None:
    text = marked.replace("⟦", "").replace("⟧", "").encode()
    encoded = ENCODINGS[encoding](b"a line before\n" + text + b"\nand one behind it\n")
    data = b"start\n" + encoded + b"\nend of it\n"
    wanted = masked(DECODER, data, [])
    assert encoded not in wanted
    cuts = more.draw(st.lists(st.integers(0, len(data)), min_size=1, max_size=8))
    assert masked(DECODER, data, cuts) == wanted


@COMMON
@given(st.text(st.characters(codec="utf-8"), max_size=300), st.lists(st.integers(0, 600), max_size=8))
def test_text_of_any_kind_is_masked_alike_however_it_is_cut(text: str, cuts: list[int]) -> None:
    data = text.encode()
    assert masked(MASKER, data, cuts) == masked(MASKER, data, [])


@COMMON
@given(
    st.lists(
        st.sampled_from(["INFO served", "42", "it's", '"quoted"', "a=b", "\t", "☕", "\x1b[0m", "|", "\r\n", "\n", " "])
    ),
    st.lists(st.integers(0, 600), max_size=8),
    st.integers(0, 3),
)
def test_what_holds_no_secret_comes_out_byte_for_byte(words: list[str], cuts: list[int], idles: int) -> None:
    data = " ".join(words).encode()
    assert masked(MASKER, data, cuts, idles) == data
