"""Throw-away repositories, for the tests of policies that are about git."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

from guardcli.judging.caller import real_git
from guardcli.model.errors import UnavailableError
from guardcli.policy.rules import Repository

_SECONDS = 20

QUIET = {
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}
"""Nobody's own configuration of git may decide a test."""


class Repositories:
    """Makes the repositories of tests, each kind once, and removes them with `stack`."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._made: list[tuple[Repository, str]] = []

    def path(self, wanted: Repository) -> str:
        """Return the path of a repository like `wanted`, made if there is none yet."""
        for known, path in self._made:
            if known == wanted:
                return path
        root = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="guard-test-"))
        path = _make_repository(Path(root), wanted)
        self._made.append((wanted, path))
        return path


def _make_repository(root: Path, wanted: Repository) -> str:
    """Make a clone of a bare remote, `wanted.ahead` commits ahead of it; the last one adds `wanted.files`."""
    program = real_git(os.environ.get("PATH", os.defpath))
    if program is None:
        raise UnavailableError("a test of git needs git itself", hint="install git")
    place = root / "project"

    def git(*arguments: str) -> None:
        try:
            subprocess.run(
                (program, "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments),
                check=True,
                capture_output=True,
                env={**os.environ, **QUIET, "GIT_TERMINAL_PROMPT": "0"},
                timeout=_SECONDS,
            )
        except (subprocess.SubprocessError, OSError) as error:
            said = getattr(error, "stderr", b"") or str(error).encode()
            raise UnavailableError(f"no repository for a test: {said.decode(errors='replace').strip()}") from None

    git("init", "--quiet", "--bare", "-b", "main", str(root / "remote.git"))
    git("init", "--quiet", "-b", "main", str(place))
    git("-C", str(place), "commit", "--quiet", "--allow-empty", "-m", "begin")
    git("-C", str(place), "remote", "add", "origin", str(root / "remote.git"))
    git("-C", str(place), "push", "--quiet", "-u", "origin", "main")
    if wanted.branch != "main":
        git("-C", str(place), "checkout", "--quiet", "-b", wanted.branch)
        git("-C", str(place), "push", "--quiet", "-u", "origin", wanted.branch)
    for number in range(1, wanted.ahead + 1):
        last = number == wanted.ahead
        for name, content in wanted.files.items() if last else ():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(content)
        git("-C", str(place), "add", "--all")
        git("-C", str(place), "commit", "--quiet", "--allow-empty", "-m", f"change {number}")
    for key, value in wanted.config.items():
        git("-C", str(place), "config", key, value)
    return str(place)
