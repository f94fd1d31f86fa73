"""Objects of a cluster are found by its own discovery, read and not changed, and a cluster that is odd is no fault."""

from __future__ import annotations

import pytest
from gateways.kubernetes.stand import run, target_of

from guardcli.gateways.kubernetes.reading import OBJECTS_MAX
from guardcli.inspectors.kubectl.kinds import kind_named
from guardcli.inspectors.kubectl.preview import Change, Way
from guardcli.model.errors import UnavailableError


def change(kind: str, name: str, version: str = "", namespace: str = "") -> Change:
    return Change(Way.GONE, kind_named(kind), namespace, name, version)


def read(masker, cluster, changes: list[Change], namespace: str = "default"):
    found = []

    async def work(stand) -> None:
        found.extend(await stand.gateway.live("small", namespace).read(changes))

    run(masker, target_of(cluster), work)
    return found


def test_objects_are_read_with_the_credential_of_the_resource_and_nothing_is_changed(masker, cluster) -> None:
    wanted = [
        change("pod", "web-1"),
        change("secret", "db", "v1"),
        change("po", "gone"),
        change("pod", "web-1", "v1", "x"),
    ]
    found = read(masker, cluster, wanted)
    assert [one and one["kind"] for one in found] == ["Pod", "Secret", None, None]
    assert not cluster.changes and {request.method for request in cluster.requests} == {"GET"}
    assert sum(request.path.endswith("api/v1") for request in cluster.requests) == 1


def test_only_the_first_are_read(masker, cluster) -> None:
    assert len(read(masker, cluster, [change("pod", "web-1")] * (OBJECTS_MAX + 5))) == OBJECTS_MAX


@pytest.mark.parametrize(
    "odd", [change("widget.example.com", "w"), change("pod", "../../x"), change("pod", ""), change("widget", "w")]
)
def test_what_cannot_be_read_is_said(masker, cluster, odd: Change) -> None:
    with pytest.raises(UnavailableError):
        read(masker, cluster, [odd])
