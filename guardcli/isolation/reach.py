"""Which credentials this process can reach: what an agent that runs here could take. Names and places, no values."""

from __future__ import annotations

import os
import re
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from guardcli.isolation.defaults import HIDDEN

FILE_MOST = 1 << 20
"""Bytes of a project's file that are looked through."""
FILES_MOST = 400
"""Files of a project that are looked at."""
DEPTH_MOST = 3
METADATA = ("169.254.169.254", 80)
METADATA_SECONDS = 0.3
SOCKETS = (
    *("/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock"),
    *("/run/k3s/containerd/containerd.sock", "/run/buildkit/buildkitd.sock", "/run/crio/crio.sock"),
)
OWN_SOCKETS = ("podman/podman.sock", "docker.sock", "gnupg/S.gpg-agent", "gnupg/S.gpg-agent.ssh", "gcr/ssh")
"""Below the user's runtime directory."""
MOUNTED = "/run/secrets"
"""Where containers are given theirs: a pod's token (kubernetes.io/serviceaccount), Docker's secrets."""
MOUNTED_DEPTH = 3

_NAMES = re.compile(
    r"(?i)(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?|PGPASSWORD)($|_)"
)
_WITH_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@")
_HEADER = re.compile(r"(?i)authorization:\s*(basic|bearer)\s+\S{8}")
_OF_MODELS = re.compile(
    r"^(ANTHROPIC|OPENAI|CLAUDE|CODEX|GEMINI|OPENROUTER|MISTRAL|DEEPSEEK|GROQ|XAI|COPILOT|CURSOR)_|^GOOGLE_API_KEY$"
)
_SETTINGS = re.compile(
    r"(?i)^(\.env.*|.*\.env|\.envrc|\.npmrc|\.pypirc|.*\.tfvars|.*kubeconfig.*|database\.(yml|json)|secrets?\..*|"
    r"(settings|config|application|appsettings|local|production|credentials?)[\w.-]*\.(py|ya?ml|json|toml|ini|properties))$"
)
_SKIPPED = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", "target", "dist", "build"})

ELSEWHERE = "where that cannot be, take it out of this home and lend it by a resource of the policy"
CLOSED = "where that cannot be, keep it out of this container, or closed to the agent's user"

Find = Callable[[bytes], frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Reachable:
    """A credential in reach: `kind` is `home`, `environment`, `project`, `socket`, `container` or `cloud`."""

    kind: str
    where: str
    todo: str


def credentials_in_reach(env: Mapping[str, str], home: str, project: str, find: Find) -> Iterator[Reachable]:
    """Yield every credential that this process could take; `find` finds secrets in bytes (detector, digest)."""
    yield from in_home(home)
    yield from in_environment(env)
    if project:
        yield from in_project(project, find)
    yield from behind_sockets(env)
    yield from in_the_container(MOUNTED)
    yield from in_the_cloud()


def in_home(home: str) -> Iterator[Reachable]:
    """Yield the places of credentials in `home` that can be read and hold something."""
    for place in HIDDEN:
        if place.startswith("~/") and _holds_something(path := Path(home, place[2:])):
            yield Reachable("home", str(path), f"guard run --isolate hides it; {ELSEWHERE}")


def in_environment(env: Mapping[str, str]) -> Iterator[Reachable]:
    """Yield the variables that hold a credential by their name, or a URI with a password, but for keys of models."""
    for name, value in sorted(env.items()):
        named = _NAMES.search(name) and not name.endswith(("_URL", "_URI", "_DSN", "_FILE"))
        if value and not _OF_MODELS.search(name) and (named or _WITH_PASSWORD.search(value)):
            yield Reachable("environment", name, "guard run --isolate keeps it away, unless the policy keeps it")


def in_project(project: str, find: Find) -> Iterator[Reachable]:
    """Yield the configuration files of `project` in which `find` finds a credential."""
    todo = "hide it (isolation.hide), or lend it by a resource of the policy so that no file has to hold it"
    for path in _settings_files(project):
        try:
            with open(path, "rb") as file:
                content = file.read(FILE_MOST)
        except OSError:
            continue
        kinds = sorted({detector for detector, _ in find(content)})
        text = content.decode("utf-8", "replace")
        if not kinds and _WITH_PASSWORD.search(text):
            kinds = ["connection_uri"]
        elif not kinds and _HEADER.search(text):
            kinds = ["http_authorization"]
        if kinds:
            yield Reachable("project", f"{path} ({', '.join(kinds)})", todo)


def behind_sockets(env: Mapping[str, str]) -> Iterator[Reachable]:
    """Yield the sockets that lend keys or rights, and that can be connected to."""
    asked = {
        "SSH_AUTH_SOCK": env.get("SSH_AUTH_SOCK", ""),
        "the docker socket": env.get("DOCKER_HOST", "")[len("unix://") :],
    }
    asked["the session bus"] = env.get("DBUS_SESSION_BUS_ADDRESS", "").removeprefix("unix:path=").partition(",")[0]
    own = env.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    asked |= {f"the socket {path}": path for path in (*SOCKETS, *(f"{own}/{name}" for name in OWN_SOCKETS))}
    asked["a tmux server, which starts what no session sees"] = f"/tmp/tmux-{os.getuid()}/default"  # noqa: S108
    seen: set[str] = set()
    for name, path in asked.items():
        real = os.path.realpath(path) if path.startswith("/") else ""
        if real and real not in seen and _can_connect(real):
            seen.add(real)
            todo = f"guard run --isolate hides it; {CLOSED}"
            yield Reachable("socket", f"{name}: {real}", todo)


def in_the_container(directory: str) -> Iterator[Reachable]:
    """Yield the files that a container was given with credentials, as far as they can be read."""
    todo = "mount it into the broker's container alone; for a pod's own token automountServiceAccountToken: false"
    for above, below, files in os.walk(directory):
        if above.count("/") - directory.count("/") >= MOUNTED_DEPTH:
            below.clear()
        below[:] = sorted(name for name in below if not name.startswith(".."))  # what Kubernetes swaps
        for name in sorted(files):
            if name not in ("ca.crt", "namespace") and _holds_something(path := Path(above, name)):
                yield Reachable("container", str(path), todo)


def in_the_cloud() -> Iterator[Reachable]:
    """Yield the cloud's metadata service where it answers: it lends the machine's own rights."""
    with socket.socket() as probe:
        probe.settimeout(METADATA_SECONDS)
        try:
            probe.connect(METADATA)
        except OSError:
            return
    yield Reachable("cloud", f"metadata at {METADATA[0]}", "network: proxy or none, or a firewall rule, closes it")


def _settings_files(project: str) -> Iterator[str]:
    if os.path.isfile(config := os.path.join(project, ".git", "config")):  # remotes, and what CI leaves in it
        yield config
    looked = 0
    for directory, below, files in os.walk(project):
        if directory.count("/") - project.count("/") >= DEPTH_MOST:
            below.clear()
        below[:] = sorted(name for name in below if name not in _SKIPPED)
        for name in sorted(files):
            path = os.path.join(directory, name)
            if _SETTINGS.match(name) and stat.S_ISREG(os.lstat(path).st_mode):
                looked += 1
                if looked > FILES_MOST:
                    return
                yield path


def _holds_something(path: Path) -> bool:
    try:
        if path.is_dir():
            return any(path.iterdir())
        return path.stat().st_size > 0 and os.access(path, os.R_OK)
    except OSError:
        return False


def _can_connect(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(METADATA_SECONDS)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True
