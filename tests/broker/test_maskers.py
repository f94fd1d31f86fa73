"""What counts against a limit is found in the encodings that the policy has masked."""

from __future__ import annotations

import base64

import pytest

from guardcli.broker.maskers import Maskers
from guardcli.masking.cache import PatternCache
from guardcli.model.masking import Encoding, MaskRule


@pytest.mark.parametrize(("encodings", "found"), [((), 0), ((Encoding.BASE64,), 1)])
def test_a_finding_counts_in_an_encoding_that_a_rule_names(tmp_path, encodings, found):
    seen = []
    maskers = Maskers([MaskRule(detect=("email",), decode=encodings)], PatternCache(tmp_path))
    finder = maskers.finder(("email",), lambda *one: seen.append(one))
    finder.feed(base64.b64encode(b"to ann.keller@corp-mail.org today") + b"\n")
    finder.finish()
    assert len(seen) == found
