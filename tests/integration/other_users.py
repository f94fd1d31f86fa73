"""A machine with users of its own for the broker and the agent, as far as a mount namespace goes; needs root.

``/etc/passwd`` and ``/etc/group`` have two users more, the real tools are open to the broker's group alone, and
directories that only root may pass are opened as far as Python lies in them. Nothing of it is seen outside.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import guardcli
from guardcli.isolation.standins import find_stand_ins, real_tools

GUARD, AGENT = 64101, 64102
TOOLS = ("psql", "kubectl", "ssh", "git", "scp", "sftp")
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def can_be_had() -> str:
    """Return why there can be no such machine here, nothing where there can."""
    if os.geteuid() != 0:
        return "needs root"
    tried = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    return "needs mount namespaces" if tried.returncode else ""


class Machine:
    """Runs guard as root of such a machine."""

    def __init__(self, root: Path, policy: str, closed: bool = True) -> None:
        """`closed` says whether the real tools are kept from the agent."""
        self.root = root
        root.chmod(0o755)
        self.home, self.project = root / "agent", root / "agent" / "project"
        self.guards = root / "guard"
        self.policy = self.guards / "policy.yaml"
        self.project.mkdir(parents=True)
        self.guards.mkdir(mode=0o711)
        self.policy.write_text(policy)
        for directory, user in ((self.guards, GUARD), (self.home, AGENT), (self.project, AGENT), (self.policy, GUARD)):
            os.chown(directory, user, user)
        self.policy.chmod(0o600)
        self._lay_out(closed)
        self.env = {
            "PATH": f"{Path(sys.executable).parent}:{PATH}",
            "PYTHONPATH": str(Path(guardcli.__file__).parent.parent),
            "GUARD_RUNTIME_DIR": str(self.guards / "run"),
            "GUARD_POLICY": str(self.policy),
            "HOME": "/root",
            "LANG": "C.UTF-8",
        }

    def _lay_out(self, closed: bool) -> None:
        lines = ["set -e"]
        for name, entry in (("passwd", "{0}:x:{1}:{1}::{2}:/bin/sh"), ("group", "{0}:x:{1}:")):
            users = [entry.format(*one) for one in (("guard", GUARD, self.guards), ("agent", AGENT, self.home))]
            (self.root / name).write_text("\n".join([Path(f"/etc/{name}").read_text().rstrip(), *users, ""]))
            lines.append(f"mount --bind {self.root / name} /etc/{name}")
        lines += self._opened()
        for number, path in enumerate(real_tools(find_stand_ins(TOOLS, PATH)) if closed else ()):
            copy = self.root / f"tool{number}"
            shutil.copy(path, copy)
            os.chown(copy, 0, GUARD)
            copy.chmod(0o750)
            lines.append(f"mount --bind {copy} {path}")
        (self.root / "enter").write_text("\n".join([*lines, f"cd {self.project}", 'exec "$@"', ""]))

    def _opened(self) -> list[str]:
        """Return what lets other users reach Python and guard where these lie in directories of root's alone."""
        wanted = [Path(one) for one in (sys.executable, sys.prefix, sys.base_prefix, guardcli.__file__)]
        wanted += [Path(one) for one in sys.path if os.path.isdir(one)] + [one.resolve() for one in wanted]
        below: dict[Path, set[str]] = {}
        for path in wanted:
            for above in reversed(path.parents):
                if not above.stat().st_mode & 1:
                    below.setdefault(above, set()).add(path.relative_to(above).parts[0])
                    break
        lines = []
        for number, (closed, names) in enumerate(below.items()):
            kept = self.root / f"kept{number}"
            lines += [f"mkdir -p {kept}/{name}; mount --bind {closed}/{name} {kept}/{name}" for name in names]
            lines.append(f"mount -t tmpfs -o mode=755 tmpfs {closed}")
            lines += [f"mkdir {closed}/{name}; mount --bind {kept}/{name} {closed}/{name}" for name in names]
        return lines

    def command(self, *words: str) -> list[str]:
        """Return the command that runs `words` on this machine."""
        return ["unshare", "--mount", "--propagation", "private", "sh", str(self.root / "enter"), *words]

    def start(self, *agent: str, options: Sequence[str] = (), kept: Sequence[int] = ()) -> subprocess.Popen[str]:
        """Start an agent as its own user, under guard, which is given the descriptors `kept`."""
        guard = [sys.executable, "-P", "-m", "guardcli", "run", "--as-user", "agent", "--approval-wait", "0", *options]
        streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(self.command(*guard, "--", *agent), text=True, env=self.env, pass_fds=kept, **streams)

    def run(self, *agent: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run an agent to its end."""
        process = self.start(*agent, options=options)
        output, said = process.communicate(timeout=600)
        return subprocess.CompletedProcess(agent, process.returncode, output, said)

    def guard(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a guard command as the broker's user, as `docker exec -u guard` would."""
        person = ["setpriv", f"--reuid={GUARD}", f"--regid={GUARD}", "--clear-groups"]
        words = self.command(*person, sys.executable, "-P", "-m", "guardcli", *arguments)
        return subprocess.run(words, capture_output=True, text=True, env={**self.env, "HOME": str(self.guards)})

    def api(self) -> int:
        """Return the pid of the API that the sessions have started. Raises OSError where there is none."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self.guards / "run" / "api.sock"))
            return int(struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])

    def close(self) -> None:
        """End that API."""
        try:
            pid = self.api()
        except OSError:
            return
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + 60
        while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
            time.sleep(0.01)
