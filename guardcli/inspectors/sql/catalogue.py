"""PostgreSQL's own functions, operators, types and settings, as real servers list them.

The data come from ``scripts/generate-pg-functions``; nothing here is typed from memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class BuiltinFunction:
    """All overloads of one name: the fewest and the most arguments (-1 without limit), the volatilities (i, s, v)."""

    fewest: int
    most: int
    volatility: str

    def takes(self, count: int) -> bool:
        """Say whether some overload may take `count` arguments."""
        return self.fewest <= count and (self.most < 0 or count <= self.most)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The union of the catalogues of `versions`. `settings` maps a lower-case name to its context."""

    versions: tuple[int, ...]
    functions: dict[str, BuiltinFunction]
    information_schema: frozenset[str]
    operators: frozenset[str]
    types: frozenset[str]
    settings: dict[str, str]


@cache
def catalogue() -> Catalogue:
    """Return the catalogue, read once from the package's data."""
    text = (files("guardcli.inspectors.sql") / "data" / "pg_catalog.tsv").read_text("utf-8")
    versions: list[int] = []
    functions: dict[str, BuiltinFunction] = {}
    settings: dict[str, str] = {}
    names: dict[str, set[str]] = {"operator": set(), "type": set(), "information_schema": set()}
    for line in text.splitlines():
        kind, name, *rest = line.split("\t")
        if kind == "function":
            functions[name] = BuiltinFunction(int(rest[0]), -1 if rest[1] == "*" else int(rest[1]), rest[2])
        elif kind == "setting":
            settings[name] = rest[0]
        elif kind == "version":
            versions.append(int(name))
        else:
            names[kind].add(name)
    return Catalogue(
        tuple(versions),
        functions,
        frozenset(names["information_schema"]),
        frozenset(names["operator"]),
        frozenset(names["type"]),
        settings,
    )
