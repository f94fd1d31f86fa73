"""Two names for one host: yes, no, or not known."""

from __future__ import annotations

import pytest

from guardcli.model.operations import Target
from guardcli.model.resources import Resource
from guardcli.policy.recognition import Answer, HostName, Places, Recognisers

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


@pytest.mark.parametrize(
    ("wanted", "given", "answer"),
    [
        ("db.internal", "db.internal", YES),
        ("db.internal", "DB.Internal.", YES),
        ("db.internal", "db", UNKNOWN),
        ("db", "db.internal", UNKNOWN),
        ("db.internal", "db2.internal", NO),
        ("db.internal", "d", NO),
        ("db.internal", "", UNKNOWN),
        ("db.internal", "10.0.0.7", UNKNOWN),
        ("db.internal", "localhost", NO),
        ("10.0.0.7", "10.0.0.8", NO),
        ("10.0.0.7", "db.internal", UNKNOWN),
        ("10.0.0.7", "::ffff:10.0.0.7", YES),
        ("10.0.0.7", "10.7", UNKNOWN),
        ("10.0.0.7", "167772167", UNKNOWN),
        ("10.0.0.7", "0x0a.7", UNKNOWN),
        ("fd00::7", "fd00:0:0::7", YES),
        ("fd00::7", "fd00::8", NO),
        ("127.0.0.1", "localhost", YES),
        ("127.0.0.1", "0.0.0.0", YES),
        ("127.0.0.1", "::", YES),
        ("127.0.0.1", "/var/run/postgresql", YES),
        ("127.0.0.1", "127.1", UNKNOWN),
        ("127.0.0.1", "2130706433", UNKNOWN),
        ("127.0.0.1", "0x7f.1", UNKNOWN),
        ("127.0.0.1", "ip6-localhost", YES),
        ("127.0.0.1", "db.localhost", YES),
        ("127.0.0.1", "10.0.0.7", NO),
        ("localhost", "db.internal", NO),
        ("web*.internal", "web1.internal", YES),
        ("web*.internal", "web1.example", NO),
        ("web*.internal", "10.0.0.7", UNKNOWN),
        ("10.0.*", "10.0.3.4", YES),
    ],
)
def test_hosts_are_the_same_differ_or_may_be_the_same(wanted: str, given: str, answer: Answer) -> None:
    assert HostName(wanted).admits(HostName(given)) is answer


@pytest.mark.parametrize("given", ["db", "db.internal", "db.internal.example", "dbx", "other.internal", "d"])
@pytest.mark.parametrize("wanted", ["db", "db.internal", "dbx.internal"])
def test_plain_names_with_different_labels_are_never_the_same(wanted: str, given: str) -> None:
    one, other = HostName(wanted), HostName(given)
    assert one.label and other.label
    if one.label != other.label:
        assert one.admits(other) is NO


@pytest.mark.parametrize("name", ["10.0.0.7", "10.1", "localhost", "/run/pg", "web*", "", "::1", "*"])
def test_what_is_no_plain_name_has_no_label(name: str) -> None:
    assert HostName(name).label == ""


@pytest.mark.parametrize(
    ("port", "holds"),
    [("5432", True), ("05432", True), ("5433", False), ("", True), ("postgresql", True), ("9" * 5000, False)],
)
def test_a_port_that_is_not_known_may_be_any(load, operation, port: str, holds: bool) -> None:
    from guardcli.policy import Context, decide

    policy = load(
        "resources: {a: {kind: postgres, host: db, port: 5432}}\n"
        "rules: [{id: x, match: {tool: psql, resource: a}, decision: deny}]"
    )
    decision = decide(policy, [operation("psql", "x", "read", targets=[f"host:db:{port}"])], Context())
    assert (decision.rule == "x") is holds


@pytest.mark.parametrize("named", ["", "b"])
@pytest.mark.parametrize(
    "hosts", [(), ("db.a",), ("me@DB.a:5432",), ("db",), ("10.0.0.7",), ("localhost",), ("db.a", "x.c")]
)
def test_what_is_not_among_the_possible_resources_is_none_of_them(named: str, hosts: tuple[str, ...]) -> None:
    known = {
        "a": ("db.a",),
        "b": ("x.b",),
        "both": ("db.b", "x.c"),
        "any": (),
        "star": ("d*.a",),
        "address": ("10.0.0.7",),
    }
    resources = Recognisers(Resource(name, "postgres", places, ()) for name, places in known.items())
    places = Places("psql", [Target("host", host) for host in hosts], named)
    possible = resources.possible(places)
    for name in set(resources) - possible:
        assert resources[name].answer(places) is NO
    assert hosts[:1] == ("10.0.0.7",) or len(hosts) != 1 or named or hosts == ("localhost",) or "b" not in possible
