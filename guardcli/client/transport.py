"""HTTP with requests, over TCP or a unix socket; what goes wrong becomes one of guard's own errors."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.poolmanager import PoolManager

from guardcli.model.errors import (
    ConfigurationError,
    ConflictError,
    DeniedError,
    GuardError,
    NotFoundError,
    PendingError,
    ThrottledError,
    UnauthorizedError,
    UnavailableError,
)
from guardcli.model.events import canonical
from guardcli.model.secrets import Secret

CONNECT_SECONDS = 5.0

PAUSES = (0.01,)
"""Seconds before each further attempt."""

REVIVALS = (0.0, 0.5)
"""The same where the API can be started again; one that is killed takes connections until its last thread has ended."""

_KINDS: dict[str, type[GuardError]] = {
    "configuration": ConfigurationError,
    "conflict": ConflictError,
    "denied": DeniedError,
    "notfound": NotFoundError,
    "pending": PendingError,
    "throttled": ThrottledError,
    "unauthorized": UnauthorizedError,
    "unavailable": UnavailableError,
}


def _text(value: object) -> str | list[str]:
    """Return the value of a parameter as it is sent; a list is sent as the parameter so many times."""
    return [str(one) for one in value] if isinstance(value, list) else str(value)


class _UnixConnection(HTTPConnection):
    """A connection to a socket in the file system; its host is the path in hexadecimal, which has no capitals."""

    def _new_conn(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(bytes.fromhex(self.host))
        except BaseException:
            connection.close()
            raise
        return connection


class _UnixPool(HTTPConnectionPool):
    ConnectionCls = _UnixConnection


class _UnixAdapter(HTTPAdapter):
    """Lets requests reach ``unix://`` hosts: a pool manager that knows one more scheme."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pool manager, which takes the path for the host's name."""
        super().init_poolmanager(*arguments, **options)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "http": _UnixPool}

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the one pool to the socket, never a proxy's."""
        host = urlsplit(request.url or "").netloc
        return self.poolmanager.connection_from_host(str(host), port=80, scheme="http")


class Transport:
    """Sends requests to one API; safe to use from many threads.

    `url` is ``unix:///path`` or ``http(s)://host[:port]``. `revive` is called when a unix socket cannot be
    reached, to start the API again, before each further attempt.
    """

    def __init__(
        self, url: str, token: Secret | None, timeout: float, revive: Callable[[], object] | None = None
    ) -> None:
        self.url = url
        self._token = token
        self._timeout = timeout
        self.revive = revive
        self._session = requests.Session()
        self._session.trust_env = not url.startswith("unix://")
        parts = urlsplit(url)
        if parts.scheme == "unix":
            path = os.fsencode(unquote(parts.path)).hex()
            self._base = f"http://{path}"
            self._session.mount("http://", _UnixAdapter(pool_maxsize=32))
        elif parts.scheme in ("http", "https") and parts.netloc:
            self._base = url.rstrip("/")
            self._session.mount(f"{parts.scheme}://", HTTPAdapter(pool_maxsize=32))
        else:
            raise ConfigurationError(
                f"{url!r} is no address of an API", hint="GUARD_API takes https://HOST or unix:///PATH"
            )

    def with_token(self, token: Secret) -> Transport:
        """Return a transport to the same API that shows `token`."""
        return Transport(self.url, token, self._timeout, self.revive)

    def show(self, token: Secret) -> None:
        """Show `token` from now on."""
        self._token = token

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | bytes | None = None,
        wait: float = 0.0,
    ) -> Any:
        """Send one request, with bytes as they are or JSON, and return its JSON, None where there is none.

        `wait` is added to the time-out.
        """
        response = self._send(method, path, query, body, self._timeout + wait, stream=False)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise UnavailableError(f"{self.url} is not guard's API", hint="check GUARD_API") from error

    def pieces(self, path: str, query: Mapping[str, object] | None = None, *, wait: float = 0.0) -> Iterator[bytes]:
        """Send a GET and give the bytes of the answer as they come, the first up to `wait` seconds later than usual."""
        response = self._send("GET", path, query, None, self._timeout + wait, stream=True)
        with response:
            try:
                yield from response.iter_content(65536)
            except requests.RequestException as error:
                raise self._away(error) from error

    def lines(self, path: str, query: Mapping[str, object] | None = None) -> Iterator[bytes]:
        """Send a GET and give the lines of the answer as they come, each with its newline."""
        rest = b""
        for part in self.pieces(path, query):
            *whole, rest = (rest + part).split(b"\n")
            yield from (line + b"\n" for line in whole)
        if rest:
            yield rest

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None,
        body: Mapping[str, object] | bytes | None,
        timeout: float,
        stream: bool,
    ) -> requests.Response:
        headers = {"accept-encoding": "identity"}
        if body is not None:
            headers["content-type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        if self._token:
            headers["authorization"] = f"Bearer {self._token.reveal()}"

        def attempt() -> requests.Response:
            return self._session.request(
                method,
                self._base + path,
                params={name: _text(value) for name, value in (query or {}).items() if value not in (None, "")},
                data=body if body is None or isinstance(body, bytes) else canonical(body),
                headers=headers,
                timeout=(CONNECT_SECONDS, timeout),
                stream=stream,
                allow_redirects=False,
            )

        response = self._attempt(attempt)
        if response.status_code >= 300:
            with response:
                raise self._failure(response)
        return response

    def _attempt(self, attempt: Callable[[], requests.Response]) -> requests.Response:
        """Try, and try again where a kept connection was closed meanwhile or the API had to be started."""
        for pause in PAUSES if self.revive is None else REVIVALS:
            try:
                return attempt()
            except requests.ConnectionError as error:
                if isinstance(error, requests.exceptions.SSLError):
                    raise self._away(error) from error
                time.sleep(pause)
                if self.revive is not None:
                    self.revive()
            except requests.RequestException as error:
                raise self._away(error) from error
        try:
            return attempt()
        except requests.RequestException as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> UnavailableError:
        if isinstance(error, requests.Timeout):
            return UnavailableError(
                f"the API at {self.url} does not answer in time", hint="see whether it is overloaded"
            )
        if self.url.startswith("unix://"):
            return UnavailableError(f"the API at {self.url} cannot be reached", hint="guard api serve starts one")
        return UnavailableError(
            f"the API at {self.url} cannot be reached: {error}", hint="check GUARD_API and the network"
        )

    def _failure(self, response: requests.Response) -> GuardError:
        try:
            form = response.json()
            kind = _KINDS.get(form["code"])
            message, hint = str(form["error"]), str(form["hint"])
        except (ValueError, KeyError, TypeError):
            kind, message, hint = None, f"the API answered {response.status_code}", ""
        if kind is not None:
            return kind(message, hint=hint)
        if response.status_code >= 500:
            return UnavailableError(message, hint=hint or "see the API's log")
        return GuardError(message, hint=hint)
