"""Clients of other databases than PostgreSQL: where on a command line, in a file or on standard input their SQL is.

What is found is described by `dialects`, which knows plain reads and concedes the rest. Of a client's options only
those in its table are known, the rest concede. Sources: the manual pages and ``--help`` of mysql 8, mariadb 10, sqlite3
3.40, sqlcmd 18, clickhouse-client 23, duckdb 1, snowsql 1 and bq 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardcli.inspectors.names import names
from guardcli.inspectors.sql.dialects import inspect_dialect
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Input, Inspection, Operation, Target, conceded

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Client:
    """One client: options without a value, with one, with a statement, with a file of statements.

    `letters` says that short options may stand together and hold their value (``-hdb1``). Of the operands the first
    `operands` are no SQL; `sql_operands` says that all after them are. `subcommand` must be the first word. `reads`
    matches what only reads by the client's own words, as a whole statement. `start` is a file that it reads first.
    After the options in `goes_on` the client goes on to its standard input.
    """

    flags: frozenset[str]
    values: frozenset[str]
    statements: frozenset[str]
    files: frozenset[str] = _NONE
    letters: bool = False
    operands: int = 0
    sql_operands: bool = False
    stdin: bool = True
    subcommand: str = ""
    reads: str = ""
    start: str = ""
    goes_on: frozenset[str] = _NONE
    backticks: bool = False


_MYSQL = Client(
    flags=names(
        "-B --batch -s --silent -t --table -N --skip-column-names -E --vertical -r --raw -H --html -X --xml -A "
        "--no-auto-rehash --skip-auto-rehash -C --compress -q --quick -v --verbose -w --wait -f --force -n "
        "--unbuffered --column-names --skip-ssl --ssl -p --password"
    ),
    values=names(
        "-h --host -P --port -u --user -D --database --default-character-set --connect-timeout --protocol --ssl-mode "
        "--ssl-ca --password"
    ),
    statements=names("-e --execute"),
    letters=True,
    operands=1,
    reads=r"(?:show\s+(?:full\s+)?(?:tables|databases|schemas|columns|fields|indexes|index|keys|status|variables|"
    r"processlist|engines|warnings|errors|table\s+status|create\s+table)|describe|desc)(?:\s+[\w.`%'=]+)*",
    backticks=True,
)
_SQLITE = Client(
    flags=names(
        "-batch -bail -csv -column -header -noheader -html -json -line -list -markdown -table -tabs -box -quote "
        "-readonly -safe -ascii -stats -nofollow"
    ),
    values=names("-separator -nullvalue -newline -maxsize -mmap"),
    statements=names("-cmd"),
    files=names("-init"),
    operands=1,
    sql_operands=True,
    reads=r"\.(?:tables|schema|databases|indexes|indices|fullschema|headers|mode|width|show|help)(?:\s+[\w%*]+)*"
    r"|pragma\s+(?:table_info|table_xinfo|table_list|index_list|index_info|foreign_key_list|database_list|"
    r"compile_options|integrity_check|quick_check|user_version|page_count|page_size)(?:\s*\(\s*'?[\w.]*'?\s*\))?",
    start=".sqliterc",
    goes_on=names("-cmd -init"),
    backticks=True,
)
_SHOWS = r"(?:show|describe|desc|summarize)(?:\s+[\w.`\"%']+)*"

CLIENTS: dict[str, Client] = {
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite3": _SQLITE,
    "sqlcmd": Client(
        flags=names("-E -W -b -C -N -I -k -k1 -u -R -m-1"),
        values=names("-S -U -P -d -h -s -w -y -Y -t -l -H -a -m"),
        statements=names("-Q -q"),
        files=names("-i"),
        letters=True,
        goes_on=names("-q"),
    ),
    "clickhouse-client": Client(
        flags=names("-n --multiquery -t --time -E --vertical -m --multiline --secure -s --echo --progress"),
        values=names("-h --host --port -u --user --password -d --database -f --format --connect_timeout"),
        statements=names("-q --query"),
        files=names("--queries-file"),
        letters=True,
        reads=_SHOWS,
    ),
    "duckdb": Client(
        flags=names(
            "-batch -bail -csv -column -header -noheader -html -json -line -list -markdown -table -box -quote "
            "-readonly -ascii -jsonlines"
        ),
        values=names("-separator -nullvalue -newline"),
        statements=names("-c -s -cmd"),
        files=names("-init -f"),
        operands=1,
        sql_operands=True,
        reads=r"\.(?:tables|schema|databases|indexes|mode|headers)(?:\s+\w+)*|" + _SHOWS,
        start=".duckdbrc",
        goes_on=names("-cmd -init"),
    ),
    "snowsql": Client(
        flags=names("--noup --abort-detached-query"),
        values=names(
            "-c --connection -a --accountname -u --username -d --dbname -s --schemaname -w --warehouse -r --rolename"
        ),
        statements=names("-q --query"),
        files=names("-f --filename"),
        letters=True,
        reads=_SHOWS,
    ),
    "bq": Client(
        flags=names("--dry_run --use_legacy_sql=false --nouse_legacy_sql --use_cache --nouse_cache --quiet --headless"),
        values=names("--format --project_id --location --max_rows -n --dataset_id --maximum_bytes_billed"),
        statements=_NONE,
        sql_operands=True,
        subcommand="query",
        backticks=True,
    ),
}
"""The clients that a policy may name under ``sql``."""

_SIGNS = frozenset(".!:\\/@#?$")
"""What begins a command of a client's own, at the beginning of a line."""

_COMMANDS = names(
    "go ed edit exit quit reset list listvar serverlist xml system source tee notee pager nopager delimiter ego "
    "connect prompt rehash print host start spool run accept define setvar error out perftrace query_attributes"
)
"""What a client takes for a command of its own at the beginning of a line."""

_IN_BACKTICKS = re.compile(r"`([A-Za-z_][\w.$-]*)`")


@dataclass(frozen=True, slots=True)
class _Option:
    name: str
    value: str
    index: int
    prefix: str


class SqlClientInspector:
    """Understands a client as far as its SQL is a plain read; the rest is described and conceded."""

    def __init__(self, tool: str, client: Client) -> None:
        self.tool = tool
        self.client = client

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what `invocation` would do. Never raises for any input; concedes instead."""
        words = list(invocation.argv)
        if self.client.subcommand:
            if words[1:2] != [self.client.subcommand]:
                reason = f"only {self.client.subcommand} of {self.tool} is known"
                return Inspection((conceded(self.tool, " ".join(words[1:2]) or self.tool, reason),))
            words[1] = ""
        found = list(self._options(words))
        texts, operations = self._sorted(found)
        files = [one for one in found if one.name in self.client.files]
        inputs = [Input(invocation.path(one.value), one.index, one.prefix) for one in files]
        operations += self._start(invocation, facts)
        for each in inputs:
            operations += self._file(each.path, facts)
        for one in texts:
            operations += self._text(one.value)
        if all(one.name in self.client.goes_on for one in (*texts, *files)):
            operations += self._stdin(invocation, facts)
        return Inspection(tuple(operations), tuple(inputs))

    def _sorted(self, found: list[_Option]) -> tuple[list[_Option], list[Operation]]:
        """Return what holds statements, and what is not known."""
        client, texts, operations = self.client, [], []
        operands = 0
        for one in found:
            operands += not one.name
            if one.name in client.statements or (not one.name and operands > client.operands and client.sql_operands):
                texts.append(one)
            elif not one.name and operands > client.operands:
                operations.append(conceded(self.tool, self.tool, "it has more arguments than are known"))
            elif one.name and one.name not in client.flags | client.values | client.files:
                operations.append(conceded(self.tool, one.name, f"the option {one.name} is not known"))
        return texts, operations

    def _options(self, words: list[str]) -> Iterator[_Option]:
        """Yield the options and operands; an operand has no name."""
        rest = iter(range(1, len(words)))
        plain = False
        for index in rest:
            word = words[index]
            if not word and self.client.subcommand and index == 1:
                continue
            if plain or not word.startswith("-") or word == "-":
                yield _Option("", word, index, "")
            elif word == "--":
                plain = True
            else:
                yield self._option(word, words, index, rest)

    def _option(self, word: str, words: list[str], index: int, rest: Iterator[int]) -> _Option:
        client = self.client
        if not client.letters and word.startswith("--") and not client.subcommand:
            word = word[1:]
        taking = client.values | client.statements | client.files
        name, equals, value = word.partition("=")
        if word in client.flags:
            return _Option(word, "", index, "")
        if equals and word.startswith("--" if client.letters or client.subcommand else "-") and name in taking:
            return _Option(name, value, index, f"{name}=")
        if word in taking:
            place = next(rest, -1)
            return _Option(word, words[place] if place > 0 else "", place if place > 0 else index, "")
        if client.letters and not word.startswith("--"):
            for place in range(1, len(word)):
                letter = f"-{word[place]}"
                if letter == "-p" and place == 1 and letter in client.flags:
                    return _Option(letter, "", index, "")
                if letter in taking:
                    return self._value(letter, word, place, words, index, rest)
                if letter not in client.flags:
                    break
            else:
                return _Option(f"-{word[1:2]}", "", index, "")
        return _Option(word, "", index, "")

    def _value(self, letter: str, word: str, place: int, words: list[str], index: int, rest: Iterator[int]) -> _Option:
        """Return a short option that takes the rest of its word, or the next one."""
        if word[place + 1 :]:
            return _Option(letter, word[place + 1 :], index, word[: place + 1])
        after = next(rest, -1)
        return _Option(letter, words[after] if after > 0 else "", max(after, index), "")

    def _start(self, invocation: Invocation, facts: Facts) -> list[Operation]:
        """Concede where a file of the user's own goes before what is asked for."""
        home = invocation.env.get("HOME", "")
        if not self.client.start or not home:
            return []
        path = f"{home}/{self.client.start}"
        try:
            facts.read_file(path)
        except FactUnavailable:
            return []
        return [conceded(self.tool, self.tool, f"{path} is read first", targets=(Target("file", path),))]

    def _file(self, path: str, facts: Facts) -> list[Operation]:
        try:
            return self._text(facts.read_file(path).decode("utf-8"))
        except (FactUnavailable, UnicodeDecodeError) as problem:
            return [conceded(self.tool, "script", f"{path} cannot be judged: {problem}")]

    def _stdin(self, invocation: Invocation, facts: Facts) -> list[Operation]:
        if invocation.stdin in (Stdin.NULL, Stdin.CLOSED):
            return [Operation(self.tool, "connect", frozenset({Effect.READ}))]
        if invocation.stdin is Stdin.TERMINAL:
            return [conceded(self.tool, "connect", "an interactive session: what will be typed is not known")]
        try:
            return self._text(facts.stdin().decode("utf-8"))
        except (FactUnavailable, UnicodeDecodeError) as problem:
            return [conceded(self.tool, "script", f"standard input cannot be judged: {problem}")]

    def _text(self, text: str) -> list[Operation]:
        """Describe one text, line by line where its lines are commands of the client's own that only look."""
        if self.client.reads:
            pattern = re.compile(rf"\s*(?:{self.client.reads})\s*;?\s*", re.IGNORECASE)
            if len(text) <= _SHORT and pattern.fullmatch(text):
                return [Operation(self.tool, text.split()[0].lower(), frozenset({Effect.READ}))]
        if self.client.backticks:
            text = _IN_BACKTICKS.sub(r"\1", text)
        found = list(inspect_dialect(text, tool=self.tool))
        if any(_is_command(line.strip()) for line in text.splitlines()):
            found.append(conceded(self.tool, "command", f"a line may be a command of {self.tool} itself"))
        return found


def _is_command(line: str) -> bool:
    if line[:1] in _SIGNS and not line.startswith("/*"):
        return bool(line)
    first = re.match(r"\w+", line)
    return first is not None and first.group().lower() in _COMMANDS


_SHORT = 500
"""Characters of a command of a client's own."""
