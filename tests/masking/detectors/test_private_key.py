"""The body of a key goes, its markers stay, and what follows the end marker is let through."""

from __future__ import annotations

import base64

import pytest

from guardcli.masking import Masker
from guardcli.model.masking import MaskRule

MASKER = Masker([MaskRule(detect=("private_key",))], key=bytes(32))
BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"
PEM = base64.b64encode(f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n".encode()).decode()
CERTIFICATE = base64.b64encode(f"-----BEGIN CERTIFICATE-----\n{BODY}\n".encode()).decode()
CASES = [
    (
        f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY}\nab==\n-----END RSA PRIVATE KEY-----\nx\n",
        "-----BEGIN RSA PRIVATE KEY-----\n[PRIVATE_KEY]\n-----END RSA PRIVATE KEY-----\nx\n",
    ),
    (
        f"k: |\n  -----BEGIN PRIVATE KEY-----\r\n  {BODY}\r\n  {BODY}\r\n  -----END PRIVATE KEY-----\r\nx: 1\n",
        "k: |\n  -----BEGIN PRIVATE KEY-----\r\n  [PRIVATE_KEY]\r\n  -----END PRIVATE KEY-----\r\nx: 1\n",
    ),
    (
        f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\n{BODY}\n"
        "-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\n[PRIVATE_KEY]\n\n-----END RSA PRIVATE KEY-----\n",
    ),
    (
        f'{{"key": "-----BEGIN PRIVATE KEY-----\\n{BODY}\\n{BODY}\\n-----END PRIVATE KEY-----\\n", "n": 1}}',
        '{"key": "-----BEGIN PRIVATE KEY-----[PRIVATE_KEY]-----END PRIVATE KEY-----\\n", "n": 1}',
    ),
    (
        f"k:8:-----BEGIN PRIVATE KEY-----\nk:9:{BODY}\nk:10:ab==\nk:11:-----END PRIVATE KEY-----\n",
        "k:8:-----BEGIN PRIVATE KEY-----\nk:9:[PRIVATE_KEY]\nk:10:\nk:11:-----END PRIVATE KEY-----\n",
    ),
    (
        f"1a2b (Ann 1) -----BEGIN PRIVATE KEY-----\n1a2b (Ann 2) {BODY}\n1a2b (Ann 3) plain words\n",
        "1a2b (Ann 1) -----BEGIN PRIVATE KEY-----\n1a2b (Ann 2) [PRIVATE_KEY]\n1a2b (Ann 3) plain words\n",
    ),
    (f"-----BEGIN EC PRIVATE KEY-----\n{BODY}\nplain words follow\n{BODY}\n",) * 1
    + (f"-----BEGIN EC PRIVATE KEY-----\n[PRIVATE_KEY]\nplain words follow\n{BODY}\n",),
    (
        f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: y\n{BODY}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n\n",
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n[PRIVATE_KEY]\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n\n",
    ),
    (
        f"Public-Lines: 1\n{BODY}\nPrivate-Lines: 2\n{BODY}\n{BODY}\nPrivate-MAC: 00\n",
        f"Public-Lines: 1\n{BODY}\nPrivate-Lines: 2\n[PRIVATE_KEY]\nPrivate-MAC: 00\n",
    ),
    (f"client-key-data: {PEM}\n", "client-key-data: <PRIVATE_KEY>\n"),
    (f"certificate-authority-data: {CERTIFICATE}\n",) * 2,
    (
        f'{{"kty": "EC", "d": "{BODY[:43]}", "x": "{BODY[:43]}"}}',
        f'{{"kty": "EC", "d": "[PRIVATE_KEY]", "x": "{BODY[:43]}"}}',
    ),
    (
        f"<RSAKeyValue><Modulus>{BODY}</Modulus><D>{BODY}</D>",
        f"<RSAKeyValue><Modulus>{BODY}</Modulus><D>[PRIVATE_KEY]</D>",
    ),
    ('{"d": "2024-01-01"}',) * 2,
    (f"-----BEGIN PRIVATE KEY-----\n{BODY}", "-----BEGIN PRIVATE KEY-----\n[PRIVATE_KEY]"),
    (f"-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----\n",) * 2,
    (f"-----BEGIN PUBLIC KEY-----\n{BODY}\n-----END PUBLIC KEY-----\n",) * 2,
    (f"-----END PRIVATE KEY-----\n{BODY}\n",) * 2,
    ("A file begins with -----BEGIN PRIVATE KEY----- and goes on\n",) * 2,
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_private_key(text: str, wanted: str) -> None:
    assert MASKER.text(text) == wanted
