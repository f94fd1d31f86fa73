"""Who decides: the centre first, the machine's own to make it stricter, and reads alone while the API is away."""

from __future__ import annotations

import pytest

from guardcli.broker.contact import Contact
from guardcli.broker.ruling import Machine, Ruling
from guardcli.broker.standing import OFFLINE, Standing
from guardcli.model.decisions import Verdict
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation
from guardcli.policy import Context, Policy, load_policy
from guardcli.policy.bundles import Answer, Assigned, Published, packed
from guardcli.signing import KeySet, Link, SigningKey

KEYS = KeySet((Link(SigningKey.new().public, 0.0),))
CONTEXT = Context(tool="psql", groups=("agents",))


def text(read: str, write: str, more: str = "") -> str:
    return f"""\
version: 1
name: {read}-{write}
rules:
  - {{id: reads-{read}, match: {{tool: psql, effects: [read, session]}}, decision: {read}}}
  - {{id: writes-{write}, match: {{tool: psql, effects: [write]}}, decision: {write}}}
{more}"""


def loaded(content: str) -> Policy:
    return load_policy("a.yaml", lambda name: content.encode())


def assigned(content: str, version: int = 7) -> Assigned:
    published = Published(version, "x", "d", "c", "token:root", 1.0, "") if version else None
    answer = Answer(3, "agents" if version else "", version, "c" if version else "", "", ("vouched",), "0" * 32, 2.0)
    return Assigned(answer, KEYS, published, packed("a.yaml", {"a.yaml": content}) if version else b"")


def operation(*effects: Effect, complete: bool = True) -> Operation:
    return Operation("psql", "x", frozenset(effects), (), complete, "" if complete else "who knows")


READ, WRITE = operation(Effect.READ), operation(Effect.WRITE)


def verdict(standing: Standing, *operations: Operation) -> Verdict:
    return standing.decide(operations, CONTEXT).verdict


def test_the_centre_goes_first_and_what_guard_falls_back_on_has_no_say() -> None:
    machine = Machine(loaded(text("deny", "deny")), chosen=False)
    standing = Standing(machine.under(assigned(text("allow", "approve"))))
    assert (verdict(standing, READ), verdict(standing, WRITE)) == (Verdict.ALLOW, Verdict.APPROVE)
    assert [one.name for one in standing.policies] == ["allow-approve"]


@pytest.mark.parametrize(
    ("own", "read", "write"),
    [
        (text("allow", "allow"), Verdict.ALLOW, Verdict.APPROVE),
        (text("approve", "deny"), Verdict.APPROVE, Verdict.DENY),
    ],
)
def test_a_policy_that_was_chosen_makes_it_stricter_and_never_laxer(own: str, read: Verdict, write: Verdict) -> None:
    standing = Standing(Machine(loaded(own), chosen=True).under(assigned(text("allow", "approve"))))
    assert (verdict(standing, READ), verdict(standing, WRITE)) == (read, write)


def test_without_a_version_the_machine_s_own_policy_decides_alone() -> None:
    machine = Machine(loaded(text("allow", "deny")), chosen=True)
    for found in (None, assigned("", 0)):
        ruling = machine.under(found)
        assert (ruling.policy, ruling.own, ruling.groups, ruling.is_central) == (machine.policy, None, None, False)


def test_the_centre_says_which_groups_one_is_in() -> None:
    rules = "rules:\n  - {id: vouched-only, match: {tool: psql, groups: [vouched]}, decision: deny}\n"
    content = f"version: 1\nname: x\n{rules}"
    assert Standing(Ruling(loaded(content))).decide([READ], CONTEXT).rule != "vouched-only"
    standing = Standing(Machine(loaded(text("allow", "allow")), chosen=False).under(assigned(content)))
    assert standing.decide([READ], CONTEXT).rule == "vouched-only"


def test_a_change_holds_from_the_next_decision_on() -> None:
    machine = Machine(loaded(text("allow", "allow")), chosen=False)
    standing = Standing(machine.under(assigned(text("allow", "allow"))))
    before = standing.ruling
    standing.set(machine.under(assigned(text("allow", "deny"))))
    assert verdict(standing, WRITE) is Verdict.DENY and standing.ruling is not before


TEN_MINUTES = "offline: {reads: 10m}\n"

AWAY = [
    # offline section, seconds away, operations, what is left of an allow
    ("", 0.0, [READ], "allow"),
    ("", 1.0, [READ], "deny"),
    (TEN_MINUTES, 1.0, [READ], "allow"),
    (TEN_MINUTES, 599.0, [operation(Effect.READ, Effect.SESSION)], "allow"),
    (TEN_MINUTES, 601.0, [READ], "deny"),
    (TEN_MINUTES, float("inf"), [READ], "deny"),
    (TEN_MINUTES, 1.0, [WRITE], "deny"),
    (TEN_MINUTES, 1.0, [READ, WRITE], "deny"),
    (TEN_MINUTES, 1.0, [operation(Effect.READ, Effect.WRITE)], "not allow"),
    (TEN_MINUTES, 1.0, [operation(Effect.READ, complete=False)], "not allow"),
]


@pytest.mark.parametrize(("more", "seconds", "operations", "left"), AWAY)
def test_with_the_api_away_reads_alone_go_on_for_as_long_as_the_policy_says(
    more: str, seconds: float, operations: list[Operation], left: str
) -> None:
    contact = Contact(seconds) if seconds else Contact()
    machine = Machine(loaded(text("allow", "allow")), chosen=False)
    decision = Standing(machine.under(assigned(text("allow", "allow", more))), contact).decide(operations, CONTEXT)
    if left == "allow":
        assert decision.verdict is Verdict.ALLOW
        return
    assert decision.verdict is not Verdict.ALLOW
    if left == "deny":
        assert decision.rule == OFFLINE and "out of reach" in decision.message and decision.matched


def test_what_asks_still_asks_and_what_is_denied_is_denied_with_the_api_away() -> None:
    machine = Machine(loaded(text("allow", "allow")), chosen=False)
    standing = Standing(machine.under(assigned(text("approve", "deny", TEN_MINUTES))), Contact(1.0))
    assert [standing.decide([one], CONTEXT).rule for one in (READ, WRITE)] == ["reads-approve", "writes-deny"]


def test_of_two_times_for_reads_the_shorter_one_holds() -> None:
    central = assigned(text("allow", "allow", TEN_MINUTES))
    own = loaded(text("allow", "allow", "offline: {reads: 1m}\n"))
    for chosen, expected in ((True, Verdict.DENY), (False, Verdict.ALLOW)):
        assert verdict(Standing(Machine(own, chosen).under(central), Contact(90.0)), READ) is expected


@pytest.mark.parametrize(("more", "expected"), [("", Verdict.ALLOW), (TEN_MINUTES, Verdict.DENY)])
def test_without_a_centre_the_api_s_absence_matters_only_where_the_policy_speaks_of_it(
    more: str, expected: Verdict
) -> None:
    standing = Standing(Ruling(loaded(text("allow", "allow", more))), Contact(700.0))
    assert verdict(standing, READ) is expected


def test_what_begins_later_is_named() -> None:
    first = Ruling(loaded(text("allow", "allow")))
    more = "tools:\n  probe: {patterns: [{match: x, effects: [read], action: y}]}\nisolation: {network: none}\n"
    more += "resources:\n  db: {kind: postgres, host: db.example}\n"
    assert Ruling(loaded(text("allow", "deny"))).later(first) == []
    assert Ruling(loaded(text("allow", "deny", more))).later(first) == [
        "tools",
        "gateways and credentials",
        "isolation",
    ]
