"""Which keys a host has: against files that ssh-keygen itself reads and writes."""

from __future__ import annotations

import base64
import subprocess

import pytest

from guardcli.gateways.ssh.known_hosts import Place, keys_of, read_key


def line(key) -> str:
    return "ssh-ed25519 " + base64.b64encode(key.public).decode()


@pytest.mark.parametrize(
    ("names", "place", "known"),
    [
        ("box.example", Place("box.example"), True),
        ("box.example", Place("BOX.example"), True),
        ("box.example", Place("box.example", 2222), False),
        ("[box.example]:2222", Place("box.example", 2222), True),
        ("[box.example]:2222", Place("box.example"), False),
        ("a,box.example,b", Place("box.example"), True),
        ("*.example", Place("box.example"), True),
        ("*.example,!box.example", Place("box.example"), False),
        ("*.example,!box.example", Place("bow.example"), True),
        ("bo?.example", Place("box.example"), True),
        ("box.example.org", Place("box.example"), False),
        ("::1", Place("::1"), True),
        ("[::1]:22022", Place("::1", 22022), True),
        ("@cert-authority *", Place("box.example"), False),
        ("#box.example", Place("box.example"), False),
    ],
)
def test_names_are_matched_as_ssh_does(keys, names: str, place: Place, known: bool) -> None:
    text = f"\n# hosts\n{names} {line(keys['host'])} a comment\nsomewhere {line(keys['other'])}\n"
    assert keys_of([place], [text]) == (frozenset({keys["host"].public}) if known else frozenset())


def test_hashed_names_are_those_of_ssh_keygen(keys, tmp_path) -> None:
    file = tmp_path / "known"
    file.write_text(f"box.example,10.0.0.7 {line(keys['host'])}\n[box.example]:2222 {line(keys['other'])}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)
    text = file.read_text()
    assert "box" not in text
    assert keys_of([Place("box.example")], [text]) == {keys["host"].public}
    assert keys_of([Place("box.example", 2222)], [text]) == {keys["other"].public}
    assert keys_of([Place("10.0.0.7")], [text]) == {keys["host"].public}
    assert keys_of([Place("10.0.0.8")], [text]) == frozenset()


def test_a_revoked_key_is_no_hosts(keys) -> None:
    text = f"box {line(keys['host'])}\n@revoked * {line(keys['host'])}\n"
    assert keys_of([Place("box")], [text]) == frozenset()
    assert keys_of([Place("box")], [text.replace("@revoked ", "x")]) == {keys["host"].public}


@pytest.mark.parametrize(
    "text", ["", "box", "box ssh-ed25519", "box ssh-ed25519 !!!", "|1|x|y ssh-rsa AAAA", "@revoked", "\0 \0 \0"]
)
def test_what_is_no_entry_is_passed_over(text: str) -> None:
    assert keys_of([Place("box")], [text]) == frozenset()


def test_a_key_is_of_the_kind_that_it_says(keys) -> None:
    assert read_key(line(keys["host"])) == keys["host"].public
    assert read_key(line(keys["host"]).replace("ssh-ed25519", "ssh-rsa", 1)) is None
