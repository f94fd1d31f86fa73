"""What becomes of a response's body: a document, a watch, text, or bytes that are let be.

A filter takes what the server sends and gives what the client may have. Documents are whole before anything of them is
let go, so a response that is too large is refused and not cut; a watch goes line by line, text as it comes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from guardcli.gateways.kubernetes.codec.request_info import RequestInfo
from guardcli.gateways.kubernetes.codec.status import Refusal
from guardcli.gateways.kubernetes.documents import DocumentMask, objects_in
from guardcli.gateways.kubernetes.judging import kind_of_resource

DOCUMENT_MAX = 32 << 20
"""The largest document; kubectl asks for lists in parts of 500 objects, far below."""
LINE_MAX = 8 << 20
"""The longest line of a watch: an object has 1.5 MiB at the most (etcd's limit on a request)."""
_OPEN = frozenset({"api", "apis", "openapi", "version", "healthz", "livez", "readyz", "openid", ".well-known"})
"""Below these a server tells about itself, and nothing of what is kept in it."""


class Body(Protocol):
    """One response's body."""

    @property
    def whole(self) -> bool:
        """Whether nothing can be let go before all of it is there."""
        ...

    @property
    def size(self) -> int:
        """Bytes that wait for the end."""
        ...

    @property
    def held(self) -> int:
        """Bytes that a silence may let go."""
        ...

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired so far."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Take what came; return what may go. Raises Refusal."""
        ...

    def idle(self) -> bytes:
        """Return what may go after a silence."""
        ...

    def finish(self) -> bytes:
        """Return the rest. Raises Refusal."""
        ...


class Raw:
    """Bytes that are let be."""

    whole = False
    size = 0
    held = 0

    def __init__(self) -> None:
        self.findings: dict[str, int] = {}

    def feed(self, data: bytes) -> bytes:
        """Return `data`."""
        return data

    def idle(self) -> bytes:
        """Return nothing."""
        return b""

    def finish(self) -> bytes:
        """Return nothing."""
        return b""


class Document:
    """JSON, masked as a whole. Where nothing is found the very bytes go on."""

    whole = True
    held = 0

    def __init__(self, mask: DocumentMask, *, secrets: bool) -> None:
        self._mask = mask
        self._secrets = secrets
        self._parts: list[bytes] = []
        self.size = 0

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired."""
        return self._mask.counts

    def feed(self, data: bytes) -> bytes:
        """Keep `data`. Raises Refusal beyond the bound."""
        self.size += len(data)
        if self.size > DOCUMENT_MAX:
            raise Refusal(
                502,
                f"guard: the answer is larger than {DOCUMENT_MAX >> 20} MiB, more than is masked at once; "
                "ask for less, or in parts (limit=500)",
            )
        self._parts.append(data)
        return b""

    def idle(self) -> bytes:
        """Return nothing."""
        return b""

    def finish(self) -> bytes:
        """Return the document, masked. Raises Refusal for what is no JSON."""
        return masked_document(b"".join(self._parts), self._mask, secrets=self._secrets)


class Watch:
    """A stream of JSON, an event a line."""

    whole = False
    size = 0
    held = 0

    def __init__(self, mask: DocumentMask, *, secrets: bool) -> None:
        self._mask = mask
        self._secrets = secrets
        self._line = bytearray()

    @property
    def findings(self) -> Mapping[str, int]:
        """How often each detector fired so far."""
        return self._mask.counts

    def feed(self, data: bytes) -> bytes:
        """Return the lines that `data` completes. Raises Refusal."""
        self._line += data
        end = self._line.rfind(b"\n") + 1
        if len(self._line) - end > LINE_MAX:
            raise Refusal(502, f"guard: an event of the watch is longer than {LINE_MAX >> 20} MiB")
        if not end:
            return b""
        lines = bytes(self._line[:end])
        del self._line[:end]
        return b"".join(self._masked(line) for line in lines.splitlines(keepends=True))

    def idle(self) -> bytes:
        """Return nothing: a line is masked as a whole."""
        return b""

    def finish(self) -> bytes:
        """Return the last event, which no newline has ended. Raises Refusal."""
        return self._masked(bytes(self._line)) if self._line.strip() else b""

    def _masked(self, line: bytes) -> bytes:
        if not line.strip():
            return line
        masked = masked_document(line, self._mask, secrets=self._secrets)
        return masked if masked.endswith(b"\n") else masked + b"\n"


def masked_document(data: bytes, mask: DocumentMask, *, secrets: bool) -> bytes:
    """Return one document, masked; the very bytes where nothing is found. Raises Refusal for what is no JSON."""
    if not data.strip():
        return data
    try:
        document: Any = json.loads(data)
        changed = mask.mask(document, secrets=secrets)
        out = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" if changed else data
    except (ValueError, RecursionError):
        raise Refusal(502, "guard: the cluster's answer says that it is JSON and is none") from None
    if mask.gauge is not None:
        mask.gauge(data, out, objects_in(document))
    return out


def body_for(info: RequestInfo, media: str, mask: DocumentMask, text: Callable[[], Body]) -> Body:
    """Return the filter for the answer to a request. `media` is the answer's type; `text` makes a filter for text.

    Raises Refusal for an answer in a form that cannot be masked.
    """
    if not info.is_resource and info.location.segments[:1] and info.location.segments[0] in _OPEN:
        return Raw()
    if "protobuf" in media or "cbor" in media:
        raise Refusal(502, f"guard: the cluster answered with {media}, which cannot be masked")
    if media != "application/json":
        return text()
    secrets = info.is_resource and kind_of_resource(info).secret
    if info.is_resource and info.subresource == "log":
        return text()
    if (
        info.is_resource
        and not info.subresource
        and (info.verb == "watch" or (info.verb == "get" and info.flag("watch")))
    ):
        return Watch(mask, secrets=secrets)
    return Document(mask, secrets=secrets)
