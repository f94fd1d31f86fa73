"""Claims become a name, groups and permissions by what is configured, and by nothing else."""

from __future__ import annotations

import time

import pytest

from guardcli.api.identity.claims import identity_of
from guardcli.api.identity.proofs import RefusedToken
from guardcli.api.identity.settings import Issuer
from guardcli.api.permissions import EVERYTHING, Permission

GITHUB = {
    "name": "github",
    "issuer": "https://token.actions.githubusercontent.com",
    "audience": ["guard"],
    "name_claim": "sub",
    "grants": [{"role": "agent", "when": {"repository": "corp/*", "ref": "refs/heads/main"}}],
}
GITLAB = {
    "name": "gitlab",
    "issuer": "https://gitlab.example",
    "audience": ["https://guard.example"],
    "name_claim": "project_path",
    "grants": [{"role": "agent", "when": {"project_path": "corp/shop", "ref_protected": "true"}}],
}
KUBERNETES = {
    "name": "cluster",
    "issuer": "https://kubernetes.default.svc",
    "audience": ["guard"],
    "name_claim": "sub",
    "grants": [{"role": "agent", "when": {"sub": "system:serviceaccount:agents:*"}}],
}

WORKLOADS = [
    (GITHUB, {"sub": "repo:corp/shop:ref:refs/heads/main", "repository": "corp/shop", "ref": "refs/heads/main"}, True),
    (GITHUB, {"sub": "repo:corp/shop:pull_request", "repository": "corp/shop", "ref": "refs/pull/1/merge"}, False),
    (GITHUB, {"sub": "repo:evil/corp", "repository": "evil/corp", "ref": "refs/heads/main"}, False),
    (GITHUB, {"sub": "repo:x", "repository": "corp/x", "ref": "refs/heads/main2"}, False),
    (GITHUB, {"sub": "repo:x", "ref": "refs/heads/main"}, False),
    (GITLAB, {"sub": "project_path:corp/shop:x", "project_path": "corp/shop", "ref_protected": "true"}, True),
    (GITLAB, {"sub": "project_path:corp/shop:x", "project_path": "corp/shop", "ref_protected": "false"}, False),
    (GITLAB, {"sub": "project_path:corp/shop:x", "project_path": "corp/shop.git", "ref_protected": True}, False),
    (GITLAB, {"sub": "project_path:corp/shop:x", "project_path": "corp/shop", "ref_protected": True}, True),
]


@pytest.mark.parametrize(("settings", "claims", "allowed"), WORKLOADS)
def test_a_workload_has_a_role_where_all_of_its_claims_hold(
    settings: dict[str, object], claims: dict[str, object], allowed: bool
) -> None:
    issuer = Issuer.model_validate(settings)
    said = {**claims, "exp": time.time() + 60}
    if not allowed:
        with pytest.raises(RefusedToken):
            identity_of(said, issuer)
        return
    found = identity_of(said, issuer)
    assert found.owner == f"{issuer.name}:{claims['sub']}"
    assert found.permissions == {Permission.OPEN}


def test_a_kubernetes_service_account_is_known_by_its_subject() -> None:
    grant = {"role": "agent", "when": {"sub": "system:serviceaccount:agents:*"}, "groups": ["agents"]}
    issuer = Issuer.model_validate({**KUBERNETES, "grants": [grant]})
    found = identity_of({"sub": "system:serviceaccount:agents:bot", "exp": 1}, issuer)
    assert (found.name, found.groups) == ("system:serviceaccount:agents:bot", ("agents",))
    with pytest.raises(RefusedToken):
        identity_of({"sub": "system:serviceaccount:agents2:bot", "exp": 1}, issuer)


def test_several_grants_add_up_and_unknown_groups_count_for_nothing() -> None:
    settings = {
        "name": "corp",
        "issuer": "https://idp.example",
        "audience": ["guard"],
        "groups": {"G1": "dba", "G2": "dba"},
        "grants": [
            {"role": "agent", "groups": ["people"]},
            {"role": "auditor", "when": {"groups": "G9"}},
            {"role": "admin", "when": {"email": "root@corp.example", "email_verified": "true"}},
        ],
    }
    issuer = Issuer.model_validate(settings)
    plain = identity_of({"sub": "1", "exp": 1, "groups": ["G1", "G2", "admin", 5]}, issuer)
    assert (plain.permissions, plain.groups) == ({Permission.OPEN}, ("dba", "people"))
    auditor = identity_of({"sub": "1", "exp": 1, "groups": ["G9"]}, issuer)
    assert auditor.permissions == {Permission.OPEN, Permission.READ, Permission.AUDIT}
    unverified = identity_of({"sub": "1", "exp": 1, "email": "root@corp.example", "email_verified": False}, issuer)
    assert unverified.permissions == {Permission.OPEN}
    verified = identity_of({"sub": "1", "exp": 1, "email": "root@corp.example", "email_verified": True}, issuer)
    assert verified.permissions == EVERYTHING


PATTERNS = [
    ("a*c", "abc", True),
    ("a*c", "ac", True),
    ("a*c", "abcd", False),
    ("*", "", True),
    ("a.c", "abc", False),
    ("a*b*c", "a-b-b-c", True),
    ("(x", "(x", True),
    ("a*", "a\nb", True),
    ("*a" * 30 + "b", "a" * 5000, False),
]


@pytest.mark.parametrize(("pattern", "value", "matches"), PATTERNS)
def test_a_pattern_matches_the_whole_claim_in_linear_time(pattern: str, value: str, matches: bool) -> None:
    settings = {**GITHUB, "grants": [{"role": "agent", "when": {"x": pattern}}]}
    issuer = Issuer.model_validate(settings)
    try:
        identity_of({"sub": "1", "exp": 1, "x": value}, issuer)
    except RefusedToken:
        assert not matches
    else:
        assert matches


@pytest.mark.parametrize("url", ["http://idp.example", "ftp://idp.example", "idp.example", ""])
def test_an_issuer_without_https_is_no_issuer(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Issuer.model_validate({**GITHUB, "issuer": url or "x"})
