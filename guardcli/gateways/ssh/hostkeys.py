"""Keys of hosts: verifying what one has signed (RFC 4253, section 6.6; RFC 5656; RFC 8332; RFC 8709).

ssh-dss, SHA-1 and keys that live in hardware are not accepted. Of certificates only the key within counts.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from guardcli.gateways.ssh.wire import Malformed, Reader

RSA_BITS_MIN = 2048
CERTIFICATE = b"-cert-v01@openssh.com"
RSA_DIGESTS: Mapping[bytes, HashAlgorithm] = {b"rsa-sha2-256": SHA256(), b"rsa-sha2-512": SHA512()}
CURVE_DIGESTS: Mapping[str, HashAlgorithm] = {"secp256r1": SHA256(), "secp384r1": SHA384(), "secp521r1": SHA512()}

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def fingerprint(key: bytes) -> str:
    """Return the fingerprint of a public key as ssh-keygen shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def load_public(key: bytes) -> PublicKey:
    """Return the public key `key`. Raises Malformed for one that guard does not accept."""
    kind = Reader(key).string()
    try:
        loaded = load_ssh_public_key(kind + b" " + base64.b64encode(key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Malformed(f"a key that cannot be read: {error}") from None
    if isinstance(loaded, rsa.RSAPublicKey) and loaded.key_size < RSA_BITS_MIN:
        raise Malformed(f"an RSA key of less than {RSA_BITS_MIN} bits")
    if not isinstance(loaded, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise Malformed("a key of a kind that is not accepted")
    return loaded


def verify(key: bytes, data: bytes, signature: bytes) -> None:
    """Make sure that `signature` over `data` is of the private half of `key`. Raises Malformed where it is not."""
    public = load_public(key)
    reader = Reader(signature)
    algorithm, value = reader.string(), reader.string()
    reader.end()
    try:
        if isinstance(public, rsa.RSAPublicKey):
            if algorithm not in RSA_DIGESTS:
                raise Malformed("a signature with SHA-1 or of another key")
            public.verify(value, data, padding.PKCS1v15(), RSA_DIGESTS[algorithm])
            return
        if algorithm != Reader(key).string():
            raise Malformed("a signature of another kind of key")
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(value, data)
            return
        numbers = Reader(value)
        encoded = encode_dss_signature(numbers.mpint(), numbers.mpint())
        numbers.end()
        public.verify(encoded, data, ec.ECDSA(CURVE_DIGESTS[public.curve.name]))
    except InvalidSignature:
        raise Malformed("the host's signature is wrong") from None
