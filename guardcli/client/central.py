"""What the centre says one is judged by: asked for, checked against keys that are trusted, kept for when it is away.

Keys are trusted that the operator has pinned by their fingerprints, or that were learned when the machine was enrolled;
never those that come with an answer. A set that has grown by rotation is taken, any other is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardcli.client.api import ApiClient
from guardcli.model.errors import ConfigurationError
from guardcli.model.secrets import Secret
from guardcli.policy.bundles import Assigned, Question, verify
from guardcli.signing import ForgedError, KeySet

SKEW_SECONDS = 300.0
"""How far the clocks of the API and of this machine may be apart."""

REFRESH_SECONDS = 60.0
"""How often the copy that is kept is written anew while nothing changes."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Trust:
    """The keys of one API that are trusted on this machine."""

    def __init__(self, directory: Path, url: str, pins: Collection[str] = (), local: Path | None = None) -> None:
        """`directory` keeps what was learned; `local` is the set of keys of an API of one's own, on this machine."""
        self._file = directory / f"{_named(url)}.keys.json"
        self._url = url
        self._pins = frozenset(pins)
        self._local = local

    def known(self) -> KeySet | None:
        """Return the set that is trusted, None for none. Raises ConfigurationError where it cannot be read."""
        keys = _read_keys(self._local or self._file)
        if keys is not None and self._pins and not self._local:
            try:
                return keys.pinned(self._pins)
            except ForgedError:  # learned before the operator pinned another
                return None
        return keys

    @property
    def exists(self) -> bool:
        """Whether anything is trusted at all."""
        return bool(self._pins) or self.known() is not None

    def accept(self, form: object) -> KeySet:
        """Return the set of keys in `form` where it is trusted, and remember how it has grown. Raises ForgedError."""
        keys, known = KeySet.parse(form), self.known()
        if known is not None:
            keys.grown_from(known)
        elif not self._pins:
            raise ForgedError("no key of this API is trusted here")
        if self._pins and not self._local:
            keys.pinned(self._pins)
        if keys != known and not self._local:
            self.learn(keys)
        return keys

    def learn(self, keys: KeySet) -> None:
        """Trust `keys` from now on: the machine is enrolled, or the set has grown. Raises ConfigurationError."""
        _write(self._file, {"url": self._url, **keys.as_json()})

    def forget(self) -> None:
        """Trust nothing that was learned."""
        self._file.unlink(missing_ok=True)


def _read_keys(path: Path) -> KeySet | None:
    try:
        form = json.loads(path.read_bytes())
        return KeySet.parse({"keys": form["keys"]})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ForgedError) as error:
        hint = "remove it, and enrol the machine again with guard login"
        raise ConfigurationError(f"cannot use the keys in {path}: {error}", hint=hint) from error


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was kept, and for how many seconds the API had not been heard since, at the least."""

    assigned: Assigned
    away: float


class Centre:
    """Asks one API for the policy of the bearer of one token; used by one thread at a time."""

    def __init__(
        self, client: ApiClient, token: Secret, trust: Trust, directory: Path, groups: Sequence[str] = (), who: str = ""
    ) -> None:
        """`client` shows `token`. `directory` keeps the last answer for `who`, by default the bearer of the token.

        `groups` are those of the local user; a central API knows them by itself.
        """
        self._client = client
        self._bearer = _sha256(token.reveal()) if token else ""
        self._trust = trust
        self._groups = list(groups)
        self._file = directory / f"{_named(client.url, who or self._bearer, *groups)}.json"
        self.who = who or self._bearer
        self._known: Assigned | None = None
        self._bundle: object = None
        self._written = -REFRESH_SECONDS
        self._serial = 0

    def acting(self, client: ApiClient, token: Secret) -> Centre:
        """Return the same, asking as the bearer of another token that is for the same groups: a session's."""
        other = Centre.__new__(Centre)
        other.__dict__.update(self.__dict__)
        other._client, other._bearer = client, _sha256(token.reveal()) if token else ""
        return other

    def ask(self, wait: float = 0.0) -> Assigned:
        """Return what the centre says now; with `wait`, up to so many seconds until there is something new.

        Raises UnavailableError, ForgedError where the answer does not hold, and what the API says.
        """
        nonce = secrets.token_hex(16)
        known = self._known
        query = {
            "nonce": nonce,
            "have": known.answer.content if known is not None and known.published is not None else "",
            "serial": self._serial,
            "wait": wait,
            "group": self._groups,
        }
        form = self._client.transport.call("GET", "/v1/policy", query=query, wait=wait)
        if not isinstance(form, dict):
            raise ForgedError("this is no answer about policies")
        keys = self._trust.accept(form.get("keys"))
        assigned = verify(form, keys, Question(nonce, self._bearer, self._serial), known)
        self._remember(form, assigned)
        return assigned

    def kept(self) -> Kept | None:
        """Return the last answer that was kept, None for none that holds; `ask` then goes on from there."""
        try:
            stored = json.loads(self._file.read_bytes())
            form = stored["form"]
            assigned = verify(form, self._trust.accept(form["keys"]), None)
            away = _silence(stored, assigned.answer.at)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, ForgedError):
            return None
        self._known, self._bundle, self._serial = assigned, form["bundle"], assigned.answer.serial
        return Kept(assigned, away)

    def _remember(self, form: Mapping[str, Any], assigned: Assigned) -> None:
        """Keep the answer for when the API is away; a disk that is full only means that it will not be there then."""
        changed = self._known is None or self._known.answer.serial != assigned.answer.serial
        if form["bundle"] is not None or not assigned.version:
            self._bundle = form["bundle"]
        self._known, self._serial = assigned, assigned.answer.serial
        if not changed and time.monotonic() - self._written < REFRESH_SECONDS:
            return
        now = {"wall": time.time(), "steady": time.clock_gettime(time.CLOCK_BOOTTIME), "boot": _boot()}
        try:
            _write(self._file, {"url": self._client.url, "form": {**form, "bundle": self._bundle}, **now})
            self._written = time.monotonic()
        except ConfigurationError:
            self._written = time.monotonic()


def _silence(stored: Mapping[str, Any], at: float) -> float:
    """Return for how long the API was not heard since `stored`, by whichever clock says the longest.

    What the file says of times can be forged by whoever can write it; the API's own, which it has signed, cannot.
    """
    now, wall = time.time(), float(stored["wall"])
    silences = [now - wall, now - at - SKEW_SECONDS]
    if stored["boot"] == _boot():
        silences.append(time.clock_gettime(time.CLOCK_BOOTTIME) - float(stored["steady"]))
    elif now < wall:
        return float("inf")  # the clock was set back, and no other knows how long it was
    if now < at - SKEW_SECONDS:
        return float("inf")
    return max(0.0, *silences)


def _boot() -> str:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _named(*parts: str) -> str:
    return _sha256("\0".join(parts))[:24]


def _write(path: Path, form: Mapping[str, object]) -> None:
    """Replace `path`, its owner's alone. Raises ConfigurationError where it cannot."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=".new")
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(form, file)
            os.replace(made, path)
        except BaseException:
            os.unlink(made)
            raise
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error
