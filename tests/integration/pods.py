"""A pod of two containers, as far as namespaces go: one with the broker, one with the agent; needs root.

Each is a mount namespace with users of its own kind and no right of root's. The broker's has the real tools and not the
agent's files, the agent's has neither the tools nor anything of guard's, and a directory of the broker's read-only.
Processes are seen by both, as with ``shareProcessNamespace: true``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from integration.other_users import AGENT, GUARD, PATH, TOOLS, Machine

from guardcli.isolation.standins import find_stand_ins, real_tools

NOBODY = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"]


class Pod(Machine):
    """Runs what is in either container."""

    port = 0
    """Where a server for the agent listens."""

    def __init__(self, root: Path, policy: str) -> None:
        super().__init__(root, policy, closed=False)
        self.shared = root / "shared"
        self.shared.mkdir()
        os.chown(self.shared, 0, AGENT)  # what fsGroup does to an emptyDir
        self.shared.chmod(0o2777)
        self.bin = root / "bin"
        self.bin.mkdir()
        shutil.copy(shutil.which("env") or "/usr/bin/env", self.bin / "cloud")
        self.brokers = {
            **self.env,
            "PATH": f"{self.bin}:{self.env['PATH']}",
            "HOME": str(self.guards),
            "OUTER_KEY": "s3cr3t-Key-0099",
        }
        self.agents = {**{name: self.env[name] for name in ("PATH", "PYTHONPATH", "LANG")}, "HOME": str(self.home)}
        common = (root / "enter").read_text().removesuffix(f'cd {self.project}\nexec "$@"\n')
        missing = [f"mount --bind {root / 'nothing'} {path}" for path in real_tools(find_stand_ins(TOOLS, PATH))]
        missing += [f"mount -t tmpfs tmpfs {one}" for one in ("/usr/lib/git-core", self.bin) if Path(one).is_dir()]
        (root / "nothing").touch(mode=0o444)
        read_only = [f"mount --bind {self.shared} {self.shared}", f"mount -o remount,bind,ro {self.shared}"]
        guards = f"mount -t tmpfs -o mode=755 tmpfs {self.guards}"
        agents = f"mount -t tmpfs -o mode=755 tmpfs {self.home}"
        self._script("broker", [common, agents, "cd /"])
        self._script("agent", [common, *missing, *read_only, guards, f"cd {self.project}"])
        self._script("careless", [common, *missing, guards, f"cd {self.project}"])

    def _script(self, name: str, lines: Sequence[str]) -> None:
        (self.root / f"enter-{name}").write_text("\n".join([*lines, 'exec "$@"', ""]))

    def begin(
        self,
        container: str,
        user: int,
        groups: Sequence[int],
        *guard: str,
        env: dict[str, str] | None = None,
        namespaces: Sequence[str] = (),
    ) -> subprocess.Popen[str]:
        """Start guard in a container as `user`."""
        person = ["setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={','.join(map(str, groups))}", *NOBODY]
        words = [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            *namespaces,
            "sh",
            str(self.root / f"enter-{container}"),
        ]
        command = [*words, *person, sys.executable, "-P", "-m", "guardcli", *guard]
        return subprocess.Popen(command, text=True, env=env, stdin=-1, stdout=-1, stderr=-1)

    def sidecar(self, groups: Sequence[int] = (GUARD, AGENT), namespaces: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start the broker's container."""
        words = ["sidecar", "--agent-user", str(AGENT), "--approval-wait", "0", str(self.shared)]
        return self.begin("broker", GUARD, groups, *words, env=self.brokers, namespaces=namespaces)

    def agent(self, *agent: str, container: str = "agent") -> subprocess.Popen[str]:
        """Start the agent's container."""
        words = ["run", "--sidecar", str(self.shared), "--", *agent]
        return self.begin(container, AGENT, [AGENT], *words, env=self.agents)

    def another(self) -> None:
        """Make it another pod: a directory that has had no session."""
        shutil.rmtree(self.shared / "guard")
