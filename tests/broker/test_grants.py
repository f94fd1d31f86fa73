"""Which resources a call may have the credentials of."""

from __future__ import annotations

import os

import pytest

from guardcli.broker.grants import GrantBook, Launch
from guardcli.broker.recorder import CallRecord
from guardcli.model.effects import Effect
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation, Target
from guardcli.model.resources import Resource

BOX = Resource("box", "ssh", hosts=("box.example.com",), credential="file:/k")
MANY = Resource("many", "ssh", hosts=("*.prod.example.com",), ports=(22,), credential="file:/k")
FORGE = Resource("forge", "git", hosts=("git.example.com",), remotes=("origin",), credential="file:/k")


def launch(tool: str, *targets: str, action: str = "run", parent: str = "", part: bool = False, pid: int = 7) -> Launch:
    found = tuple(Target("host", target) for target in targets)
    operation = Operation(tool, action, frozenset({Effect.NETWORK}), found)
    return Launch(pid, Invocation(tool, (tool,), parent=parent), (operation,), CallRecord(1, 0.0), part)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (launch("ssh", "box.example.com"), ("box",)),
        (launch("ssh", "deploy@box.example.com:22"), ("box",)),
        (launch("ssh", "box"), ("box",)),  # a short name may be that host: its key decides
        (launch("ssh", "10.0.0.7"), ("box", "many")),
        (launch("ssh", "other.example.com"), ()),
        (launch("scp", "a.prod.example.com:22"), ("many",)),
        (launch("scp", "a.prod.example.com:2222"), ()),
        (launch("ssh", "git.example.com"), ()),
        (launch("ssh", "git@git.example.com", parent="git"), ("forge",)),
        (launch("git", "git.example.com", action="clone"), ("forge",)),
        (launch("git", action="fetch"), ("forge",)),
        (launch("git", action="status"), ()),
        (launch("git", "other.example.com", action="clone"), ()),
        (launch("psql", "box.example.com"), ()),
    ],
)
def test_a_call_has_what_it_may_reach(call: Launch, names) -> None:
    grant = GrantBook([BOX, MANY, FORGE]).give(call)
    assert tuple(one.name for one in grant.resources) == names if grant else not names


def test_a_part_has_what_the_call_has_that_it_descends_from_until_that_ends() -> None:
    book = GrantBook([BOX])
    above = os.getppid()
    assert book.give(launch("scp", "box.example.com", pid=above))
    part = book.give(launch("ssh", part=True, pid=os.getpid()))
    assert part is not None and part.resources == (BOX,)
    book.end(os.getpid())
    book.end(above)
    assert book.give(launch("ssh", part=True, pid=os.getpid())) is None
    assert book.above(os.getpid()) is None
