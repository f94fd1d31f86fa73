"""Every input that a search once found worth keeping is answered, and answered well; a few new ones each time."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from fuzz import witnesses
from fuzz.corpus import KEPT, kept
from fuzz.mutation import Mutator
from fuzz.targets import TARGETS, WrongError, must_not_pass, sound
from fuzz.worlds import TRIAL, Call

from guardcli.model.effects import Effect
from guardcli.model.operations import Operation


@pytest.fixture(scope="module", autouse=True)
def trial() -> Iterator[None]:
    yield
    TRIAL.close()


NEW = 150
"""Inputs that are made from the kept ones in each run."""


def test_every_target_has_inputs() -> None:
    assert {path.stem for path in KEPT.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_kept_is_answered_well(target: str) -> None:
    for text in kept(target):
        TARGETS[target](text)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_made_from_it_is_answered_well(target: str) -> None:
    chance, pool = random.Random(target), kept(target)
    mutator = Mutator(target, pool)
    for _ in range(NEW):
        TARGETS[target](mutator.mutate(chance.choice(pool), chance))


WITNESSED = [
    (witnesses.shell, ("ls; rm x",), ("echo rm x",)),
    (witnesses.shell, ("(rm x)",), ("ls 'a; rm x'",)),
    (witnesses.kubectl, (["delete", "pod", "x"],), (["get", "pod", "delete"],)),
    (witnesses.kubectl, (["--namespace=a", "scale", "x"],), (["delete", "pod", "x", "--dry-run=client"],)),
    (witnesses.git, (["-C", "x", "push", "origin"],), (["log", "push"],)),
    (witnesses.git, (["commit", "file"],), (["commit", "--dry-run"],)),
    (witnesses.ssh, (["-p", "22", "h", "rm", "x"], ""), (["h", "ls"], "")),
    (witnesses.ssh, (["-L", "1:h:2", "h", "ls"], ""), (["-p", "2", "h", "echo", "rm"], "")),
    (witnesses.psql, (["-c", "DROP TABLE x"], ""), (["-c", "SELECT 'DROP TABLE x'"], "")),
    (witnesses.psql, ([], "SELECT 1; delete from x"), ([], "SELECT 1 -- ; delete from x")),
]


@pytest.mark.parametrize(("witness", "change", "harmless"), WITNESSED)
def test_a_witness_names_a_change_and_lets_its_twin_be(witness, change, harmless) -> None:
    assert witness(*change)
    assert not witness(*harmless)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DELETE FROM x", True),
        ("EXPLAIN ANALYZE DELETE FROM x", True),
        ("EXPLAIN DELETE FROM x", False),
        ("WITH a AS (DELETE FROM x RETURNING *) SELECT * FROM a", True),
        ("SELECT 'DELETE FROM x'", False),
        ("SELECT a INTO b FROM c", True),
        ("SELECT 1 FROM x FOR UPDATE", True),
        ("SELECT nextval('a')", True),
        ("SET ROLE admin", True),
        ("SET work_mem = 1", False),
        ("COPY x TO STDOUT", False),
        ("COPY x TO '/tmp/x'", True),
    ],
)
def test_the_kinds_of_nodes_name_a_change(statement: str, named: bool) -> None:
    found = witnesses.sql_statements(statement)
    assert found is not None
    assert [bool(why) for why in found] == [named]


def test_an_answer_that_cannot_be_right_is_a_finding() -> None:
    read = Operation("psql", "select", frozenset({Effect.READ}))
    must_not_pass([read], "")
    with pytest.raises(WrongError):
        must_not_pass([read], "a change")
    with pytest.raises(WrongError):
        sound(())


@pytest.mark.parametrize(
    "call",
    [
        Call(("get", "pods")),
        Call(("apply", "-f", "-"), "kind: Pod\n"),
        Call((), "select 1", (("PGHOST", "a"),)),
        Call(("x",), "", (), (("alias.x", "!y"),)),
        Call(("x",), "", (), ()),
    ],
)
def test_a_call_is_read_as_it_was_written(call: Call) -> None:
    assert Call.read(call.write()) == call
