"""SQL as a database's own regression tests hold it: a corpus of one statement a line, and a generator of more.

Everything here is over the tables of the oracle. What the generator makes with `only_known` reads and changes its own
session at the most; otherwise it puts in, now and then, what writes.
"""

# ruff: noqa: E501 (forms of statements, one a line)

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

DATA = Path(__file__).parent / "data"


def corpus(name: str = "regression.txt") -> list[str]:
    """Return the statements of a file of the corpus, without its headings."""
    return [line for line in (DATA / name).read_text().splitlines() if line.strip() and not line.startswith("# ")]


LEAVES: Mapping[str, tuple[str, ...]] = {
    "int": ("u.id", "u.age", "0", "1", "-7", "42", "length('abc')", "ascii(u.name)", "cardinality(u.tags)"),
    "num": ("1.5", "u.id::numeric", "'NaN'::numeric", "1e10", "(SELECT avg(total) FROM orders)"),
    "text": ("u.name", "u.email", "'x'", "E'a\\tb'", "$$DROP TABLE users$$", "U&'\\0061'", "current_user::text"),
    "bool": ("true", "u.age > 3", "u.name IS NOT NULL", "u.id % 2 = 0", "u.created < now()"),
    "time": ("u.created", "now()", "timestamptz '2024-02-29 12:00+00'", "to_timestamp(0)", "current_timestamp(0)"),
    "span": ("interval '1 day'", "make_interval(hours => 3)", "'1-2'::interval"),
    "json": (
        "u.data",
        "'{\"a\": [1, 2]}'::jsonb",
        "to_jsonb(u.id)",
        "jsonb_build_object('k', u.name)",
        "'null'::jsonb",
    ),
    "ints": ("ARRAY[1, 2]", "'{3,4}'::int[]", "ARRAY(SELECT id FROM app.items)", "'{}'::int[]"),
    "range": ("int4range(1, 5)", "'[3,9)'::int4range", "'empty'::int4range", "int4range(NULL, u.id)"),
    "ranges": ("'{[1,3),[5,7)}'::int4multirange", "int4multirange(int4range(1, 4))"),
    "words": ("to_tsvector('english', u.name)", "'a:1 b:2'::tsvector", "setweight('a:1'::tsvector, 'A')"),
    "sought": ("to_tsquery('simple', 'a & b')", "plainto_tsquery(u.name)", "'a | !b'::tsquery"),
    "point": ("point(1, 2)", "'(3,4)'::point", "center(box '((0,0),(1,1))')"),
    "bytes": ("'\\xdead'::bytea", "convert_to(u.name, 'UTF8')", "sha256('x')", "decode('AQ==', 'base64')"),
    "net": ("inet '10.0.0.1/8'", "'::1'::inet", "broadcast(inet '192.168.0.0/24')"),
}
"""Kind of value → what has it without another one in it."""

FORMS: Mapping[str, tuple[str, ...]] = {
    "int": (
        "({int} + {int})",
        "({int} * {int})",
        "abs({int})",
        "length({text})",
        "({num})::int4",
        "strpos({text}, {text})",
        "CASE WHEN {bool} THEN {int} ELSE {int} END",
        "coalesce({int}, {int})",
        "greatest({int}, {int}, 3)",
        "extract(day FROM {time})::int",
        "(SELECT count(*)::int FROM orders o WHERE o.user_id = {int})",
        "(SELECT max(x) FROM generate_series(1, 5) AS g (x) WHERE x < {int})",
        "({ints})[1]",
        "lower({range})",
        "array_length({ints}, 1)",
        "nullif({int}, {int})",
        "jsonb_array_length('[1]')",
        "length({words})",
        "get_byte({bytes}, 0)",
        "masklen({net})",
        "mod({int}, 7)",
        "sign({num})::int",
        "({int} # 5)",
        "upper({ranges})",
        "(SELECT sum(v)::int FROM (VALUES (1), ({int})) AS q (v))",
        "numnode({sought})",
        "width_bucket({num}, 0, 9, 3)",
    ),
    "num": (
        "round({num}, 2)",
        "({num} / 3)",
        "power({num}, 2)",
        "abs({num})",
        "({int})::numeric",
        "trunc({num})",
        "extract(epoch FROM {span})::numeric",
        "({point} <-> {point})::numeric",
        "ts_rank({words}, {sought})::numeric",
    ),
    "text": (
        "upper({text})",
        "({text} || {text})",
        "substring({text} FROM 1 FOR 2)",
        "replace({text}, 'a', {text})",
        "format('%s-%L', {text}, {int})",
        "({int})::text",
        "to_char({time}, 'YYYY-MM')",
        "({json} ->> 'a')",
        "regexp_replace({text}, '[aeiou]', '*', 'g')",
        "split_part({text}, 'n', 1)",
        "concat_ws(',', {text}, {int})",
        "md5({text})",
        "encode({bytes}, 'hex')",
        "host({net})",
        "trim(both 'x' FROM {text})",
        '({text} COLLATE "C")',
        "array_to_string({ints}, ',')",
        "pg_typeof({range})::text",
        "lpad({text}, 5, '*')",
        "quote_literal({text})",
        "(SELECT string_agg(o.note, ',' ORDER BY o.id) FROM orders o WHERE o.user_id = {int})",
        "jsonb_pretty({json})",
        "overlay({text} PLACING 'Q' FROM 1)",
        "coalesce({text}, '-')",
        "initcap({text})",
        "ts_headline({text}, {sought})",
    ),
    "bool": (
        "({bool} AND {bool})",
        "({bool} OR {bool})",
        "(NOT {bool})",
        "({int} BETWEEN {int} AND {int})",
        "({int} IN (1, 2, {int}))",
        "({text} ILIKE 'a%')",
        "({text} ~ '^n[0-9]+$')",
        "({json} @> '{{\"a\": 1}}')",
        "({json} ? 'a')",
        "({range} @> {int})",
        "({range} && {range})",
        "({ints} @> ARRAY[{int}])",
        "({words} @@ {sought})",
        "({int} = ANY ({ints}))",
        "EXISTS (SELECT FROM orders o WHERE o.user_id = {int})",
        "({ranges} @> {range})",
        "({net} << inet '10.0.0.0/8')",
        "({time} < {time} + {span})",
        "({text} SIMILAR TO '%(a|b)%')",
        "({bool} IS TRUE)",
        "({int} IS DISTINCT FROM {int})",
        "(({int}, {text}) < ({int}, {text}))",
        "({json} @? '$.a[*] ? (@ > 1)')",
        "(({time}, {span}) OVERLAPS ({time}, {span}))",
        "({text} LIKE ALL (ARRAY['a%', {text}]))",
        "starts_with({text}, 'n')",
    ),
    "time": (
        "({time} + {span})",
        "date_trunc('hour', {time})",
        "({time} AT TIME ZONE 'UTC')::timestamptz",
        "greatest({time}, {time})",
        "date_bin('15 minutes', {time}, timestamptz '2000-01-01')",
    ),
    "span": ("({span} * 2)", "age({time}, {time})", "justify_days({span})", "({time} - {time})", "({span} + {span})"),
    "json": (
        "({json} || {json})",
        "({json} -> 'a')",
        "jsonb_set({json}, '{{a}}', {json})",
        "({json} #> '{{a,0}}')",
        "jsonb_build_array({int}, {text})",
        "to_jsonb({ints})",
        "jsonb_path_query_array({json}, '$.*')",
        "(SELECT jsonb_agg(o.total) FROM orders o WHERE o.user_id = {int})",
        "jsonb_strip_nulls({json})",
    ),
    "ints": (
        "({ints} || {int})",
        "array_remove({ints}, {int})",
        "array_append({ints}, {int})",
        "({ints})[1:2]",
        "ARRAY(SELECT x FROM unnest({ints}) AS x ORDER BY x DESC)",
        "(SELECT array_agg(o.id) FROM orders o WHERE {bool})",
    ),
    "range": ("({range} * {range})", "range_merge({range}, {range})", "int4range(least(1, {int}), NULL)"),
    "ranges": ("({ranges} * {ranges})", "multirange({range})", "({ranges} + {ranges})"),
    "words": ("({words} || {words})", "to_tsvector('simple', {text})", "strip({words})"),
    "sought": ("({sought} && {sought})", "(!! {sought})", "phraseto_tsquery({text})", "websearch_to_tsquery({text})"),
    "point": ("({point} + {point})", "({point} * point(0, 1))", "point({num}::float8, 2)"),
    "bytes": ("({bytes} || {bytes})", "substring({bytes} FROM 1 FOR 2)", "convert_to({text}, 'UTF8')"),
    "net": ("set_masklen({net}, 8)", "network({net})::inet", "({net} + 1)"),
}
"""Kind of value → what makes one of others; `{kind}` stands for a value of that kind."""

WRITES: tuple[str, ...] = (
    "nextval('counter')::int",
    "setval('counter', 5)::int",
    "app.touch()",
    "lo_create(0)::int",
    "lo_unlink(1)",
    "lo_put(4711, 0, 'x') IS NULL",
    "pg_notify('a', 'b') IS NULL",
    "lo_from_bytea(0, 'x')::int",
    "pg_reload_conf()",
    "length(pg_read_file('PG_VERSION'))",
    "txid_current()::text",
    "lo_open(4711, 131072)",
    "pg_stat_reset() IS NULL",
    "length(query_to_xml('DELETE FROM orders RETURNING 1', true, false, '')::text)",
    "lo_export(4711, '/tmp/x')",
    "set_config('log_statement', 'all', false)",
    "pg_advisory_lock(1) IS NULL",
    "currval('counter')::int",
    "pg_create_restore_point('x')::text",
    "pg_switch_wal()::text",
    "setseed(0.1) IS NULL",
    "pg_rotate_logfile()",
    "length(database_to_xml(true, false, '')::text)",
    "pg_export_snapshot()",
    "lo_creat(-1)::int",
    "lo_truncate(0, 1)",
    "(SELECT count(*) FROM ts_stat('DELETE FROM orders RETURNING to_tsvector(note)'))::int",
    "txid_current() > 0",
    "(SELECT count(*) FROM ts_stat('SELECT to_tsvector(name) FROM users'))::int",
    "pg_cancel_backend(1)",
)
"""What changes something, or only looks so."""

CHANGES: tuple[str, ...] = (
    "INSERT INTO app.items VALUES ({int}, {text}) RETURNING id",
    "DELETE FROM orders o WHERE o.id = {int} RETURNING o.id",
    "UPDATE users SET age = {int} WHERE {bool} RETURNING id",
    "SELECT {int} INTO made FROM users u",
    "SELECT u.id FROM users u FOR UPDATE",
    "INSERT INTO app.items SELECT u.id, {text} FROM users u RETURNING id",
)

QUERIES: tuple[str, ...] = (
    "SELECT {any}, {any} FROM users u WHERE {bool}",
    "SELECT DISTINCT {any} FROM users u ORDER BY 1 LIMIT 5",
    "SELECT {any} AS a, count(*), max({int}), string_agg({text}, ',' ORDER BY u.id) FROM users u GROUP BY 1 HAVING count(*) > 0",
    "SELECT {int}, rank() OVER (PARTITION BY {int} ORDER BY {any}), sum({int}) OVER w FROM users u WINDOW w AS (ORDER BY u.id ROWS 2 PRECEDING)",
    "SELECT u.age % 3, {int} IS NULL, sum(u.id) FILTER (WHERE {bool}), GROUPING (u.age % 3) FROM users u GROUP BY ROLLUP (u.age % 3), 2, u.id, u.name, u.age, u.tags, u.data, u.created, u.email",
    "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY {int}), mode() WITHIN GROUP (ORDER BY {text}), jsonb_agg({json}) FROM users u",
    "SELECT {any}, o.total FROM users u {join} JOIN orders o ON o.user_id = u.id AND {bool}",
    "SELECT {any}, best.* FROM users u, LATERAL (SELECT o.id, {text} AS t FROM orders o WHERE o.user_id = {int} LIMIT 2) best",
    "SELECT {any} FROM users u WHERE u.id IN (SELECT {int} FROM users u WHERE {bool})",
    "WITH w AS (SELECT {int} AS x, {any} AS y FROM users u) SELECT x, y FROM w ORDER BY x LIMIT 3",
    "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT n, {any} FROM r JOIN users u ON u.id = n",
    "SELECT {int} FROM users u {set} SELECT {int} FROM users u ORDER BY 1",
    "SELECT u.id, t.v, t.n FROM users u CROSS JOIN LATERAL unnest({ints}) WITH ORDINALITY AS t (v, n) WHERE {bool}",
    "SELECT k, v FROM users u, jsonb_each_text({json} || '{{}}') AS e (k, v) WHERE jsonb_typeof({json}) = 'object'",
    "SELECT a, b FROM users u, ROWS FROM (generate_series(1, 3), unnest({ints}, {ints})) AS f (a, b)",
    "SELECT (SELECT {any} FROM users u WHERE {bool} ORDER BY u.id LIMIT 1), {any} FROM users u TABLESAMPLE BERNOULLI (50)",
    "SELECT CASE WHEN {bool} THEN {any}::text END, ROW({any}, {any})::text FROM ONLY users u OFFSET 1 FETCH NEXT 3 ROWS ONLY",
)
WRAPPED: tuple[str, ...] = (
    "{query}",
    "{query}",
    "{query}",
    "{query}",
    "EXPLAIN {query}",
    "EXPLAIN (ANALYZE, COSTS off, TIMING off) {query}",
    "COPY ({query}) TO STDOUT",
    "DECLARE c CURSOR FOR {query}; FETCH 2 FROM c; CLOSE c",
    "SELECT count(*) FROM ({query}) AS q",
    "PREPARE p AS {query}; EXECUTE p; DEALLOCATE p",
    "SELECT EXISTS ({query})",
    "SELECT * FROM ({query}) AS q (a) LIMIT 3",
)


class _Maker:
    """Fills forms in with values of the kinds that they ask for."""

    def __init__(self, chance: random.Random, *, only_known: bool) -> None:
        self.chance = chance
        self.only_known = only_known

    def value(self, kind: str, depth: int) -> str:
        """Return a value of `kind`, with others in it down to `depth`."""
        one = self.chance.choice
        if not self.only_known and self.chance.random() < 0.02:
            return one(WRITES)
        if kind == "any":
            kind = one(tuple(LEAVES))
        if depth <= 0 or self.chance.random() < 0.25:
            return one(LEAVES[kind])
        return self.filled(one(FORMS[kind]), depth - 1)

    def filled(self, form: str, depth: int) -> str:
        """Return `form` with a value for every kind that it names."""
        kinds = (*LEAVES, "any")
        text = form.replace("{{", "\1").replace("}}", "\2")
        parts = text.split("{")
        made = [parts[0]]
        for part in parts[1:]:
            kind, _, rest = part.partition("}")
            made.append(self.value(kind, depth) if kind in kinds else self.other(kind, depth))
            made.append(rest)
        return "".join(made).replace("\1", "{").replace("\2", "}")

    def other(self, name: str, depth: int) -> str:
        """Return what is no value: a kind of join, of set operation, a whole query."""
        one = self.chance.choice
        if name == "join":
            return one(("INNER", "LEFT", "FULL" if self.only_known else "RIGHT"))
        if name == "set":
            return one(("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL"))
        if not self.only_known and self.chance.random() < 0.08:
            change = self.filled(one(CHANGES), depth)
            return one((change, f"WITH changed AS ({change}) SELECT count(*) FROM changed"))
        return self.filled(one(QUERIES), depth)

    def statement(self) -> str:
        """Return a statement, or a few that belong together."""
        return self.filled(self.chance.choice(WRAPPED), self.chance.randint(0, 3))


def generate(chance: random.Random, count: int, *, only_known: bool = False) -> Iterator[str]:
    """Yield `count` statements; with `only_known` none that changes more than its own session."""
    maker = _Maker(chance, only_known=only_known)
    for _ in range(count):
        yield maker.statement()
