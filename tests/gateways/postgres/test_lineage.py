from __future__ import annotations

import pytest

from guardcli.gateways.postgres.columns import ColumnRules, NamedColumn
from guardcli.gateways.postgres.lineage import NONE, Columns, columns_of, mentioned, outputs, rule_for
from guardcli.model.masking import MaskRule

RULE = ColumnRules([MaskRule(columns=("people.mail",))], "psql").of_any_table("mail")


def relations(schema: str, name: str) -> Columns:
    assert RULE is not None
    return columns_of({"mail": RULE}, ("id", "mail", "name")) if name == "people" and schema in ("", "public") else NONE


def shown(text: str, width: int, place: int = 0) -> str:
    """Return a letter for each column: m for a masked one."""
    found = outputs(text, relations, place, RULE)
    assert found is not None
    rules: list[NamedColumn | None] = [rule_for(found, column, width) for column in range(width)]
    return "".join("m" if rule is not None else "-" for rule in rules)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT id, lower(mail), name || mail FROM people", "-mm"),
        ("SELECT p.id, upper(p.mail) FROM public.people p", "-m"),
        ("SELECT upper(mail) FROM other.people", "-"),
        ("SELECT mail FROM pets", "-"),
        ("SELECT count(mail), max(mail), count(*) FROM people", "-m-"),
        ("SELECT mail = 'x', mail IS NULL, mail LIKE 'x', mail IN ('x'), NOT (mail = 'x') FROM people", "-----"),
        ("SELECT CASE WHEN mail = 'x' THEN 1 ELSE 2 END, CASE WHEN true THEN mail END FROM people", "-m"),
        ("SELECT p, to_json(p), p.*::text, ROW(p.*) FROM people p", "mmmm"),
        ("SELECT (SELECT mail FROM people LIMIT 1), EXISTS (SELECT mail FROM people), (SELECT 1)", "m--"),
        ("SELECT (SELECT q.x || p.mail FROM q) FROM people p", "m"),
        ("SELECT x, y FROM (SELECT upper(mail), id FROM people) AS s(x, y)", "m-"),
        ("SELECT s.a || '' FROM (SELECT * FROM people) AS s", "-"),
        ("SELECT s.mail || '' FROM (SELECT * FROM people) AS s", "m"),
        (
            "WITH a AS (SELECT upper(mail) AS u, id FROM people), b AS (SELECT * FROM a) SELECT u || '', id + 1 FROM b",
            "m-",
        ),
        ("WITH people AS (SELECT 1 AS mail) SELECT mail + 1 FROM people", "-"),
        ("SELECT id, mail FROM people UNION SELECT 1, 'x'", "-m"),
        ("SELECT 1, 'x' UNION ALL (SELECT id, mail FROM people INTERSECT SELECT 2, 'y')", "-m"),
        ("SELECT u FROM people, unnest(string_to_array(mail, '@')) AS u", "m"),
        ("SELECT a.id + 1, b.x || '' FROM pets a LEFT JOIN (SELECT mail AS x FROM people) b ON b.x = a.x", "-m"),
        ("SELECT j.mail || '' FROM (people CROSS JOIN pets) AS j", "m"),
        ("UPDATE people SET name = 'x' RETURNING id + 1, lower(mail)", "-m"),
        ("DELETE FROM pets USING people p RETURNING p.mail || ''", "m"),
        ("INSERT INTO people VALUES (1) RETURNING mail || '', id", "m-"),
        ("VALUES (1, (SELECT mail FROM people))", "-m"),
        ("COPY (SELECT upper(mail) FROM people) TO STDOUT", "m"),
        ("DECLARE c CURSOR FOR SELECT upper(mail) FROM people", "m"),
        ("SELECT array_agg(mail) FILTER (WHERE id > 0), sum(id) FILTER (WHERE mail = 'x') FROM people", "m-"),
        ("SELECT string_agg(name, ',' ORDER BY mail), first_value(mail) OVER (ORDER BY id) FROM people", "mm"),
        ("EXPLAIN SELECT mail FROM people", "-"),
        ("SELECT j.id::text, j.mail || '', j.name || '' FROM (people JOIN pets USING (id)) AS j", "-m-"),
        ("SELECT x.mail, x.mail || '' FROM people a FULL JOIN people b USING (mail) AS x", "mm"),
        ("SELECT public.people.mail || '', people.id + 1 FROM public.people, other.people", "m-"),
        ("SELECT unnest || '' FROM people p, unnest(ARRAY[p.mail]), generate_series(1, 2)", "m"),
        ("SELECT people.to_json, p.to_json FROM people, pets p", "m-"),
        ("SELECT s.to_json, s.id + 1 FROM (SELECT id, mail FROM people) AS s", "m-"),
        ("SELECT table_to_xml('people', true, false, ''), table_name(1)", "m-"),
        ("SELECT query_to_xml('SELECT mail FROM people', true, false, '')", "m"),
        (
            "WITH RECURSIVE a AS (SELECT u || '' AS u FROM b), b AS (SELECT u || '' AS u FROM c),"
            " c AS (SELECT mail || '' AS u FROM people) SELECT u || '', (SELECT 1) FROM a",
            "m-",
        ),
        (
            "WITH RECURSIVE r(a, b, c, n) AS (SELECT '', '', mail, 0 FROM people UNION ALL"
            " SELECT b, c, '', n + 1 FROM r WHERE n < 3) SELECT a, n + 1 FROM r",
            "m-",
        ),
        (
            "WITH RECURSIVE r(a) AS (SELECT mail FROM people UNION ALL SELECT a FROM r) SEARCH DEPTH FIRST BY a SET o"
            " SELECT o::text FROM r",
            "m",
        ),
    ],
)
def test_what_a_masked_column_went_into_is_known(text: str, expected: str) -> None:
    assert shown(text, len(expected)) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("SELECT *, 1 FROM people", 4, "mmm-"),
        ("SELECT upper(name), *, upper(mail) FROM pets, people", 6, "-mmmmm"),
        ("SELECT p.*, 1, q.* FROM people p, pets q", 5, "mmmmm"),
        ("SELECT (p).*, ((array_agg(p))[1]).* FROM people p", 6, "mmmmmm"),
        ("SELECT 1, ((array_agg(p))[1]).*, 2 FROM people p", 5, "-mmm-"),
        ("SELECT s.b || '', 1 FROM (SELECT ((array_agg(p))[1]).* FROM people p) AS s(a, b, c)", 2, "m-"),
    ],
)
def test_columns_beside_a_star_keep_their_place(text: str, width: int, expected: str) -> None:
    assert shown(text, width) == expected


def test_statements_of_one_text_are_told_apart() -> None:
    text = "SELECT 1; SELECT upper(mail) FROM people"
    assert (shown(text, 1, 0), shown(text, 1, 1)) == ("-", "m")
    assert outputs(text, relations, 2) is None and outputs("SELEC", relations) is None
    assert mentioned("WITH a AS (SELECT * FROM s.b) SELECT * FROM a JOIN c ON true") == {"a", "b", "c"}


def test_what_would_be_looked_at_for_ever_is_not_known() -> None:
    text = "SELECT mail FROM people"
    for _ in range(24):
        text = f"WITH RECURSIVE a AS ({text}) SELECT mail FROM a"
    assert outputs(text, relations) is None
