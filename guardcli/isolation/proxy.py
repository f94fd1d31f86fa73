"""What an isolated agent may ask of the proxy: CONNECT to a named host, and nothing else (RFC 9110, section 9.3.6).

Pure: bytes and names in, a `Request` or a refusal out. The broker holds the sockets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

HEAD_MOST = 16 << 10
"""Bytes of a request's head."""
HTTPS = 443
HANDSHAKE = 0x16
"""The first byte of a TLS record that begins a handshake (RFC 8446, section 5.1)."""
NAT64 = ip_network("64:ff9b::/96")
METADATA = frozenset(
    map(ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)
"""Where clouds answer a machine about itself, besides 169.254.169.254: AWS, Google, Alibaba, Azure, Oracle."""
_LINE = re.compile(rb"CONNECT ([^\s]{1,300}) HTTP/1\.[01]")
_TARGET = re.compile(r"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9](?:[a-z0-9._-]{0,252}))):([0-9]{1,5})")


class ProxyRefusal(Exception):
    """What was asked is not served: `status` is the answer's, `reason` what the agent is told."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """Where the agent wants to connect to; `host` is in lower case, without a dot at its end."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def read_request(head: bytes) -> Request:
    """Return what the request `head`, up to its empty line, asks for. Raises ProxyRefusal."""
    line = head.split(b"\r\n", 1)[0]
    found = _LINE.fullmatch(line)
    if found is None:
        shown = line[:100].decode("ascii", "replace")
        raise ProxyRefusal(405, f"only CONNECT is served here, for https; this was {shown!r}")
    target = _TARGET.fullmatch(found[1].decode("ascii", "replace").lower())
    if target is None or not 0 < int(target[3]) < 65536:
        raise ProxyRefusal(400, "the host and its port cannot be read")
    return Request(target[1] or target[2].rstrip("."), int(target[3]))


def check_request(request: Request, hosts: Sequence[str]) -> None:
    """Raise ProxyRefusal unless one of `hosts` names where `request` leads: globs over host, for 443, or host:port."""
    if not any(_names(pattern.lower(), request) for pattern in hosts):
        raise ProxyRefusal(403, f"{request} is not among the hosts that the policy lets an isolated agent reach")


def check_address(address: str, request: Request, hosts: Sequence[str]) -> None:
    """Raise ProxyRefusal where the name led to `address`, which is this machine's, unless that is named itself.

    Whoever holds a name may let it lead anywhere: to the loopback, or to the cloud's metadata.
    """
    for one in _meant(address):
        local = one.is_loopback or one.is_link_local or one.is_multicast or one.is_unspecified
        if not local and one not in METADATA:
            continue
        exact = {pattern.lower() for pattern in hosts}
        if not exact & {request.host, str(request)}:
            raise ProxyRefusal(403, f"{request.host} leads to {address}, which is an address of this machine")


def _meant(address: str) -> list[IPv4Address | IPv6Address]:
    """Return `address`, and the one of IPv4 that it stands for: mapped, compatible, 6to4, Teredo, NAT64 (RFC 6052)."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return [found]
    stands_for = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
    if found in NAT64 or (int(found) >> 32 == 0 and int(found) > 1):
        stands_for.append(IPv4Address(int(found) & 0xFFFFFFFF))
    return [found, *(one for one in stands_for if one is not None)]


def check_first_bytes(request: Request, first: bytes) -> None:
    """Raise ProxyRefusal where what is sent to the port of https is no TLS."""
    if request.port == HTTPS and first[:1] != bytes([HANDSHAKE]):
        raise ProxyRefusal(403, f"what was sent to {request} is no TLS")


def _names(pattern: str, request: Request) -> bool:
    host, colon, port = pattern.rpartition(":")
    if not colon or not port.isdigit():
        host, port = pattern, str(HTTPS)
    return port == str(request.port) and fnmatchcase(request.host, host.strip("[]"))
