"""Bubblewrap: is it here, does it work, and the command that starts an agent inside (bwrap(1))."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from guardcli.isolation.view import Kind, Mount
from guardcli.model.errors import UnavailableError

OLDEST = (0, 5, 0)
"""The first that knows all the options used here."""
PROBE_SECONDS = 10.0
PLACE = "/run/guard"
"""Where an isolated session finds its shims and its broker."""
KERNEL_SETTINGS = tuple(f"/proc/{name}" for name in ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi"))
"""What root may write to without any capability, since the files are root's. Bubblewrap leaves them be where the
directory itself is not writable."""
ENTER = f"{PLACE}/bin/guard-enter"
HINT = "on Debian: apt-get install bubblewrap"

_NAMESPACES = ("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """A bubblewrap that works on this machine."""

    program: str
    version: tuple[int, ...]


def find_bubblewrap(path: str) -> Bubblewrap:
    """Return the bubblewrap on `path`, tried out. Raises UnavailableError with the reason and what to do."""
    program = shutil.which("bwrap", path=path)
    if program is None:
        raise UnavailableError("bubblewrap is not installed", hint=HINT)
    version = _version(program)
    if version < OLDEST:
        found, needed = (".".join(map(str, one)) for one in (version, OLDEST))
        raise UnavailableError(f"bubblewrap {found} is too old", hint=f"{needed} or later is needed")
    command = [program, *_NAMESPACES, "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    done = _run([*command, "--", "true"])
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
        raise UnavailableError(f"bubblewrap does not work here: {said[:300]}", hint=_why())
    return Bubblewrap(program, version)


def _version(program: str) -> tuple[int, ...]:
    said = _run([program, "--version"]).stdout
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    if found is None:
        raise UnavailableError(f"{program} does not say its version", hint=HINT)
    return tuple(map(int, found.groups()))


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{command[0]} cannot be run: {error}", hint=HINT) from None


def _why() -> str:
    """Return the usual reason for which the kernel gives no namespaces here."""
    for name, bad, todo in (
        ("kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1 allows it"),
        ("user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000 allows it"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "an AppArmor profile for bwrap with `userns,` allows it"),
    ):
        try:
            with open(f"/proc/sys/{name}", encoding="ascii") as value:
                if value.read().strip() == bad:
                    return todo
        except OSError:
            continue
    return "in a container, its seccomp profile has to allow user namespaces"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What a session's sandbox is made of. `shims`, `socket`, `gateways` and `calls`, the directories of their sockets,
    and `kubeconfigs` are guard's own, on the host; `ports` are listened on."""

    mounts: Sequence[Mount]
    covered: Sequence[str]
    shims: str
    socket: str
    empty: str
    cwd: str
    own_network: bool
    ports: Sequence[int] = ()
    gateways: str = ""
    kubeconfigs: str = ""
    calls: str = ""


def arguments(sandbox: Sandbox, filter_fd: int) -> list[str]:
    """Return bwrap's options for `sandbox`; `filter_fd` holds the filter of system calls."""
    options = [*_NAMESPACES, "--die-with-parent", "--cap-drop", "ALL", "--seccomp", str(filter_fd)]
    if sandbox.own_network:
        options.append("--unshare-net")
    options += ["--proc", "/proc", "--dev", "/dev"]
    for path in filter(os.path.exists, KERNEL_SETTINGS):
        options += ["--ro-bind", path, path]
    for mount in sandbox.mounts:
        options += _mount(mount, sandbox.empty)
    for path in sandbox.covered:
        options += ["--ro-bind", f"{sandbox.shims}/guard-shim", path]
    options += ["--tmpfs", PLACE, "--ro-bind", sandbox.shims, f"{PLACE}/bin"]
    options += ["--ro-bind", sandbox.socket, f"{PLACE}/broker.sock"]
    if sandbox.gateways:
        options += ["--ro-bind-try", sandbox.gateways, f"{PLACE}/pg"]
    if sandbox.kubeconfigs:
        options += ["--ro-bind-try", sandbox.kubeconfigs, f"{PLACE}/kube"]
    if sandbox.calls:
        options += ["--ro-bind", sandbox.calls, f"{PLACE}/{os.path.basename(sandbox.calls)}"]
    options += ["--remount-ro", PLACE, "--remount-ro", "/", "--chdir", sandbox.cwd]
    return options


def command(program: str, arguments_fd: int, control_fd: int, ports: Iterable[int], argv: Sequence[str]) -> list[str]:
    """Return the whole command line; the options are read from `arguments_fd`, NUL after each (``--args``)."""
    begin = [ENTER, "begin", str(control_fd), *map(str, ports), "--", *argv]
    return [program, "--args", str(arguments_fd), "--", *begin]


def in_memory(options: Iterable[str]) -> int:
    """Return a descriptor at the start of `options`, NUL after each."""
    fd = os.memfd_create("guard-sandbox", os.MFD_CLOEXEC)
    view = memoryview(b"".join(os.fsencode(option) + b"\0" for option in options))
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _mount(mount: Mount, empty: str) -> list[str]:
    if mount.kind is Kind.LINK:
        return ["--symlink", mount.source, mount.target]
    if mount.kind is Kind.EMPTY_DIRECTORY:
        return ["--tmpfs", mount.target]
    if mount.kind is Kind.EMPTY_FILE:
        return ["--ro-bind", empty, mount.target]
    return ["--bind" if mount.kind is Kind.WRITABLE else "--ro-bind", mount.source, mount.target]
