"""What stops a commit: credentials with a mark of their own, each beside what only looks like one."""

from __future__ import annotations

import base64

import pytest

from guardcli.broker.secret_finder import SecretFinder

FIND = SecretFinder()
ALPHABET = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3hI5jK7lM9nO1pQ3rS5tU7v"
BODY = base64.b64encode(bytes((at * 37) % 256 for at in range(300))).decode()


def key(body: str) -> str:
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN OPENSSH " + "PRIVATE KEY-----", *lines, "-----END OPENSSH " + "PRIVATE KEY-----", ""])


@pytest.mark.parametrize(
    ("text", "detector"),
    [
        ("AKIA" + "QYLPMN5HFIQR7XYA", "aws_key"),
        ("ghp_" + ALPHABET[:36], "github"),
        ("glpat-" + ALPHABET[:20], "gitlab"),
        ("sk_live_" + ALPHABET[:24], "stripe"),
        ("npm_" + ALPHABET[:36], "npm"),
        ("AIza" + ALPHABET[:35], "gcp"),
        ("hvs." + ALPHABET[:24], "vault"),
        (key(BODY), "private_key"),
        ("'" + key(BODY).replace("\n", "\\n") + "'", "private_key"),
        ("postgres://app:" + "q7Lm2vXz9KpT4r" + "@db.internal/x", "connection_uri"),
    ],
)
def test_a_credential_is_found_anywhere_in_a_file(text: str, detector: str) -> None:
    for content in (text, f"a = 1\nx: {text}\n", f"\0\0{text}\0\xff"):
        assert {name for name, _ in FIND(content.encode("latin-1"))} == {detector}
    assert {name for name, _ in FIND(b"\xff\xfe" + text.encode("utf-16-le"))} == {detector}


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "x" * 36,
        "ghp_ and glpat- are prefixes",
        "password = 'hunter2hunter2'",
        "postgres://app:tiger^5HHH@db/x",
        "postgres://user:password@db/x",
        "postgres://app:${DB_PASSWORD_9xYz}@db/x",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + BODY + "\n-----END PUBLIC KEY-----",
        "sha512-" + BODY,
        "0123456789abcdef" * 4,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA" + BODY[:43],
    ],
)
def test_what_is_no_credential_is_left_alone(text: str) -> None:
    assert FIND(f"x: {text}\n".encode()) == frozenset()


def test_equal_values_have_equal_digests_and_others_have_not() -> None:
    one, other = "AKIA" + "QYLPMN5HFIQR7XYA", "AKIA" + "Z7VRSQ5TJN2XMPLQ"
    assert FIND(one.encode()) == FIND(f"\n\n  '{one}'\n".encode())
    assert FIND(one.encode()) != FIND(other.encode())
    assert len(FIND(f"{one} {other} {one}".encode())) == 2
    assert one not in repr(FIND(one.encode()))


def test_keys_that_begin_alike_are_told_apart() -> None:
    """The first lines of two OpenSSH keys are the same."""
    assert FIND(key(BODY).encode()) != FIND(key(BODY[:-8] + "AAAAAAAA").encode())
    assert FIND(key(BODY).encode()) == FIND(b"x\n" + key(BODY).encode() + b"y\n")


def test_compiled_patterns_are_kept_and_used_again() -> None:
    kept: dict[str, bytes] = {}
    SecretFinder(kept.get, kept.__setitem__)(b"")
    assert len(kept) == 1
    finder = SecretFinder(kept.get, lambda digest, compiled: pytest.fail("compiled again"))
    assert finder(("AKIA" + "QYLPMN5HFIQR7XYA").encode())
