"""Addresses: which make git run a helper, and how they show in targets without their password."""

from __future__ import annotations

import pytest

from guardcli.inspectors.git.urls import host_target, is_url, remote_part, transport_program

CASES = [
    ("https://example.com/x.git", True, "", "example.com"),
    ("https://user:secret@example.com:8443/x", True, "", "example.com:8443"),
    ("ssh://git@example.com:22/x", True, "", "git@example.com:22"),
    ("ssh://git:secret@example.com/x", True, "", "git@example.com"),
    ("git@example.com:x.git", True, "", "git@example.com"),
    ("example.com:x", True, "", "example.com"),
    ("file:///srv/x", True, "", ""),
    ("/srv/x", True, "", ""),
    ("../x", True, "", ""),
    ("origin", False, "", ""),
    ("a/b:c", False, "", ""),
    ("ext::sh -c evil", True, "git-remote-ext", ""),
    ("fd::3,4", True, "git-remote-fd", ""),
    ("hg::https://example.com", True, "git-remote-hg", ""),
    ("ssh://-oProxyCommand=evil/x", True, "ssh", "-oProxyCommand=evil"),
    ("-oProxyCommand=evil:x", True, "ssh", "-oProxyCommand=evil"),
    ("me@-oProxyCommand=evil:x", True, "ssh", "me@-oProxyCommand=evil"),
    ("a-b.example.com:-x", True, "", "a-b.example.com"),
    ("s3://bucket/x", True, "git-remote-s3", "bucket"),
]


@pytest.mark.parametrize(("url", "address", "program", "host"), CASES, ids=[case[0] for case in CASES])
def test_an_address_is_understood(url: str, address: bool, program: str, host: str) -> None:
    assert is_url(url) is address
    assert transport_program(url) == program
    assert [target.name for target in host_target(url)] == ([host] if host else [])


@pytest.mark.parametrize(
    ("remote", "part"),
    [
        ("origin", "origin"),
        ("team/fork", "team%2Ffork"),
        ("100%/x", "100%25%2Fx"),
        ("https://user:secret@example.com/x", "https:%2F%2Fexample.com%2Fx"),
    ],
)
def test_a_remote_is_one_part_of_a_target(remote: str, part: str) -> None:
    assert remote_part(remote) == part
