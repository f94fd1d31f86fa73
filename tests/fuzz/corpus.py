"""The kept inputs: one file a target, one JSON string a line, sorted, so that a change shows as what it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

KEPT = Path(__file__).parent / "corpus"


def kept(target: str, directory: Path = KEPT) -> list[str]:
    """Return the kept inputs of `target`; none where there is no file."""
    path = directory / f"{target}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def keep(target: str, inputs: Iterable[str], directory: Path = KEPT) -> None:
    """Write the inputs of `target`, each once."""
    lines = sorted({json.dumps(text) for text in inputs}, key=lambda line: (len(line), line))
    (directory / f"{target}.jsonl").write_text("".join(f"{line}\n" for line in lines))
