"""Words in any order: nothing makes the inspector of kubectl fail, and nothing around a deletion hides it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from inspectors.kubectl.asking import FILES, HOME, POD, World, complete

from guardcli.inspectors.kubectl.inspector import KubectlInspector
from guardcli.model.effects import Effect
from guardcli.model.invocation import Invocation

HARMLESS = {Effect.READ, Effect.SESSION}

VERBS = ["get", "describe", "delete", "apply", "create", "edit", "exec", "cp", "drain", "rollout", "restart", "config"]

WORDS = st.one_of(
    st.sampled_from(
        [
            *VERBS,
            "view",
            "set",
            "image",
            "secret",
            "--raw",
            "-n",
            "-f",
            "-A",
            "--all",
            "--",
            "--dry-run",
            "--dry-run=client",
            "-",
            "pods",
            "ns/x",
            "-h",
        ]
    ),
    st.text(alphabet="-=,/.af*\udcff", max_size=6),
)


@given(st.lists(WORDS, max_size=7))
def test_any_words_are_judged_without_a_fault(words: list[str]) -> None:
    invocation = Invocation("kubectl", ("kubectl", *words), HOME, "/work")
    inspection = KubectlInspector(HOME).inspect(invocation, World(FILES, POD))
    assert inspection.operations
    for each in inspection.inputs:
        assert invocation.argv[each.index].startswith(each.prefix)


@given(st.lists(WORDS, max_size=4), st.sampled_from(["ns", "pods,namespaces", "crd", "node", "pvc"]))
def test_no_words_around_a_deletion_make_it_pass_for_a_read(words: list[str], kind: str) -> None:
    line = ("kubectl", "delete", kind, "x", *words)
    inspection = KubectlInspector(HOME).inspect(Invocation("kubectl", line, HOME, "/work"), World(FILES, POD))
    excused = {"-h", "--dry-run", "--dry-run=client"} & set(words)
    found = {effect for operation in inspection.operations for effect in operation.effects}
    assert excused or not complete(inspection) or found - HARMLESS
