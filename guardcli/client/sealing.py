"""A directory of files under one Ed25519 signature (RFC 8032), checked without anything but the directory and the key.

``manifest.json`` names the SHA-256 of each file and the public key; ``manifest.sig`` is the signature of its bytes, in
Base64. Whoever verifies must know the key's fingerprint from elsewhere: a forger signs with a key of their own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from guardcli.model.errors import ConflictError, UnavailableError
from guardcli.model.events import canonical
from guardcli.signing import SigningKey, fingerprint

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
MANIFEST_MAX = 1 << 20


def seal(directory: Path, files: Mapping[str, bytes], key: SigningKey) -> str:
    """Write `files` into the new `directory` with their manifest and its signature; return the key's fingerprint.

    Raises ConflictError where the directory exists, UnavailableError where it cannot be written.
    """
    public = key.public.raw
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = canonical({"key": base64.b64encode(public).decode(), "files": digests})
    sealed = {**files, MANIFEST: manifest, SIGNATURE: base64.b64encode(key.private.sign(manifest)) + b"\n"}
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
