"""Cancel requests that the server takes late, never, or cannot take."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from guardcli.gateways.postgres.cancels import Cancels
from guardcli.gateways.postgres.codec.backend import BackendKeyData
from guardcli.gateways.postgres.codec.startup import CancelRequest
from guardcli.gateways.postgres.target import Target

KEY = BackendKeyData(7, b"four")
SENT = CancelRequest(7, b"four").encode()


@pytest.mark.parametrize("answers", [True, False], ids=["a server that takes it", "a server that says nothing"])
def test_nothing_is_under_way_once_all_are_settled(tmp_path: Path, answers: bool) -> None:
    async def run() -> None:
        heard: list[bytes] = []
        arrived, gone = asyncio.Event(), asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readexactly(len(SENT)))
            arrived.set()
            if not answers:
                await reader.read()
            writer.close()
            gone.set()

        async with await asyncio.start_unix_server(serve, f"{tmp_path}/.s.PGSQL.5432"):
            cancels = Cancels(Target("db", str(tmp_path)))
            sent = cancels.send(KEY)
            await (sent if answers else arrived.wait())
            await cancels.settle()
            assert sent.done() and sent.cancelled() is not answers
            await asyncio.wait_for(gone.wait(), 60)
        assert heard == [SENT]

    asyncio.run(run())


def test_one_that_cannot_be_sent_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        cancels = Cancels(Target("db", str(tmp_path)))
        cancels.send(KEY)
        await cancels.settle()

    asyncio.run(run())
    assert "a cancel request did not arrive" in caplog.text
