"""Masks of the kind that a policy has, and a small cluster that only its credential opens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from integration.cluster import Cluster, kubernetes

from guardcli.gateways.kubernetes.certificates import Identity, make_identity
from guardcli.masking import Masker
from guardcli.model.masking import MaskRule


@pytest.fixture(scope="session")
def masker() -> Masker:
    """Some of what the default pack looks for, and a column."""
    rules = (
        MaskRule(columns=("nickname",)),
        MaskRule(detect=("jwt", "named_value", "password", "connection_uri", "email")),
    )
    return Masker(rules, key=b"k" * 32)


@pytest.fixture(scope="module")
def identity() -> Identity:
    return make_identity(datetime.now(UTC))


@pytest.fixture(scope="module")
def _shared(identity, tmp_path_factory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("cluster")
    (home / "ca.pem").write_bytes(identity.authority)
    context = make_identity(datetime.now(UTC))
    (home / "other.pem").write_bytes(context.authority)
    identity.context.load_verify_locations(home / "ca.pem")
    with kubernetes(home, identity.context) as api:
        api.cwd = str(home)
        api.token = "of-the-cluster"
        yield api


@pytest.fixture
def cluster(_shared) -> Cluster:
    _shared.requests.clear()
    _shared.seen.clear()
    _shared.objects.clear()
    _shared.go.clear()
    _shared.compress = False
    _shared.put("pods", "Pod", "web-1", spec={"containers": [{"name": "c", "image": "i"}]})
    _shared.put("secrets", "Secret", "db", type="Opaque", data={"p": "Y29ycmVjdA=="})
    return _shared
