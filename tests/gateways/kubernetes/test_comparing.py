"""What a reviewer is shown of a change of an object: what differs, and nothing secret."""

from __future__ import annotations

import json

import pytest

from guardcli.gateways.kubernetes.comparing import described
from guardcli.gateways.kubernetes.documents import LAST_APPLIED, DocumentMask
from guardcli.inspectors.kubectl.kinds import kind_named
from guardcli.inspectors.kubectl.preview import Change, Way

LIVE = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "u-1",
        "resourceVersion": "77",
        "managedFields": [{"manager": "x"}],
        "annotations": {LAST_APPLIED: json.dumps({"spec": {"paused": True, "replicas": 2}})},
    },
    "spec": {
        "replicas": 2,
        "paused": True,
        "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}, {"name": "side", "image": "side:1"}]}},
    },
    "status": {"readyReplicas": 2},
}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"p": "b2xk", "q": "c2FtZQ=="}}


def change(way: Way, form: object = None, kind: str = "deployment", version: str = "") -> Change:
    return Change(way, kind_named(kind), "shop", "web", version, form, applied=bool(version))


@pytest.fixture
def tell(masker):
    def told(one: Change, live: object, asked: bool = True) -> str:
        return described(one, live, DocumentMask(masker, "kubectl").mask, asked=asked)  # type: ignore[arg-type]

    return told


def lines(text: str) -> set[str]:
    return {line[0] + line[1:].strip() for line in text.split("\n")[1:] if line[:1] in ("+", "-")}


def test_a_scale_shows_one_number(tell) -> None:
    text = tell(change(Way.OVER, {"spec": {"replicas": "0"}}), LIVE)
    assert text.startswith("shop/deployment/web would be changed\n")
    assert lines(text) == {"-replicas: 2", "+replicas: 0"}


def test_an_apply_merges_containers_by_name_and_takes_away_what_it_gives_no_more(tell) -> None:
    spec = {"replicas": "2", "template": {"spec": {"containers": [{"name": "web", "image": "web:2"}]}}}
    text = tell(change(Way.OVER, {"spec": spec}, version="apps/v1"), LIVE)
    assert lines(text) == {"-image: web:1", "+image: web:2", "-paused: true"}
    assert "side" not in "".join(line for line in text.split("\n") if line[:1] in "+-")


SIDE_GOES = {"-- name: side", "-image: side:1"}
ONE_CONTAINER = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}}


def test_an_apply_takes_away_the_container_that_it_gives_no_more(tell) -> None:
    containers = LIVE["spec"]["template"]["spec"]["containers"]  # type: ignore[index]
    applied = json.dumps({"spec": {"template": {"spec": {"containers": containers}}}})
    live = {**LIVE, "metadata": {"name": "web", "annotations": {LAST_APPLIED: applied}}}
    assert lines(tell(change(Way.OVER, ONE_CONTAINER, version="apps/v1"), live)) == SIDE_GOES
    assert tell(change(Way.OVER, ONE_CONTAINER), live).endswith("\nnothing is different")  # a patch remembers nothing


@pytest.mark.parametrize(
    "one",
    [
        Change(Way.OVER, kind_named("deployment"), "shop", "web", "", ONE_CONTAINER, plain=True),
        change(Way.OVER, ONE_CONTAINER, "deployment", "apps.example.com/v1"),
        change(Way.OVER, ONE_CONTAINER, "rollout", "argoproj.io/v1alpha1"),
        change(Way.OVER, ONE_CONTAINER, "rollout"),
    ],
)
def test_a_list_takes_the_place_of_another_where_the_server_merges_none(tell, one: Change) -> None:
    found = lines(tell(one, LIVE))
    assert found >= SIDE_GOES and not any(line.startswith("+") for line in found)


def test_of_things_with_one_name_none_hides_another(tell) -> None:
    def mounting(*paths: str) -> dict[str, object]:
        mounts = [{"name": "root", "mountPath": path} for path in paths]
        return {"spec": {"containers": [{"name": "web", "volumeMounts": mounts}]}}

    text = tell(change(Way.OVER, mounting("/host", "/data"), "pod", "v1"), mounting("/data"))
    assert "/host" in "".join(line for line in text.split("\n") if line.startswith("+"))


def test_what_the_server_alone_writes_is_no_difference(tell) -> None:
    form = {"metadata": {"name": "web"}, "spec": {"replicas": "2"}}
    assert tell(change(Way.OVER, form), LIVE).endswith("\nnothing is different")


def test_a_null_of_a_patch_takes_away(tell) -> None:
    assert lines(tell(change(Way.OVER, {"spec": {"paused": "null"}}), LIVE)) == {"-paused: true"}


def test_a_replacement_shows_what_goes_too(tell) -> None:
    found = lines(tell(change(Way.INSTEAD, {"apiVersion": "apps/v1", "spec": {"replicas": "2"}}), LIVE))
    assert "-paused: true" in found and "-kind: Deployment" in found


def test_a_deletion_shows_what_would_be_gone(tell) -> None:
    text = tell(change(Way.GONE), LIVE)
    assert text.startswith("shop/deployment/web would be deleted\n") and "-replicas: 2" in lines(text)
    assert "readyReplicas" not in text and "managedFields" not in text and "last-applied" not in text


@pytest.mark.parametrize(
    ("one", "live", "asked", "words"),
    [
        (change(Way.OVER, {"a": "b"}, version="v1"), None, True, "would be created"),
        (change(Way.INSTEAD, {"a": "b"}), None, True, "would be created"),
        (change(Way.OVER, {"a": "b"}), None, True, "is not there"),
        (change(Way.GONE), None, True, "is not there"),
        (change(Way.OVER, {"a": "b"}, version="v1"), None, False, "would be changed"),
        (change(Way.INSTEAD, {"a": "b"}), None, False, "would be replaced"),
        (change(Way.GONE), None, False, "would be deleted"),
        (change(Way.STEPS, [{"op": "remove", "path": "/spec"}]), LIVE, True, "would be patched"),
    ],
)
def test_the_words_say_no_more_than_is_known(tell, one: Change, live: object, asked: bool, words: str) -> None:
    assert tell(one, live, asked).split("\n")[0] == f"shop/deployment/web {words}"


@pytest.mark.parametrize("way", [Way.OVER, Way.INSTEAD, Way.GONE])
@pytest.mark.parametrize("live", [SECRET, None])
def test_no_value_of_a_secret_is_ever_shown(tell, way: Way, live: object) -> None:
    form = {**SECRET, "data": {"p": "bmV3", "q": "c2FtZQ==", "r": "bW9yZQ=="}, "stringData": {"s": "plain"}}
    text = tell(change(way, form, "secret", "v1"), live)
    for value in ("b2xk", "bmV3", "c2FtZQ", "bW9yZQ", "plain", "Kioq"):
        assert value not in text
    if way is Way.OVER and live:
        assert lines(text) >= {"+p: (hidden, another value)", "-p: (hidden)", "+r: (hidden)", "+s: (hidden)"}
        assert "-q: (hidden)" not in lines(text)


@pytest.mark.parametrize("form", [[{"op": "replace", "path": "/data/p", "value": "bmV3"}], "bmV3", None])
def test_steps_on_a_secret_are_not_shown(tell, form: object) -> None:
    assert "bmV3" not in tell(change(Way.STEPS, form, "secret"), SECRET)


def test_a_value_that_is_masked_is_said_to_differ_and_not_shown(tell) -> None:
    live = {"kind": "ConfigMap", "apiVersion": "v1", "data": {"to": "ada@example.com"}}
    text = tell(change(Way.OVER, {"data": {"to": "eve@example.com"}}, "configmap"), live)
    assert "@example.com" not in text and "masked" in text


def test_a_variable_of_a_container_is_masked_by_its_name(tell) -> None:
    env = [{"name": "DB_PASSWORD", "value": "hunter2-long-enough"}]
    form = {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": env}]}}}}
    assert "hunter2" not in tell(change(Way.OVER, form), LIVE)


def test_a_text_of_many_lines_cannot_pass_for_lines_of_the_object(tell) -> None:
    form = {"data": {"script": "a\nkind: Other\n+spec: 1"}, "key\nkind: Other": "v"}
    text = tell(change(Way.INSTEAD, form, "configmap"), None)
    assert all(line.startswith(("+    ", "+data", "+  script", '+"key')) for line in text.split("\n")[1:])


def test_what_was_judged_stays_as_it_was(tell) -> None:
    form = {"data": {"to": "eve@example.com"}}
    tell(change(Way.OVER, form, "configmap"), {"kind": "ConfigMap", "apiVersion": "v1"})
    assert form == {"data": {"to": "eve@example.com"}}
