"""Which statements may be planned before anybody decides, and what is said of a plan."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guardcli.gateways.postgres.reach import (
    Kind,
    Weight,
    begins_moved,
    in_one_line,
    moves_names,
    parts,
    planned,
    weight,
    whole,
)
from guardcli.inspectors.sql import inspect_sql


def asked(text: str, moved: bool = False) -> list[str]:
    """Return the statements of a text that would be asked about, each with its kind."""
    return [f"{part.kind.value}: {part.text.strip()}" for part in parts(text, inspect_sql(text), moved)]


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE orders SET paid = true WHERE id = 7",
        "DELETE FROM orders WHERE id = $1",
        "SELECT lower(name) FROM orders WHERE at < now()",
        "INSERT INTO orders SELECT * FROM others",
        "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
    ],
)
def test_what_is_known_to_touch_rows_only_is_planned(text: str) -> None:
    assert asked(text) == [f"planned: {text}"]


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE orders SET paid = helper(id)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT a === b FROM orders",
        "SELECT 1 INTO other",
        "CREATE TABLE other AS SELECT 1",
        "EXPLAIN ANALYZE DELETE FROM orders",
        "DO $$ BEGIN DELETE FROM orders; END $$",
        "SELECT set_config('a.b', 'c', false)",
        "DELETE FROM",
        "",
    ],
)
def test_what_may_do_more_is_not(text: str) -> None:
    assert asked(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BEGIN; DELETE FROM é; COMMIT", ["planned: DELETE FROM é"]),
        ("TRUNCATE a, s.b CASCADE", ["emptied: TRUNCATE a, s.b CASCADE"]),
        ("DROP TABLE IF EXISTS a", ["dropped: DROP TABLE IF EXISTS a"]),
        ("DROP VIEW a", []),
        ("SET search_path TO other; DELETE FROM a", []),
        ("SET search_path TO other; DELETE FROM s.a", ["planned: DELETE FROM s.a"]),
        ("CREATE TEMP TABLE a (id int); DELETE FROM a", []),
        ("SET statement_timeout TO 5; DELETE FROM a", ["planned: DELETE FROM a"]),
        ("; ".join(["DELETE FROM a"] * 9), ["planned: DELETE FROM a"] * 5),
    ],
)
def test_each_statement_of_a_text_is_taken_by_itself(text: str, expected: list[str]) -> None:
    assert asked(text) == expected


def test_names_that_may_have_moved_are_not_looked_up_without_their_schema() -> None:
    assert asked("DELETE FROM a USING s.b", moved=True) == []
    assert asked("DELETE FROM s.a WHERE id IN (SELECT id FROM b)", moved=True) == []
    assert asked("DELETE FROM ONLY s.a USING s.b", moved=True) == ["planned: DELETE FROM ONLY s.a USING s.b"]


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        ("SELECT 1", False),
        ("UPDATE a SET b = 1", False),
        ("BEGIN", False),
        ("SET statement_timeout TO 5", False),
        ("SET search_path TO x", True),
        ("SET SCHEMA 'x'", True),
        ("SET ROLE x", True),
        ("SELECT set_config('search' || '_path', 'x', false)", True),
        ("SELECT mine()", True),
        ("CREATE TEMP TABLE a (id int)", True),
        ("RESET ALL", True),
        ("DISCARD ALL", True),
    ],
)
def test_what_may_move_names_is_noticed(text: str, moves: bool) -> None:
    assert any(moves_names(one, text) for one in inspect_sql(text)) is moves


@pytest.mark.parametrize(
    ("names", "moved"),
    [
        (["user", "database", "application_name"], False),
        (["options"], True),
        (["search_path"], True),
        (["Search_Path"], True),
        (["ROLE"], True),
        (["Session_Authorization"], True),
    ],
)
def test_settings_of_a_startup_packet_may_move_names_in_any_case(names: list[str], moved: bool) -> None:
    assert begins_moved(names) is moved


def test_what_the_server_says_takes_one_line_and_no_more_than_so_much_of_it() -> None:
    assert in_one_line('no "a\n\x1b[2Jb\u202e é"') == r'no "a\n\x1b[2Jb\u202e é"'
    assert len(in_one_line("\n" * 5000)) <= 1000


def node(kind: str, rows: int, *below: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Node Type": kind, "Plan Rows": rows, "Plans": list(below), **more}


def changed(verb: str, rows: int, relation: str = "outer") -> dict[str, Any]:
    scan = node("Seq Scan", rows, **{"Parent Relationship": relation.capitalize()})
    other = node("Seq Scan", 9999, **{"Parent Relationship": "SubPlan"})
    return node("ModifyTable", 0, scan, other, Operation=verb, Schema="public", **{"Relation Name": "orders"})


HANGING = Weight("public.orders", 50_000, ("public.items", "public.bills"), ("audit",))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (changed("Update", 1204), "update of public.orders: about 1,204 rows of 50,000; triggers audit"),
        (
            changed("Delete", 1),
            "delete from public.orders: about 1 row of 50,000; "
            "reaches on into public.items, public.bills; triggers audit",
        ),
        (changed("Insert", 3), "insert into public.orders: about 3 rows; triggers audit"),
        (node("Seq Scan", 12), "select: about 12 rows"),
        (
            node("CTE Scan", 7, changed("Update", 2, "member")),
            "update of public.orders: about 2 rows of 50,000; triggers audit",
        ),
    ],
)
def test_a_plan_is_told_in_a_sentence(plan: dict[str, Any], expected: str) -> None:
    assert planned([{"Plan": plan}], {HANGING.name: HANGING}) == [expected]


def test_what_goes_as_a_whole_is_told_with_what_hangs_on_it() -> None:
    uncounted = weight(json.dumps({"name": ["s", "a"], "rows": None, "cascades": None, "triggers": None}).encode())
    many = Weight("s.b", 1, tuple(f"s.t{number}" for number in range(10)))
    assert whole(Kind.EMPTIED, [uncounted]) == ["truncate of s.a: all of its rows, which nobody has counted"]
    assert whole(Kind.DROPPED, [many]) == [
        "drop of s.b: all of about 1 row; reaches on into s.t0, s.t1, s.t2, s.t3, s.t4, s.t5, s.t6, s.t7 and 2 more"
    ]


def test_a_name_is_never_taken_for_what_is_said_of_it() -> None:
    form = {
        "name": ["public", "orders: about 0 rows"],
        "rows": 9,
        "cascades": [["Other", 'a"; triggers none'], ["s", "plain_1"]],
        "triggers": ["t, u"],
    }
    assert whole(Kind.DROPPED, [weight(json.dumps(form).encode())]) == [
        'drop of public."orders: about 0 rows": all of about 9 rows; '
        'reaches on into "Other"."a""; triggers none", s.plain_1; triggers "t, u"'
    ]
    plan = changed("Delete", 2) | {"Relation Name": "orders: about 0 rows"}
    known = weight(json.dumps(form | {"cascades": None, "triggers": None}).encode())
    assert planned([{"Plan": plan}], {known.name: known}) == [
        'delete from public."orders: about 0 rows": about 2 rows of 9'
    ]
