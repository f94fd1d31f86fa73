"""Which calls of psql print values without the names of their columns, beside those that do not."""

from __future__ import annotations

import pytest

from guardcli.inspectors.psql import PsqlInspector
from guardcli.model.facts import NoFacts
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Unlabelled

ANY = "any column"
SELECT = "select id, email from people"
COPY = "copy people to stdout"


class Script(NoFacts):
    """A script on standard input."""

    def __init__(self, text: str) -> None:
        self._text = text

    def stdin(self) -> bytes:
        """Return it."""
        return self._text.encode()


def shown(*argv: str, stdin: str = "", gateway: str = "") -> list[Unlabelled]:
    """Return what the operations of a call would print without a name."""
    call = Invocation(tool="psql", argv=("psql", "-X", *argv), env={}, cwd="/", gateway=gateway, stdin=Stdin.STREAM)
    operations = PsqlInspector().inspect(call, Script(stdin)).operations
    return [one.unlabelled for one in operations if one.unlabelled is not None]


def names(found: list[Unlabelled]) -> object:
    """Return the names of the columns that may be shown, or that any may."""
    if any(one.columns is None for one in found):
        return ANY
    return set().union(*(names for one in found for _, names in one.columns or ()))


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["-c", SELECT], set()),
        (["-t", "-c", SELECT], {"id", "email"}),
        (["-At", "-c", SELECT], {"id", "email"}),
        (["--tuples-only", "-c", SELECT], {"id", "email"}),
        (["--tup", "-c", SELECT], {"id", "email"}),
        (["-P", "tuples_only", "-c", SELECT], {"id", "email"}),
        (["-P", "tuples_only=on", "-c", SELECT], {"id", "email"}),
        (["-Pt", "-c", SELECT], {"id", "email"}),
        (["-P", "tuples_only=off", "-c", SELECT], set()),
        (["-c", "\\t", "-c", SELECT], {"id", "email"}),
        (["-c", "\\t off", "-c", SELECT], set()),
        (["-c", "\\pset t", "-c", SELECT], {"id", "email"}),
        (["-c", "\\pset format csv", "-c", SELECT], set()),
        (["-A", "--csv", "-c", SELECT], set()),
        (["--csv", "-c", SELECT, "-c", SELECT], {"id", "email"}),
        (["--csv", "-c", "set a = 1", "-c", "select id from people"], {"id"}),
        (["-A", "-P", "footer=off", "-c", SELECT, "-c", SELECT], {"id", "email"}),
        (["-P", "footer=off", "-P", "format=csv", "-c", SELECT], set()),
        (["-A", "-c", SELECT], {"id", "email"}),
        (["-qAX", "-F,", "-c", SELECT], {"id", "email"}),
        (["-A", "-H", "-c", SELECT], set()),
        (["-A", "-P", "format=aligned", "-c", "select id from people"], {"id"}),
        (["-c", "\\a", "-c", SELECT], {"id", "email"}),
        (["-P", "format=u", "-c", SELECT], {"id", "email"}),
        (["-P", "format=wrapped", "-c", SELECT], set()),
        (["-P", "csv_fieldsep=x", "--csv", "-c", SELECT], {"id", "email"}),
        (["-P", "csv_fieldsep=;", "--csv", "-c", SELECT], set()),
        (["-o", "answer.txt", "-c", SELECT], {"id", "email"}),
        (["-L", "log.txt", "-c", SELECT], {"id", "email"}),
        (["-o", "|rev", "-c", SELECT], {"id", "email"}),
        (["-o", "/dev/stdout", "-c", SELECT], set()),
        (["-o", "/dev/tty", "-c", SELECT], {"id", "email"}),
        (["-t", "-c", "table people"], ANY),
        (["-t", "-c", "select p from people p"], ANY),
        (["-t", "-c", "select to_json(people) from people"], ANY),
        (["-t", "-c", "select (p).email from (select people as p from people) x"], ANY),
        (["-t", "-c", "select e from (select email as e from people) x"], {"e", "email"}),
        (["-t", "-c", "select count(*) from people"], {"count"}),
        (["-t", "-c", "insert into people values (1)"], set()),
        (["-t", "-c", "insert into people values (1) returning *"], ANY),
        (["-t", "-c", "delete from people returning email"], {"email"}),
        (["-t", "-c", "execute one"], ANY),
        (["-t", "-c", "select from where"], ANY),
        (["-c", COPY], ANY),
        (["-c", "copy people (email) to stdout"], {"email"}),
        (["-c", "copy (select email as e from people) to stdout"], {"email"}),
        (["-c", "copy people to stdout csv header"], set()),
        (["-c", "copy people to stdout (format csv, header)"], set()),
        (["-c", "copy people to stdout (format csv, header on)"], set()),
        (["-c", "copy people to stdout (format csv, header false)"], ANY),
        (["-c", "copy people to stdout (format binary)"], ANY),
        (["-c", "copy people to '/tmp/x'"], set()),
        (["-c", "\\copy people to stdout"], ANY),
        (["-c", "\\copy (select id from people) to pstdout"], {"id"}),
        (["-c", "\\copy people to stdout csv header"], set()),
        (["-c", "\\copy people from stdin"], set()),
        (["-c", "\\copy people from 'file.csv'"], set()),
        (["-c", "\\copy people (id, email) to 'file.csv' csv header"], {"id", "email"}),
        (["-c", "\\copy people to program 'cat' csv header"], ANY),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_call_tells_which_columns_it_shows_without_a_name(argv: list[str], expected: object) -> None:
    assert names(shown(*argv)) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f"{SELECT};", set()),
        (f"\\t\n{SELECT};", {"id", "email"}),
        (f"{SELECT} \\g (tuples_only=on)\n", {"id", "email"}),
        (f"{SELECT} \\g (tuples_only='on')\n", {"id", "email"}),
        (f"{SELECT} \\g (format=csv 't')\n", {"id", "email"}),
        (f"{SELECT} \\g '('t=1)\n", {"id", "email"}),
        (f"\\set more t\n{SELECT} \\g (format=csv :more)\n", {"id", "email"}),
        (f"{SELECT} \\g (format=csv csv_fieldsep=';')\n", set()),
        (f"{SELECT} \\g (format=csv)\n", set()),
        (f"{SELECT} \\crosstabview\n", {"id", "email"}),
        (f"{SELECT} \\g (format=unaligned)\n", {"id", "email"}),
        (f"{SELECT} \\g (format=csv)\n{SELECT};", {"id", "email"}),
        (f"{SELECT} \\g answer.txt\nselect id from people;", {"id", "email"}),
        (f"{SELECT} \\gx | rev\n", {"id", "email"}),
        (f"{SELECT} \\g (format=html) answer.html\n", {"id", "email"}),
        (f"\\o answer.txt\n{SELECT};", {"id", "email"}),
        (f"\\o\n{SELECT};", set()),
        (f"\\w query.sql\n{SELECT};", set()),
        ("select email as e from people \\gset\n\\pset title :e\n", {"email"}),
        (f"select id as e from people \\gset\n\\echo :e\n{SELECT};", {"id"}),
        ("\\echo :nothing\n", set()),
    ],
)
def test_a_script_does_too(script: str, expected: object) -> None:
    assert names(shown(stdin=script)) == expected


def test_through_a_gateway_the_server_tells_the_columns() -> None:
    for argv in (["-At", "-c", SELECT], ["-c", "\\copy people to stdout"], ["-c", COPY]):
        assert shown(*argv)
        assert not shown(*argv, gateway="orders-db"), argv
