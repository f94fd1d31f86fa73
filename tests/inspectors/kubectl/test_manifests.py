"""Manifests: what kubectl would see in a text, or a refusal; never something else, and never at any price."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.inspectors.kubectl.manifests import (
    MAX_BYTES,
    MAX_DEPTH,
    ManifestError,
    load_manifests,
    load_values,
)

KUBECTL = shutil.which("kubectl")


def kinds(text: str) -> list[tuple[str, str]]:
    return [(form["kind"], form["metadata"]["name"]) for form in load_manifests(text.encode())]


def pod(name: str, kind: str = "Pod") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n"


UNDERSTOOD = {
    "one": pod("a"),
    "two": pod("a") + "---\n" + pod("b"),
    "a separator first": "---\n" + pod("a"),
    "empty pieces": "---\n---\n" + pod("a") + "---\n# nothing\n---\n",
    "a comment after the separator": pod("a") + "--- # next\n" + pod("b"),
    "windows lines": pod("a").replace("\n", "\r\n") + "---\r\n" + pod("b").replace("\n", "\r\n"),
    "dashes inside a block": pod("a") + "data:\n  x: |\n    ---\n    kind: Secret\n" + "---\n" + pod("b"),
    "json": json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}),
    "two of json": 2 * json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}),
    "a list": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
    "- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n",
    "an alias": "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: &l {x: z}, annotations: *l}\n",
    "quoted": 'apiVersion: v1\n"kind": "P\\u006fd"\nmetadata: {name: \'a\'}\n',
}


@pytest.mark.skipif(KUBECTL is None, reason="needs kubectl")
@pytest.mark.parametrize("text", UNDERSTOOD.values(), ids=UNDERSTOOD.keys())
def test_what_is_understood_is_what_kubectl_sees(tmp_path: Path, text: str) -> None:
    assert kinds(text) == seen_by_kubectl(tmp_path, text)


def seen_by_kubectl(home: Path, text: str) -> list[tuple[str, str]]:
    """Return what the real kubectl makes of `text`, without any server."""
    done = subprocess.run(
        ["kubectl", "annotate", "--local", "-f", "-", "seen=yes", "-o", "json"],
        input=text.encode(),
        capture_output=True,
        timeout=90,
        check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
    )
    decoder, found, rest = json.JSONDecoder(), [], done.stdout.decode().strip()
    while rest:
        form, end = decoder.raw_decode(rest)
        items = form["items"] if form["kind"] == "List" else [form]
        found += [(item["kind"], item["metadata"]["name"]) for item in items]
        rest = rest[end:].strip()
    return found


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
REFUSED = {
    "content on the separator": pod("a") + "--- {kind: Secret}\n",
    "dashes and more": pod("a") + "----\n",
    "a document after the end mark": pod("a") + "...\n" + pod("b", "Secret"),
    "a tag": pod("a").replace("Pod", "!!binary U2VjcmV0"),
    "a merge key": "x: &x {kind: Secret}\n<<: *x\nkind: Pod\n",
    "a key twice": pod("a") + "kind: Secret\n",
    "a key twice in json": '{"kind": "Pod", "kind": "Secret"}',
    "a key in another case": pod("a") + "Kind: Secret\n",
    "a name in another case": "kind: Pod\nmetadata: {name: a, Name: b}\n",
    "a list at the top": "- " + pod("a").replace("\n", "\n  "),
    "a scalar at the top": "Pod",
    "json and a separator": '{"kind": "Pod"}\n---\n{"kind": "Secret"}',
    "json and something": '{"kind": "Pod"} x',
    "flow yaml": "{kind: Pod, metadata: {name: a}}",
    "a byte order mark": "\ufeff" + pod("a"),
    "a NUL": pod("a") + "\0",
    "an old line end": pod("a") + "x: y\rkind: Secret\n",
    "no yaml": "a: b: c: [",
    "many aliases": BOMB,
    "an anchor within itself": "a: &a [*a]\n",
    "deep": "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2),
    "deep json": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "many documents": "---\na: b\n" * 5_000,
    "large": "x: " + "y" * MAX_BYTES,
    "many nodes": "[" + "x," * 200_000 + "x]",
    "many nodes of json": '{"a": [' + "1," * 200_000 + "1]}",
    "a mapping as a key": "{a: b}: c\n",
    "lists within lists": '{"items":[' * 6 + "{}" + "]}" * 6,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ManifestError):
        load_manifests(text.encode())


@pytest.mark.parametrize("content", [b"kind: \xff", "kind: Pod".encode("utf-16"), "kind: Pod".encode("utf-32")])
def test_another_encoding_is_refused(content: bytes) -> None:
    with pytest.raises(ManifestError):
        load_manifests(content)


def test_nothing_at_all_is_no_object() -> None:
    assert [load_manifests(text) for text in (b"", b"\n", b"# x\n", b"---\n---\n", b"null\n")] == [()] * 5


def test_a_list_of_operations_is_a_value_but_no_manifest() -> None:
    assert load_values(b'[{"op": "remove", "path": "/x"}]') == ([{"op": "remove", "path": "/x"}],)


def test_scalars_stay_what_was_written() -> None:
    (value,) = load_values(b"a: yes\nb: 010\nc: ~\nd: 1e3\n")
    assert value == {"a": "yes", "b": "010", "c": "~", "d": "1e3"}
    assert load_values(b'{"a": true, "b": 10, "c": null}') == ({"a": "true", "b": "10", "c": "null"},)


PIECES = st.sampled_from(
    [
        "kind: Pod\n",
        "metadata:\n",
        "  name: a\n",
        "---\n",
        "...\n",
        "- x\n",
        "a: &x 1\n",
        "b: *x\n",
        "{",
        "}",
        "[",
        "]",
        "|\n",
    ]
)


@given(st.lists(PIECES, max_size=20).map("".join) | st.text(max_size=60) | st.binary(max_size=60))
def test_any_content_is_loaded_or_refused(content: str | bytes) -> None:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    try:
        found = load_manifests(raw)
    except ManifestError as fault:
        assert str(fault)
    else:
        assert all(isinstance(form, dict) for form in found)
