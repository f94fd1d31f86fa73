from __future__ import annotations

import pytest

from guardcli.gateways.kubernetes.codec.location import read_location
from guardcli.gateways.kubernetes.codec.request_info import read_request_info
from guardcli.gateways.kubernetes.codec.status import Refusal
from guardcli.gateways.kubernetes.upgrades import upgrade_of

POD = "/api/v1/namespaces/shop/pods/a"
UP = [(b"connection", b"Upgrade")]
SOCKET = [*UP, (b"upgrade", b"websocket"), (b"sec-websocket-key", b"k")]
V5 = [(b"sec-websocket-protocol", b"v5.channel.k8s.io, v4.channel.k8s.io, channel.k8s.io")]
SPDY = [*UP, (b"upgrade", b"SPDY/3.1")]


def upgrade(method: str, path: str, fields: list[tuple[bytes, bytes]], unmasked: bool = False):
    return upgrade_of(read_request_info(method, read_location(path)), fields, unmasked=unmasked)


def test_only_what_is_read_here_is_offered() -> None:
    found = upgrade("GET", f"{POD}/exec?command=ls", [*SOCKET, *V5])
    assert found is not None and found.masked and not found.refused
    assert found.offers == ("v5.channel.k8s.io", "v4.channel.k8s.io")


@pytest.mark.parametrize(
    ("method", "path", "fields", "unmasked", "refused"),
    [
        ("POST", f"{POD}/exec?command=ls", SPDY, False, True),
        ("POST", f"{POD}/exec?command=ls", SPDY, True, False),
        ("POST", f"{POD}/attach", SPDY, False, True),
        ("POST", f"{POD}/portforward", SPDY, False, False),
        ("GET", f"{POD}/portforward", SOCKET, False, False),
        ("GET", f"{POD}/proxy/x", SOCKET, False, True),
        ("GET", f"{POD}/proxy/x", SOCKET, True, False),
    ],
)
def test_text_without_a_mask_needs_the_policys_word(
    method: str, path: str, fields: list[tuple[bytes, bytes]], unmasked: bool, refused: bool
) -> None:
    found = upgrade(method, path, fields, unmasked)
    assert found is not None and bool(found.refused) is refused and not found.masked


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("GET", f"{POD}/exec?command=ls", []),
        ("GET", f"{POD}/exec?command=ls", [(b"upgrade", b"websocket")]),
        ("GET", f"{POD}/exec?command=ls", UP),
        ("GET", f"{POD}/exec?command=ls", SOCKET),
        ("GET", f"{POD}/exec?command=ls", [*SOCKET, (b"sec-websocket-protocol", b"base64.channel.k8s.io")]),
        ("POST", f"{POD}/exec?command=ls", [*SOCKET, *V5]),
        ("GET", f"{POD}/exec?command=ls", SPDY),
        ("GET", f"{POD}/exec?command=ls", [*UP, (b"upgrade", b"websocket"), *V5]),
        ("GET", f"{POD}/exec?command=ls", [*UP, (b"upgrade", b"h2c")]),
        ("GET", POD, [*SOCKET, *V5]),
        ("GET", "/version", [*SOCKET, *V5]),
        ("GET", f"{POD}/log", [*SOCKET, *V5]),
        ("GET", "/api/v1/pods", [*UP, (b"upgrade", b"h2c")]),
        ("GET", f"{POD}/exec?command=ls", [*SOCKET, *V5, (b"upgrade", b"h2c")]),
    ],
)
def test_an_upgrade_where_none_belongs_is_refused(method: str, path: str, fields: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Refusal):
        upgrade(method, path, fields)


def test_most_requests_want_none() -> None:
    assert upgrade("GET", POD, [(b"connection", b"keep-alive")]) is None
