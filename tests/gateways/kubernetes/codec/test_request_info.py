"""By the table of k8s.io/apiserver, RequestInfoFactory: what a path, a method and a query come to."""

from __future__ import annotations

import pytest

from guardcli.gateways.kubernetes.codec.location import LocationError, read_location
from guardcli.gateways.kubernetes.codec.request_info import read_request_info

POD = "/api/v1/namespaces/shop/pods/web-1"


@pytest.mark.parametrize(
    ("method", "target", "verb", "group", "version", "namespace", "resource", "name", "subresource"),
    [
        ("GET", "/api/v1/namespaces", "list", "", "v1", "", "namespaces", "", ""),
        ("GET", "/api/v1/namespaces/shop", "get", "", "v1", "shop", "namespaces", "shop", ""),
        ("PUT", "/api/v1/namespaces/shop/finalize", "update", "", "v1", "shop", "namespaces", "shop", "finalize"),
        ("PATCH", "/api/v1/namespaces/shop/status", "patch", "", "v1", "shop", "namespaces", "shop", "status"),
        ("GET", "/api/v1/pods", "list", "", "v1", "", "pods", "", ""),
        ("GET", "/api/v1/namespaces/shop/pods", "list", "", "v1", "shop", "pods", "", ""),
        ("HEAD", POD, "get", "", "v1", "shop", "pods", "web-1", ""),
        ("GET", POD, "get", "", "v1", "shop", "pods", "web-1", ""),
        ("POST", "/api/v1/namespaces/shop/pods", "create", "", "v1", "shop", "pods", "", ""),
        ("PUT", POD, "update", "", "v1", "shop", "pods", "web-1", ""),
        ("PATCH", POD, "patch", "", "v1", "shop", "pods", "web-1", ""),
        ("DELETE", POD, "delete", "", "v1", "shop", "pods", "web-1", ""),
        ("DELETE", "/api/v1/namespaces/shop/pods", "deletecollection", "", "v1", "shop", "pods", "", ""),
        ("GET", f"{POD}/log?follow=true", "get", "", "v1", "shop", "pods", "web-1", "log"),
        ("POST", f"{POD}/exec?command=ls", "create", "", "v1", "shop", "pods", "web-1", "exec"),
        ("GET", f"{POD}/proxy/a/b", "get", "", "v1", "shop", "pods", "web-1", "proxy"),
        ("GET", "/api/v1/nodes/one", "get", "", "v1", "", "nodes", "one", ""),
        ("GET", "/apis/apps/v1/namespaces/shop/deployments", "list", "apps", "v1", "shop", "deployments", "", ""),
        ("PUT", "/apis/apps/v1/namespaces/s/jobs/a/scale", "update", "apps", "v1", "s", "jobs", "a", "scale"),
        ("GET", "/apis/example.com/v1/widgets/w", "get", "example.com", "v1", "", "widgets", "w", ""),
        ("GET", "/api/v1/pods?watch=true", "watch", "", "v1", "", "pods", "", ""),
        ("GET", "/api/v1/pods?watch=1", "watch", "", "v1", "", "pods", "", ""),
        ("GET", "/api/v1/pods?watch", "watch", "", "v1", "", "pods", "", ""),
        ("GET", "/api/v1/pods?watch=yes", "watch", "", "v1", "", "pods", "", ""),
        ("GET", "/api/v1/pods?watch=false", "list", "", "v1", "", "pods", "", ""),
        ("GET", "/api/v1/pods?watch=0", "list", "", "v1", "", "pods", "", ""),
        ("GET", f"{POD}?watch=true", "get", "", "v1", "shop", "pods", "web-1", ""),
        ("GET", "/api/v1/watch/namespaces/shop/pods", "watch", "", "v1", "shop", "pods", "", ""),
        ("GET", "/api/v1/proxy/namespaces/shop/services/s/x", "proxy", "", "v1", "shop", "services", "s", ""),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name%3Dweb-1", "list", "", "v1", "", "pods", "web-1", ""),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name%3Dweb-1,a%3Db", "list", "", "v1", "", "pods", "", ""),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name!%3Dweb-1", "list", "", "v1", "", "pods", "", ""),
    ],
)  # fmt: skip
def test_a_resource_is_recognised(
    method: str, target: str, verb: str, group: str, version: str, namespace: str, resource: str, name: str,
    subresource: str,
) -> None:  # fmt: skip
    found = read_request_info(method, read_location(target))
    assert found.is_resource
    assert (found.verb, found.group, found.version, found.namespace) == (verb, group, version, namespace)
    assert (found.resource, found.name, found.subresource) == (resource, name, subresource)


@pytest.mark.parametrize(
    "target",
    [
        *("/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/version", "/healthz/etcd/x", "/openapi/v2"),
        *("/API/v1/pods", "/Apis/apps/v1/deployments", "/apiss/apps/v1/deployments/x"),
    ],
)
def test_everything_else_names_no_resource(target: str) -> None:
    found = read_request_info("GET", read_location(target))
    assert not found.is_resource and found.verb == "get"


@pytest.mark.parametrize(
    ("target", "dry"),
    [
        (f"{POD}?dryRun=All", True),
        (f"{POD}?dryRun=all", False),
        (f"{POD}?dryRun=", False),
        (f"{POD}?dryrun=All", False),
        (f"{POD}", False),
    ],
)
def test_only_what_the_server_takes_for_a_dry_run_is_one(target: str, dry: bool) -> None:
    assert read_request_info("PATCH", read_location(target)).dry_run is dry


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ("/api/v1/pods?watch=false&watch=true", True),
        (f"{POD}?dryRun=All&dryRun=None", True),
        ("/api/v1/watch", True),
        (f"{POD}/exec?command=a&command=b", False),
        (f"{POD}/proxy/x?a=1&a=2", False),
        ("/version?a=1&a=2", False),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(target: str, refused: bool) -> None:
    if not refused:
        read_request_info("GET", read_location(target))
        return
    with pytest.raises(LocationError):
        read_request_info("GET", read_location(target))
