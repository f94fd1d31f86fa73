"""HTTP with urllib3, over TCP or a unix socket; what goes wrong becomes one of guard's own errors."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
)
from urllib3.util import Timeout, make_headers

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

CONNECTIONS = 32
"""How many are kept open to one API; more are made where more ask at once."""

AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name a file, or a directory, of certificates to trust in place of the machine's (SSL_CERT_FILE is
OpenSSL's own)."""

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


def _pool(url: str) -> tuple[HTTPConnectionPool | PoolManager, str]:
    """Return what keeps connections to the API at `url`, and what its requests' addresses begin with."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme == "unix" or (parts.scheme in ("http", "https") and bool(parts.hostname))
    except ValueError:
        is_address = False
    if not is_address:
        raise ConfigurationError(
            f"{url!r} is no address of an API", hint="GUARD_API takes https://HOST or unix:///PATH"
        )
    if parts.scheme == "unix":
        return _UnixPool(os.fsencode(unquote(parts.path)).hex(), maxsize=CONNECTIONS), ""
    options: dict[str, Any] = {"maxsize": CONNECTIONS, **_authorities()}
    proxy = _proxy(parts)
    if not proxy:
        return PoolManager(**options), url.rstrip("/")
    account = unquote(urlsplit(proxy).netloc.rpartition("@")[0])
    headers = make_headers(proxy_basic_auth=account) if account else None
    return ProxyManager(proxy, proxy_headers=headers, **options), url.rstrip("/")


def _proxy(parts: SplitResult) -> str:
    """Return the proxy that the environment names for an address, empty for none. Raises ConfigurationError."""
    host = parts.hostname or ""
    if proxy_bypass(host) or proxy_bypass(parts.netloc.rpartition("@")[2]) or _is_excepted(host):
        return ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    if proxy and not proxy.lower().startswith(("http://", "https://")):
        raise ConfigurationError(
            f"the proxy of {parts.scheme}_proxy is none of HTTP", hint="name another one, or the API's host in no_proxy"
        )
    return proxy


def _is_excepted(host: str) -> bool:
    """Tell whether `host`, an address, lies in a network that ``no_proxy`` names (``10.0.0.0/8``, ``fd00::/8``)."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in map(_network, getproxies().get("no", "").split(",")) if network)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """Return the network that `text` names, None for a name of another kind."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _authorities() -> dict[str, str]:
    """Return the certificates that the environment names, a file or a directory of them; nothing for the machine's."""
    named = next((os.environ[name] for name in AUTHORITIES if os.environ.get(name)), "")
    if not named:
        return {}
    return {"ca_cert_dir" if os.path.isdir(named) else "ca_certs": named}


def _sendable(token: Secret | None) -> Secret | None:
    """Return `token`. Raises ConfigurationError, which does not show it, where no header could hold it."""
    text = token.reveal() if token else ""
    if not (text.isascii() and text.isprintable()):
        raise ConfigurationError(
            "the token for the API holds what no token does", hint="look for a newline at its end: GUARD_TOKEN, secrets"
        )
    return token


class Transport:
    """Sends requests to one API; safe to use from many threads.

    `url` is ``unix:///path`` or ``http(s)://host[:port]``. `revive` is called when a unix socket cannot be
    reached, to start the API again, before each further attempt. Raises ConfigurationError.
    """

    def __init__(
        self, url: str, token: Secret | None, timeout: float, revive: Callable[[], object] | None = None
    ) -> None:
        self.url = url
        self._token = _sendable(token)
        self._timeout = timeout
        self.revive = revive
        self._pool, self._base = _pool(url)

    def with_token(self, token: Secret) -> Transport:
        """Return a transport to the same API that shows `token`."""
        return Transport(self.url, token, self._timeout, self.revive)

    def show(self, token: Secret) -> None:
        """Show `token` from now on. Raises ConfigurationError."""
        self._token = _sendable(token)

    def close(self) -> None:
        """Close all connections; whoever asks again opens another one."""
        if isinstance(self._pool, PoolManager):
            self._pool.clear()
            return
        kept, (self._pool, _) = self._pool, _pool(self.url)  # one that is closed would never connect again
        kept.close()

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
        if not response.data:
            return None
        try:
            return json.loads(response.data)
        except ValueError as error:
            raise UnavailableError(f"{self.url} is not guard's API", hint="check GUARD_API") from error

    def pieces(self, path: str, query: Mapping[str, object] | None = None, *, wait: float = 0.0) -> Iterator[bytes]:
        """Send a GET and give the bytes of the answer as they come, the first up to `wait` seconds later than usual."""
        response = self._send("GET", path, query, None, self._timeout + wait, stream=True)
        try:
            yield from response.stream(65536)
        except HTTPError as error:
            raise self._away(error) from error
        finally:
            response.close()

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
    ) -> BaseHTTPResponse:
        headers = {"accept-encoding": "identity"}
        if body is not None:
            headers["content-type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        if self._token:
            headers["authorization"] = f"Bearer {self._token.reveal()}"

        asked = {name: _text(value) for name, value in (query or {}).items() if value not in (None, "")}
        address = self._base + path + ("?" + urlencode(asked, doseq=True) if asked else "")

        def attempt() -> BaseHTTPResponse:
            return self._pool.urlopen(
                method,
                address,
                body=body if body is None or isinstance(body, bytes) else canonical(body),
                headers=headers,
                timeout=Timeout(connect=CONNECT_SECONDS, read=timeout),
                preload_content=not stream,
                retries=False,
                redirect=False,
            )

        response = self._attempt(attempt)
        if response.status >= 300:
            try:
                raise self._failure(response)
            finally:
                response.close()
        return response

    def _attempt(self, attempt: Callable[[], BaseHTTPResponse]) -> BaseHTTPResponse:
        """Try, and try again where a kept connection was closed meanwhile or the API had to be started."""
        for pause in PAUSES if self.revive is None else REVIVALS:
            try:
                return attempt()
            except (ProtocolError, NewConnectionError, ConnectTimeoutError, ProxyError):
                time.sleep(pause)
                if self.revive is not None:
                    self.revive()
            except HTTPError as error:
                raise self._away(error) from error
        try:
            return attempt()
        except HTTPError as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> UnavailableError:
        refused = isinstance(error, NewConnectionError)  # a kind of ConnectTimeoutError to urllib3
        if isinstance(error, ConnectTimeoutError | ReadTimeoutError) and not refused:
            return UnavailableError(
                f"the API at {self.url} does not answer in time", hint="see whether it is overloaded"
            )
        if self.url.startswith("unix://"):
            return UnavailableError(f"the API at {self.url} cannot be reached", hint="guard api serve starts one")
        return UnavailableError(
            f"the API at {self.url} cannot be reached: {error}", hint="check GUARD_API and the network"
        )

    def _failure(self, response: BaseHTTPResponse) -> GuardError:
        try:
            form = json.loads(response.data)
            kind = _KINDS.get(form["code"])
            message, hint = str(form["error"]), str(form["hint"])
        except (ValueError, KeyError, TypeError):
            kind, message, hint = None, f"the API answered {response.status}", ""
        if kind is not None:
            return kind(message, hint=hint)
        if response.status >= 500:
            return UnavailableError(message, hint=hint or "see the API's log")
        return GuardError(message, hint=hint)
