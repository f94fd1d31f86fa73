"""Runs a test over a table of hundreds of cases as one test: pytest needs longer for each than the case itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any


def over(names: str, rows: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run the decorated test with each of `rows` for its parameters `names`; all rows that fail are told together.

    A row is a sequence for several names. Fixtures are shared by all rows, so a test that changes one is none for this.
    """
    wanted = [name.strip() for name in names.split(",")]
    table: list[Sequence[Any]] = [(row,) if len(wanted) == 1 else row for row in rows]
    if not table:
        raise ValueError(f"no row for {names}")

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            failed = []
            for row in table:
                try:
                    test(**dict(zip(wanted, row, strict=True)), **fixtures)
                except Exception as fault:
                    failed.append(f"{row!r}: {type(fault).__name__}: {fault}")
            if failed:
                raise AssertionError(f"{len(failed)} of {len(table)} cases fail:\n" + "\n".join(failed))

        found = inspect.signature(test)
        kept = [part.replace(kind=part.KEYWORD_ONLY) for name, part in found.parameters.items() if name not in wanted]
        run.__signature__ = found.replace(parameters=kept)  # type: ignore[attr-defined]
        return run

    return decorated
