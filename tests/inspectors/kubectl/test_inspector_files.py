"""Manifests and kustomizations: judged document by document, and handed over as judged."""

from __future__ import annotations

import pytest
from inspectors.kubectl.asking import FILES, POD, ROLE, complete, effects, inspect

from guardcli.model.effects import Effect
from guardcli.model.operations import Input, Operation


def test_every_document_of_a_file_is_judged_by_itself() -> None:
    first, second = inspect("apply -f x.yaml", {"/work/x.yaml": POD + "---\n" + ROLE}).operations
    assert (first.effects, targets_of(first)) == ({Effect.WRITE}, ["object:team/pod/a"])
    assert (second.effects, targets_of(second)) == ({Effect.WRITE, Effect.PRIVILEGE}, ["object:/clusterrolebinding/b"])


def targets_of(operation: Operation) -> list[str]:
    return [str(target) for target in operation.targets]


def test_deleting_by_file_knows_the_kinds_that_take_more_than_themselves() -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n"
    assert effects(inspect("delete -f x.yaml", {"/work/x.yaml": POD})) == "delete"
    assert effects(inspect("delete -f x.yaml", {"/work/x.yaml": POD + "---\n" + namespace})) == "define delete"
    assert effects(inspect("replace --force -f x.yaml", {"/work/x.yaml": namespace})) == "write define delete"


def test_replacing_by_force_keeps_what_the_new_object_gives_away() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true}\n"
    for verb in ("replace", "apply"):
        assert effects(inspect(f"{verb} --force -f x.yaml", {"/work/x.yaml": pod})) == "write delete privilege"
    assert effects(inspect("delete --force -f x.yaml", {"/work/x.yaml": pod})) == "delete"


def test_more_than_can_be_judged_in_time_is_conceded() -> None:
    assert not complete(inspect("get pods " + "x " * 6_000))
    wide = inspect("delete " + ",".join(f"k{number}" for number in range(200)) + " " + "x " * 200)
    assert all(operation.unbounded for operation in wide.operations)
    big = POD + "# " + "x" * 600_000
    assert complete(inspect("apply -f a.yaml", {"/work/a.yaml": big}))
    assert not complete(inspect("apply -f a.yaml -f b.yaml", {"/work/a.yaml": big, "/work/b.yaml": big}))


def test_standard_input_is_judged_like_a_file() -> None:
    for name in ("-", "/dev/stdin", "/proc/self/fd/0"):
        assert effects(inspect(f"apply -f {name}", stdin=ROLE)) == "write privilege"
        assert effects(inspect(f"apply -f {name}", stdin=POD)) == "write"


@pytest.mark.parametrize(
    ("line", "index", "prefix"),
    [
        ("apply -f pod.yaml", 3, ""),
        ("apply -fpod.yaml", 2, "-f"),
        ("apply -f=pod.yaml", 2, "-f="),
        ("apply -Rfpod.yaml", 2, "-Rf"),
        ("apply --filename pod.yaml", 3, ""),
        ("apply --filename=pod.yaml", 2, "--filename="),
        ("-n x apply --filename=./pod.yaml", 4, "--filename="),
        ("patch deploy x --patch-file=pod.yaml", 4, "--patch-file="),
        ("debug x --custom=pod.yaml", 3, "--custom="),
    ],
)
def test_the_file_that_was_judged_is_handed_over(line: str, index: int, prefix: str) -> None:
    assert inspect(line, FILES).inputs == (Input("/work/pod.yaml", index, prefix),)


def test_two_files_are_two_inputs() -> None:
    inspection = inspect("apply -f pod.yaml -f role.yaml", FILES)
    assert inspection.inputs == (Input("/work/pod.yaml", 3), Input("/work/role.yaml", 5))
    assert effects(inspection) == "write privilege"


WEB = {"/work/web/kustomization.yaml": "resources: [pod.yaml, ../base]\nnamespace: x\n", "/work/web/pod.yaml": POD}

BASE = {"/work/base/kustomization.yml": "resources:\n- ../role.yaml\n", "/work/role.yaml": ROLE}


@pytest.mark.parametrize(
    ("line", "changed", "expected"),
    [
        ("kustomize web", {}, "read"),
        ("kustomize web -o out", {}, "read file"),
        ("kustomize web --enable-helm", {}, "read network execute unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "resources: [github.com/a/b]"}, "read network unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "patches: [{path: 'https://x/p'}]"}, "read network unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "generators: [x.yaml]"}, "read network unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "helmCharts: [{name: x}]"}, "read network unknown"),
        ("kustomize web", {"/work/web/kustomization.yaml": "resources: [../web]"}, "read"),
        ("kustomize web", {"/work/web/Kustomization": ""}, "read network unknown"),
        ("kustomize none", {}, "read network unknown"),
        ("kustomize https://example.com/x", {}, "read network unknown"),
        ("diff -k web", {}, "read"),
        ("get -k web", {}, "read"),
        ("apply -k web --dry-run=client", {}, "read"),
        ("apply -k web", {}, "write privilege unknown"),
        ("apply -k web", {"/work/role.yaml": POD}, "write unknown"),
        ("delete -k web", {"/work/role.yaml": POD}, "delete unknown"),
        ("diff -k https://example.com/x", {}, "read network unknown"),
    ],
)
def test_a_kustomization_is_followed_as_far_as_it_goes(line: str, changed: dict[str, str], expected: str) -> None:
    inspection = inspect(line, WEB | BASE | changed)
    assert effects(inspection) == expected
    assert complete(inspection) is ("unknown" not in expected)
