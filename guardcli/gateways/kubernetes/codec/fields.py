"""Which header fields pass the gateway, and what is asked of the server in their place.

Only fields that are named here go on, in either direction: nothing that a server or a proxy in front of it takes for an
identity (``Impersonate-*``, ``X-Remote-*``, cookies), no hop-by-hop field (RFC 9110, 7.6.1). Answers are asked for in
JSON and not compressed, so that they can be masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Fields = Sequence[tuple[bytes, bytes]]
"""Names in lower case, and values, as h11 gives them."""

_PASSED_ON = frozenset(
    b"content-type if-match if-none-match user-agent kubectl-command kubectl-session".split()
    + b"x-stream-protocol-version sec-websocket-key sec-websocket-version sec-websocket-protocol".split()
)
_PASSED_BACK = frozenset(
    b"content-type cache-control etag vary date last-modified retry-after warning audit-id allow".split()
    + b"x-kubernetes-pf-flowschema-uid x-kubernetes-pf-prioritylevel-uid x-stream-protocol-version".split()
    + b"sec-websocket-accept sec-websocket-protocol".split()
)
JSON = b"application/json"


def value_of(fields: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """Return the values of a field, joined as RFC 9110, 5.3 has it; empty for none."""
    return b", ".join(value for key, value in fields if key == name)


def impersonates(fields: Fields) -> list[tuple[str, str]]:
    """Return the fields by which a request acts as somebody else, with their values."""
    return [
        (name.decode("ascii"), value.decode("utf-8", "replace"))
        for name, value in fields
        if name.startswith(b"impersonate-")
    ]


def passed_on(fields: Fields) -> list[tuple[bytes, bytes]]:
    """Return the fields of a request that go on to the server as they are."""
    return [(name, value) for name, value in fields if name in _PASSED_ON]


def passed_back(fields: Fields) -> list[tuple[bytes, bytes]]:
    """Return the fields of a response that go back to the client."""
    return [(name, value) for name, value in fields if name in _PASSED_BACK]


def accepted(fields: Fields) -> bytes:
    """Return the ``Accept`` to send: what the client takes, without the forms that cannot be masked."""
    offers = [offer.strip() for offer in value_of(fields, b"accept").split(b",")]
    kept = [offer for offer in offers if offer and not _binary(offer)]
    return b", ".join(kept) or JSON


def _binary(offer: bytes) -> bool:
    kind = offer.partition(b";")[0].strip().lower()
    return b"protobuf" in kind or b"cbor" in kind


def media_type(fields: Fields) -> str:
    """Return the type of a body without its parameters, in lower case."""
    return value_of(fields, b"content-type").partition(b";")[0].strip().lower().decode("latin-1")
