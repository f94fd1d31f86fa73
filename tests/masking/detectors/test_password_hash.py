"""Hashes of passwords are found by the name of their algorithm; digests of other things are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guardcli.masking import DEFAULT_RULES, Masker

MASKER = Masker(DEFAULT_RULES, key=bytes(32))
WORD = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kM7nP9rS1uV3xY5.aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5k"
HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"

CASES = [
    f"root:⟦$6$saltsalt${WORD[:86]}⟧:19700:0:99999:7:::",
    f"app:⟦$y$j9T$saltsalt${WORD[:43]}⟧:19700",
    f"app:⟦$apr1$saltsalt${WORD[:22]}⟧",
    f"⟦$2y$10${WORD[:53]}⟧",
    "⟦$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo⟧",
    f"⟦pbkdf2_sha256$600000$salt${WORD[:44]}⟧",
    "userPassword: ⟦{SSHA}aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1e⟧",
    f"⟦SCRAM-SHA-256$4096:{WORD[:24]}${WORD[:44]}:{WORD[:44]}⟧".replace(".", "x"),
    f"app | ⟦md5{HEX[:32]}⟧ | t",
    f"IDENTIFIED BY PASSWORD '⟦*{HEX[:40].upper()}⟧'",
    f"admin:500:⟦{HEX[:32]}:{HEX[:32]}⟧:::",
    "echo $1 $2 $3",
    "costs $5$ or $6$",
    f"md5sum {HEX[:32]}",
    f"sha256:{HEX}",
    "root:*:19700:0:99999:7:::",
    "${SHA}",
]


@pytest.mark.parametrize("marked", CASES)
def test_password_hash(check: Callable[[str, str], None], marked: str) -> None:
    check("password_hash", marked)


def test_the_first_half_of_one_is_not_let_out_in_a_silence() -> None:
    for marked in (one for one in CASES if "⟦" in one and "$" in one):
        data = marked.replace("⟦", "").replace("⟧", "").encode() + b"\n"
        for cut in range(marked.index("⟦") + 40, len(data) - 24):
            stream = MASKER.stream()
            out = stream.feed(data[:cut]) + stream.idle() + stream.idle() + stream.feed(data[cut:]) + stream.finish()
            assert data[marked.index("⟦") + 20 : cut] not in out, (out, cut)
