"""Paths whose content is a secret, and paths whose content decides who may do what or what runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

_SENSITIVE = re.compile(
    r"""
    (?:^|/) (?:
        g?shadow-? | master\.passwd | opasswd | sudoers
      | id_(?:rsa|dsa|ecdsa|ed25519|xmss|ecdsa_sk|ed25519_sk) | ssh_host_\w+_key | identity
      | \.pgpass | \.my\.cnf | \.mylogin\.cnf | \.netrc | _netrc | \.git-credentials
      | \.npmrc | \.pypirc | \.s3cfg | \.boto
      | \.env(?:\.[\w.-]+)? | \.vault-token | \.htpasswd | htpasswd | krb5\.keytab | \.k5login | secring\.gpg
      | \.?kube/config | kubeconfig | admin\.conf | \.docker/config\.json | \.aws/(?:credentials|config)
      | \.azure/.* | gcloud/.*credential.* | application_default_credentials\.json | \.terraform\.d/credentials.*
      | \.?credentials(?:\.\w+)? | secrets?(?:\.\w+)? | \.(?:bash|zsh|psql|mysql|python|ash|sh)_history | wp-config\.php
      | pgpass\.conf | terraform\.tfstate | vault\.ya?ml | master\.key | \.gnupg/.* | private/.* | secrets/.*
    ) $
    | (?:^|/) proc/ [^/]+ / (?:environ|mem|root/.*|cwd/.*)$
    | \.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg|keytab|ovpn)$
    | (?:^|/) dev/ (?:mem|kmem|port|sd[a-z]\d*|nvme\d\w*|vd[a-z]\d*|xvd[a-z]\d*|mapper/.*|dm-\d+|disk/.*)$
    """,
    re.VERBOSE,
)

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


def is_sensitive(path: str) -> bool:
    """Tell whether `path`, in which ``*`` may stand for anything, names or could name a secret."""
    if len(path) > 4096:
        return True
    path = tidy(path)
    if path.startswith("/etc/ssl/certs/") and "*" not in path:  # public by their purpose
        return False
    if _SENSITIVE.search(path):
        return not path.endswith((".pub.pem", ".crt.pem", ".asc.pub"))
    if any(sign in path for sign in "*?[") and path.strip("*?/."):
        return any(_could_be(path.split("/"), example.split("/")) for example in _EXAMPLES)
    return False


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
