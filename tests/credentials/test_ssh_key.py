"""Private keys as ssh-keygen and openssl write them: opened, and never shown."""

from __future__ import annotations

import subprocess

import pytest

from guardcli.credentials.ssh_key import is_private_key, load_key, read_certificate
from guardcli.model.errors import ConfigurationError, GuardError, UnavailableError
from guardcli.model.secrets import Secret


def made(path, *options: str, passphrase: str = "") -> Secret:
    command = ["ssh-keygen", "-q", *options, "-N", passphrase, "-f", str(path), "-C", "x"]
    subprocess.run(command, check=True)
    return Secret(path.read_text())


@pytest.mark.parametrize(
    "options",
    [
        ["-t", "ed25519"],
        ["-t", "ecdsa"],
        ["-t", "rsa", "-b", "2048"],
        ["-t", "rsa", "-m", "PEM"],
        ["-t", "ecdsa", "-m", "PKCS8"],
    ],
)
@pytest.mark.parametrize("passphrase", ["", "a long passphrase"])
def test_the_public_half_is_that_of_ssh_keygen(tmp_path, options, passphrase: str) -> None:
    secret = made(tmp_path / "k", *options, passphrase=passphrase)
    key = load_key(secret, Secret(passphrase) if passphrase else None, "k")
    assert key.line() == b" ".join((tmp_path / "k.pub").read_bytes().split()[:2])
    assert is_private_key(secret) and not is_private_key(Secret("hunter2"))
    assert "PRIVATE" not in repr(key)


def test_a_wrong_a_missing_and_a_needless_passphrase_are_told_apart(tmp_path) -> None:
    locked, plain = made(tmp_path / "a", "-t", "ed25519", passphrase="right one"), made(tmp_path / "b", "-t", "ed25519")
    for secret, given, error, said in (
        (locked, Secret("wrong one"), UnavailableError, "does not open"),
        (locked, None, ConfigurationError, "has a passphrase"),
        (Secret("hunter2"), None, ConfigurationError, "is no private key"),
        (Secret(plain.reveal()[:80]), None, UnavailableError, "cannot be read"),
    ):
        with pytest.raises(error, match=said) as raised:
            load_key(secret, given, "box")
        assert "wrong one" not in str(raised.value) and "hunter2" not in str(raised.value)


def test_a_certificate_is_taken_for_its_own_key_only(tmp_path) -> None:
    key = load_key(made(tmp_path / "k", "-t", "ed25519"), None, "k")
    other = load_key(made(tmp_path / "o", "-t", "ed25519"), None, "o")
    made(tmp_path / "ca", "-t", "ed25519")
    for options in (["-n", "deploy"], ["-h", "-n", "box"]):
        subprocess.run(
            ["ssh-keygen", "-q", "-s", tmp_path / "ca", "-I", "id", *options, tmp_path / "k.pub"], check=True
        )
        text = (tmp_path / "k-cert.pub").read_text()
        if "-h" in options:
            with pytest.raises(ConfigurationError, match="no certificate of a user"):
                read_certificate(text, key)
            continue
        assert read_certificate(text, key).public[4:].startswith(b"ssh-ed25519-cert-v01@openssh.com")
        with pytest.raises(ConfigurationError, match="of another key"):
            read_certificate(text, other)
    for text in ("", "x y", (tmp_path / "k.pub").read_text()):
        with pytest.raises(GuardError):
            read_certificate(text, key)
