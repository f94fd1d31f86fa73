"""What an agent may see of an object; harmless values beside those that are not."""

from __future__ import annotations

import base64
import json

import pytest

from guardcli.gateways.kubernetes.documents import DATA_OF_SECRETS, LAST_APPLIED, DocumentMask, holds_masks, stars

VALUE = base64.b64encode(b"correct-horse-battery").decode()
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', b'{"sub":"me"}', b"s" * 32)
)
STARS = base64.b64encode(b"*" * 21).decode()


def secret(**parts: object) -> dict[str, object]:
    metadata = {"name": "db", "uid": "u-1", "resourceVersion": "7"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"p": VALUE}, **parts}


def masked(masker, document: object, **options: bool) -> tuple[object, dict[str, int]]:
    mask = DocumentMask(masker, "kubectl")
    copy = json.loads(json.dumps(document))
    assert mask.mask(copy, **options) is (copy != document)
    return copy, mask.counts


def test_the_data_of_a_secret_give_way_and_can_still_be_decoded(masker) -> None:
    shown, counts = masked(masker, secret(stringData={"q": "pä"}))
    assert (shown["data"], shown["stringData"]) == ({"p": STARS}, {"q": "***"})
    assert shown["metadata"] == secret()["metadata"]
    assert counts == {DATA_OF_SECRETS: 2}


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ({"apiVersion": "v1", "kind": "SecretList", "metadata": {}, "items": [{"data": {"p": VALUE}}]}, {}),
        ({"apiVersion": "v1", "kind": "List", "items": [{"data": {"p": VALUE}}]}, {"secrets": True}),
        ({"apiVersion": "v1", "kind": "List", "items": [secret()]}, {}),
        ({"type": "ADDED", "object": secret()}, {}),
        ({"type": "BOOKMARK", "object": {"data": {"p": VALUE}}}, {"secrets": True}),
        (
            {
                "apiVersion": "meta.k8s.io/v1",
                "kind": "Table",
                "columnDefinitions": [{"name": "Name"}],
                "rows": [{"cells": ["db"], "object": secret()}],
            },
            {},
        ),
        (
            {
                "apiVersion": "meta.k8s.io/v1",
                "kind": "Table",
                "columnDefinitions": [{"name": "Name"}],
                "rows": [{"cells": ["db"], "object": {"data": {"p": VALUE}}}],
            },
            {"secrets": True},
        ),
        ({"apiVersion": "bitnami.com/v1", "kind": "SealedSecret", "spec": {"template": {"data": {"p": VALUE}}}}, {}),
        (secret(data={"nested": {"deeper": [VALUE]}}), {}),
        (secret(data=VALUE), {}),
        (secret(data={"not base64": "correct-horse-battery!"}), {}),
        (
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"annotations": {LAST_APPLIED: json.dumps(secret()) + "\n"}},
            },
            {},
        ),
        (secret(data={}, metadata={"annotations": {LAST_APPLIED: json.dumps({"data": {"p": VALUE}})}}), {}),
        (secret(data={}, metadata={"annotations": {LAST_APPLIED: "{broken " + VALUE}}), {}),
    ],
)
def test_a_secret_is_masked_wherever_it_stands(masker, form: object, options: dict[str, bool]) -> None:
    shown, _ = masked(masker, form, **options)
    text = json.dumps(shown)
    assert VALUE not in text and "correct-horse" not in text


@pytest.mark.parametrize(
    "form",
    [
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"colour": "green", "size": "large"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "labels": {"app": "web"}}, "spec": {}},
        {
            "apiVersion": "v1",
            "kind": "PodList",
            "metadata": {"continue": "eyJhbGciOiJIUzI1NiJ9." + "A" * 40},
            "items": [],
        },
        {"apiVersion": "v1", "kind": "Secret", "metadata": {}, "data": {"empty": ""}},
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "pods web not found", "code": 404},
        {"metadata": {"managedFields": [{"fieldsV1": {"f:data": {"f:ann@corp.io": {}}}, "manager": "ann@corp.io"}]}},
        [],
        "text",
        7,
        None,
    ],
)
def test_what_is_harmless_stays_as_it_is(masker, form: object) -> None:
    assert masked(masker, form) == (form, {})


@pytest.mark.parametrize(
    ("form", "gone"),
    [
        ({"kind": "ConfigMap", "data": {"owner": "ann@corp.io"}}, "ann@corp.io"),
        ({"kind": "ConfigMap", "data": {"file": "a: b\nmail: ann@corp.io\nc: d\n"}}, "ann@corp.io"),
        ({"env": [{"name": "DB_PASSWORD", "value": "Tr0ub4dor&3x"}]}, "Tr0ub4dor"),
        ({"spec": {"containers": [{"args": ["--url", "postgres://u:hunter2x@db/x"]}]}}, "hunter2x"),
        ({"data": {"NickName": "bunny"}}, "bunny"),
        (
            {
                "kind": "Table",
                "columnDefinitions": [{"name": "Name"}, {"name": "Nickname"}],
                "rows": [{"cells": ["web", "bunny"]}],
            },
            "bunny",
        ),
        ({"status": {"token": JWT}}, JWT),
        ({"kind": "Pod", "metadata": {"annotations": {LAST_APPLIED: '{"data":{"o":"ann@corp.io"}}'}}}, "ann@corp.io"),
    ],
)  # fmt: skip
def test_what_detectors_and_columns_find_in_other_objects_gives_way(masker, form: object, gone: str) -> None:
    shown, counts = masked(masker, form)
    assert gone not in json.dumps(shown)
    assert counts


def test_a_key_beside_the_value_stays_what_it_was(masker) -> None:
    shown, _ = masked(masker, {"data": {"owner": "ann@corp.io", "other": "two words"}})
    assert shown["data"]["other"] == "two words" and shown["data"]["owner"].startswith("[EMAIL")


@pytest.mark.parametrize(
    ("value", "encoded", "shown"),
    [
        ("YWJj", True, "Kioq"),
        ("abc", False, "***"),
        ("not base64", True, base64.b64encode(b"*" * 10).decode()),
    ],
)
def test_stars_are_as_many_as_the_bytes_were(value: str, encoded: bool, shown: str) -> None:
    assert stars(value, encoded=encoded) == shown


@pytest.mark.parametrize(
    ("form", "holds"),
    [
        ({"data": {"p": stars(VALUE, encoded=True)}}, True),
        ({"data": {"p": "Kg=="}}, True),
        ([{"value": "***"}], True),
        ({"data": {"p": VALUE}}, False),
        ({"data": {"p": "Kio"}}, False),
        ({"data": {"p": ""}}, False),
        ({"data": {"Kg==": "x"}}, False),
    ],
)
def test_a_mask_is_known_again(form: object, holds: bool) -> None:
    assert holds_masks(form) is holds
