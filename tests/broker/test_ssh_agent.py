"""Which keys a resource's hosts have, and who may be logged in as."""

from __future__ import annotations

import base64
import os
import pwd
import subprocess
from dataclasses import replace

import pytest

from guardcli.broker.grants import Grant
from guardcli.broker.recorder import CallRecord
from guardcli.broker.ssh_agent import host_keys, is_below, users_of
from guardcli.model.errors import UnavailableError
from guardcli.model.resources import Access, Resource
from guardcli.policy.recognition import parse_host

BOX = Resource("box", "ssh", hosts=("box.example.com", "*.prod.example.com"), credential="file:/k")
ME = pwd.getpwuid(os.getuid()).pw_name


def grant(*hosts: str) -> Grant:
    return Grant((BOX,), tuple(parse_host(host) for host in hosts), CallRecord(1, 0.0))


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> list[str]:
    directory = tmp_path_factory.mktemp("keys")
    for name in "abc":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name], check=True)
    return [" ".join((directory / f"{name}.pub").read_text().split()[:2]) for name in "abc"]


@pytest.mark.parametrize(
    ("access", "hosts", "users"),
    [
        (Access(user="deploy"), ["root@box.example.com"], {"deploy"}),
        (Access(), ["root@box.example.com"], {"root"}),
        (Access(), ["root@box.example.com", "jump@elsewhere.org"], {"root"}),
        (Access(), ["box.example.com"], {ME}),
        (Access(), [], {ME}),
    ],
)
def test_a_login_is_as_whom_the_policy_names_else_the_call_else_guards_own_user(access, hosts, users) -> None:
    assert users_of(replace(BOX, access=access), grant(*hosts)) == users


@pytest.mark.parametrize(
    ("hosts", "ports", "found"),
    [
        (["box.example.com"], (), "a"),
        ([], (), "a"),
        (["box.example.com:2222"], (), "b"),
        (["box.example.com"], (2222,), "b"),
        (["web.prod.example.com"], (), "ac"),
        (["web.prod.example.com.evil.org"], (), "a"),
        (["10.0.0.7"], (), "a"),
    ],
)
def test_the_keys_are_those_of_the_hosts_that_are_surely_meant(keys, tmp_path, hosts, ports, found) -> None:
    known = tmp_path / "known"
    known.write_text(
        f"box.example.com {keys[0]}\n[box.example.com]:2222 {keys[1]}\n"
        f"web.prod.example.com {keys[2]}\n10.0.0.7 {keys[1]}\n"
    )
    resource = replace(BOX, ports=ports, access=Access(known_hosts=str(known)))
    wanted = {base64.b64decode(key.split()[1]) for name, key in zip("abc", keys, strict=True) if name in found}
    assert host_keys(resource, grant(*hosts)) == wanted


def test_a_key_in_the_policy_goes_before_every_file_and_a_file_that_is_gone_is_said(keys) -> None:
    pinned = replace(BOX, access=Access(host_key=keys[1], known_hosts="/nonexistent"))
    assert host_keys(pinned, grant()) == {base64.b64decode(keys[1].split()[1])}
    with pytest.raises(UnavailableError, match="/nonexistent cannot be read"):
        host_keys(replace(BOX, access=Access(known_hosts="/nonexistent")), grant())


def test_a_process_is_below_its_own_ancestors_and_itself_only() -> None:
    assert is_below(os.getpid(), os.getpid()) and is_below(os.getpid(), os.getppid())
    assert not is_below(os.getppid(), os.getpid()) and not is_below(1, os.getpid())
