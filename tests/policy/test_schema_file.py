# ruff: noqa: E501 - a case is a line
"""The JSON Schema for editors says what the loader says, as far as a schema can."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from guardcli.policy import pack_names
from guardcli.policy.loader import read_source
from guardcli.policy.schema_file import SCHEMA_FILE, published_schema

HEAD = "version: 1\nname: x\n"


def accepted(text: str) -> bool:
    form = json.loads(json.dumps(yaml.safe_load(text), default=str))
    return jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text())).is_valid(form)


def test_the_published_schema_is_that_of_the_loader() -> None:
    assert SCHEMA_FILE.read_text() == published_schema()


@pytest.mark.parametrize("pack", pack_names())
def test_every_pack_is_accepted(pack: str) -> None:
    assert accepted(read_source(f"pack:{pack}").decode())


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("extends: pack:default\n", True),
        ("extend: pack:default\n", False),
        ("resources: {a: {kind: postgres, host: [x, y], port: 5432}}\n", True),
        ("resources: {a: {kind: postgre}}\n", False),
        ("rules: [{id: a, match: {tool: psql, effects: read}, decision: deny}]\n", True),
        ("rules: [{id: a, match: {tool: psql, effects: [raed]}, decision: deny}]\n", False),
        ("rules: [{id: a, match: {tool: psql}}]\n", False),
        ("rules: [{id: a, match: {tool: []}, decision: deny}]\n", False),
        ("rules: [{id: a, match: {when: {days: mon}}, decision: approve, approve: {expires: 10m}}]\n", True),
        ("exceptions: [{id: a, rules: b, match: {tool: psql}, owner: o, reason: r, until: 2030-01-01}]\n", True),
        ("exceptions: [{id: a, rules: b, match: {tool: psql}, owner: o, reason: r}]\n", False),
        ("tests: [{run: [psql, -c, 5], env: {PGPORT: 5432}, expect: allow}]\n", True),
        ("mask: [{columns: '*.x', with: partial, keep_last: 2}]\n", True),
        ("mask: [{columns: '*.x', with: part}]\n", False),
        ("limits: [{id: a, bytes: 10MB, then: deny}, {id: b, findings: 3, detect: email}]\n", True),
        ("limits: [{id: a, bytes: 10mb}]\n", False),
        ("limits: [{id: a, rows: 3, then: stop}]\n", False),
        ("offline: {reads: 10m}\nisolation: {hide: /x, network: none, environment: {set: {A: 1}}}\n", True),
        ("isolation: {network: off}\n", False),
        (
            "rules: [{id: a, match: {tool: psql}, decision: approve, approve: {all_of: [a, b], justification: required}}]\n",
            True,
        ),
    ],
)
def test_what_the_loader_takes_an_editor_takes(body: str, answer: bool) -> None:
    assert accepted(HEAD + body) is answer
