"""One output stream: recorded before it is delivered, whole at the end, and gone on after the tool."""

from __future__ import annotations

import asyncio
import os

import pytest

from guardcli.broker.limits import Limits
from guardcli.broker.recorder import StreamRecord
from guardcli.broker.sinks import Sink
from guardcli.broker.streams import IDLE_SECONDS, PLACES_MAX, OutputStream, Unmasked
from guardcli.broker.waiting import readable
from guardcli.masking import DEFAULT_RULES, Masker
from guardcli.model.errors import UnavailableError
from guardcli.model.limits import Breach, OutputLimit
from guardcli.model.masking import MaskRule


def finder(detectors, observer):
    return Masker([MaskRule(detect=detectors)], key=b"k" * 32).stream(observer=observer)


MASKER = Masker(DEFAULT_RULES, key=b"k" * 32)


class Bench:
    """A stream between two pipes, and what it recorded."""

    def __init__(self, make_mask=lambda observer: MASKER.stream(observer=observer), keep=None, limits=()) -> None:
        source, self.tool = os.pipe()
        self.agent, sink = os.pipe()
        self.kept: list[bytes] = []
        self.stream = OutputStream(
            source, Sink(sink), StreamRecord("stdout"), make_mask, keep or self._keep, Limits(limits, finder)
        )

    def _keep(self, record: StreamRecord, data: bytes) -> None:
        record.count(data)
        self.kept.append(data)

    def close(self) -> None:
        self.stream.close()
        for fd in (self.tool, self.agent):
            os.close(fd)


@pytest.fixture
def bench():
    made: list[Bench] = []

    def make(*arguments, **keywords) -> Bench:
        made.append(Bench(*arguments, **keywords))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_what_is_delivered_was_recorded_and_is_masked_at_every_cut(bench) -> None:
    text = b"to bob@corp.io, in short\n"

    async def run(cut: int) -> bytes:
        one = bench()
        task = asyncio.ensure_future(one.stream.run())
        for piece in (text[:cut], text[cut:]):
            os.write(one.tool, piece) if piece else None
            await asyncio.sleep(0)
        await one.stream.drain()
        task.cancel()
        delivered = os.read(one.agent, 1000)
        assert b"".join(one.kept) == delivered
        assert one.stream.findings == {"email": 1}
        return delivered

    assert {asyncio.run(run(cut)) for cut in range(len(text) + 1)} == {b"to [EMAIL], in short\n"}


def test_after_the_drain_the_stream_goes_on_for_whoever_still_writes(bench) -> None:
    async def run() -> None:
        one = bench()
        task = asyncio.ensure_future(one.stream.run())
        os.write(one.tool, b"early")
        await one.stream.drain()
        assert os.read(one.agent, 100) == b"early"
        os.write(one.tool, b"late\n")
        async with asyncio.timeout(60):
            await readable(one.agent)
        assert os.read(one.agent, 100) == b"late\n"
        task.cancel()

    asyncio.run(run())


def test_what_cannot_be_recorded_is_not_delivered(bench) -> None:
    def refuse(record: StreamRecord, data: bytes) -> None:
        raise UnavailableError("full")

    async def run() -> None:
        one = bench(keep=refuse)
        os.write(one.tool, b"secret\n")
        with pytest.raises(UnavailableError):
            await one.stream.run()
        os.set_blocking(one.agent, False)
        with pytest.raises(BlockingIOError):
            os.read(one.agent, 100)

    asyncio.run(run())


def test_a_slow_reader_holds_up_the_tool_and_loses_nothing(bench) -> None:
    async def run() -> None:
        one = bench(Unmasked)
        task = asyncio.ensure_future(one.stream.run())
        os.set_blocking(one.tool, False)
        written = 0
        for _ in range(200):
            try:
                written += os.write(one.tool, b"x" * 8192)
            except BlockingIOError:
                break
            await asyncio.sleep(0)
        assert written < 200 * 8192
        os.set_blocking(one.agent, False)
        drained = asyncio.ensure_future(one.stream.drain())
        read = 0
        while read < written:
            try:
                read += len(os.read(one.agent, 65536))
            except BlockingIOError:
                await asyncio.sleep(0.001)
        await drained
        assert read == written == one.stream.record.size
        task.cancel()

    asyncio.run(run())


def test_where_findings_stand_is_told_in_what_the_tool_wrote_at_every_cut(bench) -> None:
    text = b"a bob@corp.io, ann@corp.io\nno\nAKIAQYLPMN5HFIQR7XYA carl@corp.io\n"

    async def run(cut: int, pause: bool) -> None:
        one = bench()
        task = asyncio.ensure_future(one.stream.run())
        for piece in (text[:cut], text[cut:]):
            os.write(one.tool, piece) if piece else None
            await asyncio.sleep(IDLE_SECONDS * 2 if pause else 0)
        await one.stream.drain()
        task.cancel()
        found = {name: [text[place:][:4] for place in places] for name, places in one.stream.places.items()}
        assert found == {"email": [b"bob@", b"ann@", b"carl"], "aws_key": [b"AKIA"]}, cut

    for cut in range(1, len(text)):
        asyncio.run(run(cut, False))
    asyncio.run(run(text.index(b"\n") + 1, True))


@pytest.mark.parametrize(
    ("limit", "delivered"),
    [
        (OutputLimit("x", rows=2), b"one\ntwo\n"),
        (OutputLimit("x", Breach.DENY, rows=2), b""),
        (OutputLimit("x", size=6), b"one\ntw"),
        (OutputLimit("x", findings=0, detect=("email",)), b"one\ntwo\nto "),
    ],
)
def test_a_stream_ends_where_it_goes_over_a_limit_and_reads_no_further(bench, limit, delivered) -> None:
    async def run() -> None:
        one = bench(limits=[limit])
        os.write(one.tool, b"one\ntwo\nto bob@corp.io\n" + b"more\n" * 20)
        await one.stream.run()
        os.set_blocking(one.agent, False)
        assert b"".join(one.kept) == delivered
        if delivered:
            assert os.read(one.agent, 1000) == delivered

    asyncio.run(run())


def test_places_are_noted_up_to_a_bound_and_all_findings_are_counted(bench) -> None:
    async def run() -> None:
        one = bench()
        task = asyncio.ensure_future(one.stream.run())
        os.write(one.tool, b"bob@corp.io\n" * 300)
        await one.stream.drain()
        task.cancel()
        assert one.stream.findings == {"email": 300}
        assert one.stream.places == {"email": [12 * number for number in range(PLACES_MAX)]}

    asyncio.run(run())
