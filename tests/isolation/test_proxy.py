"""What the proxy of an isolated agent serves: requests read, hosts and addresses held against the policy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.isolation.proxy import (
    ProxyRefusal,
    Request,
    check_address,
    check_first_bytes,
    check_request,
    read_request,
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n", Request("example.org", 443)),
        (b"CONNECT EXAMPLE.org.:443 HTTP/1.0\r\n\r\n", Request("example.org", 443)),
        (b"CONNECT example.org..:443 HTTP/1.1\r\n\r\n", Request("example.org", 443)),
        (b"CONNECT a.org:443 HTTP/1.1\r\nHost: b.org\r\nContent-Length: 9\r\n\r\n", Request("a.org", 443)),
        (b"CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n\r\n", Request("2001:db8::1", 8443)),
        (b"CONNECT 10.0.0.1:5432 HTTP/1.1\r\n\r\n", Request("10.0.0.1", 5432)),
    ],
)
def test_a_connect_is_read(line, expected) -> None:
    assert read_request(line) == expected


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET http://example.org/ HTTP/1.1\r\n\r\n", 405),
        (b"CONNECT example.org HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT example.org:0 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT example.org:70000 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT user@example.org:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT ex\xc3\xa4mple.org:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT example.org:443\nCONNECT b.org:443 HTTP/1.1\r\n\r\n", 405),
        (b"CONNECT example.org%00.b.org:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT [fe80::1%25eth0]:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT http://example.org:443/ HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT a b:443 HTTP/1.1\r\n\r\n", 405),
        (b"connect example.org:443 HTTP/1.1\r\n\r\n", 405),
        (b"\x16\x03\x01\r\n\r\n", 405),
    ],
)
def test_anything_else_is_refused(line, status) -> None:
    with pytest.raises(ProxyRefusal) as refusal:
        read_request(line)
    assert refusal.value.status == status


@given(st.binary(max_size=400))
def test_no_bytes_do_anything_but_be_read_or_refused(data) -> None:
    try:
        request = read_request(data + b"\r\n\r\n")
    except ProxyRefusal:
        return
    assert request.host and 0 < request.port < 65536


@pytest.mark.parametrize(
    ("hosts", "request_", "allowed"),
    [
        (["example.org"], Request("example.org", 443), True),
        (["example.org"], Request("example.org", 80), False),
        (["example.org:8443"], Request("example.org", 8443), True),
        (["example.org:8443"], Request("example.org", 443), False),
        (["*.example.org"], Request("a.example.org", 443), True),
        (["*.example.org"], Request("example.org", 443), False),
        (["*.example.org"], Request("a.example.org.evil.net", 443), False),
        (["example.org"], Request("notexample.org", 443), False),
        (["EXAMPLE.org"], Request("example.org", 443), True),
        ([], Request("example.org", 443), False),
    ],
)
def test_only_hosts_of_the_policy_are_reached(hosts, request_, allowed) -> None:
    if allowed:
        check_request(request_, hosts)
    else:
        with pytest.raises(ProxyRefusal):
            check_request(request_, hosts)


LOCAL = ["127.0.0.1", "::1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "::ffff:127.0.0.1", "::127.0.0.1", "::"]
STANDS_FOR_LOCAL = ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fd00:ec2::254", "100.100.100.200"]


@pytest.mark.parametrize("address", [*LOCAL, *STANDS_FOR_LOCAL])
def test_a_name_that_leads_to_this_machine_is_refused_unless_it_is_named_itself(address) -> None:
    with pytest.raises(ProxyRefusal):
        check_address(address, Request("rebound.example.org", 443), ["*.example.org"])
    check_address(address, Request("rebound.example.org", 443), ["rebound.example.org:443"])
    for other in ("192.0.2.1", "64:ff9b::c000:201", "2002:c000:201::", "fd00::1", "10.0.0.1"):
        check_address(other, Request("rebound.example.org", 443), ["*.example.org"])


def test_at_the_port_of_https_only_tls_is_spoken() -> None:
    check_first_bytes(Request("a", 443), b"\x16\x03\x01")
    check_first_bytes(Request("a", 22), b"SSH-2.0")
    with pytest.raises(ProxyRefusal):
        check_first_bytes(Request("a", 443), b"SSH-2.0")
