from __future__ import annotations

import pytest

from guardcli.gateways.kubernetes.codec.options import PROTOBUF, is_dry_deletion


def field(number: int, value: bytes) -> bytes:
    return bytes((number << 3 | 2, len(value))) + value


def unknown(raw: bytes) -> bytes:
    kind = field(1, b"v1") + field(2, b"DeleteOptions")
    return b"k8s\0" + field(1, kind) + field(2, raw) + field(3, b"") + field(4, b"")


@pytest.mark.parametrize(
    ("media", "body", "dry"),
    [
        ("application/json", b'{"dryRun":["All"]}', True),
        ("application/json", b'{"kind":"DeleteOptions","propagationPolicy":"Background","dryRun":["All"]}', True),
        ("application/json", b"{}", False),
        ("application/json", b'{"dryRun":[]}', False),
        ("application/json", b'{"dryRun":"All"}', False),
        ("application/json", b'{"dryRun":["All"],"dryRun":[]}', False),
        ("application/json", b'{"dryRun":["All"],"DryRun":[]}', False),
        ("application/json", b'["All"]', False),
        ("application/json", b"nonsense", False),
        ("application/json", b"[" * 100_000, False),
        (PROTOBUF, unknown(field(5, b"All")), True),
        (PROTOBUF, unknown(b"\x08\x1e" + field(4, b"Background") + field(5, b"All")), True),
        (PROTOBUF, unknown(field(4, b"Background")), False),
        (PROTOBUF, unknown(b""), False),
        (PROTOBUF, unknown(field(5, b"None")), False),
        (PROTOBUF, unknown(field(5, b"All") + field(5, b"x")), False),
        (PROTOBUF, unknown(field(4, field(5, b"All"))), False),
        (PROTOBUF, b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", False),
        (PROTOBUF, b"k8s\0\x12\x7fshort", False),
        (PROTOBUF, b"k8s\0\x13", False),
    ],
)
def test_a_deletion_is_dry_by_its_body_alone(media: str, body: bytes, dry: bool) -> None:
    assert is_dry_deletion(media, body) is dry
