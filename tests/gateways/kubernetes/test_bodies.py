from __future__ import annotations

import gzip
import json

import pytest

from guardcli.gateways.kubernetes import bodies
from guardcli.gateways.kubernetes.bodies import Document, Raw, Watch, body_for
from guardcli.gateways.kubernetes.codec.location import read_location
from guardcli.gateways.kubernetes.codec.request_info import read_request_info
from guardcli.gateways.kubernetes.codec.status import Refusal
from guardcli.gateways.kubernetes.documents import DocumentMask
from guardcli.gateways.kubernetes.relaying import _Gunzip

SECRET = {"apiVersion": "v1", "kind": "Secret", "data": {"p": "Y29ycmVjdA=="}}


class Text(Raw):
    """Stands for a mask of text."""


def chosen(masker, method: str, target: str, media: str):
    info = read_request_info(method, read_location(target))
    return body_for(info, media, DocumentMask(masker, "kubectl"), Text)


@pytest.mark.parametrize(
    ("target", "media", "kind"),
    [
        ("/api/v1/pods", "application/json", Document),
        ("/api/v1/pods?watch=1", "application/json", Watch),
        ("/api/v1/watch/pods", "application/json", Watch),
        ("/api/v1/namespaces/a/pods/b?watch=1", "application/json", Watch),
        ("/api/v1/namespaces/a/pods/b/log?follow=1", "text/plain", Text),
        ("/api/v1/namespaces/a/pods/b/log", "application/json", Text),
        ("/api/v1/namespaces/a/services/b/proxy/x", "text/html", Text),
        ("/api/v1/pods", "", Text),
        ("/metrics", "text/plain", Text),
        ("/apis/apps/v1", "application/json", Raw),
        ("/openapi/v2", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", Raw),
        ("/version", "application/json", Raw),
    ],
)
def test_each_kind_of_answer_has_its_filter(masker, target: str, media: str, kind: type) -> None:
    assert type(chosen(masker, "GET", target, media)) is kind


@pytest.mark.parametrize("media", ["application/vnd.kubernetes.protobuf", "application/cbor", "application/cbor-seq"])
def test_what_cannot_be_masked_is_refused(masker, media: str) -> None:
    with pytest.raises(Refusal):
        chosen(masker, "GET", "/api/v1/secrets", media)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_document_is_masked_as_a_whole(masker, size: int) -> None:
    body = chosen(masker, "GET", "/api/v1/secrets", "application/json")
    data = json.dumps({"items": [SECRET, {"data": {"q": "Y29ycmVjdA=="}}]}).encode()
    assert not any(body.feed(data[at : at + size]) for at in range(0, len(data), size))
    shown = json.loads(body.finish())
    assert [one["data"] for one in shown["items"]] == [{"p": "KioqKioqKg=="}, {"q": "KioqKioqKg=="}]
    assert body.findings == {"secret data": 2}


def test_where_nothing_is_found_the_very_bytes_go_on(masker) -> None:
    data = b'{ "kind":"Pod",\n "x": 1.50, "y": 1e3 }'
    body = chosen(masker, "GET", "/api/v1/namespaces/a/pods/b", "application/json")
    body.feed(data)
    assert body.finish() == data


@pytest.mark.parametrize("step", [1, 5, 64, 4096])
def test_a_watch_goes_line_by_line(masker, step: int) -> None:
    events = [{"type": "ADDED", "object": SECRET}, {"type": "MODIFIED", "object": {"data": {"q": "Y29ycmVjdA=="}}}]
    data = b"".join(json.dumps(event).encode() + b"\n" for event in events) + json.dumps(events[0]).encode()
    body = chosen(masker, "GET", "/api/v1/secrets?watch=1", "application/json")
    out = b"".join(body.feed(data[at : at + step]) for at in range(0, len(data), step)) + body.finish()
    assert b"Y29ycmVjdA" not in out
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["ADDED", "MODIFIED", "ADDED"]


def test_an_event_is_let_go_as_soon_as_its_line_is_whole(masker) -> None:
    body = chosen(masker, "GET", "/api/v1/pods?watch=1", "application/json")
    assert body.feed(b'{"type":"ADDED"}\n{"ty') == b'{"type":"ADDED"}\n'


@pytest.mark.parametrize("data", [b"{", b"no", b'{"a":' * 5000])
def test_what_says_that_it_is_json_and_is_none_is_refused(masker, data: bytes) -> None:
    body = chosen(masker, "GET", "/api/v1/pods", "application/json")
    body.feed(data)
    with pytest.raises(Refusal):
        body.finish()


def test_nothing_is_kept_without_a_bound(masker, monkeypatch) -> None:
    monkeypatch.setattr(bodies, "DOCUMENT_MAX", 1000)
    monkeypatch.setattr(bodies, "LINE_MAX", 1000)
    for target in ("/api/v1/pods", "/api/v1/pods?watch=1"):
        with pytest.raises(Refusal):
            chosen(masker, "GET", target, "application/json").feed(b"x" * 1001)


def test_what_is_compressed_is_read_in_pieces() -> None:
    data = gzip.compress(b"a" * 3_000_000)
    pieces = _Gunzip().feed(data)
    assert b"".join(pieces) == b"a" * 3_000_000 and max(map(len, pieces)) <= 1 << 20
    with pytest.raises(Refusal):
        _Gunzip().feed(b"no gzip at all")
