"""Paths whose content is a secret, and paths whose content decides who may do what or what runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

_EXAMPLES = (
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/ssh/ssh_host_ed25519_key",
    "/root/.ssh/id_rsa",
    "/root/.ssh/id_ed25519",
    "/home/user/.ssh/id_rsa",
    "/home/user/.ssh/id_ed25519",
    "~/.ssh/id_rsa",
    "~/.ssh/id_ed25519",
    ".ssh/id_rsa",
    "~/.pgpass",
    "~/.aws/credentials",
    "/root/.aws/credentials",
    "~/.netrc",
    "~/.kube/config",
    "~/.docker/config.json",
    "~/.git-credentials",
    ".env",
    "/proc/1/environ",
    "/proc/self/environ",
    "/etc/kubernetes/admin.conf",
    ".pgpass",
    ".netrc",
    ".ssh",
    "~/.ssh",
    "/root/.ssh",
    "/home/user/.ssh",
    "~/.aws",
    "/root/.aws",
    "/home/user/.aws",
)
"""Paths to try a pattern on; a wildcard that would match one is taken to."""

_CONTROLS = re.compile(
    r"""
    ^ /* (?:etc|boot|lib\w*|s?bin|usr|dev|proc|sys)/
    | ^ /* var/spool/cron
    | (?:^|/) \.(?:ssh/(?:authorized_keys2?|rc|environment|config)|bashrc|bash_profile|bash_login|bash_logout|profile
      |zshrc|zshenv|zprofile|zlogin|kshrc|cshrc|tcshrc|login|pam_environment|forward|rhosts|shosts|k5login|inputrc
      |config/(?:systemd|autostart|fish)/.*|vimrc|exrc|gitconfig
      |git/(?:hooks/.*|config)|psqlrc|netrc|pgpass|aws/.*|kube/.*
      |docker/.*|gnupg/.*)$
    | (?:^|/) (?:crontabs?|cron\.[a-z]+|sudoers\.d|systemd|init\.d|rc\.local|authorized_keys2?)(?:/|$)
    """,
    re.VERBOSE,
)

HARMLESS = frozenset(
    {"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/1", "/dev/fd/2", "/dev/zero", "-"}
)
"""Where writing leaves nothing behind."""

MAX_PARTS = 200
"""Parts of a path that is looked at; a longer one could be anything."""

_SLASHES = re.compile(r"/(?:\.?/)+")
_UPWARD = re.compile(r"(?:^|/)(?!\.\.(?:/|$))[^/]+/\.\.(?=/|$)")


def tidy(path: str) -> str:
    """Return `path` without doubled slashes, ``.`` and resolvable ``..``, links not considered."""
    path = _SLASHES.sub("/", path)
    for _ in range(32):
        shorter = _UPWARD.sub("", path, count=1)
        if shorter == path:
            break
        path = shorter
    return path


class _Paths:
    """Patterns of paths, found by one of their parts: names, rooms (a directory and all below it) and longer ones."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._names: set[str] = set()
        self._rooms: set[str] = set()
        self._longer: dict[str, list[re.Pattern[str]]] = {}
        globs = []
        for pattern in patterns:
            inner, room = pattern.removesuffix("/**"), pattern.endswith("/**")
            if "/" in inner:
                text = re.escape(inner).replace(r"\*", "[^/]*") + ("(?:/|$)" if room else "$")
                self._longer.setdefault(inner.split("/")[inner.startswith("/")], []).append(re.compile(text))
            elif "*" in inner:
                globs.append(re.escape(inner).replace(r"\*", ".*") + "$")
            else:
                (self._rooms if room else self._names).add(inner)
        self._globs = re.compile("|".join(globs))

    def hold(self, parts: Sequence[str]) -> bool:
        """Tell whether a pattern fits the path of `parts`, or its end."""
        if parts[-1] in self._names or self._globs.match(parts[-1]) or not self._rooms.isdisjoint(parts):
            return True
        for place, part in enumerate(parts):
            for pattern in self._longer.get(part, ()):
                if pattern.match("/".join(parts[place:])) or (place == 1 and pattern.match("/".join(parts))):
                    return True
        return False


@lru_cache(maxsize=1)
def _secrets() -> tuple[_Paths, _Paths]:
    """Return what is a secret, and what is public nevertheless, from ``data/secrets.tsv``."""
    lines = files(__package__).joinpath("data/secrets.tsv").read_text().splitlines()
    patterns = [word for line in lines if line[:1] not in ("", "#") for word in line.partition("\t")[0].split(" ")]
    return (
        _Paths(word for word in patterns if not word.startswith("!")),
        _Paths(word[1:] for word in patterns if word.startswith("!")),
    )


def is_sensitive(path: str) -> bool:
    """Tell whether `path`, in which ``*`` may stand for anything, names or could name a secret."""
    if len(path) > 4096 or path.count("/") > MAX_PARTS:
        return True
    path = tidy(path).removesuffix("/.").removesuffix("/") or "/"
    secret, public = _secrets()
    doubtful = any(sign in path for sign in "*?[")
    parts = path.split("/")
    if secret.hold(parts):
        return doubtful or not public.hold(parts)
    if doubtful and (path.strip("*?/.") or path.rpartition("/")[2].startswith(".")):
        return any(_could_be(path.split("/"), example.split("/")) for example in _EXAMPLES)
    return False


_HOMES = re.compile(r"(?:~[\w.-]*|/root|/home(?:/[^/]+)?|/Users(?:/[^/]+)?|/|/etc|/proc(?:/[^/]+)?)/*\Z")
_WORD = re.compile(r"[^\s'\"`|;&<>(){}$=]+")
_SECRET_NAME = re.compile(
    r"(?<![A-Z])PASS(?![A-Z])|PASSW(?:OR)?D|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|(?:^|_)PWD$|DATABASE_URL|_DSN$",
    re.IGNORECASE,
)


def is_home(path: str) -> bool:
    """Tell whether `path` is somebody's home, or holds homes, or the system's own passwords: what reads all below it
    reads what is kept secret there."""
    return bool(_HOMES.match(tidy(path)))


def names_secret(variable: str) -> bool:
    """Tell whether a variable of this name holds a secret, as far as names say so."""
    return variable not in ("PWD", "OLDPWD") and bool(_SECRET_NAME.search(variable))


def mentions_secret(text: str) -> bool:
    """Tell whether a word of a piece of a command line is the path of a secret, whatever the quotes around it."""
    words = _WORD.findall(text)[:100]
    sought = [after for word, after in pairwise(words) if word in ("-name", "-iname", "-path", "-ipath")]
    return any(map(is_sensitive, words)) or any(is_sensitive(f"/etc/{name.lstrip('/')}") for name in sought)


def _could_be(pattern: Sequence[str], path: Sequence[str]) -> bool:
    return len(pattern) == len(path) and all(map(fnmatchcase, path, pattern))


def controls_access(path: str) -> bool:
    """Tell whether writing `path` could change who may log in or what the system runs."""
    return bool(_CONTROLS.search(tidy(path))) and path not in HARMLESS


_ROOMS = re.compile(r"(?:^|/)\.(?:ssh|aws|kube|docker|gnupg|config/(?:systemd|autostart|fish)|git(?:/hooks)?)/*$")
"""Directories whose files control access: what is copied into them may become one."""


def steers(path: str) -> bool:
    """Tell whether a copy to `path`, a file or a directory, could change who may log in or what runs."""
    return controls_access(path) or bool(_ROOMS.search(tidy(path)))


def is_device(path: str) -> bool:
    """Tell whether `path` is a block or memory device: writing it destroys what is on it."""
    return bool(re.match(r"/+(?:dev/(?!null$|zero$|std|tty|fd/|shm/|pts/|tcp/|udp/).+)", tidy(path)))
