"""A policy's columns with the real psql: on its own, where a form without names is refused, and through the gateway."""

from __future__ import annotations

COLUMNS = "mask:\n  - {columns: [people.nick], with: redact}\n"
DIRECT = f"""
version: 1
name: direct
rules: [{{id: all, match: {{tool: psql}}, decision: allow}}]
{COLUMNS}"""
NICKS = ("tweety", "sylvester")
TABLE = """
DROP TABLE IF EXISTS people;
CREATE TABLE people (id int CHECK (id > 0), nick text);
INSERT INTO people VALUES (1, 'tweety'), (2, 'sylvester');
DO $$BEGIN CREATE ROLE app LOGIN SUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END$$
"""
NAMED = [
    ("-c 'table people'", "[NICK]"),
    ("--csv -c 'table people'", "1,[NICK]"),
    ("-x -c 'table people'", "[NICK]"),
    ("-At -c 'select id from people'", "1\n2"),
    ("-c 'copy people to stdout csv header'", "[NICK]"),
    ("-P format=html -c 'set work_mem = 1024' -c 'table people'", "[NICK]"),
    ("-c 'insert into people values (-1, $$tweety$$)' 2>&1", "DETAIL:  withheld by guard"),
    ("-c 'select nick::int from people' 2>&1", "ERROR:"),
]
QUOTED = [
    ("-c 'insert into people values (-1, $$tweety$$)' 2>&1", "Failing row contains ([COLUMN])"),
    ("-c 'select nick::int from people' 2>&1", 'type integer: "[COLUMN]"'),
]
NAMELESS = [
    "-At -c 'select nick from people'",
    "-At -c 'table people'",
    "-P tuples_only -c 'table people'",
    "-c 'copy people to stdout'",
    "-c '\\copy people to stdout'",
    "--csv -c 'select 1' -c 'select nick, id from people'",
    "-c '\\t' -c 'table people'",
    "-A -c 'set work_mem = 1024' -c 'table people'",
]


def answers(sandbox, calls: list[str], where: str) -> list[str]:
    """Return what each call of psql printed, with its status behind."""
    script = "".join(f"psql -X {where} {call}; echo status $?; echo ====\n" for call in calls)
    return sandbox.script(f"exec 2>&1\n{script}").stdout.split("====\n")[:-1]


def test_on_its_own_columns_are_masked_by_their_names_and_no_form_without_names_runs(shared_sandbox, database):
    database.sql(TABLE)
    shared_sandbox.policy.write_text(DIRECT)
    where = f"-h {database.host},{database.host} -U app -d postgres"  # of two hosts no gateway speaks for one
    named = [*NAMED[:-2], *QUOTED]
    shown = answers(shared_sandbox, [*(call for call, _ in named), *NAMELESS], where)
    for (call, wanted), answer in zip(named, shown, strict=False):
        assert wanted in answer and not any(nick in answer for nick in NICKS), (call, answer)
    for call, answer in zip(NAMELESS, shown[len(named) :], strict=True):
        assert "status 77" in answer and "denied by rule guard:unnamed-columns" in answer, (call, answer)
        assert "Instead: " in answer and not any(nick in answer for nick in NICKS), (call, answer)


def test_through_the_gateway_columns_are_masked_in_every_form(guarded, database):
    database.sql(TABLE)
    sandbox = guarded()
    sandbox.policy.write_text(sandbox.policy.read_text() + COLUMNS)
    renamed = ["-At -c 'select nick as x from people'", "-At -c 'select p from people p'"]
    calls = [*(call for call, _ in NAMED), *NAMELESS, *renamed]
    for call, answer in zip(calls, answers(sandbox, calls, '"$DATABASE_URL"'), strict=True):
        assert "status 7" not in answer and not any(nick in answer for nick in NICKS), (call, answer)
