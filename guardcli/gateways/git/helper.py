"""What git asks a credential helper for, and the answer (git-credential(1), INPUT/OUTPUT FORMAT)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guardcli.policy.globs import Glob

REQUEST_MAX = 16 * 1024
"""The longest request in bytes: a URL and a name."""
HTTPS_PORT = 443
NOBODY = "git"
"""The user where neither the credential nor git names one: servers that take a token do not look at it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a password is wanted for; `path` without slashes at its ends, `user` empty where git names none."""

    protocol: str
    host: str
    port: int
    path: str = ""
    user: str = ""

    @property
    def url(self) -> str:
        """The address as git wrote it, without the user."""
        port = "" if self.port == HTTPS_PORT else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.protocol}://{host}{port}/{self.path}"


def read_wanted(data: bytes) -> Wanted:
    """Return what the attributes in `data` ask for. Raises ValueError for what git does not write."""
    if len(data) > REQUEST_MAX or b"\0" in data or b"\r" in data:
        raise ValueError("this is no request of git's")
    found: dict[str, str] = {}
    for line in data.decode("utf-8", "strict").split("\n"):
        if not line:
            break
        name, equals, value = line.partition("=")
        if not equals:
            raise ValueError("a line without a value")
        if not name.endswith("[]"):
            found[name] = value
    if "protocol" not in found or not found.get("host"):
        raise ValueError("neither a protocol nor a host is named")
    host, port = _split(found["host"], found["protocol"])
    return Wanted(found["protocol"], host, port, found.get("path", "").strip("/"), found.get("username", ""))


def answer(user: str, password: str) -> bytes:
    """Return the answer that holds `user` and `password`. Raises ValueError where one would break the lines."""
    if any(sign in text for text in (user, password) for sign in "\n\r\0"):
        raise ValueError("a password that is more than a line")
    return f"username={user}\npassword={password}\n".encode("utf-8", "surrogateescape")


REFUSAL = b"quit=1\n"
"""git asks nobody else then."""


def admits(paths: Sequence[str], path: str) -> bool:
    """Tell whether `path` is one of `paths`, which hold ``*`` for any characters; any is where there are none."""
    if ".." in path.split("/"):
        return False
    bare = path.removesuffix(".git")
    return not paths or any(Glob(one).matches(text) for one in paths for text in (path, bare))


def _split(host: str, protocol: str) -> tuple[str, int]:
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
    elif host.count(":") == 1:
        name, _, port = host.partition(":")
    else:
        name, port = host, ""
    if not name or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        raise ValueError("a host that is none")
    return name.lower(), int(port) if port else {"https": HTTPS_PORT}.get(protocol, 0)
