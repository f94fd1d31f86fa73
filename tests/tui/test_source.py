"""Word of an API that goes and comes, from several threads at once."""

from __future__ import annotations

import threading

import pytest

from guardcli.client.api import ApiClient
from guardcli.model.errors import UnavailableError
from guardcli.tui.source import Link, Source


def test_what_is_said_last_is_what_is_so(tmp_path) -> None:
    """One thread has found the API away and is slow to say so; another one finds it there again meanwhile."""
    said: list[bool] = []
    begun, go = threading.Event(), threading.Event()

    def say(link: Link) -> None:
        if not link.alive:
            begun.set()
            go.wait(60)
        said.append(link.alive)

    def away() -> None:
        raise UnavailableError("away")

    def lose() -> None:
        with pytest.raises(UnavailableError):
            source.ask(away)

    source = Source(ApiClient(f"unix://{tmp_path}/none"), say)
    threads = [threading.Thread(target=lose), threading.Thread(target=lambda: source.ask(lambda: None))]
    threads[0].start()
    assert begun.wait(60)
    threads[1].start()
    threads[1].join(0.3)
    go.set()
    for thread in threads:
        thread.join()
    assert said == [False, True]
