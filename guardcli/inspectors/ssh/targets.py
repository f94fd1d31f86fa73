"""Destinations of ssh, scp and sftp: ``[user@]host`` and ``scheme://[user@]host[:port][/path]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from guardcli.model.operations import Target

_HOST = re.compile(r"[\w.:%-]+\Z", re.ASCII)
_URI = re.compile(
    r"(?:(?P<user>[^@/]*)@)?(?P<host>\[[^\]/]+\]|[^:/@\[\]]+)(?::(?P<port>\d+))?(?:/(?P<path>.*))?\Z", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination; `path` is None where the form has none, `fault` why it could not be read."""

    host: str
    user: str = ""
    port: str = ""
    path: str | None = None
    fault: str = ""


def parse_uri(text: str, scheme: str) -> Destination | None:
    """Return the destination of a URI of `scheme`; None for what is no such URI."""
    if not text.startswith(f"{scheme}://"):
        return None
    match = _URI.match(text[len(scheme) + 3 :])
    if match is None:
        return Destination(text, fault="the address is not plain")
    user = unquote((match["user"] or "").split(";", 1)[0])
    return Destination(match["host"].strip("[]"), user, match["port"] or "", unquote(match["path"] or "") or None)


def parse_destination(text: str) -> Destination:
    """Return the destination of ssh's first operand."""
    found = parse_uri(text, "ssh")
    if found is None:
        user, _, host = text.rpartition("@")
        found = Destination(host, user, fault="the user is empty" if text.startswith("@") else "")
    if found.path is not None:
        return Destination(found.host, found.user, found.port, found.path, "ssh refuses an address with a path")
    if found.fault:
        return found
    if found.host.startswith("-") or not _HOST.match(found.host):
        return Destination(found.host, found.user, found.port, found.path, "the host's name is not plain")
    return found


def host_target(host: str, user: str = "", port: str = "") -> Target:
    """Return the target ``user@host:port`` as far as given; the host in lower case, as ssh looks it up."""
    name = f"[{host.lower()}]" if ":" in host else host.lower()
    return Target("host", (f"{user}@" if user else "") + name + (f":{port}" if port else ""))
