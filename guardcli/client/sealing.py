"""Files under one Ed25519 signature (RFC 8032), in a directory or a zip, checked without anything but these and a key.

``manifest.json`` names the SHA-256 of each file and the public key; ``manifest.sig`` is the signature of its bytes, in
Base64. A zip is signed by the API: its manifest has the API's whole set of public keys, its signature is a JSON object,
for the purpose ``evidence``. Whoever verifies must know the key's fingerprint from elsewhere: a forger signs with a key
of their own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from guardcli.model.errors import ConflictError, UnavailableError
from guardcli.model.events import canonical
from guardcli.signing import ForgedError, KeySet, Signature, SigningKey, fingerprint

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
MANIFEST_MAX = 1 << 20
FILES_MAX = 16
FILE_MAX = 1 << 30
PURPOSE = "evidence"


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


def archive(files: Mapping[str, bytes], keys: KeySet, sign: Callable[[str, bytes], Signature]) -> bytes:
    """Return a zip of `files` with their manifest, which holds all of `keys`, and its signature by the last of them."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = canonical({"keys": keys.as_json(), "files": digests})
    signature = canonical(sign(PURPOSE, manifest).as_json()) + b"\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in {**files, MANIFEST: manifest, SIGNATURE: signature}.items():
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def opened(place: Path) -> tuple[tuple[str, ...], list[str]]:
    """Return the fingerprints that the seal of `place` is known by, and what is wrong with it, nothing if it holds.

    `place` is a directory or a zip. The first fingerprint is that of the key that signed; the others are of keys that
    it follows on. Raises UnavailableError where it cannot be read.
    """
    try:
        files = _zipped(place) if place.is_file() else _laid_out(place)
    except OSError as error:
        raise UnavailableError(f"cannot read {error.filename or place}: {error.strerror}") from error
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError):
        return (), ["it is no zip that can be read"]
    if files is None:
        return (), ["it holds more than evidence does"]
    return _checked(files)


def _laid_out(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def _zipped(place: Path) -> dict[str, bytes] | None:
    """Return what is in a zip, None for one that holds too much or a name twice."""
    with zipfile.ZipFile(io.BytesIO(place.read_bytes())) as source:
        entries = source.infolist()
        if len(entries) > FILES_MAX or len({entry.filename for entry in entries}) < len(entries):
            return None
        found = {}
        for entry in entries:
            with source.open(entry) as file:
                found[entry.filename] = file.read(FILE_MAX + 1)
            if len(found[entry.filename]) > FILE_MAX:
                return None
        return found


def _checked(files: Mapping[str, bytes]) -> tuple[tuple[str, ...], list[str]]:
    if missing := [name for name in (MANIFEST, SIGNATURE) if name not in files]:
        return (), [f"{name} is missing" for name in missing]
    manifest = files[MANIFEST][:MANIFEST_MAX]
    try:
        form = json.loads(manifest)
        named: dict[str, str] = dict(form["files"])
        names = _signers(form, manifest, files[SIGNATURE])
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        return (), [f"{MANIFEST} is none"]
    except (InvalidSignature, ForgedError):
        return (), [f"{SIGNATURE} is not the signature of {MANIFEST}"]
    there = files.keys() - {MANIFEST, SIGNATURE}
    faults = [f"{name} does not belong to it" for name in sorted(there - set(named))]
    for name, digest in sorted(named.items()):
        if name not in there:
            faults.append(f"{name} is missing")
        elif hashlib.sha256(files[name]).hexdigest() != digest:
            faults.append(f"{name} was changed")
    return names, faults


def _signers(form: Mapping[str, Any], manifest: bytes, signature: bytes) -> tuple[str, ...]:
    """Return the fingerprint of the key that signed, and of those that it follows on."""
    if "keys" in form:
        keys, made = KeySet.parse(form["keys"]), Signature.parse(json.loads(signature))
        keys.verify(PURPOSE, manifest, made)
        signer = keys.key(made.key).fingerprint
        return signer, *(link.key.fingerprint for link in keys.links if link.key.fingerprint != signer)
    public = base64.b64decode(form["key"], validate=True)
    Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(signature.strip(), validate=True), manifest)
    return (fingerprint(public),)
