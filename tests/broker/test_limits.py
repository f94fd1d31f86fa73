"""Limits of a call's output: what is delivered up to them, however the output is cut, and nothing beyond."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.broker.limits import Limits, Mask, Observer
from guardcli.broker.streams import Unmasked
from guardcli.masking import Masker
from guardcli.model.limits import Breach, OutputLimit
from guardcli.model.masking import MaskRule

MASKER = Masker([MaskRule(detect=("email",))], key=b"k" * 32)
COUNTING = {
    names: Masker([MaskRule(detect=names)], key=b"k" * 32) for names in (("email",), ("ip_address",), ("private_key",))
}


def finder(detectors: tuple[str, ...], observer: Observer) -> Mask:
    return COUNTING[detectors].stream(observer=observer)


def nobody(detector: str, offset: int, length: int) -> None:
    """Be told of nothing."""


def through(limits: Limits, mask: Mask, pieces: list[bytes], idle: bool = False, text: bool = True) -> bytes:
    stream = limits.around(mask, text)
    out = b""
    for piece in pieces:
        out += stream.feed(piece)
        if idle:
            out += stream.idle() + stream.idle()
    return out + stream.finish()


def cuts(text: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(ends)]


PEOPLE = b"ann@corp.io, bob@corp.io\ncarl@corp.io\nhost 10.1.2.3 and 10.1.2.4\nend\n"
EMAILS, ADDRESSES = ("email",), ("ip_address",)


@pytest.mark.parametrize(
    ("limit", "delivered"),
    [
        (OutputLimit("x", rows=0), b""),
        (OutputLimit("x", rows=1), b"[EMAIL], [EMAIL]\n"),
        (OutputLimit("x", rows=2), b"[EMAIL], [EMAIL]\n[EMAIL]\n"),
        (OutputLimit("x", rows=4), None),
        (OutputLimit("x", rows=100), None),
        (OutputLimit("x", size=0), b""),
        (OutputLimit("x", size=10), b"[EMAIL], ["),
        (OutputLimit("x", size=55), b"[EMAIL], [EMAIL]\n[EMAIL]\nhost 10.1.2.3 and 10.1.2.4\nend"),
        (OutputLimit("x", size=56), None),
        (OutputLimit("x", findings=0, detect=EMAILS), b""),
        (OutputLimit("x", findings=1, detect=EMAILS), b"[EMAIL], "),
        (OutputLimit("x", findings=2, detect=EMAILS), b"[EMAIL], [EMAIL]\n"),
        (OutputLimit("x", findings=3, detect=EMAILS), None),
        (OutputLimit("x", findings=0, detect=ADDRESSES), b"[EMAIL], [EMAIL]\n[EMAIL]\nhost "),
        (OutputLimit("x", findings=1, detect=ADDRESSES), b"[EMAIL], [EMAIL]\n[EMAIL]\nhost 10.1.2.3 and "),
        (OutputLimit("x", findings=2, detect=ADDRESSES), None),
    ],
)
@pytest.mark.parametrize("idle", [False, True])
def test_what_is_within_a_limit_is_delivered_at_every_cut(limit: OutputLimit, delivered: bytes | None, idle) -> None:
    whole = through(Limits((), finder), MASKER.stream(), [PEOPLE])
    for place in range(0, len(PEOPLE) + 1, 1 if not idle else 5):
        limits = Limits([limit], finder)
        out = through(limits, MASKER.stream(), cuts(PEOPLE, [place]), idle)
        if not idle or limit.size is None:  # after a silence stars may take the place of a label
            assert limits.broken == (None if delivered is None else limit)
        if not idle:
            assert out == (whole if delivered is None else delivered), place


@given(st.lists(st.integers(0, 200), max_size=12), st.booleans(), st.integers(0, 2))
def test_a_finding_that_is_not_masked_is_counted_and_the_one_too_many_never_gets_out(places, idle, most) -> None:
    limits = Limits([OutputLimit("x", findings=most, detect=ADDRESSES)], finder)
    text = b"at 10.1.2.3, 10.1.2.4 then 10.1.2.5\n10.1.2.6 prompt> "
    out = through(limits, Unmasked(nobody), cuts(text, places), idle)
    assert limits.broken is not None
    assert text.startswith(out)
    assert len(out) >= text.index(b"10.1.2.%d" % (3 + most))
    if not idle:
        assert len(out) == text.index(b"10.1.2.%d" % (3 + most))
    assert len(re.findall(rb"10\.1\.2\.\d", out)) <= most + idle  # the one that a silence falls into


@pytest.mark.parametrize(
    "limit",
    [
        OutputLimit("x", Breach.DENY, rows=1),
        OutputLimit("x", Breach.DENY, size=20),
        OutputLimit("x", Breach.DENY, findings=1, detect=EMAILS),
        OutputLimit("x", Breach.DENY, findings=0, detect=ADDRESSES),
    ],
)
def test_of_what_is_denied_nothing_more_is_delivered(limit: OutputLimit) -> None:
    limits = Limits([limit], finder)
    assert through(limits, MASKER.stream(), [PEOPLE]) == b""
    assert limits.broken == limit
    later = limits.around(MASKER.stream())
    assert later.feed(b"more\n") + later.idle() + later.finish() == b""


def test_streams_of_one_call_are_counted_together() -> None:
    limits = Limits([OutputLimit("x", rows=3), OutputLimit("y", findings=1, detect=EMAILS)], finder)
    out, err = limits.around(MASKER.stream()), limits.around(MASKER.stream())
    assert out.feed(b"a\nann@corp.io\n") == b"a\n[EMAIL]\n"
    assert err.feed(b"b\n") == b"b\n"
    assert limits.broken is None
    assert err.feed(b"c\n") == b""
    assert limits.broken is not None and limits.broken.name == "x"
    assert out.feed(b"d\n") == b""


def test_the_first_limit_that_is_broken_ends_it() -> None:
    both = [OutputLimit("rows", rows=1), OutputLimit("people", findings=1, detect=EMAILS)]
    limits = Limits(both, finder)
    assert through(limits, MASKER.stream(), [PEOPLE]) == b"[EMAIL], "
    assert limits.broken == both[1]
    limits = Limits([OutputLimit("rows", rows=1), OutputLimit("people", findings=2, detect=EMAILS)], finder)
    assert through(limits, MASKER.stream(), [PEOPLE]) == b"[EMAIL], [EMAIL]\n"


def test_a_secret_over_many_lines_counts_from_its_first() -> None:
    key = b"-----BEGIN RSA PRIVATE KEY-----\n" + b"MIIEowIBAAKCAQEA1234567890abcdefghijklmnopqrstuvwxyzABCDEFGHIJ\n" * 3
    text = b"before\n" + key + b"-----END RSA PRIVATE KEY-----\nafter\n"
    for place in range(len(text)):
        limits = Limits([OutputLimit("x", findings=0, detect=("private_key",))], finder)
        out = through(limits, Unmasked(nobody), cuts(text, [place]))
        assert out == b"before\n-----BEGIN RSA PRIVATE KEY-----\n", place


def test_binary_output_has_bytes_and_no_rows() -> None:
    data = b"PACK\n\n\n" * 100
    limits = Limits([OutputLimit("x", rows=1), OutputLimit("y", findings=0, detect=EMAILS)], finder)
    assert through(limits, Unmasked(nobody), [data, b"ann@corp.io"], text=False) == data + b"ann@corp.io"
    limits = Limits([OutputLimit("z", size=10)], finder)
    assert through(limits, Unmasked(nobody), [data], text=False) == data[:10]


def test_what_waits_is_bounded_however_long_a_line_is() -> None:
    limits = Limits([OutputLimit("x", findings=5, detect=EMAILS)], finder)
    stream = limits.around(MASKER.stream())
    sizes = []
    for _ in range(400):
        stream.feed(b"word " * 2000)
        sizes.append(stream.held)
    assert max(sizes[200:]) <= max(sizes[:200]) < 300_000


def test_without_limits_a_mask_is_left_as_it_is() -> None:
    mask = MASKER.stream()
    assert Limits((), finder).around(mask) is mask
    assert not Limits((), finder)
