"""What `guard doctor` says of the level of protection: which holds now, why not more, and what is still in reach."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from guardcli.broker.shim_binary import enter_binary
from guardcli.broker.tools import SHIM
from guardcli.isolation.bubblewrap import PLACE, find_bubblewrap
from guardcli.isolation.project import find_project
from guardcli.isolation.reach import Find, credentials_in_reach
from guardcli.isolation.seccomp import make_filter
from guardcli.isolation.standins import find_stand_ins, real_tools
from guardcli.masking.cache import PatternCache
from guardcli.model.errors import UnavailableError

LANDLOCK_CREATE_RULESET = 444
SCOPES_SINCE = 6
"""The version of Landlock that can shut abstract sockets (landlock(7))."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: `detail` is what was seen, `todo` what to do. A todo of what is `ok` is a remark."""

    name: str
    ok: bool
    detail: str
    todo: str = ""


def isolation_possible(wanted: str) -> Check:
    """Say outside whether sessions can be isolated; `wanted` is what the settings say."""
    try:
        found = find_bubblewrap(os.environ.get("PATH", os.defpath))
        enter_binary()
        os.close(make_filter())
    except UnavailableError as error:
        return Check("isolation", wanted != "require", f"cannot be had: {error.message}", error.hint)
    version = ".".join(map(str, found.version))
    if wanted == "off":
        todo = "guard run --isolate, or isolate: auto in config.yaml, turns it on"
        return Check("isolation", True, f"bubblewrap {version} works, and is not used by default", todo)
    return Check("isolation", True, f"bubblewrap {version} works; sessions are isolated ({wanted})")


def level(tools: list[str]) -> Iterator[Check]:
    """Say inside of a session which protection holds, and hold each part of it against what the kernel says."""
    if is_own_user():
        yield Check(
            "level", True, "a user of its own: the broker and its files are another user's, the network is shared"
        )
        yield filtered(("CapEff", "CapPrm", "CapAmb"))
        yield closed(tools)
        yield dumps()
        return
    if not is_isolated():
        todo = "guard run --isolate keeps them out of reach; guard doctor outside says whether that works here"
        yield Check("level", True, "guard rail: the agent can reach the real tools and your files", todo)
        return
    yield Check("level", True, f"isolated, network {network()}")
    yield filtered()
    yield covered(tools)
    yield abstract_sockets()
    yield dumps()


def is_isolated() -> bool:
    """Tell whether this process is in a sandbox of guard's: its broker's socket is there, and outside its namespace."""
    return os.environ.get("GUARD_SOCKET") == f"{PLACE}/broker.sock" and os.path.ismount(PLACE)


def is_own_user() -> bool:
    """Tell whether the broker of this process's session is another user, and not root."""
    try:
        return os.stat(os.environ.get("GUARD_SOCKET", "")).st_uid not in (os.getuid(), 0)
    except OSError:
        return False


def closed(tools: list[str]) -> Check:
    """Try every real tool: this user may neither run nor read any."""
    real = real_tools(find_stand_ins(tools, os.environ.get("PATH", os.defpath)))
    usable = [path for path in real if os.access(path, os.X_OK) or os.access(path, os.R_OK)]
    shims = os.path.dirname(os.environ.get("GUARD_SOCKET", "")) + "/bin/"
    if bare := [path for path in usable if not path.startswith(shims)]:
        return Check("real tools", False, f"in reach: {' '.join(bare)}", "as root: guard shims protect")
    return Check("real tools", True, "out of reach: this user may neither run nor read them")


def network() -> str:
    """Return how this process reaches the network, as far as it can be seen from inside."""
    with open("/proc/net/route", encoding="ascii") as routes:
        if len(routes.readlines()) > 1:
            return "shared"
    return "by guard's proxy" if os.environ.get("https_proxy", "").startswith("http://127.0.0.1:") else "none"


def filtered(sets: Sequence[str] = ("CapBnd", "CapEff")) -> Check:
    """Ask the kernel whether the filter of system calls and no_new_privs hold (proc(5), /proc/PID/status).

    `sets` are those of capabilities that have to be empty.
    """
    with open("/proc/self/status", encoding="utf-8", errors="replace") as status:
        found = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
    capabilities = 0
    for name in sets:
        capabilities |= int(found.get(name, "1"), 16)
    good = found.get("Seccomp") == "2" and found.get("NoNewPrivs") == "1" and not capabilities
    seen = f"seccomp {found.get('Seccomp')}, no_new_privs {found.get('NoNewPrivs')}, capabilities {capabilities:x}"
    return Check("kernel", good, seen, "" if good else "this is no sandbox as guard makes it: start a new session")


def covered(tools: list[str]) -> Check:
    """Look at every path of a real tool: the shim has to be there."""
    shim = os.stat(f"{PLACE}/bin/{SHIM}")
    bare = []
    stand_ins = find_stand_ins(tools, os.environ.get("PATH", os.defpath))
    for path in stand_ins.paths:
        found = os.stat(path)
        if (found.st_dev, found.st_ino) != (shim.st_dev, shim.st_ino) and not os.path.realpath(path).startswith(PLACE):
            bare.append(path)
    if bare:
        return Check("real tools", False, f"in reach: {' '.join(bare)}", "tell guard's maintainers where they lie")
    return Check("real tools", True, f"out of reach: the shim stands at {len(stand_ins.paths)} paths")


def abstract_sockets() -> Check:
    """Say whether the machine's abstract sockets are shut."""
    version = ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)
    if network() != "shared":
        return Check("abstract", True, "the machine's abstract sockets are in another network")
    if version >= SCOPES_SINCE:
        return Check("abstract", True, "the machine's abstract sockets are shut by Landlock")
    todo = "--network proxy or none shuts them; so does a kernel of 6.12 or later with Landlock"
    return Check("abstract", True, f"abstract sockets are in reach: Linux {platform.release()} cannot shut them", todo)


def dumps() -> Check:
    """Say whether processes that may not be read may be dumped (fs.suid_dumpable)."""
    with open("/proc/sys/fs/suid_dumpable", encoding="ascii") as value:
        mode = value.read().strip()
    good = mode != "1"
    return Check("dumps", good, f"fs.suid_dumpable is {mode}", "" if good else "sysctl fs.suid_dumpable=0")


def reach(make_find: Callable[[], Find]) -> Iterator[Check]:
    """Name every credential that this process could take; a remark each."""
    home = os.path.expanduser("~")
    try:
        project = find_project(os.getcwd(), home).directory
    except OSError:
        project = ""
    found = list(credentials_in_reach(os.environ, home, project, make_find()))
    for one in found:
        yield Check("credential", True, f"in reach, {one.kind}: {one.where}", one.todo)
    if not found:
        yield Check("credential", True, "none found in home, environment, project, sockets or cloud")


def standard_find(cache: PatternCache) -> Find:
    """Return what finds secrets in bytes."""
    from guardcli.broker.secret_finder import SecretFinder  # compiles patterns: only who asks waits for it

    return SecretFinder(cache.load, cache.store)
