"""A slip in the name of a variable gets a hint, whatever may be meant is left alone, and nothing is refused."""

from __future__ import annotations

import pytest

from guardcli.policy.variables import slip


@pytest.mark.parametrize(
    ("name", "meant", "right"),
    [
        ("PGHOTS", "PGHOST", "PGHOST"),
        ("PGPASSWROD", "PGPASSWORD", "PGPASSWORD"),
        ("AWS_REGOIN", "AWS_REGION", "AWS_REGION_2"),
        ("AWS_SECRET_ACCES_KEY", "AWS_SECRET_ACCESS_KEY", "SECRET_ACCESS_KEY"),
        ("KUBECONFG", "KUBECONFIG", "KUBECONFIG_PROD"),
        ("GIT_EDTIOR", "GIT_EDITOR", "GIT_SOMETHING_ELSE"),
        ("DATABASE_UR", "DATABASE_URL", "ORDERS_DATABASE_URL"),
        ("EDITRO", "EDITOR", "editro"),
        ("AWSS_*", "AWS_*", "AWS_*"),
        ("PGPAS*", "", "PG*"),
        ("PGHOST2", "", "PGHOST_OLD"),
        ("VAULTT_*", "VAULT_*", "MYAPP_*"),
        ("LANGG", "LANG", "LC_*"),
        ("$PGHOTS", "", "*"),
    ],
)
def test_a_slip_is_told_from_another_name(name: str, meant: str, right: str) -> None:
    assert slip(name) == meant
    assert slip(right) == ""


def test_hints_have_their_place_and_refuse_nothing(load) -> None:
    policy = load("""
resources:
  db: {kind: postgres, host: db.internal, expose: DATABASE_UR}
isolation:
  environment: {keep: [LANG, AWS_REGOIN], set: {EDTIOR: vi, MY_OWN: x}}
tools:
  aws:
    patterns: [{match: "^s3 ls", effects: [read], action: ls}]
    credentials: [{env: AWS_SECRET_ACCES_KEY, from: "keyring:aws"}]
    environment: {set: {AWS_PAGERR: ""}, drop: [AWSS_*]}
rules:
  - {id: reads, match: {tool: aws, effects: [read]}, decision: allow}
tests:
  - {run: [psql, -c, SELECT 1], env: {PGHOTS: db}, expect: approve}
""")
    assert sorted((hint.line, hint.message.rpartition(" ")[2]) for hint in policy.hints) == [
        (5, "DATABASE_URL?"),
        (7, "AWS_REGION?"),
        (7, "EDITOR?"),
        (11, "AWS_SECRET_ACCESS_KEY?"),
        (12, "AWS_*?"),
        (12, "AWS_PAGER?"),
        (16, "PGHOST?"),
    ]
