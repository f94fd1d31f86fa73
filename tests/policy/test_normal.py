# ruff: noqa: E501 - a rule is a line
"""What a policy comes to, written down, is that policy."""

from __future__ import annotations

import pytest
import yaml

from guardcli.policy import load_policy, pack_names
from guardcli.policy.normal import normal_form

FULL = """
approval_wait: 90s
unknown_servers: deny
offline: {reads: 10m}
isolation:
  {hide: /a, show: [/a/b], environment: {keep: "LC_*", set: {A: b}}, network: proxy, hosts: "*.example.com"}
lists: {who: [a, b]}
resources:
  db: {kind: postgres, host: [x, "y*"], port: 5432, dbname: d, environment: test, credential: "keyring:db", expose: URL,
       options: {tls: verify-full, ca: /etc/ca.pem, user: app, replication: allow}}
  o: {kind: other, options: {a: b}}
  c: {kind: kubernetes, context: prod, namespace: [shop], host: api, expose: KUBECONFIG,
      options: {tls: verify-ca, path: /k8s, server_name: x, impersonation: allow, unmasked_streams: allow}}
tools: {terraform: {patterns: [{match: "^plan", effects: [session, read], action: plan}]}, rm: {}}
rules:
  - {id: a, match: {tool: [psql, terraform], effects: [write, read], complete: false, resource: db}, decision: deny}
  - id: b
    match: {argv: "x$", when: {days: [fri-mon], hours: "22:00-24:00", timezone: Europe/Berlin, until: 2030-01-01}}
    unless: {groups: $who, unbounded: false}
    decision: approve
    approve: {groups: [dba], quorum: 2, all_of: [x, y], expires: 2h, window: {hours: "09:00-17:00"}, justification: required}
    record: command
    mask: [{columns: "*.x", with: hash}]
    limits: [{rows: 5}, {id: people, findings: 0, detect: personal, then: deny, message: no}]
  - {id: c, match: {resource: db}, decision: approve, approve: {grant: 5m}}
exceptions:
  - {id: e, rules: b, match: {tool: psql}, owner: o, reason: r, from: 2026-01-01, until: 2027-01-01}
limits: [{id: l, bytes: 1MB, tools: psql, resource: [db, o]}]
mask: [{detect: jwt, with: partial, keep_last: 0, tools: psql}]
"""


def again(policy):
    """Write `policy` out and extend that by nothing: what a pack overrules of another is no fault there."""
    files = {
        "written.yaml": yaml.safe_dump(normal_form(policy), sort_keys=False),
        "again.yaml": f"version: 1\nname: {policy.name}\nextends: written.yaml\n",
    }
    return load_policy("again.yaml", lambda source: files[source].encode())


@pytest.mark.parametrize("pack", pack_names())
def test_a_pack_written_out_has_the_same_digest(pack: str) -> None:
    policy = load_policy(f"pack:{pack}")
    assert again(policy).digest == policy.digest


def test_every_part_of_the_language_survives(load) -> None:
    policy = load(FULL)
    other = again(policy)
    assert other.digest == policy.digest
    assert [rule.match for rule in other.rules] == [rule.match for rule in policy.rules]
    assert other.waivers[0].rule.match == policy.waivers[0].rule.match
    assert other.resources == policy.resources
    assert other.mask == policy.mask
    assert other.limits == policy.limits
    assert other.isolation == policy.isolation
    assert other.offline_reads == policy.offline_reads
    assert [rule.terms for rule in other.rules] == [rule.terms for rule in policy.rules]
    assert [rule.limits for rule in other.rules] == [rule.limits for rule in policy.rules]
