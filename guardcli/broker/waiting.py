"""Waiting in asyncio until a plain descriptor is ready."""

from __future__ import annotations

import asyncio


async def readable(fd: int, seconds: float | None = None, wake: asyncio.Future[None] | None = None) -> bool:
    """Wait until `fd` can be read or is at its end; False when `seconds` passed, or `wake` was set, before."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future() if wake is None else wake
    found = False

    def settle(result: bool) -> None:
        nonlocal found
        if not ready.done():
            found = result
            ready.set_result(None)

    loop.add_reader(fd, settle, True)
    timer = loop.call_later(seconds, settle, False) if seconds is not None else None
    try:
        await ready
    finally:
        loop.remove_reader(fd)
        if timer is not None:
            timer.cancel()
    return found


async def writable(fd: int) -> None:
    """Wait until `fd` can be written, or has an error to tell."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(fd, settle)
    try:
        await ready
    finally:
        loop.remove_writer(fd)
