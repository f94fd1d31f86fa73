"""Plain functions run in a thread and answer as FastAPI would have them."""

from __future__ import annotations

import asyncio
import threading

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

from guardcli.api.routing import in_thread, new_router


class Sum(BaseModel):
    total: int
    thread: int


def test_a_plain_function_runs_in_a_thread_with_its_arguments_checked_and_its_answer_too() -> None:
    router = new_router(prefix="/sums")

    @router.get("/{first}")
    def add(first: int, second: int = 0) -> Sum:
        return Sum(total=first + second, thread=threading.get_ident())

    @router.get("")
    async def nothing() -> Sum:
        return Sum(total=0, thread=threading.get_ident())

    app = FastAPI()
    app.include_router(router)

    async def ask(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return await client.get(path)

    found = asyncio.run(ask("/sums/2?second=3")).json()
    assert found["total"] == 5 and found["thread"] != threading.get_ident()
    assert asyncio.run(ask("/sums")).json()["thread"] == threading.get_ident()
    assert asyncio.run(ask("/sums/two")).status_code == 422
    described = app.openapi()["paths"]["/sums/{first}"]["get"]
    assert described["operationId"].startswith("add_") and len(described["parameters"]) == 2
    assert "Sum" in str(described["responses"]["200"])


def test_a_coroutine_function_stays_what_it_is() -> None:
    async def wait() -> None: ...

    assert in_thread(wait) is wait
