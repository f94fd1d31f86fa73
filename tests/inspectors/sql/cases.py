"""Statements that only read, and statements that do more, as PostgreSQL's own tests and people write them."""

from __future__ import annotations

from pathlib import Path

from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

DATA = Path(__file__).parent / "data"

HARMLESS = (DATA / "harmless.txt").read_text().splitlines()

DANGEROUS = [
    *(DATA / "dangerous.txt").read_text().splitlines(),
    "SELECT 1;\0 DROP TABLE users",
    "SELECT '\udc80'",
    "SELECT 1;\nDROP TABLE users",
    "SELECT 1 --\rDROP\n; DROP TABLE users",
]


def is_harmless(operations: tuple[Operation, ...]) -> bool:
    return all(one.complete and one.effects <= {Effect.READ, Effect.SESSION} for one in operations)
