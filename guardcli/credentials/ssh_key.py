"""Private keys for ssh, as OpenSSH and PEM write them, and signing with them (RFC 8332, RFC 5656, RFC 8709)."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_identity,
)

from guardcli.model.errors import ConfigurationError, UnavailableError
from guardcli.model.secrets import Secret

MARK = "PRIVATE KEY-----"
OPENSSH = "OPENSSH PRIVATE KEY-----"
_HASHES = {"secp256r1": SHA256(), "secp384r1": SHA384(), "secp521r1": SHA512()}
_RSA = {b"rsa-sha2-256": SHA256(), b"rsa-sha2-512": SHA512()}

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def is_private_key(secret: Secret) -> bool:
    """Tell whether `secret` is a key, and no password."""
    return MARK in secret.reveal()


class SshKey:
    """A private key. It never shows itself; `public` is its public half as ssh writes it, or a certificate of it."""

    __slots__ = ("_key", "comment", "public")

    def __init__(self, key: PrivateKey, comment: str, certificate: bytes = b"") -> None:
        self._key = key
        self.comment = comment
        self.public = certificate or public_half(key)

    def line(self) -> bytes:
        """Return the public half as a line of a file has it."""
        return self._key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)

    def certified(self, certificate: bytes) -> SshKey:
        """Return the same key under the certificate of a user."""
        return SshKey(self._key, self.comment, certificate)

    def sign(self, data: bytes, algorithm: bytes) -> bytes:
        """Return the signature over `data`, with the algorithm's name. Raises ValueError for one that the key has
        not."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            if algorithm not in _RSA:
                raise ValueError("an RSA key signs with SHA-2")
            value = self._key.sign(data, padding.PKCS1v15(), _RSA[algorithm])
        elif isinstance(self._key, ed25519.Ed25519PrivateKey):
            value = self._key.sign(data)
        else:
            first, second = decode_dss_signature(self._key.sign(data, ec.ECDSA(_HASHES[self._key.curve.name])))
            value = _mpint(first) + _mpint(second)
        return _string(algorithm) + _string(value)


def load_key(secret: Secret, passphrase: Secret | None, comment: str) -> SshKey:
    """Return the private key that `secret` holds, opened with `passphrase` where it is encrypted.

    Raises ConfigurationError for what is no key that guard signs with, UnavailableError for a wrong passphrase; neither
    shows anything of it.
    """
    text = secret.reveal()
    if MARK not in text:
        raise ConfigurationError(f"the credential of {comment} is no private key")
    data = text.rstrip().encode() + b"\n"
    password = passphrase.reveal().encode() if passphrase else None
    load = load_ssh_private_key if OPENSSH in text else load_pem_private_key
    try:
        key = load(data, password)
    except TypeError:
        said = "a passphrase is given for a key without one" if password else "the key has a passphrase"
        raise ConfigurationError(f"{comment}: {said}", hint="options: {passphrase: …}") from None
    except (ValueError, UnsupportedAlgorithm):
        said = "does not open with its passphrase" if password else "cannot be read"
        raise UnavailableError(f"the private key of {comment} {said}") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise ConfigurationError(f"the key of {comment} is of a kind that guard does not sign with")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in _HASHES:
        raise ConfigurationError(f"the key of {comment} is on a curve that ssh does not know")
    return SshKey(key, comment)


def read_certificate(text: str, key: SshKey) -> SshKey:
    """Return `key` under the certificate in `text`, the content of a ``-cert.pub`` file. Raises ConfigurationError."""
    try:
        found = load_ssh_public_identity(text.encode())
        blob = base64.b64decode(text.split()[1], validate=True)
    except (ValueError, UnsupportedAlgorithm, IndexError, binascii.Error):
        raise ConfigurationError(f"the certificate of {key.comment} cannot be read") from None
    if not isinstance(found, SSHCertificate) or found.type is not SSHCertificateType.USER:
        raise ConfigurationError(f"what is given for {key.comment} is no certificate of a user")
    if found.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) != key.line():
        raise ConfigurationError(f"the certificate of {key.comment} is of another key")
    return key.certified(blob)


def public_half(key: PrivateKey) -> bytes:
    """Return the public half of `key` as ssh writes it."""
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _mpint(number: int) -> bytes:
    return _string(number.to_bytes(number.bit_length() // 8 + 1, "big"))
