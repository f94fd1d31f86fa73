"""Ed25519 (RFC 8032): what is signed for a purpose, rings of private keys on disk, sets of public keys that follow on.

What is signed is ``guard PURPOSE`` and a newline before the message, so that a signature for one purpose is none for
another. A ring is a directory: ``keys.json``, the set of public keys, oldest first, and ``ID.key``, 32 raw bytes, for
the last of them, which alone signs. A key's id is the first 16 hexadecimal digits of its fingerprint, the SHA-256 of
its public half.

A set grows by rotation: the new key and the one before both sign that one follows on the other, so whoever trusts one
key of a set can check all of it, offline. The private half of the one before is deleted.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import math
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from guardcli.model.errors import ConfigurationError, DeniedError, UnavailableError
from guardcli.model.events import canonical

KEYS = "keys.json"
ID_DIGITS = 16


class ForgedError(DeniedError):
    """A signature does not hold, or is by a key that is not trusted: what it is on must not be used."""


def fingerprint(public: bytes) -> str:
    """Return what names a public key of 32 bytes: its SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(public).hexdigest()


def _framed(purpose: str, message: bytes) -> bytes:
    return b"guard " + purpose.encode("ascii") + b"\n" + message


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of 64 bytes, and the id of the key that made it."""

    key: str
    value: bytes

    def as_json(self) -> dict[str, str]:
        """Return the stored form; the value in Base64."""
        return {"key": self.key, "value": base64.b64encode(self.value).decode()}

    @classmethod
    def parse(cls, form: object) -> Signature:
        """Return the signature of a stored form. Raises ForgedError where it is none."""
        if not isinstance(form, dict) or form.keys() != {"key", "value"} or not isinstance(form["key"], str):
            raise ForgedError("this is no signature")
        return cls(form["key"], _base64(form["value"], 64))


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key: 32 bytes."""

    raw: bytes

    @property
    def fingerprint(self) -> str:
        """Its whole name, which is what a person compares or pins."""
        return fingerprint(self.raw)

    @property
    def id(self) -> str:
        """Its short name, which signatures carry."""
        return self.fingerprint[:ID_DIGITS]

    def verify(self, purpose: str, message: bytes, signature: bytes) -> None:
        """Raise ForgedError unless `signature` is this key's, of `message`, for `purpose`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, _framed(purpose, message))
        except (InvalidSignature, ValueError):
            raise ForgedError(f"the signature by key {self.id} does not hold") from None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; signs and shows nothing of itself."""

    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls) -> SigningKey:
        """Return a key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        return PublicKey(self.private.public_key().public_bytes_raw())

    def sign(self, purpose: str, message: bytes) -> Signature:
        """Return the signature of `message` for `purpose`, a word in ASCII."""
        return Signature(self.public.id, self.private.sign(_framed(purpose, message)))


@dataclass(frozen=True, slots=True)
class Link:
    """A key in its set, `since` in seconds since the epoch; `before` and `own` sign that it follows on another."""

    key: PublicKey
    since: float
    before: bytes = b""
    own: bytes = b""

    def as_json(self) -> dict[str, object]:
        """Return the stored form."""
        halves = {
            name: base64.b64encode(value).decode() for name, value in (("before", self.before), ("own", self.own))
        }
        return {"id": self.key.id, "key": base64.b64encode(self.key.raw).decode(), "since": self.since, **halves}


def _following(previous: PublicKey, key: PublicKey, since: float) -> bytes:
    return canonical({"before": previous.fingerprint, "key": key.fingerprint, "since": since})


@dataclass(frozen=True, slots=True)
class KeySet:
    """Public keys, oldest first, each following on the one before; the last one signs now."""

    links: tuple[Link, ...]

    @property
    def current(self) -> PublicKey:
        """The key that signs now."""
        return self.links[-1].key

    def followed_by(self, old: SigningKey, new: SigningKey, since: float) -> KeySet:
        """Return the set with `new` after `old`, which must be its current key."""
        message = _following(old.public, new.public, since)
        before, own = old.sign("key", message).value, new.sign("key", message).value
        return KeySet((*self.links, Link(new.public, since, before, own)))

    def key(self, id: str) -> PublicKey:
        """Return the key with that id. Raises ForgedError where it is not in the set."""
        for link in self.links:
            if link.key.id == id:
                return link.key
        raise ForgedError(f"key {id[:ID_DIGITS]} is not known")

    def verify(self, purpose: str, message: bytes, signature: Signature) -> None:
        """Raise ForgedError unless `signature` is by a key of the set, of `message`, for `purpose`."""
        self.key(signature.key).verify(purpose, message, signature.value)

    def pinned(self, fingerprints: Collection[str]) -> KeySet:
        """Return the set where one of its keys has one of these whole fingerprints. Raises ForgedError otherwise."""
        if not {link.key.fingerprint for link in self.links} & set(fingerprints):
            raise ForgedError(f"key {self.current.fingerprint} follows on no key that is trusted here")
        return self

    def grown_from(self, known: KeySet) -> KeySet:
        """Return the set where it is `known` and perhaps more after it. Raises ForgedError otherwise."""
        if self.links[: len(known.links)] != known.links:
            raise ForgedError(f"key {self.current.fingerprint} does not follow on {known.current.fingerprint}")
        return self

    def as_json(self) -> dict[str, object]:
        """Return the stored form, which whoever verifies is given."""
        return {"keys": [link.as_json() for link in self.links]}

    @classmethod
    def parse(cls, form: object) -> KeySet:
        """Return the set of a stored form, every link checked. Raises ForgedError where anything is wrong."""
        items = form.get("keys") if isinstance(form, dict) and form.keys() == {"keys"} else None
        if not isinstance(items, list) or not items:
            raise ForgedError("this is no set of keys")
        links = tuple(_link(item) for item in items)
        if len({link.key.id for link in links}) < len(links):
            raise ForgedError("a key is in its set twice")
        for previous, link in pairwise(links):
            message = _following(previous.key, link.key, link.since)
            previous.key.verify("key", message, link.before)
            link.key.verify("key", message, link.own)
        if links[0].before or links[0].own:
            raise ForgedError("the first key of a set follows on another")
        return cls(links)


def _link(form: object) -> Link:
    if not isinstance(form, dict) or form.keys() != {"id", "key", "since", "before", "own"}:
        raise ForgedError("this is no key of a set")
    key, since = PublicKey(_base64(form["key"], 32)), form["since"]
    if form["id"] != key.id or not isinstance(since, float) or not math.isfinite(since):
        raise ForgedError("a key of the set is not what its id says")
    before, own = (_base64(form[name], 64) if form[name] else b"" for name in ("before", "own"))
    return Link(key, since, before, own)


def _base64(text: object, size: int) -> bytes:
    """Return the `size` bytes that `text` stands for, in the one way in which Base64 writes them."""
    try:
        value = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        value = b""
    if len(value) != size or base64.b64encode(value).decode() != text:
        raise ForgedError(f"{size} bytes in Base64 are needed")
    return value


class KeyRing:
    """The keys in a directory, made on first use. Processes share it; a rotation by one is seen by all at once."""

    def __init__(self, directory: Path | None) -> None:
        """Prepare to use the keys in `directory`; with none, every use raises ConfigurationError."""
        self._place = directory
        self._read: tuple[tuple[int, ...], KeySet, SigningKey] | None = None

    def public(self) -> KeySet:
        """Return the public keys. Raises UnavailableError, ConfigurationError."""
        return self._load()[0]

    def sign(self, purpose: str, message: bytes) -> Signature:
        """Return the current key's signature of `message`. Raises UnavailableError, ConfigurationError."""
        return self._load()[1].sign(purpose, message)

    def mark(self, purpose: str) -> None:
        """Leave word that something was signed for `purpose`: an empty file of that name. Raises UnavailableError."""
        try:
            self._load()
            (self._directory / purpose).touch(mode=0o600)
        except OSError as error:
            raise UnavailableError(f"cannot write to {self._directory}: {error.strerror}") from error

    def rotate(self, since: float) -> KeySet:
        """Make a new key that follows on the current one, which signs no more; return the public keys.

        Raises UnavailableError, ConfigurationError; then nothing has changed.
        """
        self._load()
        try:
            with self._held(fcntl.LOCK_EX):
                keys, old = self._stored()
                new = SigningKey.new()
                keys = keys.followed_by(old, new, since)
                self._store(new, keys)
                self._path(old.public).unlink(missing_ok=True)
        except OSError as error:
            raise UnavailableError(f"cannot make a key in {self._directory}: {error.strerror}") from error
        return keys

    @property
    def _directory(self) -> Path:
        if self._place is None:
            raise ConfigurationError("no directory for the API's keys is set", hint="set `keys`, or GUARD_API_KEYS")
        return self._place

    def _load(self) -> tuple[KeySet, SigningKey]:
        try:
            stamp = _stamp(self._directory / KEYS)
            if self._read is None or self._read[0] != stamp:
                with self._held(fcntl.LOCK_SH):
                    self._read = (_stamp(self._directory / KEYS), *self._stored())
            return self._read[1:]
        except FileNotFoundError:
            return self._made()
        except OSError as error:
            raise UnavailableError(f"cannot use the keys in {self._directory}: {error.strerror}") from error

    def _made(self) -> tuple[KeySet, SigningKey]:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._held(fcntl.LOCK_EX):
                if not (self._directory / KEYS).exists():
                    new = SigningKey.new()
                    self._store(new, KeySet((Link(new.public, 0.0),)))
                return self._stored()
        except OSError as error:
            raise UnavailableError(f"cannot make keys in {self._directory}: {error.strerror}") from error

    def _stored(self) -> tuple[KeySet, SigningKey]:
        try:
            keys = KeySet.parse(json.loads((self._directory / KEYS).read_bytes()))
        except (ValueError, RecursionError, ForgedError) as error:
            raise ConfigurationError(f"{self._directory / KEYS} is no set of keys: {error}") from error
        key = read_key(self._path(keys.current))
        if key.public != keys.current:
            raise ConfigurationError(f"{self._path(keys.current)} is another key", hint="restore it from a backup")
        return keys, key

    def _store(self, key: SigningKey, keys: KeySet) -> None:
        write_new(self._path(key.public), key.private.private_bytes_raw())
        made = self._directory / f".{KEYS}.{os.getpid()}"
        made.unlink(missing_ok=True)
        write_new(made, canonical(keys.as_json()) + b"\n")
        made.rename(self._directory / KEYS)

    def _path(self, key: PublicKey) -> Path:
        return self._directory / f"{key.id}.key"

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


def _stamp(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def write_new(path: Path, content: bytes) -> None:
    """Write `content` to disk as the new file `path`, for its owner alone. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path) -> SigningKey:
    """Return the key in `path`, 32 raw bytes readable by their owner alone.

    Raises UnavailableError where it cannot be read, ConfigurationError where it is no such key or others can read it.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"{path} can be read by others", hint=f"chmod 600 {path}, or make a new key")
        return SigningKey(Ed25519PrivateKey.from_private_bytes(path.read_bytes()))
    except OSError as error:
        raise UnavailableError(f"cannot use the signing key {path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is no Ed25519 key of 32 bytes", hint="move it away") from error


def made_key(path: Path) -> SigningKey:
    """Return the key in `path`, made there the first time; whoever comes at once gets the same one.

    Raises what `read_key` does.
    """
    try:
        if not path.exists():
            made = path.with_name(f".{path.name}.{os.getpid()}")
            write_new(made, SigningKey.new().private.private_bytes_raw())
            try:
                os.link(made, path)
            except FileExistsError:
                pass  # another made it meanwhile: that one counts
            finally:
                made.unlink()
    except OSError as error:
        raise UnavailableError(f"cannot use the signing key {path}: {error.strerror}") from error
    return read_key(path)
