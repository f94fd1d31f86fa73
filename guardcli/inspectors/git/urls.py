"""What a repository's address makes git do, and how remotes are named in targets.

``TRANSPORT::ADDRESS`` and an unknown ``SCHEME://`` run the program ``git-remote-TRANSPORT``; ``ext::`` runs any
program at all. ``[user@]host:path`` is ssh unless a slash stands before the colon.
"""

from __future__ import annotations

import re

from guardcli.model.operations import Target

_HELPER = re.compile(r"([A-Za-z0-9][A-Za-z0-9+.-]*)::")
_SCHEME = re.compile(r"([A-Za-z0-9][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_SCP = re.compile(r"(\[[^]]*\]|[^/:\[]*@\[[^]]*\]|[^/:]+):(.*)", re.DOTALL)
_OWN = frozenset({"file", "ftp", "ftps", "git", "git+ssh", "http", "https", "ssh", "ssh+git"})


def is_url(word: str) -> bool:
    """Return whether `word` is an address or a path and can be no remote's name that a configuration holds."""
    return bool(_HELPER.match(word) or _SCHEME.match(word) or _SCP.match(word)) or word.startswith(("/", "./", "../"))


def plain_url(word: str) -> bool:
    """Return whether `word` is a remote's name, or ``.``, and no address."""
    return not is_url(word)


def transport_program(url: str) -> str:
    """Return the program that git runs to reach `url` when it is none of git's own transports, else nothing.

    A host that begins with a dash would be an option of ssh; git refuses it since 2.14, and nobody means it.
    """
    if any(target.name.rpartition("@")[2].startswith("-") for target in host_target(url)):
        return "ssh"
    helper = _HELPER.match(url)
    if helper:
        return f"git-remote-{helper[1]}"
    scheme = _SCHEME.match(url)
    return f"git-remote-{scheme[1]}" if scheme and scheme[1] not in _OWN else ""


def host_target(url: str) -> tuple[Target, ...]:
    """Return the host that `url` names, without a password; none for a path."""
    scheme = _SCHEME.match(url)
    if scheme:
        authority = scheme[2].partition("/")[0]
        user, at, host = authority.rpartition("@")
        name = (user.partition(":")[0] + "@" if at and scheme[1].startswith(("ssh", "git+")) else "") + host
        return (Target("host", name),) if name and scheme[1] != "file" else ()
    if _HELPER.match(url) or url.startswith(("/", ".")):
        return ()
    place = _SCP.match(url)
    return (Target("host", place[1]),) if place else ()


def remote_part(remote: str) -> str:
    """Return `remote` as one part of a ref target: without a password, its slashes written ``%2F``."""
    scheme = _SCHEME.match(remote)
    if scheme:
        authority, slash, path = scheme[2].partition("/")
        remote = f"{scheme[1]}://{authority.rpartition('@')[2]}{slash}{path}"
    return remote.replace("%", "%25").replace("/", "%2F")
