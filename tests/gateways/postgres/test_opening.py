"""What a startup packet sets is judged as a SET is, however its name is written."""

from __future__ import annotations

import pytest

from guardcli.gateways.postgres.opening import opening_operations
from guardcli.model.operations import Target


@pytest.mark.parametrize(
    ("parameters", "roles"),
    [
        ({"role": "boss"}, ["boss"]),
        ({"ROLE": "boss"}, ["boss"]),
        ({"Session_Authorization": "boss"}, ["boss"]),
        ({"options": "-c ROLE=boss"}, ["boss"]),
        ({"options": "--Role=boss --session-authorization=other"}, ["boss", "other"]),
        ({"user": "ann", "DateStyle": "ISO", "Search_Path": "a"}, []),
    ],
)
def test_a_role_is_told_whatever_the_case_of_the_setting(parameters: dict[str, str], roles: list[str]) -> None:
    found = [target for one in opening_operations(parameters, "psql") for target in one.targets]
    assert found == [Target("role", role) for role in roles]
