"""How systems are reached, and the place of an isolated agent."""

from __future__ import annotations

import re

import pytest

from guardcli.model.errors import ConfigurationError
from guardcli.model.isolation import Isolation, Network
from guardcli.model.resources import Access, Tls
from guardcli.model.tools import ToolCredential


@pytest.mark.parametrize(
    ("resource", "access"),
    [
        ("kind: postgres", Access()),
        (
            "kind: postgres, options: {tls: verify-full, ca: /etc/ca.pem, user: app, replication: allow}",
            Access(user="app", tls=Tls.VERIFY_FULL, ca="/etc/ca.pem", replication=True),
        ),
        ("kind: postgres, options: {certificate: ~/c.pem, key: ~/k.pem}", Access(certificate="~/c.pem", key="~/k.pem")),
        (
            "kind: ssh, options: {user: deploy, known_hosts: ~/.ssh/known}",
            Access(user="deploy", known_hosts="~/.ssh/known"),
        ),
        ("kind: git, options: {user: bot}", Access(user="bot")),
        ("kind: git, options: {paths: /team/* docs/}", Access(paths=("team/*", "docs"))),
        (
            "kind: ssh, options: {host_key: ssh-ed25519 AAAAC3Nza x, passphrase: 'keyring:p'}",
            Access(host_key="ssh-ed25519 AAAAC3Nza x", passphrase="keyring:p"),
        ),
        (
            "kind: kubernetes, options: {tls: require, path: /k8s/c-1, server_name: api, unmasked_streams: allow}",
            Access(tls=Tls.REQUIRE, path="/k8s/c-1", server_name="api", unmasked_streams=True),
        ),
        ("kind: kubernetes, options: {impersonation: allow}", Access(impersonation=True)),
        ("kind: other, options: {colour: red}", Access(other=(("colour", "red"),))),
    ],
)
def test_options_are_read_by_the_kind_of_the_resource(load, resource: str, access: Access) -> None:
    assert load(f"resources: {{a: {{{resource}}}}}\n").resources[0].access == access


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("kind: postgres, options: {sslmode: require}", "unknown key 'sslmode'"),
        ("kind: postgres, options: {tls: verify_full}", "did you mean 'verify-full'?"),
        ("kind: postgres, options: {tls: on}", "'on' does not fit 'tls'"),
        ("kind: postgres, options: {replication: true}", "'replication'"),
        ("kind: postgres, options: {ca: ca.pem}", "write a whole path"),
        ("kind: postgres, options: {ca: /etc/../ca.pem}", "write a whole path"),
        ("kind: postgres, options: {key: /k}", "its `certificate` only"),
        ("kind: ssh, options: {host_key: AAAA}", "write a public key"),
        ("kind: ssh, options: {passphrase: hunter2}", "no provider is named 'hunter2'"),
        ("kind: kubernetes, options: {listen: tcp}", "unknown key 'listen'"),
        ("kind: kubernetes, options: {tls: prefer}", "'prefer' does not fit 'tls'"),
        ("kind: kubernetes, options: {path: 'k8s/../x'}", "is no path of a URL"),
        ("kind: ssh, options: {usr: x}", "did you mean 'user'?"),
        ("kind: postgres, credential: keyrng:x", "did you mean 'keyring'?"),
        ("kind: postgres, credential: 'keyring:'", "keyring:a"),
        ("kind: postgres, credential: keyring", "keyring:a"),
        ("kind: postgres, expose: DATABASE-URL", "is no name of a variable"),
    ],
)
def test_a_resource_that_cannot_be_reached_so_is_refused(load, resource: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(f"resources: {{a: {{{resource}}}}}\n")
    assert [said in problem.message for problem in raised.value.problems] == [True], raised.value.problems
    assert raised.value.problems[0].line == 3
    assert raised.value.problems[0].column > 15


FULL = """isolation:
  hide: [~/.aws, /srv/secrets]
  show: ~/.aws/config
  environment: {keep: [LANG, "LC_*"], set: {EDITOR: vi}}
  network: proxy
  hosts: ["*.pypi.org", api.example.com:443]
"""


def test_an_isolation_is_what_is_written(load) -> None:
    assert load(FULL).isolation == Isolation(
        hide=("~/.aws", "/srv/secrets"),
        show=("~/.aws/config",),
        keep=("LANG", "LC_*"),
        set=(("EDITOR", "vi"),),
        network=Network.PROXY,
        hosts=("*.pypi.org", "api.example.com:443"),
    )
    assert load("").isolation == Isolation()


def test_a_policy_replaces_key_by_key_but_what_is_hidden_stays_hidden(load) -> None:
    own = "isolation: {hide: ~/.ssh, show: ~/x, hosts: a.example, environment: {set: {EDITOR: nano, A: b}}}\n"
    assert load(f"extends: base.yaml\n{own}", base=FULL).isolation == Isolation(
        hide=("~/.ssh", "~/.aws", "/srv/secrets"),
        show=("~/x",),
        keep=("LANG", "LC_*"),
        set=(("A", "b"), ("EDITOR", "nano")),
        network=Network.PROXY,
        hosts=("a.example",),
    )


@pytest.mark.parametrize(
    ("isolation", "said"),
    [
        ("hide: secrets", "write a whole path"),
        ("show: /srv/../etc", "write a whole path"),
        ("network: prxy", "did you mean 'proxy'?"),
        ("network: none, hosts: a.example", "hosts are for `network: proxy`; here it is none"),
        ("hosts: a.example", "hosts are for `network: proxy`; here it is shared"),
        ("network: proxy, hosts: 'http://a.example'", "is no host"),
        ("network: proxy, hosts: 'a.example/x'", "is no host"),
        ("environment: {keep: 'A=B'}", "is no name of a variable"),
        ("environment: {set: {A B: c}}", "is no name of a variable"),
        ("hiden: /x", "did you mean 'hide'?"),
    ],
)
def test_an_isolation_that_cannot_be_meant_is_refused(load, isolation: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(f"isolation: {{{isolation}}}\n")
    assert [said in problem.message for problem in raised.value.problems] == [True], raised.value.problems


def test_reads_go_on_without_the_api_only_where_a_policy_says_so(load) -> None:
    assert load("").offline_reads == 0
    assert load("offline: {reads: 10m}\n").offline_reads == 600
    assert load("extends: base.yaml\noffline: {reads: 0s}\n", base="offline: {reads: 10m}\n").offline_reads == 0
    assert load("extends: base.yaml\n", base="offline: {reads: 10m}\n").offline_reads == 600
    with pytest.raises(ConfigurationError, match="'reads' is missing"):
        load("offline: {}\n")


def test_a_tool_is_given_what_the_policy_says(load) -> None:
    rules = load(
        "tools: {aws: {credentials: [{env: KEY, from: 'keyring:k'}, {file: F, from: 'env:X'}], "
        "environment: {set: {A: b}, drop: ['AWS_*']}}}\n"
    ).tool_rules[0]
    assert rules.credentials == (ToolCredential("KEY", "keyring:k"), ToolCredential("F", "env:X", in_file=True))
    assert (rules.set, rules.drop, rules.equips) == ((("A", "b"),), ("AWS_*",), True)
    assert not load("tools: {aws: {}}\n").tool_rules[0].equips


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("credentials: [{env: K}]", "from"),
        ("credentials: [{from: 'keyring:k'}]", "into a variable, `env: NAME`, or into a file"),
        ("credentials: [{env: K, file: F, from: 'keyring:k'}]", "into a variable, `env: NAME`, or into a file"),
        ("credentials: [{env: K, from: hunter2}]", "no provider is named"),
        ("credentials: [{env: 'K=x', from: 'keyring:k'}]", "no name of a variable"),
        ("credentials: [{env: K, from: 'keyring:k'}, {file: K, from: 'keyring:j'}]", "K is given twice"),
        ("environment: {set: {'A B': c}}", "no name of a variable"),
        ("environment: {drop: ['A B']}", "no name of a variable"),
    ],
)
def test_what_a_tool_cannot_be_given_is_named(load, tool: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        load(f"tools: {{aws: {{{tool}}}}}\n")
