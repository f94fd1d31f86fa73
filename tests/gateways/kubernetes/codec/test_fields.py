from __future__ import annotations

import pytest

from guardcli.gateways.kubernetes.codec.fields import accepted, impersonates, media_type, passed_back, passed_on


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        (b"application/json", b"application/json"),
        (b"application/vnd.kubernetes.protobuf, application/json", b"application/json"),
        (b"application/vnd.kubernetes.protobuf", b"application/json"),
        (b"application/cbor-seq,application/cbor", b"application/json"),
        (b"application/JSON;as=Table;v=v1, application/VND.Kubernetes.ProtoBuf;q=1", b"application/JSON;as=Table;v=v1"),
        (b"", b"application/json"),
        (b"*/*", b"*/*"),
    ],
)
def test_answers_are_asked_for_in_forms_that_can_be_masked(sent: bytes, asked: bytes) -> None:
    assert accepted([(b"accept", sent)] if sent else []) == asked


def test_only_known_fields_pass_on() -> None:
    fields = [
        (b"user-agent", b"kubectl/v1"),
        (b"content-type", b"application/json"),
        (b"kubectl-command", b"kubectl get"),
        *((name, b"x") for name in (b"authorization", b"cookie", b"x-remote-user", b"x-forwarded-for", b"proxy")),
        *((name, b"x") for name in (b"impersonate-user", b"connection", b"upgrade", b"transfer-encoding", b"expect")),
        *((name, b"x") for name in (b"sec-websocket-extensions", b"accept-encoding", b"host", b"te", b"audit-id")),
    ]
    assert [name for name, _ in passed_on(fields)] == [b"user-agent", b"content-type", b"kubectl-command"]


def test_only_known_fields_pass_back() -> None:
    fields = [(b"content-type", b"a"), (b"warning", b"299 - x"), (b"set-cookie", b"s"), (b"location", b"http://x")]
    fields += [(b"content-length", b"3"), (b"transfer-encoding", b"chunked"), (b"www-authenticate", b"Basic")]
    assert [name for name, _ in passed_back(fields)] == [b"content-type", b"warning"]


def test_who_is_impersonated_is_seen() -> None:
    fields = [(b"impersonate-user", b"root"), (b"impersonate-extra-scopes", b"all"), (b"impersonated", b"no")]
    assert impersonates(fields) == [("impersonate-user", "root"), ("impersonate-extra-scopes", "all")]


def test_the_type_of_a_body_is_without_its_parameters() -> None:
    assert media_type([(b"content-type", b"Application/JSON ; charset=utf-8")]) == "application/json"
    assert media_type([]) == ""
