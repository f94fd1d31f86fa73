"""The scanner beside the real psql: both read the same made-up scripts, and must send the same texts.

psql is run with ``--echo-queries``, so that it prints what it sends; markers printed by ``\\echo`` show which
backslash commands it saw. What the scanner doubts is compared only up to the doubt.
"""

from __future__ import annotations

import random
import subprocess

import pytest

from guardcli.inspectors.psql.arguments import command_name, read_arguments
from guardcli.inspectors.psql.scan import Backslash, Scanner, Statement
from guardcli.inspectors.psql.script import Script
from guardcli.inspectors.psql.variables import Variables
from guardcli.model.operations import Operation

SEED = 7
SCRIPTS = 160
PIECES = (
    *(
        "select 1",
        " ",
        ";",
        ";",
        ",",
        "x",
        "1",
        "(",
        ")",
        "*",
        "+",
        "-",
        "/",
        "=",
        "$",
        ":",
        "\n",
        "\n",
        "\r",
        "::int",
        ":=",
    ),
    *("'", "''", '"', "$$", "$a$", "a$$b", "/*", "*/", "--", "!=-- ", "@/*", "E'", "e'\\''", "b'", "N'", "U&'", 'U&"'),
    *(
        "\\'",
        "\\\\",
        "\\;",
        "\\:",
        "\\echo m1 ",
        "\\echo m2\n",
        "\\echo 'a b' \"c\" ",
        "\\echo :v :'w' ",
        "\\g ",
        "\\r ",
    ),
    *(":v", ":'v'", ':"v"', ":{?v}", ":w", ":'w'", "1e", "$1", "1.5e3", ".5", "é", "éE'"),
    *("create function f() begin atomic ", "create ", "or replace procedure ", "begin ", "case ", "end "),
)
VALUES = ("5", "users", "select 1; select 2", "it's", 'a"b', "$$", "/*", "--x")


class Recorder(Script):
    """Notes what would be sent and echoed, up to the first doubt."""

    def __init__(self, value: str) -> None:
        super().__init__(Variables())
        self.seen: list[str] = []
        self.doubted = False
        self.variables.set("v", value)
        self.variables.set("w", "plain")

    def send(self, text: str) -> None:
        self._note(text)
        self.operations.append(Operation("psql", "sent", frozenset(("read",))))
        self.last = text

    def add(self, operation: Operation) -> None:
        self.operations.append(operation)

    def lose_sight(self, reason: str) -> None:
        self.doubted = True

    def _note(self, text: str) -> None:
        if not self.doubted:
            self.seen.append(text)

    def _command(self, line: str, place: int) -> int:
        name, end = command_name(line, place)
        if name == "echo":
            values = read_arguments(line, end, self.variables).values
            self._note(" ".join(value for value in values if value is not None))
        return super()._command(line, place)


def plain(text: str) -> str:
    """Return `text` without what does not matter: white space, and the semicolons that end statements."""
    return " ".join(text.replace(";", " ").split())


def test_the_scanner_sends_what_psql_sends(postgres, tmp_path) -> None:
    chance = random.Random(SEED)
    script = tmp_path / "script.sql"
    differing = []
    doubted = 0
    for _ in range(SCRIPTS):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randint(3, 25)))
        value = chance.choice(VALUES)
        ours = Recorder(value)
        ours.run_text(text)
        doubted += ours.doubted
        script.write_text(text, newline="")
        command = [*postgres.command, "-e", "-o", "/dev/null", "-v", f"v={value}", "-v", "w=plain", "-f", str(script)]
        output = subprocess.run(command, capture_output=True, check=False, env=postgres.environment, timeout=20).stdout
        mine, real = plain("\n".join(ours.seen)), plain(output.decode())
        if not (real.startswith(mine) if ours.doubted else real == mine):
            differing.append((text, value, mine, real))
    assert differing == []
    assert doubted < SCRIPTS // 3


def events(text: str) -> list[str]:
    scanner = Scanner(Variables())
    found = []
    for line in text.split("\n"):
        scanner.begin_line()
        for event in scanner.scan(line):
            found.append(event.text if isinstance(event, Statement) else f"\\{line[event.place + 1 :]}")
    if scanner.buffer.strip():
        found.append(scanner.buffer)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b", ["a", "b"]),
        ("a\\; b; c", ["a; b", "c"]),
        ("(a; b); c", ["(a; b)", "c"]),
        ("';' a; b", ["';' a", "b"]),
        ("E'\\';' a; b", ["E'\\';' a", "b"]),
        ("'\\';' a", ["'\\'", "' a"]),
        ("$$;$$ a; b", ["$$;$$ a", "b"]),
        ("$a$;$$;$a$ a; b", ["$a$;$$;$a$ a", "b"]),
        ("a$$; b$$; c", ["a$$", "b$$", "c"]),
        ("/* ; /* ; */ ; */ a; b", ["/* ; /* ; */ ; */ a", "b"]),
        ("-- ;\na; b", ["a", "b"]),
        ("--x\r\\! ls", ["\\! ls"]),
        ("'\\! ls'", ["'\\! ls'"]),
        ("/* \\! ls */", ["/* \\! ls */"]),
        ("a \\! ls", ["\\! ls", "a "]),
        ("a::b; c", ["a::b", "c"]),
        (
            "create function f() begin atomic a; case x end; end; b",
            ["create function f() begin atomic a; case x end; end", "b"],
        ),
        ("begin; a; end; b", ["begin", "a", "end", "b"]),
        ("E'a'\n'\\'; b", ["E'a'\n'\\'", "b"]),
    ],
)
def test_statements_end_where_psql_ends_them(text: str, expected: list[str]) -> None:
    assert [part.strip() for part in events(text)] == [part.strip() for part in expected]


def test_a_variable_is_read_as_if_it_stood_in_the_text() -> None:
    variables = Variables()
    variables.set("two", "1; select 2")
    scanner = Scanner(variables)
    found = [event for event in scanner.scan("select :two; select ':two'") if isinstance(event, Statement)]
    assert [event.text.strip() for event in found] == ["select 1", "select 2"]
    assert scanner.buffer.strip() == "select ':two'"


def test_a_variable_in_its_own_value_is_left_as_it_stands() -> None:
    variables = Variables()
    variables.set("x", "a :x b")
    scanner = Scanner(variables)
    assert list(scanner.scan("select :x")) == []
    assert scanner.buffer == "select a :x b"


def test_a_backslash_in_a_variables_value_is_doubted() -> None:
    variables = Variables()
    variables.set("x", "1 \\! ls")
    scanner = Scanner(variables)
    assert not any(isinstance(event, Backslash) for event in scanner.scan("select :x"))
    assert scanner.doubt
