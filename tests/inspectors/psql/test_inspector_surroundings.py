"""What stands around a call of psql: server and database, variables, pager, start files, services."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from inspectors.psql.asking import effects, inspect, is_harmless, targets

from guardcli.model.operations import Input


@pytest.mark.parametrize(
    ("command", "env", "expected"),
    [
        ("psql -h db -p 5433 -U me -d app -c 'select 1'", {}, "database:app host:me@db:5433"),
        ("psql -c 'select 1'", {"PGHOST": "db", "PGDATABASE": "app", "PGUSER": "me"}, "database:app host:me@db"),
        ("psql app -h other -c 'select 1'", {"PGHOST": "db", "PGPORT": "1"}, "database:app host:other:1"),
        ("psql postgres://me:pw@a:1,b:2/app -c 'select 1'", {}, "database:app host:me@a:1 host:me@b:2"),
        ("psql postgresql://[::1]:5/a%20b -c 'select 1'", {}, "database:a b host:::1:5"),
        ("psql 'postgresql:///app?host=/run/pg&user=x' -c 'select 1'", {}, "database:app host:x@/run/pg"),
        ("psql \"host=db user='o''x' dbname='a b'\" -c 'select 1'", {}, ""),
        ("psql \"host=db user='o\\\\'x' dbname='a b'\" -c 'select 1'", {}, "database:a b host:o'x@db"),
        ("psql -h ignored 'host=db dbname=app' -c 'select 1'", {}, "database:app host:db"),
        ("psql -d app me -c 'select 1'", {}, "database:app host:me@"),
        ("psql 'hostaddr=10.0.0.7 user=me' -c 'select 1'", {}, "host:me@10.0.0.7"),
        ("psql 'host=db hostaddr=10.0.0.7 password=x' -c 'select 1'", {}, "host:10.0.0.7 host:db"),
        ("psql -h db -p 1 -c 'select 1'", {"PGHOSTADDR": "10.0.0.7"}, "host:10.0.0.7:1 host:db:1"),
        ("psql -c 'select 1'", {}, ""),
    ],
)
def test_the_server_and_the_database_are_targets(command: str, env: Mapping[str, str], expected: str) -> None:
    assert targets(inspect(command, env=env)) == expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "read"),
        ({"PGOPTIONS": "-c statement_timeout=5s"}, "read session"),
        ({"PGOPTIONS": "--statement-timeout=5s --work-mem=1MB"}, "read session"),
        ({"PGOPTIONS": "-c role=admin"}, "privilege read session"),
        ({"PGOPTIONS": "-csession_preload_libraries=x"}, "execute read session"),
        ({"PGOPTIONS": "-c search_path=a,pg_catalog"}, "read session unknown"),
        ({"PGOPTIONS": "-c standard_conforming_strings=off"}, "read session unknown"),
        ({"PGOPTIONS": "-P"}, "read session unknown"),
        ({"PGCLIENTENCODING": "UTF8"}, "read"),
        ({"PGCLIENTENCODING": "SJIS"}, "read session unknown"),
        ({"PAGER": "sh -c id"}, "execute read"),
        ({"PAGER": "less -R", "PSQL_PAGER": "sh -c id"}, "execute read"),
        ({"PAGER": "less -R", "PSQL_WATCH_PAGER": "sh -c id"}, "execute read"),
        ({"PSQL_WATCH_PAGER": "pspg"}, "read"),
        ({"PAGER": "sh -c id", "PSQL_PAGER": "less"}, "read"),
        ({"PGSERVICE": "nowhere"}, "network read unknown"),
        ({"HOME": "/none"}, "read"),
    ],
)
def test_the_environment_is_part_of_the_call(env: Mapping[str, str], expected: str) -> None:
    assert effects(inspect("psql -c 'select 1'", env=env)) == expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "read"),
        ({"PAGER": "less -S"}, "read"),
        ({"PSQL_PAGER": "pspg", "PAGER": "evil"}, "read"),
        ({"PAGER": ""}, "read"),
        ({"PAGER": "sh -c 'id; less'"}, "execute read"),
        ({"PSQL_PAGER": "less; id"}, "execute read"),
        ({"LESSOPEN": "|-id %s"}, "execute read"),
    ],
)
def test_a_pager_matters_at_a_terminal(env: Mapping[str, str], expected: str) -> None:
    assert effects(inspect("psql -c 'select 1'", env=env, terminal=True)) == expected


def test_an_interactive_session_is_conceded() -> None:
    (operation,) = inspect("psql -d app", terminal=True).operations
    assert not operation.complete
    assert "interactive" in operation.reason


@pytest.mark.parametrize(
    ("command", "env", "files", "expected"),
    [
        ("psql -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc": "\\set x 1\n\\timing\n"}, "read session"),
        ("psql -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc": "\\! id"}, "execute read"),
        ("psql -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc-15": "\\! id"}, "execute read unknown"),
        ("psql -X -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc": "\\! id"}, "read"),
        ("psql --no-psqlrc -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc": "\\! id"}, "read"),
        ("psql -c 'select 1'", {"HOME": "/h", "PSQLRC": "/x/rc"}, {"/x/rc": "drop table t;"}, "define delete read"),
        ("psql -c 'select 1'", {"HOME": "/h", "PSQLRC": "/x/rc"}, {"/h/.psqlrc": "drop table t;"}, "read"),
        ("psql -l", {"HOME": "/h"}, {"/h/.psqlrc": "\\! id"}, "execute read"),
        ("psql -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc_history": "\\! id"}, "read"),
        ("psql -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc": "\\timing", "/h/.psqlrc-17": ""}, "read session unknown"),
        ("psql -c 'select 1'", {"HOME": "/h", "PSQLRC": "rc"}, {"/work/rc": "\\! id"}, "execute read"),
        ("psql -c 'select 1'", {"HOME": "/h", "PSQLRC": "~/rc"}, {"/h/rc": "\\! id"}, "execute read"),
        ("psql -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc": "\\set x 'drop table t'\n"}, "read session"),
    ],
)
def test_the_start_file_is_a_part_of_the_call(
    command: str, env: Mapping[str, str], files: Mapping[str, str], expected: str
) -> None:
    assert effects(inspect(command, env=env, files=files)) == expected


PINNED = Input("/h/.psqlrc", variable="PSQLRC")

NO_FILE = (("PSQLRC", "/dev/null"),)


@pytest.mark.parametrize(
    ("command", "env", "files", "inputs", "environment"),
    [
        ("psql -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc": "\\timing"}, (PINNED,), ()),
        ("psql -l", {"HOME": "/h"}, {"/h/.psqlrc": "\\timing"}, (PINNED,), ()),
        ("psql -f a", {"HOME": "/h"}, {"/h/.psqlrc": "", "/work/a": ""}, (PINNED, Input("/work/a", 2)), ()),
        ("psql -c 'select 1'", {"PSQLRC": "~/x", "HOME": "/h"}, {"/h/x": ""}, (Input("/h/x", variable="PSQLRC"),), ()),
        ("psql -c 'select 1'", {"PSQLRC": "/x/rc"}, {"/x/rc": ""}, (Input("/x/rc", variable="PSQLRC"),), ()),
        ("psql -c 'select 1'", {"PSQLRC": "/x/not-there-yet"}, {}, (), NO_FILE),
        ("psql -c 'select 1'", {"PSQLRC": "/dev/null", "HOME": "/h"}, {"/h/.psqlrc": "\\! id"}, (), NO_FILE),
        ("psql -c 'select 1'", {"HOME": "/h"}, {}, (), NO_FILE),
        ("psql -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc-15.18 (Debian 15.18-0+deb12u1)": "\\! id"}, (), NO_FILE),
        ("psql -c 'select 1'", {}, {"/.psqlrc": "\\! id"}, (), NO_FILE),
        ("psql -X -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc": "\\! id"}, (), ()),
        ("psql --help", {"HOME": "/h"}, {"/h/.psqlrc": "\\! id"}, (), ()),
        ("psql -c 'select 1'", {"HOME": "/h"}, {"/h/.psqlrc": "", "/h/.psqlrc-15": ""}, (), ()),
    ],
)
def test_psql_reads_the_start_file_that_was_judged_and_no_other(
    command: str,
    env: Mapping[str, str],
    files: Mapping[str, str],
    inputs: tuple[Input, ...],
    environment: tuple[tuple[str, str], ...],
) -> None:
    inspection = inspect(command, env=env, files=files)
    assert (inspection.inputs, inspection.environment) == (inputs, environment)


def test_a_choice_between_start_files_is_conceded_with_the_remedy() -> None:
    files = {"/h/.psqlrc": "", "/h/.psqlrc-15": ""}
    inspection = inspect("psql -c 'select 1'", env={"HOME": "/h"}, files=files)
    assert next(one.reason for one in inspection.operations if not one.complete).endswith("or use psql -X")
    assert is_harmless(inspect("psql -c 'select 1'", env={"HOME": "/h", "PSQLRC": "/h/.psqlrc-15"}, files=files))


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({"HOME": "/h"}, "/h/.pg_service.conf"),
        ({"HOME": "/h", "PGSERVICEFILE": "mine"}, "/work/mine"),
        ({"HOME": "/h", "PGSYSCONFDIR": "/s"}, "/s/pg_service.conf"),
        ({"HOME": "/h"}, "/etc/postgresql-common/pg_service.conf"),
    ],
)
def test_libpq_reads_the_service_file_that_was_judged(env: Mapping[str, str], path: str) -> None:
    inspection = inspect("psql -X service=prod -c 'select 1'", env=env, files={path: "[prod]\nhost=db\n"})
    assert inspection.inputs == (Input(path, variable="PGSERVICEFILE"),)
    assert is_harmless(inspection)


def test_a_service_file_named_in_the_connection_string_is_conceded() -> None:
    files = {"/h/.pg_service.conf": "[prod]\nhost=db\n", "/x": "[prod]\nhost=evil\n"}
    inspection = inspect("psql -X 'service=prod servicefile=/x' -c 'select 1'", env={"HOME": "/h"}, files=files)
    assert "unknown" in effects(inspection)
    assert inspection.inputs == ()


def test_a_service_file_says_where_a_service_is() -> None:
    files = {"/h/.pg_service.conf": "[other]\nhost=x\n[prod]\nhost=db\ndbname=app\noptions=-crole=admin\n"}
    inspection = inspect("psql service=prod -c 'select 1'", env={"HOME": "/h"}, files=files)
    assert targets(inspection) == "database:app host:db"
    assert effects(inspection) == "privilege read session"
