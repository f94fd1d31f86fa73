"""Which objects a call of kubectl changes, and what it gives each: from the words and files that were judged."""

from __future__ import annotations

import shlex

import pytest

from guardcli.inspectors.kubectl.preview import Way, changes
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation

WEB = b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {replicas: 3}\n"
LIST = b"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"


class Files(NoFacts):
    def read_file(self, path: str) -> bytes:
        found = {
            "/w/web.yaml": WEB,
            "/w/all.yaml": WEB + b"---\n" + LIST,
            "/w/part.json": b'{"spec": {"paused": true}}',
        }
        if path not in found:
            raise FactUnavailable(path)
        return found[path]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("apply -f web.yaml", ["would be changed shop/deployment/web apps/v1 {'replicas': '3'}"]),
        ("replace -f web.yaml", ["would be replaced shop/deployment/web apps/v1 {'replicas': '3'}"]),
        ("create -f web.yaml", ["would be replaced shop/deployment/web apps/v1 {'replicas': '3'}"]),
        ("delete -f web.yaml", ["would be deleted shop/deployment/web apps/v1 None"]),
        (
            "apply -n own -f all.yaml",
            [
                "would be changed shop/deployment/web apps/v1 {'replicas': '3'}",
                "would be changed own/configmap/a v1 None",
            ],
        ),
        (
            "delete deploy/web svc/web -n shop",
            [f"would be deleted shop/{kind}/web  None" for kind in ("deployment", "service")],
        ),
        ("delete pods web-1 web-2", ["would be deleted /pod/web-1  None", "would be deleted /pod/web-2  None"]),
        ("delete pods -l app=web", ["would be deleted /pod/*  None"]),
        ("scale deploy web --replicas=0", ["would be changed /deployment/web  {'replicas': '0'}"]),
        (
            """patch deploy web -p '{"spec": {"paused": true}}'""",
            ["would be changed /deployment/web  {'paused': 'true'}"],
        ),
        ("patch deploy web --patch-file part.json", ["would be changed /deployment/web  {'paused': 'true'}"]),
        ("""patch deploy web --type json -p '[{"op": "remove"}]'""", ["would be patched /deployment/web  None"]),
        ("get pods", []),
        ("delete --raw /api/v1/namespaces/x", []),
        ("apply -f missing.yaml", []),
        ("delete pods --no-such-flag x", []),
    ],
)
def test_the_objects_of_a_call(line: str, found: list[str]) -> None:
    call = Invocation("kubectl", ("kubectl", *shlex.split(line)), {}, "/w")
    told = [
        f"{one.way.value} {one.namespace}/{one.kind.name}/{one.name} {one.version}"
        f" {one.form.get('spec') if isinstance(one.form, dict) else None}"
        for one in changes(call, Files())
    ]
    assert told == found


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("patch deploy web --type merge -p '{}'", True),
        ("patch deploy web --type=Merge -p '{}'", True),
        ("patch deploy web -p '{}'", False),
        ("patch deploy web --type strategic -p '{}'", False),
        ("patch rollouts.argoproj.io web -p '{}'", True),
        ("patch deploy.v1.apps web -p '{}'", False),
        ("apply -f web.yaml", False),
    ],
)
def test_where_a_list_takes_the_place_of_the_one_that_is_there(line: str, whole: bool) -> None:
    call = Invocation("kubectl", ("kubectl", *shlex.split(line)), {}, "/w")
    assert [one.whole_lists for one in changes(call, Files())] == [whole]


@pytest.mark.parametrize(
    ("line", "applied"),
    [
        ("apply -f web.yaml", True),
        ("scale -f web.yaml --replicas=0", False),
        ("patch -f web.yaml -p '{}'", False),
        ("delete -f web.yaml", False),
    ],
)
def test_only_what_is_applied_takes_away_what_was_applied_before(line: str, applied: bool) -> None:
    call = Invocation("kubectl", ("kubectl", *shlex.split(line)), {}, "/w")
    assert [one.applied for one in changes(call, Files())] == [applied]


@pytest.mark.parametrize(
    "line",
    [
        """patch csr x --subresource=approval --type=merge -p '{"status": {"conditions": []}}'""",
        "replace --subresource status -f web.yaml",
    ],
)
def test_what_a_part_such_as_the_status_is_given_is_shown_as_it_is(line: str) -> None:
    call = Invocation("kubectl", ("kubectl", *shlex.split(line)), {}, "/w")
    (one,) = changes(call, Files())
    assert one.way is Way.STEPS and one.form
