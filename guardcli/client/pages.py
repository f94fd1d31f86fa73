"""What an API gives in pages that follow each other by number, as one sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardcli.client.transport import Transport


def numbered(transport: Transport, path: str, name: str, **query: str) -> Iterator[Mapping[str, Any]]:
    """Give what the pages at `path` hold under `name`, from the first on, until one holds nothing."""
    start = 0
    while True:
        page = transport.call("GET", path, query={**query, "start": start})
        yield from page[name]
        if not page[name]:
            return
        start = page["next"]
