"""Attempts at an API that goes away and comes back, over a socket that does what such an API's does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guardcli.client.transport import PAUSES, REVIVALS, Transport
from guardcli.model.errors import ConfigurationError, UnavailableError
from guardcli.model.secrets import Secret

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@contextmanager
def dying(place: Path, resets: int) -> Iterator[list[int]]:
    """Take connections and end `resets` of them unheard, as the kernel does with those of a process that is killed."""
    path, taken = place / "s", [0]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    taken[0] += 1
                    connection.recv(1)
                    if taken[0] > resets:
                        connection.recv(65536)
                        connection.sendall(ANSWER)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield taken
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(("revive", "most"), [(None, len(PAUSES)), (lambda: None, len(REVIVALS))])
def test_connections_that_a_dying_api_took_are_tried_again(tmp_path: Path, revive: object, most: int) -> None:
    with dying(tmp_path, most) as taken:
        transport = Transport(f"unix://{tmp_path}/s", None, 30.0, revive)  # type: ignore[arg-type]
        assert transport.call("GET", "/v1/health") == {}
        transport.close()
    assert taken == [most + 1]


@pytest.mark.parametrize("scheme", ["unix", "http"])
def test_whoever_asks_after_it_was_closed_is_connected_anew(tmp_path: Path, scheme: str) -> None:
    with dying(tmp_path, 0) as taken, listening() as (port, heads):
        transport = Transport(f"unix://{tmp_path}/s" if scheme == "unix" else f"http://127.0.0.1:{port}", None, 30.0)
        for times in (1, 2):
            assert transport.call("GET", "/v1/health") == {}
            transport.close()
            assert taken[0] + len(heads) == times


def test_an_api_that_never_hears_anybody_is_told_as_away(tmp_path: Path) -> None:
    with dying(tmp_path, 99) as taken:
        transport = Transport(f"unix://{tmp_path}/s", None, 30.0, lambda: None)
        with pytest.raises(UnavailableError, match="cannot be reached"):
            transport.call("GET", "/v1/health")
        transport.close()
    assert taken == [len(REVIVALS) + 1]


@contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """Answer every connection once, and keep the head of what it said."""
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heads.append(connection.recv(65536))
                    connection.sendall(ANSWER.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], heads
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_login_kept_for_the_host_never_takes_the_place_of_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with listening() as (port, heads):
        transport = Transport(f"http://127.0.0.1:{port}", Secret("grd_of_the_session"), 30.0)
        assert transport.call("GET", "/v1/health", query={"a": ["1", "ü&"], "none": None}) == {}
        transport.close()
    assert heads[0].startswith(b"GET /v1/health?a=1&a=%C3%BC%26 HTTP/1.1\r\n")
    assert b"authorization: Bearer grd_of_the_session" in heads[0]


@pytest.mark.parametrize(
    ("excepted", "proxied"),
    [
        ("", True),
        ("127.0.0.1", False),
        ("127.0.0.0/8", False),
        ("10.0.0.0/8, 127.0.0.1/16", False),
        ("10.0.0.0/8, fd00::/8", True),
        ("127.0.0.0/99,", True),
    ],
)
def test_the_proxy_of_the_environment_is_asked_unless_the_host_is_excepted(
    monkeypatch: pytest.MonkeyPatch, excepted: str, proxied: bool
) -> None:
    with listening() as (port, heads):
        monkeypatch.setenv("http_proxy", f"http://me:pass%3Aword@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", excepted)
        transport = Transport("http://127.0.0.1:9/guard", None, 30.0)
        if proxied:
            assert transport.call("GET", "/v1/health") == {}
            assert heads[0].startswith(b"GET http://127.0.0.1:9/guard/v1/health HTTP/1.1\r\n")
            assert b"proxy-authorization: basic bwu6cgfzczp3b3jk" in heads[0].lower()
        else:
            with pytest.raises(UnavailableError):
                transport.call("GET", "/v1/health")
            assert heads == []
        transport.close()


@pytest.mark.parametrize("written", ["127.0.0.1:{port}", "http://127.0.0.1:{port}", "HTTP://127.0.0.1:{port}"])
def test_a_proxy_is_one_of_http_where_nothing_else_is_written(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    with listening() as (port, heads):
        monkeypatch.setenv("http_proxy", written.format(port=port))
        monkeypatch.delenv("no_proxy", raising=False)
        transport = Transport("http://127.0.0.1:9", None, 30.0)
        assert transport.call("GET", "/v1/health") == {}
        transport.close()
    assert len(heads) == 1


def test_no_proxy_may_name_the_host_with_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as (port, heads):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", f"127.0.0.1:{port}")
        transport = Transport(f"http://127.0.0.1:{port}", None, 30.0)
        assert transport.call("GET", "/v1/health") == {}
        transport.close()
    assert heads[0].startswith(b"GET /v1/health ")


@pytest.mark.parametrize(
    ("url", "proxy", "token"),
    [
        ("http://127.0.0.1:9", "socks5h://127.0.0.1:9", "grd_secret"),
        ("http://[::1", "", "grd_secret"),
        ("ftp://127.0.0.1", "", "grd_secret"),
        ("http://127.0.0.1:9", "", "grd_secret\n"),
        ("http://127.0.0.1:9", "", "grd_secret\r\nx-other: header"),
        ("http://127.0.0.1:9", "", "grd_secret\u20ac"),
    ],
)
def test_what_cannot_be_asked_with_is_said_and_no_token_is_shown(
    monkeypatch: pytest.MonkeyPatch, url: str, proxy: str, token: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(ConfigurationError) as said:
        Transport(url, Secret(token), 30.0)
    assert "grd_secret" not in str(said.value)


def test_a_host_where_nobody_listens_is_not_said_to_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("http_proxy", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    transport = Transport(f"http://127.0.0.1:{port}", None, 30.0)
    with pytest.raises(UnavailableError, match="cannot be reached"):
        transport.call("GET", "/v1/health")
    transport.close()


def test_certificates_to_trust_may_be_a_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    with listening() as (port, _):
        transport = Transport(f"https://127.0.0.1:{port}", None, 30.0)
        with pytest.raises(UnavailableError, match="SSL"):
            transport.call("GET", "/v1/health")
        transport.close()
