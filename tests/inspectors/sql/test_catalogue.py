from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guardcli.inspectors.sql.catalogue import catalogue
from guardcli.inspectors.sql.functions import VOLATILE_EFFECTS, judge_function
from guardcli.inspectors.sql.settings import judge_setting
from guardcli.model.effects import Effect

GENERATOR = Path(__file__).parents[3] / "scripts" / "generate-pg-functions"


def test_the_catalogue_holds_all_that_a_real_server_has(postgres) -> None:
    connection = f"host={postgres.directory} user=admin dbname=postgres"
    environment = {**os.environ, "PSQL": postgres.command[0]}
    command = [sys.executable, str(GENERATOR), connection]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    known = catalogue()
    rows = [line.split("\t") for line in printed.splitlines()]
    assert {row[0] for row in rows} == {"version", "function", "operator", "type", "setting", "information_schema"}
    for kind, name, *rest in rows:
        if kind == "function":
            found = known.functions[name]
            assert found.takes(int(rest[0]))
            assert found.most < 0 or (rest[1] != "*" and found.takes(int(rest[1])))
            assert set(rest[2]) <= set(found.volatility)
        elif kind == "setting":
            assert name in known.settings
        elif kind == "version":
            assert int(name) in known.versions
        else:
            assert name in {"operator": known.operators, "type": known.types}.get(kind, known.information_schema)


def test_every_major_version_from_13_on_is_in_it() -> None:
    assert set(range(13, 19)) <= set(catalogue().versions)


def test_a_volatile_function_is_known_only_when_its_effects_are_written_down() -> None:
    for name, function in catalogue().functions.items():
        verdict = judge_function("", name, function.fewest)
        if "v" in function.volatility:
            assert bool(verdict.unknown) == (name not in VOLATILE_EFFECTS), name


def test_every_function_with_effects_is_one_of_a_real_server() -> None:
    assert set(VOLATILE_EFFECTS) <= set(catalogue().functions)


@pytest.mark.parametrize(
    ("schema", "name", "arguments", "known"),
    [
        ("", "lower", 1, True),
        ("pg_catalog", "lower", 1, True),
        ("public", "lower", 1, False),
        ("", "lower", 3, False),
        ("", "concat", 99, True),
        ("", "md5", 2, False),
        ("", "int4", 1, True),
        ("", "nonsense", 0, False),
        ("information_schema", "_pg_expandarray", 1, True),
        ("information_schema", "lower", 1, False),
    ],
)
def test_a_function_is_known_by_schema_name_and_number_of_arguments(
    schema: str, name: str, arguments: int, known: bool
) -> None:
    assert (not judge_function(schema, name, arguments).unknown) is known


@pytest.mark.parametrize(
    ("name", "values", "effect", "known"),
    [
        ("work_mem", ("1MB",), Effect.SESSION, True),
        ("WORK_MEM", ("1MB",), Effect.SESSION, True),
        ("role", ("x",), Effect.PRIVILEGE, True),
        ("role", None, Effect.PRIVILEGE, True),
        ("log_statement", ("none",), Effect.PRIVILEGE, True),
        ("local_preload_libraries", ("x",), Effect.EXECUTE, True),
        ("search_path", ("a", "b"), Effect.SESSION, True),
        ("search_path", ("pg_catalog", "b"), Effect.SESSION, True),
        ("search_path", ("b", "pg_catalog"), Effect.SESSION, False),
        ("search_path", (), Effect.SESSION, False),
        ("search_path", None, Effect.SESSION, True),
        ("client_encoding", ("UTF-8",), Effect.SESSION, True),
        ("client_encoding", ("GBK",), Effect.SESSION, False),
        ("standard_conforming_strings", ("on",), Effect.SESSION, True),
        ("standard_conforming_strings", ("off",), Effect.SESSION, False),
        ("seed", ("0.5",), Effect.SESSION, True),
        ("app.tenant", ("1",), Effect.SESSION, False),
        ("nonsense", ("1",), Effect.SESSION, False),
    ],
)
def test_what_a_setting_does(name: str, values: tuple[str, ...] | None, effect: Effect, known: bool) -> None:
    verdict = judge_setting(name, values)
    assert effect in verdict.effects
    assert (not verdict.unknown) is known
