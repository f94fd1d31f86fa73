"""Holding the answers of a cluster against limits."""

from __future__ import annotations

import pytest

from guardcli.broker.api_requests import Gauge
from guardcli.gateways.kubernetes.codec.status import Refusal
from guardcli.masking import Masker
from guardcli.model.limits import OutputLimit
from guardcli.model.masking import MaskRule


def gauge(**measure: object) -> Gauge:
    def finder(detectors, observer):
        return Masker([MaskRule(detect=detectors)], key=b"k" * 32).stream(observer=observer)

    return Gauge([OutputLimit("small", **measure)], finder)


@pytest.mark.parametrize(
    ("measure", "documents", "within"),
    [
        ({"rows": 3}, [(b"{}", 2), (b"{}", 1)], True),
        ({"rows": 3}, [(b"{}", 2), (b"{}", 2)], False),
        ({"size": 10}, [(b"x" * 10, 1)], True),
        ({"size": 10}, [(b"x" * 5, 1), (b"x" * 6, 1)], False),
        ({"findings": 1, "detect": ("email",)}, [(b'{"a":"ann@corp.io"}', 1)], True),
        ({"findings": 1, "detect": ("email",)}, [(b'{"a":"ann@corp.io"}', 1), (b'{"b":"bob@corp.io"}', 1)], False),
        ({"findings": 0, "detect": ("email",)}, [(b'{"a":"nobody"}', 1)], True),
    ],
)
def test_what_goes_over_a_limit_is_refused(measure, documents, within: bool) -> None:
    held = gauge(**measure)
    for data, objects in documents[:-1]:
        held(data, data, objects)
    data, objects = documents[-1]
    if within:
        held(data, data, objects)
        assert held.broken is None
        return
    with pytest.raises(Refusal, match="denied by limit small"):
        held(data, data, objects)
    assert held.broken is not None
