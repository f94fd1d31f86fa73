"""A git remote, and a clone of it in which somebody threw a commit away and made another."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from guardcli.demo.stage import Stage
from guardcli.model.errors import UnavailableError

WHO = ("-c", "user.name=Ada Example", "-c", "user.email=ada@example.com")


@dataclass(frozen=True, slots=True)
class Repository:
    """`clone` is where the agent works; `remote` a bare repository beside it."""

    remote: Path
    clone: Path
    env: Mapping[str, str]

    def published(self) -> str:
        """Return the commit that the remote's main branch is at."""
        return _git(self.env, "-C", str(self.remote), "rev-parse", "main")


def make_repository(stage: Stage) -> Repository:
    """Make both, with the real git and past guard."""
    remote, clone = stage.directory / "remote.git", stage.directory / "work"
    repository = Repository(remote, clone, stage.env)
    _git(stage.env, "init", "-q", "--bare", "-b", "main", str(remote))
    _git(stage.env, "-c", "init.defaultBranch=main", "clone", "-q", str(remote), str(clone))
    for text in ("one", "two"):
        _commit(repository, text)
    _git(stage.env, "-C", str(clone), "push", "-q", "origin", "HEAD:refs/heads/main")
    _git(stage.env, "-C", str(clone), "reset", "-q", "--hard", "HEAD~1")
    _commit(repository, "another two")
    return repository


def _commit(repository: Repository, text: str) -> None:
    (repository.clone / "notes.txt").write_text(text + "\n")
    _git(repository.env, "-C", str(repository.clone), "add", "notes.txt")
    _git(repository.env, "-C", str(repository.clone), *WHO, "commit", "-q", "-m", f"notes: {text}")


def _git(env: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise UnavailableError(f"git {arguments[0]} failed", hint=done.stderr.strip())
    return done.stdout.strip()
