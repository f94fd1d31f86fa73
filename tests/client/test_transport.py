"""Attempts at an API that goes away and comes back, over a socket that does what such an API's does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guardcli.client.transport import PAUSES, REVIVALS, Transport
from guardcli.model.errors import UnavailableError

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


def test_an_api_that_never_hears_anybody_is_told_as_away(tmp_path: Path) -> None:
    with dying(tmp_path, 99) as taken:
        transport = Transport(f"unix://{tmp_path}/s", None, 30.0, lambda: None)
        with pytest.raises(UnavailableError, match="cannot be reached"):
            transport.call("GET", "/v1/health")
        transport.close()
    assert taken == [len(REVIVALS) + 1]
