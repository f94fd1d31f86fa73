"""Which resource a password is wanted of: surely one that the policy names, or none."""

from __future__ import annotations

import pytest

from guardcli.broker.git_credentials import find_resource
from guardcli.gateways.git.helper import Wanted
from guardcli.model.resources import Access, Resource

FORGE = Resource("forge", "git", hosts=("git.example.com",), credential="x", access=Access(paths=("team/*",)))
WIDE = Resource("wide", "git", hosts=("*.corp.example",), ports=(443, 8443), credential="x")


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (Wanted("https", "git.example.com", 443, "team/app.git"), "forge"),
        (Wanted("https", "a.corp.example", 8443, "any"), "wide"),
        (Wanted("https", "a.corp.example", 9443, "any"), ""),
        (Wanted("https", "git.example.com", 8443, "team/app.git"), ""),
        (Wanted("https", "git.example.com", 443, "private/app.git"), ""),
        (Wanted("https", "git.example.com", 443), ""),
        (Wanted("https", "git", 443, "team/app.git"), ""),
        (Wanted("https", "git.example.com.evil.org", 443, "team/app"), ""),
        (Wanted("https", "evil.org", 443, "git.example.com/team/app"), ""),
        (Wanted("http", "git.example.com", 443, "team/app.git"), ""),
        (Wanted("cert", "git.example.com", 443, "team/app.git"), ""),
    ],
)
def test_the_address_is_surely_the_resources_or_nobodys(wanted: Wanted, name: str) -> None:
    if name:
        assert find_resource([FORGE, WIDE], wanted).name == name
        return
    with pytest.raises(ValueError, match=r"none of what the policy names|by https alone"):
        find_resource([FORGE, WIDE], wanted)
