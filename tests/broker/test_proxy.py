"""What an isolated agent is told of the network, and which ports of the loopback are there inside."""

from __future__ import annotations

import pytest

from guardcli.broker.proxy import PORT, inner_ports, loopback_ports, network_environment
from guardcli.model.isolation import Network


@pytest.mark.parametrize(
    ("told", "ports"),
    [
        ({}, []),
        ({"DATABASE_URL": "postgresql://a:b@127.0.0.1:5433/x"}, [5433]),
        ({"A": "http://127.0.0.1:80", "B": "x@127.0.0.1:81/"}, [80, 81]),
        ({"PGHOST": "127.0.0.1", "PGPORT": "5432"}, [5432]),
        ({"PGHOST": "/run/guard/pg/a", "PGPORT": "5432"}, []),
        ({"A": "http://127.0.0.1:99999", "B": "http://127.0.0.1:0"}, []),
        ({"A": "http://10.0.0.1:80", "B": "http://x127.0.0.1:80"}, []),
        ({"A": f"http://127.0.0.1:{PORT}"}, []),
    ],
)
def test_ports_are_those_that_services_have_told_of(told, ports) -> None:
    assert loopback_ports(told) == ports
    assert inner_ports(Network.NONE, told) == ports
    assert inner_ports(Network.PROXY, told) == [PORT, *ports]
    assert inner_ports(Network.SHARED, told) == []


def test_only_with_the_proxy_programs_are_told_of_it() -> None:
    assert network_environment(Network.SHARED) == network_environment(Network.NONE) == {}
    told = network_environment(Network.PROXY)
    assert told["https_proxy"] == told["HTTPS_PROXY"] == f"http://127.0.0.1:{PORT}"
    assert "127.0.0.1" in told["no_proxy"]
