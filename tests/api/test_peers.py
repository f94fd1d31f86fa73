"""The HTTP of the API's server: what a request may cost before anybody knows whose it is."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import uvicorn
from uvicorn.server import ServerState

from guardcli.api.ancestry import SessionTrees
from guardcli.api.peers import LOOSE_MAX, PeerProtocol

START = b"POST /x HTTP/1.1\r\nhost: x\r\n"
CHUNKED = START + b"transfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


async def echo(scope, receive, send) -> None:
    """Answer with the length of the body, and the names of the headers as they are after it."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    names = [name.decode() for name, _ in scope["headers"]]
    body = json.dumps({"size": size, "names": names}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def asked(path: Path, *parts: bytes) -> bytes:
    """Send `parts` one after the other, until the server closes or there are no more; give what came."""

    async def go() -> bytes:
        config = uvicorn.Config(echo, ws="none", lifespan="off", log_config=None)
        state, trees = ServerState(), SessionTrees()

        def protocol() -> PeerProtocol:
            return PeerProtocol(trees, config=config, server_state=state, app_state={})

        async with await asyncio.get_running_loop().create_unix_server(protocol, path):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0)
                writer.write_eof()
                return await reader.read()
            except ConnectionError:
                return b"closed"
            finally:
                writer.close()

    return asyncio.run(asyncio.wait_for(go(), 60))


ENDLESS = {
    "a header": (START + b"a: ", b"b"),
    "headers": (START, b"abcd: efgh\r\n"),
    "an address": (b"GET /", b"a"),
    "the size of a chunk": (CHUNKED + b"1;", b"a"),
    "a trailer": (CHUNKED + b"0\r\na: ", b"b"),
    "trailers": (CHUNKED + b"0\r\n", b"abcd: efgh\r\n"),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_is_no_body_and_never_ends_is_cut_off(tmp_path: Path, what: str) -> None:
    first, more = ENDLESS[what]
    part = more * (16384 // len(more))
    found = asked(tmp_path / "s", first, *[part] * (40 * LOOSE_MAX // len(part)))
    assert found == b"closed" or b" 400 " in found


WHOLE = {
    "no body": (0, START + b"connection: close\r\n\r\n"),
    "a long header": (0, START + b"connection: close\r\na: " + b"b" * (LOOSE_MAX - 1000) + b"\r\n\r\n"),
    "a large body": (10**6, START + b"connection: close\r\ncontent-length: 1000000\r\n\r\n" + b"a" * 10**6),
    "chunks": (10**6, CHUNKED + (b"3e8\r\n" + b"a" * 1000 + b"\r\n") * 1000 + END),
    "chunks of one byte each": (50_000, CHUNKED + b"1\r\na\r\n" * 50_000 + END),
}


@pytest.mark.parametrize("what", WHOLE)
def test_a_request_is_whole_however_it_is_sent(tmp_path: Path, what: str) -> None:
    size, request = WHOLE[what]
    parts = [request[at : at + 10_000] for at in range(0, len(request), 10_000)]
    assert b'"size": %d,' % size in asked(tmp_path / "s", *parts)


def test_a_trailer_is_no_header(tmp_path: Path) -> None:
    """Whoever strips headers on the way, a proxy above all, has seen no trailer."""
    request = CHUNKED + b"1\r\na\r\n0\r\nx-forwarded-for: 10.0.0.1\r\n\r\n"
    assert b'"names": ["host", "transfer-encoding"]' in asked(tmp_path / "s", *(bytes([one]) for one in request))
