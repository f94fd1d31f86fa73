"""An issuer's keys (RFC 7517): fetched, kept, fetched again when they rotate, and never more often than bounded.

Keys are used for `FRESH_SECONDS` without a question. A token with a key that is not known makes one more fetch, at
most one in `UNKNOWN_SECONDS` however many such tokens come, so that nobody turns the API against the issuer. Where the
issuer cannot be reached, the keys at hand go on for `STALE_SECONDS`, after which nothing of that issuer is accepted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import requests
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from guardcli.api.identity.proofs import MIN_RSA_BITS, Header, Key, fits
from guardcli.model.errors import UnavailableError

FRESH_SECONDS = 600.0
STALE_SECONDS = 3600.0
UNKNOWN_SECONDS = 30.0
FAILED_SECONDS = 5.0
"""After a fetch that failed the next one waits so long."""

MAX_DOCUMENT = 1 << 20
MAX_KEYS = 100
FETCH_SECONDS = 5.0

Fetch = Callable[[], list[Mapping[str, Any]]]


class Keys:
    """The keys of one issuer; safe to use from many threads. `fetch` gives the JWKs, or raises UnavailableError."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._forms: list[Mapping[str, Any]] = []
        self._fetched = float("-inf")
        self._tried = float("-inf")

    def find(self, header: Header) -> list[Key]:
        """Return the keys that `header` may mean, none for an unknown one. Raises UnavailableError for lack of any."""
        with self._lock:
            at = self._clock()
            if at - self._fetched > FRESH_SECONDS:
                self._refresh(at, FAILED_SECONDS)
            found = self._fitting(header)
            if not found and at - self._fetched > 0:
                self._refresh(at, UNKNOWN_SECONDS)
                found = self._fitting(header)
            if at - self._fetched > STALE_SECONDS:
                raise UnavailableError("the issuer's keys cannot be fetched", hint="see the API's log")
        return [_imported(form) for form in found]

    def _fitting(self, header: Header) -> list[Mapping[str, Any]]:
        return [form for form in self._forms if fits(form, header)]

    def _refresh(self, at: float, pause: float) -> None:
        """Fetch, unless that was tried less than `pause` seconds ago."""
        if at - self._tried < pause:
            return
        self._tried = at
        try:
            self._forms = [form for form in self._fetch() if _is_usable(form)][:MAX_KEYS]
            self._fetched = at
        except UnavailableError:
            if at - self._fetched > STALE_SECONDS:
                raise


def _imported(form: Mapping[str, Any]) -> Key:
    key: Key = import_key(dict(form))  # type: ignore[assignment]
    return key


def _is_usable(form: Mapping[str, Any]) -> bool:
    if not isinstance(form, dict) or form.get("kty") not in ("RSA", "EC", "OKP"):
        return False
    if form["kty"] == "RSA" and len(str(form.get("n", ""))) * 6 < MIN_RSA_BITS:
        return False
    try:
        import_key(dict(form))
    except (JoseError, ValueError, TypeError, KeyError):
        return False
    return True


def from_file(path: Path) -> Fetch:
    """Return what reads a JWK set from a file, each time anew."""

    def fetch() -> list[Mapping[str, Any]]:
        try:
            return _keys(path.read_bytes(), str(path))
        except OSError as error:
            raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error

    return fetch


def from_issuer(issuer: str, keys_url: str, ca_file: Path | None) -> Fetch:
    """Return what fetches the JWK set at `keys_url`, or where the issuer's discovery document says it is.

    OpenID Connect Discovery 1.0, 4: the document must name the very issuer that was asked.
    """

    def fetch() -> list[Mapping[str, Any]]:
        place = keys_url
        if not place:
            document = discovered(issuer, ca_file)
            place = str(document.get("jwks_uri", ""))
        if urlsafe(place, issuer):
            return _keys(download(place, ca_file), place)
        raise UnavailableError(f"{issuer} names no safe place for its keys")

    return fetch


def urlsafe(place: str, issuer: str) -> bool:
    """Tell whether `place` may be fetched for `issuer`: over https, or as plainly as the issuer itself."""
    return place.startswith("https://") or (issuer.startswith("http://") and place.startswith("http://"))


def discovered(issuer: str, ca_file: Path | None) -> Mapping[str, Any]:
    """Return the issuer's discovery document. Raises UnavailableError."""
    place = issuer.rstrip("/") + "/.well-known/openid-configuration"
    document = _parsed(download(place, ca_file), place)
    if document.get("issuer") != issuer:
        raise UnavailableError(f"{place} is the document of another issuer")
    return document


def download(place: str, ca_file: Path | None) -> bytes:
    """Return what lies at `place`, without following it elsewhere. Raises UnavailableError."""
    verify = str(ca_file) if ca_file else True
    try:
        with requests.get(
            place, timeout=FETCH_SECONDS, allow_redirects=False, stream=True, verify=verify, auth=_no_auth
        ) as answer:
            content = b""
            until = time.monotonic() + FETCH_SECONDS
            for part in answer.iter_content(65536):
                content += part
                if len(content) > MAX_DOCUMENT or time.monotonic() > until:
                    raise UnavailableError(f"{place} is too large or too slow")
            if answer.status_code != 200:
                raise UnavailableError(f"{place} answers {answer.status_code}")
            return content
    except requests.RequestException as error:
        raise UnavailableError(f"{place} cannot be fetched: {type(error).__name__}") from error


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from sending what a netrc file has for the host."""
    return request


def _parsed(content: bytes, place: str) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnavailableError(f"{place} is not JSON")
    return found


def _keys(content: bytes, place: str) -> list[Mapping[str, Any]]:
    found = _parsed(content, place).get("keys")
    if not isinstance(found, list):
        raise UnavailableError(f"{place} holds no keys")
    return found
