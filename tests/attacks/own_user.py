"""The same machine for an agent that is a user of its own (``guard run --as-user``): its home and project, guard's, and a
person's home that is neither's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from integration.other_users import AGENT, GUARD, Machine

if TYPE_CHECKING:
    from attacks.conftest import Target

HERE = Path(__file__).parent


class OwnUser:
    """Lets the agent try as a user of its own; what it goes for is `target`'s, a person's who is root."""

    def __init__(self, target: Target) -> None:
        target.root.chmod(0o711)
        self._target = target
        (target.root / "m").mkdir()
        self.machine = Machine(target.root / "m", target.policy.read_text())
        self.project = self.machine.project
        binaries = self.machine.root / "bin"
        shutil.copytree(target.root / "bin", binaries)
        for one in binaries.iterdir():
            os.chown(one, 0, GUARD)
            one.chmod(0o750)
        self.machine.env["PATH"] = f"{binaries}:{self.machine.env['PATH']}"
        shutil.copy(target.facts["library"], self.project)
        (self.project / ".env").write_text("DATABASE_URL=CANARY-env\n")
        subprocess.run(["git", "init", "-q", str(self.project)], check=True)

    def attack(self, *wanted: str) -> dict[str, list[str]]:
        """Run the agent in a session; return what each attempt gained."""
        agent, guards, target = self.project / "attack", self.machine.guards, self._target
        shutil.copytree(HERE / "agent", agent, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        self.machine.guard("sessions", "list")  # starts the API
        facts = {
            **target.facts,
            "project": str(self.project),
            "library": str(self.project / "evil.so"),
            "state": str(guards / ".local" / "state" / "guard"),
            "runtime": str(guards / "run"),
            "policy": str(self.machine.policy),
            "api": self.machine.api(),
            "other_socket": target.other_session(),
        }
        (agent / "facts.json").write_text(json.dumps(facts))
        subprocess.run(["chown", "-R", f"{AGENT}:{AGENT}", str(self.project)], check=True)
        outside = os.open(target.root / "other", os.O_RDONLY)
        try:
            process = self.machine.start(sys.executable, str(agent), *wanted, kept=[outside])
        finally:
            os.close(outside)
        output, said = process.communicate(timeout=600)
        lines = [line for line in output.splitlines() if line.startswith("RESULTS ")]
        assert lines, output[-2000:] + said[-3000:]
        return dict(json.loads(lines[0].removeprefix("RESULTS ")))
