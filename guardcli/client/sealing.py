"""A directory of files under one Ed25519 signature (RFC 8032), checked without anything but the directory and the key.

``manifest.json`` names the SHA-256 of each file and the public key; ``manifest.sig`` is the signature of its bytes, in
Base64. Whoever verifies must know the key's fingerprint from elsewhere: a forger signs with a key of their own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from guardcli.model.errors import ConfigurationError, ConflictError, UnavailableError
from guardcli.model.events import canonical

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
MANIFEST_MAX = 1 << 20


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the key in `path`, 32 raw bytes readable by their owner alone; made there the first time.

    Raises UnavailableError where it can neither be read nor made, ConfigurationError where it is no such key.
    """
    try:
        if not path.exists():
            made = path.with_name(f".{path.name}.{os.getpid()}")
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(made, path)
            except FileExistsError:
                pass  # another made it meanwhile: that one counts
            finally:
                made.unlink()
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"{path} can be read by others", hint=f"chmod 600 {path}, or make a new key")
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except OSError as error:
        raise UnavailableError(f"cannot use the signing key {path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is no Ed25519 key of 32 bytes", hint="move it away") from error


def fingerprint(public: bytes) -> str:
    """Return what names a public key: its SHA-256."""
    return hashlib.sha256(public).hexdigest()


def seal(directory: Path, files: Mapping[str, bytes], key: Ed25519PrivateKey) -> str:
    """Write `files` into the new `directory` with their manifest and its signature; return the key's fingerprint.

    Raises ConflictError where the directory exists, UnavailableError where it cannot be written.
    """
    public = key.public_key().public_bytes_raw()
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = canonical({"key": base64.b64encode(public).decode(), "files": digests})
    sealed = {**files, MANIFEST: manifest, SIGNATURE: base64.b64encode(key.sign(manifest)) + b"\n"}
    try:
        directory.mkdir(mode=0o700)
        for name, content in sealed.items():
            (directory / name).write_bytes(content)
    except FileExistsError:
        raise ConflictError(f"{directory} exists already", hint="name a new directory") from None
    except OSError as error:
        raise UnavailableError(f"cannot write {directory}: {error.strerror}") from error
    return fingerprint(public)


def opened(directory: Path) -> tuple[str, list[str]]:
    """Return the fingerprint of the key that sealed `directory`, and what is wrong with it, nothing where it holds.

    Raises UnavailableError where it cannot be read.
    """
    try:
        with open(directory / MANIFEST, "rb") as file:
            manifest = file.read(MANIFEST_MAX)
        signature = (directory / SIGNATURE).read_bytes()[:1000]
        there = {path.name for path in directory.iterdir()} - {MANIFEST, SIGNATURE}
        form = json.loads(manifest)
        public = base64.b64decode(form["key"], validate=True)
        named: dict[str, str] = dict(form["files"])
        Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(signature.strip(), validate=True), manifest)
        faults = [f"{name} does not belong to it" for name in sorted(there - set(named))]
        for name, digest in sorted(named.items()):
            if name not in there:
                faults.append(f"{name} is missing")
            elif hashlib.sha256((directory / name).read_bytes()).hexdigest() != digest:
                faults.append(f"{name} was changed")
        return fingerprint(public), faults
    except OSError as error:
        raise UnavailableError(f"cannot read {error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        return "", [f"{MANIFEST} is none"]
    except InvalidSignature:
        return "", [f"{SIGNATURE} is not the signature of {MANIFEST}"]
