"""The session's own CA, and the gateway's certificate: made when the session begins, kept in memory alone."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAYS = 366
"""Longer than any session; the key is gone with it."""
SKEW = datetime.timedelta(hours=1)
"""How far a client's clock may be behind."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server shows: `authority` is the CA's certificate in PEM, for clients to trust, `context` for asyncio."""

    authority: bytes
    context: ssl.SSLContext


def make_identity(now: datetime.datetime) -> Identity:
    """Return a new CA and a certificate of it for 127.0.0.1 and localhost; `now` is aware."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name("guard: CA of one session")
    ca = _builder(issuer, issuer, ca_key.public_key(), now)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    ca = ca.add_extension(_usage(sign=True), critical=True)
    authority = ca.sign(ca_key, hashes.SHA256())
    leaf = _builder(_name("guard: gateway of one session"), issuer, key.public_key(), now)
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    leaf = leaf.add_extension(x509.SubjectAlternativeName(names), critical=False)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    leaf = leaf.add_extension(_usage(sign=False), critical=True)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_chain(context, leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem), private)
    return Identity(authority.public_bytes(pem), context)


def load_chain(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Give `context` a certificate and its key in PEM, by way of memory: OpenSSL reads them from a file only.

    Raises ssl.SSLError for what is no certificate, or not of that key.
    """
    fd = os.memfd_create("guard", os.MFD_CLOEXEC)
    try:
        view = memoryview(certificate.rstrip() + b"\n" + key)
        while view:
            view = view[os.write(fd, view) :]
        context.load_cert_chain(f"/proc/self/fd/{fd}", password=lambda: b"")
    finally:
        os.close(fd)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime.datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - SKEW).not_valid_after(now + datetime.timedelta(days=DAYS))


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign,
        crl_sign=sign,
        encipher_only=False,
        decipher_only=False,
    )
